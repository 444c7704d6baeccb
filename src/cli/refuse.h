/* How bad input is refused: INSIST_EINVAL, the option at fault, one sentence. Each returns false, to be returned on. */
#ifndef CLI_REFUSE_H
#define CLI_REFUSE_H

#include <insist/error.h>

#define REFUSE_FORMAT(text, first) __attribute__((format(printf, text, first)))

/* What is wrong with a value whose option the caller knows: the field is left as it is. */
bool refuse_value(insist_problem *problem, const char *format, ...) REFUSE_FORMAT(2, 3);

/* The same, with the field. */
bool refuse_field(insist_problem *problem, const char *field, const char *format, ...) REFUSE_FORMAT(3, 4);

#endif
