/* Puts a problem together. Any thread. */
#include "base/problem.h"

#include <stdarg.h>
#include <stdio.h>

insist_err problem_set(insist_problem *problem, insist_err err, const char *field, const char *format, ...) {
    if (!problem)
        return err;
    insist_problem fresh = {.err = err}; /* put together apart: field and arguments may be parts of the old one */
    snprintf(fresh.field, sizeof(fresh.field), "%s", field);
    va_list args;
    va_start(args, format);
    vsnprintf(fresh.text, sizeof(fresh.text), format, args);
    va_end(args);
    *problem = fresh;
    return err;
}
