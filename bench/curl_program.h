/* The curl program as a yardstick: a process for each call. Any thread. */
#ifndef BENCH_CURL_PROGRAM_H
#define BENCH_CURL_PROGRAM_H

#include <stdbool.h>

/* Whether PATH has it. */
bool curl_program_able(void);
/* Runs it with these words, the first of which is its name, NULL behind the last; what it prints is thrown away. False:
 * its exit status was not 0. */
bool curl_program_run(const char *const *words);

#endif
