/* What an error leaves open: which limit it was, why a redirect was not followed. Pure. */
#ifndef VIEW_CAUSE_H
#define VIEW_CAUSE_H

#include <insist/error.h>
#include <stddef.h>
#include <stdint.h>

struct cause {
    const char *sentence; /* static, as are all; NULL: nothing is left open */
    const char *detail;   /* NULL: none */
    uint64_t limit;       /* the value of the limit that it names; 0: it names none */
};

#define CAUSE_TEXT_SIZE 192

/* The cause, or where there is none the error, as a sentence without its full stop. */
void cause_say(const struct cause *cause, insist_err err, char text[CAUSE_TEXT_SIZE]);

#endif
