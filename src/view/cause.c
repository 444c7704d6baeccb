/* Causes as people read them. Pure. */
#include "view/cause.h"

#include <inttypes.h>
#include <stdio.h>

void cause_say(const struct cause *cause, insist_err err, char text[CAUSE_TEXT_SIZE]) {
    const char *sentence = cause->sentence ? cause->sentence : insist_strerror(err);
    if (cause->limit > 0)
        snprintf(text, CAUSE_TEXT_SIZE, "%s (%" PRIu64 ")", sentence, cause->limit);
    else
        snprintf(text, CAUSE_TEXT_SIZE, "%s%s%s", sentence, cause->detail ? ": " : "",
                 cause->detail ? cause->detail : "");
}
