#include "input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint8_t input_byte(struct input *input) {
    if (input->left == 0) {
        return 0;
    }
    input->left--;
    return *input->at++;
}

uint64_t input_number(struct input *input) {
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 8) {
        number |= (uint64_t)input_byte(input) << shift;
    }
    return number;
}

char *input_text(struct input *input) {
    const uint8_t *nul = input->left > 0 ? memchr(input->at, '\0', input->left) : NULL;
    size_t length = nul ? (size_t)(nul - input->at) : input->left;
    char *text = malloc(length + 1);
    must(text != NULL, "there is memory");
    if (length > 0) {
        memcpy(text, input->at, length);
    }
    text[length] = '\0';
    size_t used = nul ? length + 1 : length;
    input->at += used;
    input->left -= used;
    return text;
}

void must(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "does not hold: %s\n", what);
        abort();
    }
}
