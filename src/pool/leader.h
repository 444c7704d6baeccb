/* A leader: a calling thread that drives the reactor of its job itself, for as long as it waits for that job, and so
 * saves two thread switches. */
#ifndef POOL_LEADER_H
#define POOL_LEADER_H

#include "base/birthmark.h"
#include "pool/reactor.h"

struct leading {
    const struct birthmark *birthmark; /* of whoever made the reactor */
    struct job *job;                   /* the call's only one */
    int64_t until_ns;
};

/* Drives the reactor until the mailbox has something to take or until_ns has come, then hands over to the worker what
 * is left. Somebody else drives already: tells him to look at the inbox, and returns at once. False: a signal handler
 * has forked, and this is the child; nothing may be touched. */
bool leader_drive(struct reactor *reactor, const struct leading *leading);

#endif
