/* What has happened: the journal, the counts by path and key, and how much is going on at this moment. Written by the
 * loop's thread, read by any: everything lies under the ledger's one lock, which is a leaf and held for short. */
#ifndef TESTSERVER_LEDGER_H
#define TESTSERVER_LEDGER_H

#include "journal.h"
#include "table.h"

#include <insist/testserver.h>
#include <pthread.h>

struct ledger {
    /* fixed */
    uint64_t started_ns;

    /* shared, under lock */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* monotonic */
    struct journal journal;
    struct table paths;
    struct table keys;
    insist_testserver_stats stats; /* without journal_dropped, which the journal knows */
    unsigned waiting;              /* threads in ledger_wait_… */
    bool stopped;
};

bool ledger_init(struct ledger *ledger, size_t limit);
void ledger_fini(struct ledger *ledger);

/* Enters and counts a request that has been read completely. number, time_us, read_us and ended_us of entry are filled
 * in here. Returns its number; *path_hits is what its path has after it. */
uint64_t ledger_hit(struct ledger *ledger, const insist_testserver_entry *entry, uint64_t *path_hits);

/* The answer or fault of request `number` is finished. */
void ledger_end(struct ledger *ledger, uint64_t number, bool client_gone, uint64_t gone_bytes);

/* A request begins or ends to be held; a connection opens or closes. */
void ledger_held(struct ledger *ledger, bool begins);
void ledger_connection(struct ledger *ledger, bool opens);

/* No more waiting: the server has stopped. */
void ledger_stop(struct ledger *ledger);

void ledger_reset_journal(struct ledger *ledger);
void ledger_reset_counts(struct ledger *ledger);

uint64_t ledger_path_hits(struct ledger *ledger, const char *path);
uint64_t ledger_key_hits(struct ledger *ledger, const char *key);
void ledger_stats(struct ledger *ledger, insist_testserver_stats *stats);
bool ledger_wait_hits(struct ledger *ledger, const char *path, uint64_t hits, int64_t timeout_ms);
bool ledger_wait_held(struct ledger *ledger, uint64_t held, int64_t timeout_ms);
bool ledger_wait_idle(struct ledger *ledger, int64_t timeout_ms);

/* For lists: calls each(ctx, key, count) under the lock, for paths or for keys, until it returns false. */
void ledger_each(struct ledger *ledger, bool keys, bool (*each)(void *ctx, const char *key, uint64_t count), void *ctx);

/* The number that the next request will get. */
uint64_t ledger_next(struct ledger *ledger);

/* The oldest entry numbered `from` or later: *copy, and the record that holds its texts, for record_release(). NULL:
 * none. */
struct record *ledger_read(struct ledger *ledger, uint64_t from, insist_testserver_entry *copy);

#endif
