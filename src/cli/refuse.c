#include "cli/refuse.h"
#include <stdarg.h>
#include <stdio.h>

bool refuse_value(insist_problem *problem, const char *format, ...) {
    problem->err = INSIST_EINVAL;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem->text, sizeof(problem->text), format, arguments);
    va_end(arguments);
    return false;
}

bool refuse_field(insist_problem *problem, const char *field, const char *format, ...) {
    snprintf(problem->field, sizeof(problem->field), "%s", field);
    problem->err = INSIST_EINVAL;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem->text, sizeof(problem->text), format, arguments);
    va_end(arguments);
    return false;
}
