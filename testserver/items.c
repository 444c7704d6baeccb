/* The items of a choice. See items.h. A new item is a row in the table and a function; what may not stand together is
 * told in choice.c. */
#include "items.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const uint64_t cut_limit = UINT64_C(1) << 30;
static const int64_t date_limit_s = INT64_C(1) << 36; /* dates up to the year 4000 */

struct item {
    const char *name;
    unsigned given;
    bool may_repeat;
    bool (*read)(struct scan *scan, struct choice *choice);
};

static bool set_fault(struct choice *choice, enum insist_testserver_fault fault) {
    choice->fault = fault;
    return true;
}

static bool read_cut(struct scan *scan, struct choice *choice, enum insist_testserver_fault fault) {
    choice->fault = fault;
    return scan_number(scan, "a number of bytes", 0, cut_limit, &choice->cut);
}

static bool read_reset(struct scan *scan, struct choice *choice) {
    if (scan_peek(scan) != '@') {
        return set_fault(choice, INSIST_TESTSERVER_RESET);
    }
    if (scan_take(scan, "@headers")) {
        return set_fault(choice, INSIST_TESTSERVER_RESET_HEADERS);
    }
    if (scan_take(scan, "@body:")) {
        return read_cut(scan, choice, INSIST_TESTSERVER_RESET_BODY);
    }
    return scan_fail_at(scan, scan->at, "expected @headers or @body:N");
}

static bool read_close(struct scan *scan, struct choice *choice) {
    if (scan_peek(scan) != '@') {
        return set_fault(choice, INSIST_TESTSERVER_CLOSE);
    }
    if (scan_take(scan, "@body:")) {
        return read_cut(scan, choice, INSIST_TESTSERVER_CLOSE_BODY);
    }
    return scan_fail_at(scan, scan->at, "expected @body:N");
}

static bool read_truncate(struct scan *scan, struct choice *choice) {
    return read_cut(scan, choice, INSIST_TESTSERVER_TRUNCATE);
}

static bool read_hang(struct scan *scan, struct choice *choice) {
    (void)scan;
    return set_fault(choice, INSIST_TESTSERVER_HANG);
}

static bool read_stall(struct scan *scan, struct choice *choice) {
    if (scan_take(scan, "headers")) {
        return set_fault(choice, INSIST_TESTSERVER_STALL_HEADERS);
    }
    if (scan_take(scan, "body@")) {
        return read_cut(scan, choice, INSIST_TESTSERVER_STALL_BODY);
    }
    return scan_fail_at(scan, scan->at, "expected headers or body@N");
}

static bool read_delay(struct scan *scan, struct choice *choice) {
    return scan_duration_ms(scan, &choice->delay_ms);
}

static bool read_refuse(struct scan *scan, struct choice *choice) {
    size_t start = scan->at;
    if (!scan_duration_ms(scan, &choice->refuse_ms)) {
        return false;
    }
    return choice->refuse_ms > 0 || scan_fail_at(scan, start, "expected a duration above 0");
}

/* A text that can stand in a header: no control characters but the tab. */
static bool read_header_text(struct scan *scan, char **out) {
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
        return read_header_text(scan, &choice->retry_after_text);
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

static bool read_body(struct scan *scan, struct choice *choice) {
    size_t length = 0;
    choice->body = BODY_TEXT;
    bool ok = scan_text(scan, "", &choice->text, &length);
    choice->size = length;
    return ok;
}

static bool read_size(struct scan *scan, struct choice *choice) {
    choice->body = BODY_PATTERN;
    return scan_size(scan, &choice->size);
}

static bool read_echo(struct scan *scan, struct choice *choice) {
    (void)scan;
    choice->body = BODY_ECHO;
    return true;
}

static bool read_gzip(struct scan *scan, struct choice *choice) {
    (void)scan;
    choice->gzip = true;
    return true;
}

static bool read_type(struct scan *scan, struct choice *choice) {
    size_t start = scan->at;
    if (!read_header_text(scan, &choice->type)) {
        return false;
    }
    return choice->type[0] != '\0' || scan_fail_at(scan, start, "expected a media type");
}

static bool read_location(struct scan *scan, struct choice *choice) {
    size_t start = scan->at;
    if (!read_header_text(scan, &choice->location)) {
        return false;
    }
    return choice->location[0] != '\0' || scan_fail_at(scan, start, "expected where to redirect to");
}

static bool read_redirect(struct scan *scan, struct choice *choice) {
    choice->status = 302;
    return read_location(scan, choice);
}

static bool read_hold(struct scan *scan, struct choice *choice) {
    size_t start = scan->at;
    size_t length = 0;
    if (scan_peek(scan) != '/') {
        return scan_fail_at(scan, start, "expected a path that begins with '/'");
    }
    if (!scan_text(scan, ">", &choice->hold_path, &length)) {
        return false;
    }
    if (!scan_take(scan, ">=")) {
        return scan_fail_at(scan, scan->at, "expected '>=' and a number of hits");
    }
    return scan_number(scan, "a number of hits", 1, UINT64_C(1000000000), &choice->hold_hits);
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

static bool read_field(struct scan *scan, struct choice *choice) {
    size_t start = scan->at;
    size_t end = start;
    while (is_token_char(scan->text[end])) {
        end++;
    }
    if (end == start || scan->text[end] != '=') {
        return scan_fail_at(scan, end, "expected h:NAME=VALUE, the name of a header and '='");
    }
    struct field *grown = realloc(choice->fields, (choice->field_count + 1) * sizeof *grown);
    if (!grown) {
        return scan_fail_memory(scan);
    }
    choice->fields = grown;
    struct field *field = &grown[choice->field_count++];
    field->value = NULL;
    field->name = strndup(scan->text + start, end - start);
    if (!field->name) {
        return scan_fail_memory(scan);
    }
    scan->at = end + 1;
    return read_header_text(scan, &field->value) && field_allowed(scan, start, field);
}

/* Where a name is the beginning of another, the longer one comes first. */
static const struct item items[] = {
    {"reset", GIVEN_FAULT, true, read_reset},
    {"close", GIVEN_FAULT, true, read_close},
    {"truncate@", GIVEN_FAULT, true, read_truncate},
    {"hang", GIVEN_FAULT, true, read_hang},
    {"stall=", GIVEN_FAULT, true, read_stall},
    {"delay=", GIVEN_DELAY, false, read_delay},
    {"retry-after=", GIVEN_RETRY_AFTER, false, read_retry_after},
    {"h:", GIVEN_FIELD, false, read_field},
    {"body=", GIVEN_BODY, false, read_body},
    {"size=", GIVEN_BODY, false, read_size},
    {"echo", GIVEN_BODY, false, read_echo},
    {"gzip", GIVEN_GZIP, false, read_gzip},
    {"type=", GIVEN_TYPE, false, read_type},
    {"redirect=", GIVEN_STATUS, false, read_redirect},
    {"hold=", GIVEN_HOLD, false, read_hold},
    {"refuse=", GIVEN_REFUSE, false, read_refuse},
};

/* Words of the grammar that this version does not have. */
static const char *const absent[] = {
    "drip", "garbage", "badchunk", "headers=", "slots=", "queue=", "service=", "tls-fault"};

static bool read_status(struct scan *scan, struct choice *choice, bool *may_repeat) {
    size_t start = scan->at;
    uint64_t status = 0;
    if (!choice_note(scan, start, choice, GIVEN_STATUS) || !scan_number(scan, "a final status", 200, 999, &status)) {
        return false;
    }
    choice->status = (int)status;
    *may_repeat = scan_peek(scan) != '=';
    if (*may_repeat) {
        return true;
    }
    if (status < 300 || status > 399) {
        return scan_fail_at(scan, scan->at, "expected '=' and a place only after a status from 300 to 399");
    }
    scan->at++;
    return read_location(scan, choice);
}

static bool refuse_word(struct scan *scan) {
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        if (strncmp(scan->text + scan->at, absent[i], strlen(absent[i])) == 0) {
            return scan_fail_at(scan, scan->at, "'%.*s' is not supported by this version", (int)strcspn(absent[i], "="),
                                absent[i]);
        }
    }
    return scan_fail_at(scan, scan->at,
                        "expected a status such as 200, a fault such as reset or hang, or an option such "
                        "as delay=30ms");
}

bool item_read(struct scan *scan, struct choice *choice, bool *may_repeat) {
    if (scan_peek(scan) >= '0' && scan_peek(scan) <= '9') {
        return read_status(scan, choice, may_repeat);
    }
    size_t start = scan->at;
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        if (scan_take(scan, items[i].name)) {
            *may_repeat = items[i].may_repeat;
            return choice_note(scan, start, choice, items[i].given) && items[i].read(scan, choice);
        }
    }
    return refuse_word(scan);
}
