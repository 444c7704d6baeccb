/* What a fuzz target makes of its bytes: texts with a NUL between them, numbers, the rest. Reading beyond the end gives empty
 * texts and zeros. Pure. */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct input {
    const uint8_t *at;
    size_t left;
};

uint8_t input_byte(struct input *input);
uint64_t input_number(struct input *input); /* eight bytes, the lowest first */
char *input_text(struct input *input);      /* up to the next NUL; to be freed with free() */

/* Aborts, with what should have held on standard error, unless it does: libFuzzer then keeps the input. */
void must(bool holds, const char *what);

#endif
