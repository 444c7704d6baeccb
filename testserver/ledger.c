/* How the ledger is written. See ledger.h; ledger_read.c is how it is read. */
#include "ledger.h"

#include "identity.h"
#include "loop.h"
#include "tally.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const size_t table_limit = 1000000; /* different paths, different keys, different requests */

static int64_t wall_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t ledger_uptime_us(const struct ledger *ledger) {
    return (int64_t)((monotonic_ns() - ledger->started_ns) / 1000);
}

bool ledger_init(struct ledger *ledger, size_t limit) {
    memset(ledger, 0, sizeof *ledger);
    ledger->started_ns = monotonic_ns();
    journal_init(&ledger->journal, limit);
    table_init(&ledger->paths, table_limit);
    table_init(&ledger->keys, table_limit);
    table_init(&ledger->identities, table_limit);
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0) {
        return false;
    }
    bool ok = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
              pthread_cond_init(&ledger->changed, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    if (!ok) {
        return false;
    }
    if (pthread_mutex_init(&ledger->lock, NULL) != 0) {
        pthread_cond_destroy(&ledger->changed);
        return false;
    }
    return true;
}

void ledger_fini(struct ledger *ledger) {
    journal_fini(&ledger->journal);
    table_clear(&ledger->paths, tally_free);
    table_clear(&ledger->keys, NULL);
    table_clear(&ledger->identities, NULL);
    pthread_cond_destroy(&ledger->changed);
    pthread_mutex_destroy(&ledger->lock);
}

static void tell_locked(struct ledger *ledger) {
    ledger->totals.revision++;
    if (ledger->waiting > 0) {
        pthread_cond_broadcast(&ledger->changed);
    }
}

static uint64_t larger(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

static uint64_t count_locked(struct table *table, const char *key) {
    struct table_entry *entry = table_make(table, key);
    return entry ? ++entry->number : 0;
}

/* Counts a hit of its path: how many it has, 0: it could not be counted. */
static uint64_t count_path_locked(struct ledger *ledger, const insist_testserver_entry *entry, uint64_t delivery) {
    struct table_entry *path = table_make(&ledger->paths, entry->path);
    if (!path) {
        return 0;
    }
    if (!path->object) {
        path->object = tally_new();
    }
    struct tally *tally = path->object;
    if (!tally || !tally_add_status(tally, entry->status)) {
        ledger->totals.stats.uncounted++;
    }
    if (tally) {
        tally->duplicates += delivery > 1;
        tally->newest = entry->number;
    }
    return ++path->number;
}

/* Counts a request; the hits of its path. */
static uint64_t count_request_locked(struct ledger *ledger, const insist_testserver_entry *entry, uint64_t delivery) {
    struct ledger_totals *totals = &ledger->totals;
    insist_testserver_stats *stats = &totals->stats;
    uint64_t hits = count_path_locked(ledger, entry, delivery);
    bool keyed = !entry->key || count_locked(&ledger->keys, entry->key) > 0;
    stats->uncounted += hits == 0 || !keyed;
    stats->requests++;
    stats->in_flight++;
    stats->in_flight_peak = larger(stats->in_flight, stats->in_flight_peak);
    stats->duplicates += delivery > 1;
    if (entry->status >= 0 && entry->status < LEDGER_STATUSES) {
        totals->statuses[entry->status]++;
    }
    if ((unsigned)entry->fault < LEDGER_FAULTS) {
        totals->faults[entry->fault]++;
    }
    return hits;
}

uint64_t ledger_hit(struct ledger *ledger, const insist_testserver_entry *entry, uint64_t *path_hits) {
    insist_testserver_entry filled = *entry;
    char *identity;
    bool identified = identity_make(entry, &identity);
    filled.time_us = wall_us();
    filled.read_us = ledger_uptime_us(ledger);
    filled.ended_us = -1;
    struct record *record = record_new(&filled);
    pthread_mutex_lock(&ledger->lock);
    filled.number = ledger->journal.next;
    filled.delivery = identity ? count_locked(&ledger->identities, identity) : 0;
    ledger->totals.stats.uncounted += !identified || (identity && filled.delivery == 0);
    if (record) {
        record->entry.number = filled.number;
        record->entry.delivery = filled.delivery;
    }
    journal_enter(&ledger->journal, record);
    *path_hits = count_request_locked(ledger, &filled, filled.delivery);
    tell_locked(ledger);
    pthread_mutex_unlock(&ledger->lock);
    free(identity);
    return filled.number;
}

void ledger_end(struct ledger *ledger, uint64_t number, bool client_gone, uint64_t gone_bytes) {
    int64_t ended_us = ledger_uptime_us(ledger);
    pthread_mutex_lock(&ledger->lock);
    struct record *record = journal_find(&ledger->journal, number);
    if (record) {
        record->entry.ended_us = ended_us;
        record->entry.client_gone = client_gone;
        record->entry.gone_bytes = gone_bytes;
    }
    ledger->totals.stats.in_flight--;
    ledger->totals.stats.client_aborts += client_gone;
    tell_locked(ledger);
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_held(struct ledger *ledger, bool begins) {
    pthread_mutex_lock(&ledger->lock);
    insist_testserver_stats *stats = &ledger->totals.stats;
    stats->held = begins ? stats->held + 1 : stats->held - 1;
    stats->held_peak = larger(stats->held, stats->held_peak);
    tell_locked(ledger);
    pthread_mutex_unlock(&ledger->lock);
}

uint64_t ledger_connection(struct ledger *ledger, bool opens) {
    pthread_mutex_lock(&ledger->lock);
    insist_testserver_stats *stats = &ledger->totals.stats;
    uint64_t accepted = stats->connections_accepted += opens;
    stats->connections_open = opens ? stats->connections_open + 1 : stats->connections_open - 1;
    ledger->totals.revision++;
    pthread_mutex_unlock(&ledger->lock);
    return accepted;
}

void ledger_incomplete(struct ledger *ledger) {
    pthread_mutex_lock(&ledger->lock);
    ledger->totals.stats.incomplete++;
    ledger->totals.revision++;
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_listening(struct ledger *ledger, bool listening) {
    pthread_mutex_lock(&ledger->lock);
    ledger->totals.stats.listening = listening;
    ledger->totals.revision++;
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_port_fault(struct ledger *ledger) {
    pthread_mutex_lock(&ledger->lock);
    ledger->totals.stats.connections_faulted++;
    ledger->totals.revision++;
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_dropped(struct ledger *ledger, uint64_t connections) {
    pthread_mutex_lock(&ledger->lock);
    ledger->totals.stats.connections_dropped += connections;
    ledger->totals.revision++;
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_stop(struct ledger *ledger) {
    pthread_mutex_lock(&ledger->lock);
    ledger->stopped = true;
    tell_locked(ledger);
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_reset_journal(struct ledger *ledger) {
    pthread_mutex_lock(&ledger->lock);
    journal_clear(&ledger->journal);
    ledger->totals.revision++;
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_reset_counts(struct ledger *ledger) {
    pthread_mutex_lock(&ledger->lock);
    struct ledger_totals *totals = &ledger->totals;
    const insist_testserver_stats before = totals->stats;
    table_clear(&ledger->paths, tally_free);
    table_clear(&ledger->keys, NULL);
    table_clear(&ledger->identities, NULL);
    *totals = (struct ledger_totals){.revision = totals->revision + 1};
    totals->stats = before;
    totals->stats.requests = 0;
    totals->stats.in_flight_peak = before.in_flight;
    totals->stats.held_peak = before.held;
    totals->stats.client_aborts = 0;
    totals->stats.incomplete = 0;
    totals->stats.duplicates = 0;
    totals->stats.uncounted = 0;
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_drained(struct ledger *ledger) {
    pthread_mutex_lock(&ledger->lock);
    if (!ledger->drained) {
        ledger->drained = true;
        tell_locked(ledger);
    }
    pthread_mutex_unlock(&ledger->lock);
}
