/* Fills in what a constructor refuses: the code, the field, one sentence. Any thread. */
#ifndef BASE_PROBLEM_H
#define BASE_PROBLEM_H

#include "base/env.h"
#include <insist/error.h>

/* Returns err. problem may be NULL; field and sentence are cut to fit. */
insist_err problem_set(insist_problem *problem, insist_err err, const char *field, const char *format, ...)
    TEXT_FORMAT(4, 5);

#endif
