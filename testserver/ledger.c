/* Counts and gauges, and the lock over them and the journal. See ledger.h. */
#include "ledger.h"

#include "loop.h"

#include <string.h>
#include <time.h>

static const size_t table_limit = 1000000; /* different paths, and different keys */

static int64_t wall_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t since_start_us(const struct ledger *ledger) {
    return (int64_t)((monotonic_ns() - ledger->started_ns) / 1000);
}

bool ledger_init(struct ledger *ledger, size_t limit) {
    memset(ledger, 0, sizeof *ledger);
    ledger->started_ns = monotonic_ns();
    journal_init(&ledger->journal, limit);
    table_init(&ledger->paths, table_limit);
    table_init(&ledger->keys, table_limit);
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
    table_clear(&ledger->paths, NULL);
    table_clear(&ledger->keys, NULL);
    pthread_cond_destroy(&ledger->changed);
    pthread_mutex_destroy(&ledger->lock);
}

static void tell_locked(struct ledger *ledger) {
    if (ledger->waiting > 0) {
        pthread_cond_broadcast(&ledger->changed);
    }
}

static uint64_t count_locked(struct table *table, const char *key) {
    struct table_entry *entry = table_make(table, key);
    return entry ? ++entry->number : 0;
}

uint64_t ledger_hit(struct ledger *ledger, const insist_testserver_entry *entry, uint64_t *path_hits) {
    struct record *record = record_new(entry);
    int64_t time_us = wall_us();
    int64_t read_us = since_start_us(ledger);
    pthread_mutex_lock(&ledger->lock);
    uint64_t number = ledger->journal.next;
    if (record) {
        record->entry.number = number;
        record->entry.time_us = time_us;
        record->entry.read_us = read_us;
        record->entry.ended_us = -1;
    }
    journal_enter(&ledger->journal, record);
    *path_hits = count_locked(&ledger->paths, entry->path);
    if (entry->key) {
        count_locked(&ledger->keys, entry->key);
    }
    ledger->stats.requests++;
    ledger->stats.in_flight++;
    tell_locked(ledger);
    pthread_mutex_unlock(&ledger->lock);
    return number;
}

void ledger_end(struct ledger *ledger, uint64_t number, bool client_gone, uint64_t gone_bytes) {
    int64_t ended_us = since_start_us(ledger);
    pthread_mutex_lock(&ledger->lock);
    struct record *record = journal_find(&ledger->journal, number);
    if (record) {
        record->entry.ended_us = ended_us;
        record->entry.client_gone = client_gone;
        record->entry.gone_bytes = gone_bytes;
    }
    ledger->stats.in_flight--;
    tell_locked(ledger);
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_held(struct ledger *ledger, bool begins) {
    pthread_mutex_lock(&ledger->lock);
    insist_testserver_stats *stats = &ledger->stats;
    stats->held = begins ? stats->held + 1 : stats->held - 1;
    stats->held_peak = stats->held > stats->held_peak ? stats->held : stats->held_peak;
    tell_locked(ledger);
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_connection(struct ledger *ledger, bool opens) {
    pthread_mutex_lock(&ledger->lock);
    insist_testserver_stats *stats = &ledger->stats;
    stats->connections_accepted += opens;
    stats->connections_open = opens ? stats->connections_open + 1 : stats->connections_open - 1;
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
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_reset_counts(struct ledger *ledger) {
    pthread_mutex_lock(&ledger->lock);
    table_clear(&ledger->paths, NULL);
    table_clear(&ledger->keys, NULL);
    ledger->stats.requests = 0;
    ledger->stats.held_peak = ledger->stats.held;
    pthread_mutex_unlock(&ledger->lock);
}

static uint64_t hits_locked(const struct table *table, const char *key) {
    const struct table_entry *entry = table_find(table, key);
    return entry ? entry->number : 0;
}

static uint64_t hits(struct ledger *ledger, const struct table *table, const char *key) {
    pthread_mutex_lock(&ledger->lock);
    uint64_t count = hits_locked(table, key);
    pthread_mutex_unlock(&ledger->lock);
    return count;
}

uint64_t ledger_path_hits(struct ledger *ledger, const char *path) {
    return hits(ledger, &ledger->paths, path);
}

uint64_t ledger_key_hits(struct ledger *ledger, const char *key) {
    return hits(ledger, &ledger->keys, key);
}

void ledger_stats(struct ledger *ledger, insist_testserver_stats *stats) {
    pthread_mutex_lock(&ledger->lock);
    *stats = ledger->stats;
    stats->journal_dropped = ledger->journal.dropped;
    pthread_mutex_unlock(&ledger->lock);
}

/* What a thread waits for: hits of a path, requests held, or nothing in flight. */
enum wish { WISH_HITS, WISH_HELD, WISH_IDLE };

static bool fulfilled_locked(const struct ledger *ledger, enum wish wish, const char *path, uint64_t wanted) {
    switch (wish) {
    case WISH_HITS: return hits_locked(&ledger->paths, path) >= wanted;
    case WISH_HELD: return ledger->stats.held >= wanted;
    case WISH_IDLE: break;
    }
    return ledger->stats.in_flight == 0;
}

static struct timespec in_ms(int64_t timeout_ms) {
    const uint64_t year_ms = UINT64_C(365) * 86400000;
    uint64_t wait_ms = timeout_ms < 0 ? 0 : (uint64_t)timeout_ms;
    uint64_t until_ns = monotonic_ns() + (wait_ms < year_ms ? wait_ms : year_ms) * 1000000;
    return (struct timespec){.tv_sec = (time_t)(until_ns / 1000000000), .tv_nsec = (long)(until_ns % 1000000000)};
}

static bool wait_for(struct ledger *ledger, enum wish wish, const char *path, uint64_t wanted, int64_t timeout_ms) {
    struct timespec until = in_ms(timeout_ms);
    int code = 0;
    bool reached;
    pthread_mutex_lock(&ledger->lock);
    ledger->waiting++;
    while (!(reached = fulfilled_locked(ledger, wish, path, wanted)) && code == 0 && !ledger->stopped) {
        code = pthread_cond_timedwait(&ledger->changed, &ledger->lock, &until);
    }
    ledger->waiting--;
    pthread_mutex_unlock(&ledger->lock);
    return reached;
}

bool ledger_wait_hits(struct ledger *ledger, const char *path, uint64_t wanted, int64_t timeout_ms) {
    return wait_for(ledger, WISH_HITS, path, wanted, timeout_ms);
}

bool ledger_wait_held(struct ledger *ledger, uint64_t wanted, int64_t timeout_ms) {
    return wait_for(ledger, WISH_HELD, NULL, wanted, timeout_ms);
}

bool ledger_wait_idle(struct ledger *ledger, int64_t timeout_ms) {
    return wait_for(ledger, WISH_IDLE, NULL, 0, timeout_ms);
}

void ledger_each(struct ledger *ledger, bool keys, bool (*each)(void *ctx, const char *key, uint64_t count),
                 void *ctx) {
    pthread_mutex_lock(&ledger->lock);
    const struct table *table = keys ? &ledger->keys : &ledger->paths;
    const struct table_entry *entry = NULL;
    while ((entry = table_next(table, entry)) != NULL && each(ctx, entry->key, entry->number)) {
    }
    pthread_mutex_unlock(&ledger->lock);
}

uint64_t ledger_next(struct ledger *ledger) {
    pthread_mutex_lock(&ledger->lock);
    uint64_t next = ledger->journal.next;
    pthread_mutex_unlock(&ledger->lock);
    return next;
}

struct record *ledger_read(struct ledger *ledger, uint64_t from, insist_testserver_entry *copy) {
    pthread_mutex_lock(&ledger->lock);
    struct record *record = journal_from(&ledger->journal, from);
    if (record) {
        *copy = record->entry;
        record_hold(record);
    }
    pthread_mutex_unlock(&ledger->lock);
    return record;
}
