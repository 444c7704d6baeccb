/* Queueing stations: so many servers each, and a queue of so many places before them. This room has their table and their
 * numbers; job.c has those who come and go.
 *
 * The table and the numbers are read and set by any thread, under the one lock, a leaf; only the loop's thread makes
 * stations. The queue itself belongs to the loop's thread. */
#ifndef TESTSERVER_STATION_H
#define TESTSERVER_STATION_H

#include "loop.h"
#include "table.h"

#include <pthread.h>
#include <stdatomic.h>

struct job; /* job.h: those who come and go, to be freed by jobs_free() first */

/* What a station may do at once, and what it does. */
struct station_state {
    uint64_t slots, queue; /* the most in service, and the most that wait */
    uint64_t in_service, queued;
    uint64_t refused; /* since it was made, or stations_reset() */
};

struct station {
    struct station_state state; /* under the stations' lock */
    struct job *first, *last;   /* who waits; own */
    bool admitting;             /* own: those who are let in may be done before that returns */
};

struct stations {
    struct loop *loop; /* fixed */

    /* own */
    struct job *first_timed, *last_timed; /* whose service time runs */
    bool closed;

    /* shared, under lock */
    pthread_mutex_t lock;
    struct table table;
    struct station_state totals; /* slots and queue unused */

    atomic_bool resized; /* there may be room for those who wait */
};

bool stations_init(struct stations *stations, struct loop *loop);
void stations_fini(struct stations *stations);

enum arrival { ARRIVAL_SERVED, ARRIVAL_QUEUED, ARRIVAL_REFUSED, ARRIVAL_NO_MEMORY };

/* Counts somebody who arrives at the station called name, which is made where there is none. It then has the slots and the
 * places of `numbers`, unless *outdated (NULL: it is not) is true, as seen under the lock. */
enum arrival stations_count_in(struct stations *stations, const char *name, const struct station_state *numbers,
                               const atomic_bool *outdated, struct station **out);

/* Moves the first who waits into service, if there is one and a slot for it. */
bool station_count_on(struct stations *stations, struct station *station);

/* Counts out somebody who waited, or was in service. */
void station_count_out(struct stations *stations, struct station *station, bool queued);

/* Sets the numbers of a station, if it exists. Nobody in service or in the queue is thrown out for that. Any thread; the
 * loop has to be woken for those who wait. */
void stations_resize(struct stations *stations, const char *name, uint64_t slots, uint64_t queue);

/* For reports; any thread. name NULL: the sums over all. False: there is no such station. */
bool stations_report(struct stations *stations, const char *name, struct station_state *out);

/* Forgets who was refused. Any thread. */
void stations_reset(struct stations *stations);

#endif
