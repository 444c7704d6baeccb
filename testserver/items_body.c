/* Items about the body of an answer. See items.h. */
#include "items.h"

#include <string.h>

static bool read_body(struct scan *scan, struct choice *choice) {
    size_t length = 0;
    choice->body = BODY_TEXT;
    bool ok = scan_text(scan, "", &choice->text, &length);
    choice->size = length;
    return ok;
}

static bool read_size(struct scan *scan, struct choice *choice) {
    choice->body = BODY_PATTERN;
    return scan_size(scan, &choice->size) &&
           (!scan_take(scan, "@") || scan_number(scan, "a first byte", 0, UINT64_MAX, &choice->fill.start));
}

static bool read_random(struct scan *scan, struct choice *choice) {
    choice->body = BODY_PATTERN;
    choice->fill.random = true;
    if (!scan_size(scan, &choice->size)) {
        return false;
    }
    choice->seeded = scan_take(scan, "@");
    return !choice->seeded || scan_number(scan, "a seed", 0, UINT64_MAX, &choice->fill.start);
}

static bool read_endless(struct scan *scan, struct choice *choice) {
    (void)scan;
    choice->body = BODY_PATTERN;
    choice->size = ENDLESS;
    return item_flaw(choice, INSIST_TESTSERVER_ENDLESS);
}

static bool read_echo(struct scan *scan, struct choice *choice) {
    choice->body = BODY_ECHO;
    if (!scan_take(scan, "=")) {
        return true;
    }
    size_t start = scan->at;
    size_t length = strcspn(scan->text + start, "*,;|");
    choice->shape = shape_find(scan->text + start, length);
    if (!choice->shape) {
        return scan_fail_at(scan, start, "expected a shape, such as anything, get, post or headers");
    }
    scan->at += length;
    if (!choice->shape->lines) {
        return true;
    }
    return (scan_take(scan, "*") || scan_fail_at(scan, scan->at, "expected '*' and a number of lines")) &&
           scan_number(scan, "a number of lines", 0, 100, &choice->lines);
}

static bool read_gzip(struct scan *scan, struct choice *choice) {
    static const char *const flaws[] = {
        [GZIP_TRUNCATED] = "truncated", [GZIP_CRC] = "crc", [GZIP_LENGTH] = "length", [GZIP_PLAIN] = "plain"};
    choice->gzip = true;
    if (!scan_take(scan, "=")) {
        return true;
    }
    for (size_t i = GZIP_TRUNCATED; i <= GZIP_PLAIN; i++) {
        if (!(choice->deflate && i == GZIP_LENGTH) && scan_take(scan, flaws[i])) {
            choice->gzip_flaw = (enum gzip_flaw)i;
            return item_flaw(choice, INSIST_TESTSERVER_GZIP);
        }
    }
    return scan_fail_at(scan, scan->at, "expected truncated, crc, %splain", choice->deflate ? "" : "length or ");
}

static bool read_deflate(struct scan *scan, struct choice *choice) {
    choice->deflate = true;
    return read_gzip(scan, choice);
}

static bool read_type(struct scan *scan, struct choice *choice) {
    size_t start = scan->at;
    if (!item_header_text(scan, &choice->type)) {
        return false;
    }
    return choice->type[0] != '\0' || scan_fail_at(scan, start, "expected a media type");
}

const struct item items_body[] = {
    {"body=", GIVEN_BODY, false, read_body},
    {"size=", GIVEN_BODY, false, read_size},
    {"random=", GIVEN_BODY, false, read_random},
    {"endless", GIVEN_BODY, false, read_endless},
    {"echo", GIVEN_BODY, false, read_echo},
    {"gzip", GIVEN_GZIP, false, read_gzip},
    {"deflate", GIVEN_GZIP, false, read_deflate},
    {"type=", GIVEN_TYPE, false, read_type},
    {NULL, 0, false, NULL},
};
