/* A name server that hangs: while they are looked up, names that end in ".hang" keep whoever asks for five seconds, and
 * are not found then. This program's getaddrinfo() stands in front of the system's, for insist and libcurl alike. */
#ifndef BENCH_HANGING_NAMES_H
#define BENCH_HANGING_NAMES_H

#include <stdint.h>

static const int64_t hanging_names_ns = INT64_C(5000000000);

#endif
