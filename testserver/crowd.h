/* All connections of a port: how many there are and may be, and which are idle, that is, have sent no whole header
 * block that is not answered yet, on the control port no whole request; each list the longest in it first.
 * Keeps a port that is full, or that is told to, rid of idle ones. Loop's thread. */
#ifndef TESTSERVER_CROWD_H
#define TESTSERVER_CROWD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guest_list {
    struct guest *first, *last;
};

/* Part of a connection: its place among the idle or the busy ones. */
struct guest {
    struct guest_list *list; /* NULL: in none */
    struct guest *before, *after;
    uint64_t busy_since_ns; /* while it is */
};

struct crowd {
    size_t limit; /* fixed */
    /* Fixed: closes a guest's connection, unless its next request has come and only was not read yet; whether it did. */
    bool (*close_quiet)(struct guest *guest);
    /* Fixed: ends a guest's connection in the midst of its answer. NULL: an answer may take as long as it likes. */
    void (*cut)(struct guest *guest);
    size_t open;
    struct guest_list idle, busy;
    bool closing; /* whoever is idle, or becomes so, is closed */
};

/* A connection opens or closes, whoever serves it. */
void crowd_count(struct crowd *crowd, bool opens);

/* How many more may come. */
size_t crowd_room(const struct crowd *crowd);

/* The connection has nothing to do, has something to do, or is no more. */
void crowd_idle(struct crowd *crowd, struct guest *guest);
void crowd_busy(struct crowd *crowd, struct guest *guest);
void crowd_leave(struct guest *guest);

/* Whether any is idle. */
bool crowd_has_idle(const struct crowd *crowd);

/* Closes at most `count` connections, the longest idle first; how many. Where there are too few idle ones, those that
 * have been busy longest are cut, if they may be and have been for two seconds. */
size_t crowd_make_room(struct crowd *crowd, size_t count);

/* From now on (or no longer) idle connections are closed, those that are idle at this moment included. */
void crowd_close_idle(struct crowd *crowd, bool closing);

#endif
