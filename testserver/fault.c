/* See fault.h. */
#include "fault.h"

bool fault_answers_nothing(enum insist_testserver_fault fault) {
    return fault == INSIST_TESTSERVER_RESET || fault == INSIST_TESTSERVER_CLOSE || fault == INSIST_TESTSERVER_HANG;
}

bool fault_cuts_body(enum insist_testserver_fault fault) {
    return fault == INSIST_TESTSERVER_RESET_BODY || fault == INSIST_TESTSERVER_CLOSE_BODY ||
           fault == INSIST_TESTSERVER_TRUNCATE || fault == INSIST_TESTSERVER_STALL_BODY;
}

const char *fault_name(enum insist_testserver_fault fault) {
    switch (fault) {
    case INSIST_TESTSERVER_NO_FAULT: return "none";
    case INSIST_TESTSERVER_RESET: return "reset";
    case INSIST_TESTSERVER_RESET_HEADERS: return "reset@headers";
    case INSIST_TESTSERVER_RESET_BODY: return "reset@body";
    case INSIST_TESTSERVER_CLOSE: return "close";
    case INSIST_TESTSERVER_CLOSE_BODY: return "close@body";
    case INSIST_TESTSERVER_TRUNCATE: return "truncate";
    case INSIST_TESTSERVER_HANG: return "hang";
    case INSIST_TESTSERVER_STALL_HEADERS: return "stall=headers";
    case INSIST_TESTSERVER_STALL_BODY: return "stall=body";
    case INSIST_TESTSERVER_FAULT_MAX: break;
    }
    return "unknown";
}
