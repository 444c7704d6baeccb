/* The attempts of a call drawn as a waterfall, one line an attempt. Pure: account in, text out. */
#ifndef CLI_TIMELINE_H
#define CLI_TIMELINE_H

#include "cli/account.h"

struct timeline_style {
    unsigned width; /* columns; addresses and the bar keep 12 and 10 at least, so a line may be longer */
    bool utf8;
    bool colour;
};

/* A legend, a line for each attempt that begins with # and its index, and what the call came to. To be freed with
 * free(); NULL when memory is out. */
char *timeline_of_account(const struct account *account, struct timeline_style style);

#endif
