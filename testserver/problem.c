/* See problem.h. */
#include "problem.h"

#include <stdarg.h>
#include <stdio.h>

insist_err problem_tell(insist_problem *problem, insist_err err, const char *field, const char *format, ...) {
    if (!problem) {
        return err;
    }
    problem->err = err;
    snprintf(problem->field, sizeof problem->field, "%s", field);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem->text, sizeof problem->text, format, arguments);
    va_end(arguments);
    return err;
}
