/* Where an answer's body ends (RFC 9112 section 6.3). In: its headers. Out: the length they announce, or that they contradict
 * themselves: then whoever reads on takes one message's bytes for another's. */
#include "wire/framing.h"

#include <string.h>
#include <strings.h>

struct member {
    const char *text;
    size_t length;
};

/* The part before the next comma, without the blanks around it; *rest: what is behind it, NULL: nothing. */
static struct member take_member(const char **rest) {
    const char *begin = *rest + strspn(*rest, " \t");
    size_t length = strcspn(begin, ",");
    *rest = begin[length] == ',' ? begin + length + 1 : NULL;
    while (length > 0 && (begin[length - 1] == ' ' || begin[length - 1] == '\t'))
        length--;
    return (struct member){begin, length};
}

static bool read_length(struct member member, uint64_t *length) {
    *length = 0;
    for (size_t i = 0; i < member.length; i++) {
        if (member.text[i] < '0' || member.text[i] > '9')
            return false;
        if (__builtin_mul_overflow(*length, 10, length) ||
            __builtin_add_overflow(*length, (uint64_t)(member.text[i] - '0'), length))
            *length = UINT64_MAX;
    }
    return member.length > 0;
}

/* More than one is fine as long as they are the same (RFC 9110 section 8.6). */
static bool add_lengths(const char *list, bool *found, uint64_t *length) {
    uint64_t next;
    while (list) {
        if (!read_length(take_member(&list), &next) || (*found && next != *length))
            return false;
        *found = true;
        *length = next;
    }
    return true;
}

/* Chunked comes once, and last (RFC 9112 section 7.1). */
static bool add_codings(const char *list, bool *chunked) {
    while (list) {
        struct member member = take_member(&list);
        if (member.length > 0 && *chunked)
            return false;
        *chunked = *chunked || (member.length == 7 && strncasecmp(member.text, "chunked", 7) == 0);
    }
    return true;
}

/* Blanks in front of the colon are no part of a name: a proxy takes them out, another reader may not know the field then
 * (RFC 9112 section 5.1). */
static bool is_misspelt(const char *name, const char *field) {
    size_t length = strlen(field);
    if (strncasecmp(name, field, length) != 0)
        return false;
    const char *blanks = name + length;
    return *blanks != '\0' && blanks[strspn(blanks, " \t")] == '\0';
}

/* Most fields begin with another letter than the two that frame. */
static bool may_frame(const char *name) {
    const char first = (char)(name[0] | 0x20);
    return first == 'c' || first == 't';
}

insist_err framing_read(const struct headers *headers, uint64_t *length) {
    bool found = false, coded = false, chunked = false, sound = true;
    *length = 0;
    for (size_t i = 0; i < headers_count(headers) && sound; i++) {
        const char *name = headers_name_at(headers, i), *value = headers_value_at(headers, i);
        if (!may_frame(name))
            continue;
        if (headers_same_name(name, "Content-Length")) {
            sound = add_lengths(value, &found, length);
        } else if (headers_same_name(name, "Transfer-Encoding")) {
            coded = true;
            sound = add_codings(value, &chunked);
        } else {
            sound = !is_misspelt(name, "Content-Length") && !is_misspelt(name, "Transfer-Encoding");
        }
    }
    if (coded)
        *length = 0;
    return sound ? INSIST_OK : INSIST_EPROTO;
}
