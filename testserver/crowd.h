/* All connections of a port: how many there are and may be, and which are idle, that is, have sent no whole header
 * block that is not answered yet, on the control port no whole request; the longest idle first.
 * Keeps a port that is full, or that is told to, rid of idle ones. Loop's thread. */
#ifndef TESTSERVER_CROWD_H
#define TESTSERVER_CROWD_H

#include <stdbool.h>
#include <stddef.h>

/* Part of a connection: its place among the idle ones. */
struct guest {
    bool idle;
    struct guest *before, *after;
};

struct crowd {
    size_t limit; /* fixed */
    /* Fixed: closes a guest's connection, unless its next request has come and only was not read yet; whether it did. */
    bool (*close_quiet)(struct guest *guest);
    size_t open;
    struct guest *first, *last; /* idle ones */
    bool closing;               /* whoever is idle, or becomes so, is closed */
};

/* A connection opens or closes, whoever serves it. */
void crowd_count(struct crowd *crowd, bool opens);

/* How many more may come. */
size_t crowd_room(const struct crowd *crowd);

/* The connection has nothing to do, or has something to do again. */
void crowd_idle(struct crowd *crowd, struct guest *guest);
void crowd_busy(struct crowd *crowd, struct guest *guest);

/* Whether any is idle. */
bool crowd_has_idle(const struct crowd *crowd);

/* Closes at most `count` idle connections, the longest idle first; how many. */
size_t crowd_make_room(struct crowd *crowd, size_t count);

/* From now on (or no longer) idle connections are closed, those that are idle at this moment included. */
void crowd_close_idle(struct crowd *crowd, bool closing);

#endif
