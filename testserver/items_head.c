/* Items about the header block of an answer. See items.h. */
#include "items.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const int64_t date_limit_s = INT64_C(1) << 36; /* dates up to the year 4000 */

bool item_header_text(struct scan *scan, char **out) {
    size_t start = scan->at;
    size_t length = 0;
    if (!scan_text(scan, "", out, &length)) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)(*out)[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return scan_fail_at(scan, start, "expected a header value without control characters");
        }
    }
    return true;
}

static bool read_retry_after(struct scan *scan, struct choice *choice) {
    if (scan_peek(scan) == '"') {
        choice->retry_after = RETRY_AFTER_TEXT;
        return item_header_text(scan, &choice->retry_after_text);
    }
    uint64_t seconds = 0;
    if (scan_take(scan, "date")) {
        bool past = scan_take(scan, "-");
        if (!past && !scan_take(scan, "+")) {
            return scan_fail_at(scan, scan->at, "expected date+N or date-N, N in seconds");
        }
        choice->retry_after = RETRY_AFTER_DATE;
        bool ok = scan_number(scan, "a number of seconds", 0, (uint64_t)date_limit_s, &seconds);
        choice->retry_after_s = past ? -(int64_t)seconds : (int64_t)seconds;
        return ok;
    }
    if (scan_peek(scan) < '0' || scan_peek(scan) > '9') {
        return scan_fail_at(scan, scan->at, "expected seconds, date+N, date-N or a text in quotes");
    }
    choice->retry_after = RETRY_AFTER_SECONDS;
    bool ok = scan_number(scan, "a number of seconds", 0, INT64_MAX, &seconds);
    choice->retry_after_s = (int64_t)seconds;
    return ok;
}

bool item_location(struct scan *scan, struct choice *choice) {
    size_t start = scan->at;
    if (!item_header_text(scan, &choice->location)) {
        return false;
    }
    return choice->location[0] != '\0' || scan_fail_at(scan, start, "expected where to redirect to");
}

static bool read_redirect(struct scan *scan, struct choice *choice) {
    choice->status = 302;
    if (scan_take(scan, "=")) {
        return item_location(scan, choice);
    }
    choice->location_self = true;
    return true;
}

static bool is_token_char(char c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* Framing is the server's affair: a second opinion about it would make another fault than the one asked for. */
static bool field_allowed(struct scan *scan, size_t start, const struct field *field) {
    if (strcasecmp(field->name, "Content-Length") == 0 || strcasecmp(field->name, "Transfer-Encoding") == 0) {
        return scan_fail_at(scan, start, "expected another header: the server itself writes %s", field->name);
    }
    if (strcasecmp(field->name, "Connection") == 0 && strcasecmp(field->value, "close") != 0) {
        return scan_fail_at(scan, start, "expected no Connection header but Connection=close");
    }
    return true;
}

bool item_name(struct scan *scan, const char *form, char **out) {
    size_t start = scan->at;
    size_t end = start;
    while (is_token_char(scan->text[end])) {
        end++;
    }
    if (end == start || scan->text[end] != '=') {
        return scan_fail_at(scan, end, "expected %s, the name of a header and '='", form);
    }
    *out = strndup(scan->text + start, end - start);
    scan->at = end + 1;
    return *out || scan_fail_memory(scan);
}

static const size_t field_limit = 1000; /* of a choice */

/* One more field, with this name; the fields have room for a power of two of them. NULL: no memory. */
static struct field *append_field(struct choice *choice, char *name) {
    size_t count = choice->field_count;
    if ((count & (count - 1)) == 0) {
        struct field *grown = realloc(choice->fields, (count > 0 ? count * 2 : 1) * sizeof *grown);
        if (!grown) {
            return NULL;
        }
        choice->fields = grown;
    }
    choice->fields[choice->field_count++] = (struct field){.name = name};
    return &choice->fields[count];
}

static bool read_field(struct scan *scan, struct choice *choice) {
    size_t start = scan->at;
    char *name = NULL;
    if (choice->field_count >= field_limit) {
        return scan_fail_at(scan, start, "expected at most %zu header fields in a step", field_limit);
    }
    if (!item_name(scan, "h:NAME=VALUE", &name)) {
        return false;
    }
    struct field *field = append_field(choice, name);
    if (!field) {
        free(name);
        return scan_fail_memory(scan);
    }
    return item_header_text(scan, &field->value) && field_allowed(scan, start, field);
}

const struct item items_head[] = {
    {"retry-after=", GIVEN_RETRY_AFTER, false, read_retry_after},
    {"redirect", GIVEN_STATUS, true, read_redirect},
    {"h:", GIVEN_FIELD, false, read_field},
    {NULL, 0, false, NULL},
};
