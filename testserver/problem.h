/* Why something was refused, told to the caller of a public function. */
#ifndef TESTSERVER_PROBLEM_H
#define TESTSERVER_PROBLEM_H

#include <insist/error.h>

/* Fills in problem (may be NULL) with the field at fault and a sentence, cut where it is too long; returns err. */
insist_err problem_tell(insist_problem *problem, insist_err err, const char *field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
