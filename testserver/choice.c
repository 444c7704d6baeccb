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
    case GIVEN_CHUNKED: return "chunked";
    case GIVEN_SLOTS: return "slots";
    case GIVEN_QUEUE: return "queue";
    case GIVEN_SERVICE: return "service";
    case GIVEN_STATION: return "station";
    default: return "fault of the port";
    }
}

bool choice_note(struct scan *scan, size_t start, struct choice *choice, unsigned given) {
    if (given != GIVEN_FIELD && (choice->given & given)) {
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
    if (choice->cut > choice->size) {
        return scan_fail_at(scan, start, "expected the fault within the body, whose size is %llu",
                            (unsigned long long)choice->size);
    }
    return true;
}

bool choice_agrees(struct scan *scan, size_t start, const struct choice *choice) {
    const unsigned parts_of_an_answer =
        GIVEN_STATUS | GIVEN_RETRY_AFTER | GIVEN_BODY | GIVEN_GZIP | GIVEN_TYPE | GIVEN_FIELD | GIVEN_CHUNKED;
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
    if (choice->chunked && choice->fault != INSIST_TESTSERVER_NO_FAULT) {
        return scan_fail_at(scan, start, "expected no chunked beside %s", fault_name(choice->fault));
    }
    if (choice->gzip && choice->body == BODY_PATTERN && choice->size > gzip_limit) {
        return scan_fail_at(scan, start, "expected at most 16 MiB together with gzip");
    }
    return cut_fits(scan, start, choice);
}
