/* From how a call ended to the program's exit status: curl's number for the same thing, where curl has one. Pure. */
#ifndef CLI_EXIT_CODE_H
#define CLI_EXIT_CODE_H

#include <insist/error.h>

enum {
    EXIT_ANSWERED = 0,
    EXIT_OTHER = 1,
    EXIT_USAGE = 2,
    EXIT_STATUS = 22, /* --fail and a status of 400 or more */
    EXIT_WRITE = 23,
    EXIT_INTERRUPTED = 130
};

/* The error alone. status is that of the answer, 0 for none: it tells an empty reply (52) from a partial one (18). */
int exit_code_of_error(insist_err error, int status);

/* A call: an answer is a success unless --fail says otherwise. */
int exit_code_of_call(insist_err error, int status, bool fail);

/* The worse of two calls: interrupted, then any error, then a refused status, then success. */
int exit_code_worse(int first, int second);

#endif
