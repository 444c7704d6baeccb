/* See job.h. */
#include "job.h"

#include <stdlib.h>

/* ---- lists ------------------------------------------------------------------------------------------------------ */

static void link_last(struct job **first, struct job **last, struct job *job) {
    job->next = NULL;
    job->previous = *last;
    if (*last) {
        (*last)->next = job;
    } else {
        *first = job;
    }
    *last = job;
}

static void unlink_from(struct job **first, struct job **last, struct job *job) {
    if (job->previous) {
        job->previous->next = job->next;
    } else {
        *first = job->next;
    }
    if (job->next) {
        job->next->previous = job->previous;
    } else {
        *last = job->previous;
    }
}

/* ---- who waits is let in ---------------------------------------------------------------------------------------- */

/* begins() may end jobs, of this station too: that comes back here, and the loop that is under way sees to it. */
static void admit(struct stations *stations, struct station *station) {
    if (station->admitting || stations->closed) {
        return;
    }
    station->admitting = true;
    while (station_count_on(stations, station)) {
        struct job *job = station->first;
        unlink_from(&station->first, &station->last, job);
        job->queued = false;
        job->events->begins(job->owner);
    }
    station->admitting = false;
}

void jobs_settle(struct stations *stations) {
    if (!atomic_load(&stations->resized)) {
        return;
    }
    atomic_store(&stations->resized, false);
    struct table_entry *entry = NULL; /* no lock: nobody but this thread changes the table */
    while ((entry = table_next(&stations->table, entry)) != NULL) {
        admit(stations, entry->object);
    }
}

void jobs_close(struct stations *stations) {
    stations->closed = true;
}

void jobs_free(struct stations *stations) {
    while (stations->first_timed) {
        struct job *job = stations->first_timed;
        stations->first_timed = job->next;
        free(job);
    }
}

/* ---- one job ---------------------------------------------------------------------------------------------------- */

/* Frees the job and gives back what it took up. */
static void leave(struct job *job) {
    struct stations *stations = job->stations;
    struct station *station = job->station;
    if (job->queued) {
        unlink_from(&station->first, &station->last, job);
    }
    if (job->timed) {
        unlink_from(&stations->first_timed, &stations->last_timed, job);
        loop_alarm_clear(stations->loop, &job->alarm);
    }
    station_count_out(stations, station, job->queued);
    free(job);
    admit(stations, station);
}

static void finish(struct job *job) {
    const struct job_events *events = job->events;
    void *owner = job->owner;
    leave(job);
    if (owner) {
        events->done(owner);
    }
}

static void time_is_over(struct alarm *alarm) {
    finish(alarm->owner);
}

enum arrival job_arrives(struct stations *stations, const char *name, const struct station_state *numbers,
                         const atomic_bool *outdated, const struct job_events *events, void *owner, struct job **out) {
    *out = NULL;
    struct job *job = calloc(1, sizeof *job);
    if (!job) {
        return ARRIVAL_NO_MEMORY;
    }
    struct station *station;
    enum arrival arrival = stations_count_in(stations, name, numbers, outdated, &station);
    if (arrival == ARRIVAL_REFUSED || arrival == ARRIVAL_NO_MEMORY) {
        free(job);
        return arrival;
    }
    job->stations = stations;
    job->station = station;
    job->events = events;
    job->owner = owner;
    job->alarm = (struct alarm){.fire = time_is_over, .owner = job};
    job->queued = arrival == ARRIVAL_QUEUED;
    if (job->queued) {
        link_last(&station->first, &station->last, job);
    }
    *out = job;
    return arrival;
}

bool job_serve(struct job *job, uint64_t service_us) {
    struct stations *stations = job->stations;
    if (service_us == 0) {
        finish(job);
        return true;
    }
    if (!loop_alarm_at(stations->loop, &job->alarm, monotonic_ns() + service_us * 1000)) {
        leave(job);
        return false;
    }
    job->timed = true;
    link_last(&stations->first_timed, &stations->last_timed, job);
    return true;
}

void job_abandon(struct job *job) {
    if (!job) {
        return;
    }
    job->owner = NULL;
    if (!job->timed) {
        leave(job);
    }
}
