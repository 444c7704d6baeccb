/* A birthmark: tells the process that made it from the children that it has forked since. It is a byte of a page that
 * the kernel wipes in a child, so that looking costs no system call; where the kernel does not do that, the process id.
 * Any thread, once it is made. */
#ifndef BASE_BIRTHMARK_H
#define BASE_BIRTHMARK_H

#include "base/env.h"
#include <stdbool.h>

struct birthmark {
    const struct env *env;
    long process_id;
    volatile char *page; /* NULL: the process id has to be asked for */
};

void birthmark_init(struct birthmark *mark, const struct env *env);
void birthmark_fini(struct birthmark *mark);
bool birthmark_is_inherited(const struct birthmark *mark); /* this is a child */

#endif
