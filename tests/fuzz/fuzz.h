/* What a fuzz target offers: libFuzzer calls it, or run_corpus.c. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Aborts where something does not hold; else 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
