/* Items about the body of an answer. See items.h. */
#include "items.h"

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
    if (!item_header_text(scan, &choice->type)) {
        return false;
    }
    return choice->type[0] != '\0' || scan_fail_at(scan, start, "expected a media type");
}

const struct item items_body[] = {
    {"body=", GIVEN_BODY, false, read_body},
    {"size=", GIVEN_BODY, false, read_size},
    {"echo", GIVEN_BODY, false, read_echo},
    {"gzip", GIVEN_GZIP, false, read_gzip},
    {"type=", GIVEN_TYPE, false, read_type},
    {NULL, 0, false, NULL},
};
