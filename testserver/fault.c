/* See fault.h. */
#include "fault.h"

bool fault_answers_nothing(enum insist_testserver_fault fault) {
    return fault == INSIST_TESTSERVER_RESET || fault == INSIST_TESTSERVER_CLOSE || fault == INSIST_TESTSERVER_HANG ||
           fault == INSIST_TESTSERVER_GARBAGE || fault == INSIST_TESTSERVER_RAW;
}

bool fault_cuts_headers(enum insist_testserver_fault fault) {
    return fault == INSIST_TESTSERVER_RESET_HEADERS || fault == INSIST_TESTSERVER_CLOSE_HEADERS ||
           fault == INSIST_TESTSERVER_STALL_HEADERS;
}

bool fault_resets(enum insist_testserver_fault fault) {
    return fault == INSIST_TESTSERVER_RESET || fault == INSIST_TESTSERVER_RESET_HEADERS ||
           fault == INSIST_TESTSERVER_RESET_BODY || fault == INSIST_TESTSERVER_RESET_END;
}

bool fault_stalls(enum insist_testserver_fault fault) {
    return fault == INSIST_TESTSERVER_HANG || fault == INSIST_TESTSERVER_STALL_HEADERS ||
           fault == INSIST_TESTSERVER_STALL_BODY;
}

bool fault_ends_connection(enum insist_testserver_fault fault) {
    return fault_resets(fault) || fault_stalls(fault) || fault_cuts_headers(fault) || fault_cuts_body(fault) ||
           fault == INSIST_TESTSERVER_CLOSE || fault == INSIST_TESTSERVER_CLOSE_END;
}

bool fault_cuts_body(enum insist_testserver_fault fault) {
    return fault == INSIST_TESTSERVER_RESET_BODY || fault == INSIST_TESTSERVER_CLOSE_BODY ||
           fault == INSIST_TESTSERVER_TRUNCATE || fault == INSIST_TESTSERVER_STALL_BODY ||
           fault == INSIST_TESTSERVER_BAD_CHUNK;
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
    case INSIST_TESTSERVER_RESET_END: return "reset@end";
    case INSIST_TESTSERVER_CLOSE_HEADERS: return "close@headers";
    case INSIST_TESTSERVER_CLOSE_END: return "close@end";
    case INSIST_TESTSERVER_GARBAGE: return "garbage";
    case INSIST_TESTSERVER_RAW: return "raw";
    case INSIST_TESTSERVER_BAD_CHUNK: return "badchunk";
    case INSIST_TESTSERVER_STATUS_LINE: return "status-line";
    case INSIST_TESTSERVER_LINE: return "line";
    case INSIST_TESTSERVER_HEADERS: return "headers";
    case INSIST_TESTSERVER_NO_BLANK_LINE: return "no-blank-line";
    case INSIST_TESTSERVER_LF: return "lf";
    case INSIST_TESTSERVER_LENGTH: return "length";
    case INSIST_TESTSERVER_ENDLESS: return "endless";
    case INSIST_TESTSERVER_GZIP: return "gzip";
    case INSIST_TESTSERVER_TRAILERS: return "trailers";
    case INSIST_TESTSERVER_INTERIM: return "1xx";
    case INSIST_TESTSERVER_UNREAD: return "unread";
    case INSIST_TESTSERVER_FAULT_MAX: break;
    }
    return "unknown";
}
