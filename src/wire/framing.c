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

insist_err framing_read(const struct headers *headers, uint64_t *length) {
    bool found = false, coded = false, chunked = false, sound = true;
    *length = 0;
    for (size_t i = 0; i < headers_count(headers) && sound; i++) {
        const char *name = headers_name_at(headers, i), *value = headers_value_at(headers, i);
        if (headers_same_name(name, "Content-Length")) {
            sound = add_lengths(value, &found, length);
        } else if (headers_same_name(name, "Transfer-Encoding")) {
            coded = true;
            sound = add_codings(value, &chunked);
        }
    }
    if (coded)
        *length = 0;
    return sound ? INSIST_OK : INSIST_EPROTO;
}
