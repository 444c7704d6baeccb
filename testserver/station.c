/* See station.h. */
#include "station.h"

#include <stdlib.h>
#include <string.h>

static const size_t station_limit = 100000;

bool stations_init(struct stations *stations, struct loop *loop) {
    memset(stations, 0, sizeof *stations);
    stations->loop = loop;
    table_init(&stations->table, station_limit);
    atomic_init(&stations->resized, false);
    return pthread_mutex_init(&stations->lock, NULL) == 0;
}

void stations_fini(struct stations *stations) {
    table_clear(&stations->table, free);
    pthread_mutex_destroy(&stations->lock);
}

static struct station *find_locked(const struct stations *stations, const char *name) {
    const struct table_entry *entry = table_find(&stations->table, name);
    return entry ? entry->object : NULL;
}

static struct station *make_locked(struct stations *stations, const char *name) {
    struct table_entry *entry = table_make(&stations->table, name);
    if (entry && !entry->object) {
        entry->object = calloc(1, sizeof(struct station));
        if (!entry->object) {
            table_remove(&stations->table, name);
            return NULL;
        }
    }
    return entry ? entry->object : NULL;
}

static void resize_locked(struct stations *stations, struct station *station, uint64_t slots, uint64_t queue) {
    if (station->state.slots != slots || station->state.queue != queue) {
        station->state.slots = slots;
        station->state.queue = queue;
        if (station->state.queued > 0) {
            atomic_store(&stations->resized, true);
        }
    }
}

static enum arrival count_in_locked(struct stations *stations, struct station *station) {
    struct station_state *state = &station->state;
    if (state->queued == 0 && state->in_service < state->slots) {
        state->in_service++;
        stations->totals.in_service++;
        return ARRIVAL_SERVED;
    }
    if (state->queued < state->queue) {
        state->queued++;
        stations->totals.queued++;
        return ARRIVAL_QUEUED;
    }
    state->refused++;
    stations->totals.refused++;
    return ARRIVAL_REFUSED;
}

enum arrival stations_count_in(struct stations *stations, const char *name, const struct station_state *numbers,
                               const atomic_bool *outdated, struct station **out) {
    enum arrival arrival = ARRIVAL_NO_MEMORY;
    pthread_mutex_lock(&stations->lock);
    struct station *station = make_locked(stations, name);
    if (station) {
        if (!outdated || !atomic_load(outdated)) {
            resize_locked(stations, station, numbers->slots, numbers->queue);
        }
        arrival = count_in_locked(stations, station);
    }
    pthread_mutex_unlock(&stations->lock);
    *out = station;
    return arrival;
}

bool station_count_on(struct stations *stations, struct station *station) {
    pthread_mutex_lock(&stations->lock);
    struct station_state *state = &station->state;
    bool room = state->queued > 0 && state->in_service < state->slots;
    if (room) {
        state->queued--;
        state->in_service++;
        stations->totals.queued--;
        stations->totals.in_service++;
    }
    pthread_mutex_unlock(&stations->lock);
    return room;
}

void station_count_out(struct stations *stations, struct station *station, bool queued) {
    pthread_mutex_lock(&stations->lock);
    if (queued) {
        station->state.queued--;
        stations->totals.queued--;
    } else {
        station->state.in_service--;
        stations->totals.in_service--;
    }
    pthread_mutex_unlock(&stations->lock);
}

void stations_resize(struct stations *stations, const char *name, uint64_t slots, uint64_t queue) {
    pthread_mutex_lock(&stations->lock);
    struct station *station = find_locked(stations, name);
    if (station) {
        resize_locked(stations, station, slots, queue);
    }
    pthread_mutex_unlock(&stations->lock);
}

bool stations_report(struct stations *stations, const char *name, struct station_state *out) {
    pthread_mutex_lock(&stations->lock);
    const struct station *station = name ? find_locked(stations, name) : NULL;
    bool known = !name || station;
    if (known) {
        *out = station ? station->state : stations->totals;
    }
    pthread_mutex_unlock(&stations->lock);
    return known;
}

void stations_reset(struct stations *stations) {
    pthread_mutex_lock(&stations->lock);
    stations->totals.refused = 0;
    struct table_entry *entry = NULL;
    while ((entry = table_next(&stations->table, entry)) != NULL) {
        struct station *station = entry->object;
        station->state.refused = 0;
    }
    pthread_mutex_unlock(&stations->lock);
}
