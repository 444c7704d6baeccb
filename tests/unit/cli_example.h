/* A call of three attempts, made by hand: 404 on a new connection, a reset while it was being answered, 200. */
#ifndef CLI_EXAMPLE_H
#define CLI_EXAMPLE_H

#include "cli/account.h"

struct example {
    insist_attempt_record records[3];
    struct account account;
};

void example_init(struct example *example);

#endif
