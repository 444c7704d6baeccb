/* What others learn from the ledger: counts, totals, entries, and that something has come. See ledger.h. */
#include "ledger.h"

#include "loop.h"
#include "tally.h"

#include <time.h>

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

static const struct tally *tally_locked(const struct ledger *ledger, const char *path) {
    const struct table_entry *entry = table_find(&ledger->paths, path);
    return entry ? entry->object : NULL;
}

uint64_t ledger_status_hits(struct ledger *ledger, const char *path, int status) {
    uint64_t count = 0;
    pthread_mutex_lock(&ledger->lock);
    const struct tally *tally = path ? tally_locked(ledger, path) : NULL;
    if (tally) {
        count = tally_status_count(tally, status);
    } else if (!path && status >= 0 && status < LEDGER_STATUSES) {
        count = ledger->totals.statuses[status];
    }
    pthread_mutex_unlock(&ledger->lock);
    return count;
}

uint64_t ledger_duplicates(struct ledger *ledger, const char *path) {
    pthread_mutex_lock(&ledger->lock);
    const struct tally *tally = path ? tally_locked(ledger, path) : NULL;
    uint64_t all = path ? 0 : ledger->totals.stats.duplicates;
    uint64_t count = tally ? tally->duplicates : all;
    pthread_mutex_unlock(&ledger->lock);
    return count;
}

void ledger_totals(struct ledger *ledger, struct ledger_totals *totals) {
    pthread_mutex_lock(&ledger->lock);
    *totals = ledger->totals;
    totals->stats.journal_dropped = ledger->journal.dropped;
    totals->uptime_us = ledger_uptime_us(ledger);
    totals->journal_entries = journal_count(&ledger->journal);
    totals->journal_bytes = ledger->journal.bytes;
    pthread_mutex_unlock(&ledger->lock);
}

void ledger_stats(struct ledger *ledger, insist_testserver_stats *stats) {
    struct ledger_totals totals;
    ledger_totals(ledger, &totals);
    *stats = totals.stats;
}

/* What a thread waits for: hits of a path, requests held, or nothing in flight. */
enum wish { WISH_HITS, WISH_HELD, WISH_IDLE, WISH_DRAINED };

static bool fulfilled_locked(const struct ledger *ledger, enum wish wish, const char *path, uint64_t wanted) {
    switch (wish) {
    case WISH_HITS: return hits_locked(&ledger->paths, path) >= wanted;
    case WISH_HELD: return ledger->totals.stats.held >= wanted;
    case WISH_DRAINED: return ledger->drained || ledger->stopped;
    case WISH_IDLE: break;
    }
    return ledger->totals.stats.in_flight == 0;
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

bool ledger_wait_drained(struct ledger *ledger, int64_t timeout_ms) {
    return wait_for(ledger, WISH_DRAINED, NULL, 0, timeout_ms);
}

static const struct table *table_of(const struct ledger *ledger, enum ledger_list list) {
    switch (list) {
    case LEDGER_KEYS: return &ledger->keys;
    case LEDGER_IDENTITIES: return &ledger->identities;
    case LEDGER_PATHS: break;
    }
    return &ledger->paths;
}

void ledger_each(struct ledger *ledger, enum ledger_list list, ledger_each_fn *each, void *ctx) {
    pthread_mutex_lock(&ledger->lock);
    const struct table *table = table_of(ledger, list);
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

uint64_t ledger_newest(struct ledger *ledger, const char *path) {
    pthread_mutex_lock(&ledger->lock);
    const struct tally *tally = path ? tally_locked(ledger, path) : NULL;
    uint64_t newest = path ? 0 : ledger->journal.next - 1;
    newest = tally ? tally->newest : newest;
    pthread_mutex_unlock(&ledger->lock);
    return newest;
}

uint64_t ledger_start(struct ledger *ledger, const struct filter *filter, uint64_t count) {
    pthread_mutex_lock(&ledger->lock);
    uint64_t number = ledger->journal.next;
    while (count > 0 && number > ledger->journal.first) {
        number--;
        const struct record *record = journal_find(&ledger->journal, number);
        count -= record && filter_matches(filter, &record->entry);
    }
    pthread_mutex_unlock(&ledger->lock);
    return number;
}
