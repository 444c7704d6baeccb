#include "cli/exit_code.h"

int exit_code_of_error(insist_err error, int status) {
    switch (error) {
    case INSIST_OK: return EXIT_ANSWERED;
    case INSIST_EINVAL:
    case INSIST_ETOONEW:
    case INSIST_EURL:
    case INSIST_EFROZEN: return EXIT_USAGE;
    case INSIST_ERESOLVE: return 6;
    case INSIST_ECONNECT: return 7;
    case INSIST_EPROTO: return 8;
    case INSIST_ESINK: return 23;
    case INSIST_EBODY: return 26;
    case INSIST_ENOMEM: return 27;
    case INSIST_ETIMEOUT:
    case INSIST_EDEADLINE: return 28;
    case INSIST_ETLS: return 35;
    case INSIST_EREDIRECT: return 47;
    case INSIST_EEOF: return status == 0 ? 52 : 18;
    case INSIST_ERESET: return 56;
    case INSIST_ECERT: return 60;
    case INSIST_EDECODE: return 61;
    case INSIST_ETOOLARGE: return 63;
    case INSIST_ECANCELED: return EXIT_INTERRUPTED;
    case INSIST_EREJECTED:
    case INSIST_EREDUNDANT:
    case INSIST_EQUEUEFULL:
    case INSIST_EHANDLER:
    case INSIST_ESHUTDOWN:
    case INSIST_EFORKED:
    case INSIST_ESYSTEM:
    case INSIST_EPORT:
    case INSIST_EGAVEUP:
    case INSIST_ERR_MAX: break;
    }
    return EXIT_OTHER;
}

int exit_code_of_call(insist_err error, int status, bool fail) {
    if (error == INSIST_OK && fail && status >= 400) {
        return EXIT_STATUS;
    }
    return exit_code_of_error(error, status);
}

/* Among errors the greater number: arbitrary, but the same whatever the order in which calls end. */
static int rank(int code) {
    if (code == EXIT_INTERRUPTED) {
        return 1000;
    }
    if (code == EXIT_STATUS) {
        return 1;
    }
    return code == EXIT_ANSWERED ? 0 : code + 1;
}

int exit_code_worse(int first, int second) {
    return rank(second) > rank(first) ? second : first;
}
