/* What a choice may hold. See choice.h. */
#include "choice.h"

#include "fault.h"

#include <stdlib.h>

static const uint64_t gzip_limit = UINT64_C(16) << 20;

void choice_fini(struct choice *choice) {
    distribution_fini(&choice->delay);
    distribution_fini(&choice->service);
    free(choice->station);
    free(choice->retry_after_text);
    free(choice->text);
    free(choice->type);
    free(choice->location);
    free(choice->hold_path);
    for (size_t i = 0; i < choice->field_count; i++) {
        free(choice->fields[i].name);
        free(choice->fields[i].value);
    }
    free(choice->fields);
    manner_fini(&choice->manner);
}

static const char *given_name(unsigned given) {
    switch (given) {
    case GIVEN_STATUS: return "status";
    case GIVEN_FAULT: return "fault";
    case GIVEN_DELAY: return "delay";
    case GIVEN_RETRY_AFTER: return "retry-after";
    case GIVEN_BODY: return "body";
    case GIVEN_GZIP: return "gzip or deflate";
    case GIVEN_TYPE: return "type";
    case GIVEN_HOLD: return "hold";
    case GIVEN_SLOTS: return "slots";
    case GIVEN_QUEUE: return "queue";
    case GIVEN_SERVICE: return "service";
    case GIVEN_STATION: return "station";
    default: return "fault of the port";
    }
}

bool choice_note(struct scan *scan, size_t start, struct choice *choice, unsigned given) {
    if (given != GIVEN_FIELD && given != GIVEN_MANNER && (choice->given & given)) {
        return scan_fail_at(scan, start, "expected only one %s in a step", given_name(given));
    }
    choice->given |= given;
    return true;
}

/* A cut must lie within a body whose size is known from the script. */
static bool cut_fits(struct scan *scan, size_t start, const struct choice *choice) {
    bool known = (choice->body == BODY_TEXT || choice->body == BODY_PATTERN) && !choice->gzip;
    if (!known || !fault_cuts_body(choice->fault)) {
        return true;
    }
    if (choice->fault == INSIST_TESTSERVER_TRUNCATE && choice->cut >= choice->size) {
        return scan_fail_at(scan, start, "expected truncate@N with N below the size of the body, which is %llu",
                            (unsigned long long)choice->size);
    }
    if (choice->cut > choice->size) { /* an endless one has room for every cut */
        return scan_fail_at(scan, start, "expected the fault within the body, whose size is %llu",
                            (unsigned long long)choice->size);
    }
    return true;
}

/* What concerns how the answer is sent. */
static bool manner_agrees(struct scan *scan, size_t start, const struct choice *choice) {
    const struct manner *manner = &choice->manner;
    const unsigned of_an_answer = ~(unsigned)(MANNER_UNREAD | MANNER_READ | MANNER_INTERIM | MANNER_DRIP);
    const unsigned of_a_body = MANNER_DRIP | MANNER_CHUNKED | MANNER_LENGTH | MANNER_TRAILER | MANNER_TRAILER_FILLERS;
    bool bodyless = choice->status == 204 || choice->status == 304;
    if (fault_answers_nothing(choice->fault) && (manner->given & of_an_answer)) {
        return scan_fail_at(scan, start, "expected no status, header or body beside %s, which answers nothing",
                            fault_name(choice->fault));
    }
    if (bodyless && (manner->given & of_a_body)) {
        return scan_fail_at(scan, start, "expected no body with status %d, which has none", choice->status);
    }
    if ((manner->given & MANNER_STATUS_LINE) && (choice->given & GIVEN_STATUS)) {
        return scan_fail_at(scan, start, "expected no status beside status-line=, which takes its place");
    }
    if (manner->fillers == ENDLESS && fault_cuts_headers(choice->fault) && !choice->cut_given) {
        return scan_fail_at(scan, start, "expected a number of bytes: endless headers have no half");
    }
    if ((manner->given & MANNER_UNREAD) && choice->body == BODY_ECHO) {
        return scan_fail_at(scan, start, "expected no echo of a request that is left unread");
    }
    if (manner_is_chunked(manner) && (manner->given & MANNER_LENGTH)) {
        return scan_fail_at(scan, start,
                            "expected no length= with chunks; line=\"Content-Length: 5\" contradicts them");
    }
    return true;
}

bool choice_agrees(struct scan *scan, size_t start, const struct choice *choice) {
    const unsigned parts_of_an_answer =
        GIVEN_STATUS | GIVEN_RETRY_AFTER | GIVEN_BODY | GIVEN_GZIP | GIVEN_TYPE | GIVEN_FIELD;
    bool bodyless = choice->status == 204 || choice->status == 304;
    if (fault_answers_nothing(choice->fault) && (choice->given & parts_of_an_answer)) {
        return scan_fail_at(scan, start, "expected no status, header or body beside %s, which answers nothing",
                            fault_name(choice->fault));
    }
    if ((choice->given & (GIVEN_QUEUE | GIVEN_SERVICE | GIVEN_STATION)) && !(choice->given & GIVEN_SLOTS)) {
        return scan_fail_at(scan, start, "expected queue=, service= and station= only together with slots=");
    }
    if (bodyless && ((choice->given & (GIVEN_BODY | GIVEN_GZIP)) || fault_cuts_body(choice->fault))) {
        return scan_fail_at(scan, start, "expected no body with status %d, which has none", choice->status);
    }
    if (choice->gzip && choice->fill.random && choice->size > gzip_limit) {
        return scan_fail_at(scan, start, "expected at most 16 MiB of random bytes together with gzip");
    }
    return manner_agrees(scan, start, choice) && cut_fits(scan, start, choice);
}

int choice_status(const struct choice *choice) {
    bool none = fault_answers_nothing(choice->fault) || choice->manner.interim_count == ENDLESS ||
                (choice->manner.given & MANNER_STATUS_LINE);
    return none ? 0 : choice->status ? choice->status : 200;
}
