/* Those who are served at a station, first come first served. Loop's thread.
 *
 *   arrives ─► waits ─► in service ─► its service time runs ─► done            no room: refused, and there is no job */
#ifndef TESTSERVER_JOB_H
#define TESTSERVER_JOB_H

#include "station.h"

struct job_events {
    void (*begins)(void *owner); /* it has waited, and is in service */
    void (*done)(void *owner);   /* its service time is over, and the job is gone */
};

struct job {
    struct stations *stations;       /* fixed */
    struct station *station;         /* fixed */
    const struct job_events *events; /* fixed */
    void *owner;                     /* NULL: has left, and the work is done in vain */
    struct alarm alarm;              /* the end of its service time */
    struct job *next, *previous;     /* among those who wait, or all whose service time runs */
    bool queued;
    bool timed; /* its service time runs */
};

/* Somebody arrives: see stations_count_in(). *job is NULL where there is no room, or no memory. */
enum arrival job_arrives(struct stations *stations, const char *name, const struct station_state *numbers,
                         const atomic_bool *outdated, const struct job_events *events, void *owner, struct job **job);

/* The service time of a job in service begins; done() comes at its end, at once where it is 0. False: no memory, and the
 * job is gone. */
bool job_serve(struct job *job, uint64_t service_us);

/* Its owner has left: one that waits leaves the queue, one in service gives its slot back, or takes it up until its service
 * time is over if that runs. NULL is allowed. */
void job_abandon(struct job *job);

/* Lets those in for whom there is room since their station was resized. */
void jobs_settle(struct stations *stations);

/* From now on nobody who waits is let in. */
void jobs_close(struct stations *stations);

/* Frees those whose service time runs for nobody any more. */
void jobs_free(struct stations *stations);

#endif
