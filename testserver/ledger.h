/* What has happened: the journal, the counts by path and key, and how much is going on at this moment. Written by the
 * loop's thread, read by any: everything lies under the ledger's one lock, which is a leaf and held for short. */
#ifndef TESTSERVER_LEDGER_H
#define TESTSERVER_LEDGER_H

#include "filter.h"
#include "journal.h"
#include "table.h"

#include <insist/testserver.h>
#include <pthread.h>

enum { LEDGER_STATUSES = 1000, LEDGER_FAULTS = 64 };

/* Everything that is counted over all paths. */
struct ledger_totals {
    insist_testserver_stats stats;
    uint64_t statuses[LEDGER_STATUSES]; /* requests by the status they got; 0: none */
    uint64_t faults[LEDGER_FAULTS];     /* by their fault */
    size_t journal_entries;             /* kept at this moment */
    size_t journal_bytes;
    int64_t uptime_us; /* since the server's start */
    uint64_t revision; /* grows with whatever changes what a reader can see */
};

struct ledger {
    /* fixed */
    uint64_t started_ns;

    /* shared, under lock */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* monotonic */
    struct journal journal;
    struct table paths;          /* hits, and a struct tally */
    struct table keys;           /* hits */
    struct table identities;     /* deliveries */
    struct ledger_totals totals; /* without what the journal knows */
    unsigned waiting;            /* threads in ledger_wait_… */
    bool drained;
    bool stopped;
};

bool ledger_init(struct ledger *ledger, size_t limit);
void ledger_fini(struct ledger *ledger);

/* Enters and counts a request that has been read completely. number, time_us, read_us, ended_us and delivery of entry
 * are filled in here. Returns its number; *path_hits is what its path has after it. */
uint64_t ledger_hit(struct ledger *ledger, const insist_testserver_entry *entry, uint64_t *path_hits);

/* The answer or fault of request `number` is finished. */
void ledger_end(struct ledger *ledger, uint64_t number, bool client_gone, uint64_t gone_bytes);

/* A request begins or ends to be held. */
void ledger_held(struct ledger *ledger, bool begins);

/* A connection opens or closes; how many have opened so far. */
uint64_t ledger_connection(struct ledger *ledger, bool opens);

/* The port accepts connections, or no longer; one of them suffers a fault of the port; some are closed for others. */
void ledger_listening(struct ledger *ledger, bool listening);
void ledger_port_fault(struct ledger *ledger);
void ledger_dropped(struct ledger *ledger, uint64_t connections);

/* A request's client has left within it. */
void ledger_incomplete(struct ledger *ledger);

/* No more waiting: the server has stopped. */
void ledger_stop(struct ledger *ledger);

void ledger_reset_journal(struct ledger *ledger);
void ledger_reset_counts(struct ledger *ledger);

uint64_t ledger_path_hits(struct ledger *ledger, const char *path);
uint64_t ledger_key_hits(struct ledger *ledger, const char *key);
uint64_t ledger_status_hits(struct ledger *ledger, const char *path, int status); /* NULL as path: any */
uint64_t ledger_duplicates(struct ledger *ledger, const char *path);              /* the same */

/* Microseconds since the server's start. */
int64_t ledger_uptime_us(const struct ledger *ledger);

void ledger_stats(struct ledger *ledger, insist_testserver_stats *stats);
void ledger_totals(struct ledger *ledger, struct ledger_totals *totals);
bool ledger_wait_hits(struct ledger *ledger, const char *path, uint64_t hits, int64_t timeout_ms);
bool ledger_wait_held(struct ledger *ledger, uint64_t held, int64_t timeout_ms);
bool ledger_wait_idle(struct ledger *ledger, int64_t timeout_ms);

/* Nothing is left to be waited for at the end; and the wait for that. */
void ledger_drained(struct ledger *ledger);
bool ledger_wait_drained(struct ledger *ledger, int64_t timeout_ms);

/* For lists: calls each(ctx, text, count) under the lock until it returns false: for paths and keys with their hits, for
 * identities (see identity.h) with their deliveries. */
enum ledger_list { LEDGER_PATHS, LEDGER_KEYS, LEDGER_IDENTITIES };
typedef bool ledger_each_fn(void *ctx, const char *text, uint64_t count);
void ledger_each(struct ledger *ledger, enum ledger_list list, ledger_each_fn *each, void *ctx);

/* The number that the next request will get. */
uint64_t ledger_next(struct ledger *ledger);

/* The oldest entry numbered `from` or later: *copy, and the record that holds its texts, for record_release(). NULL:
 * none. */
struct record *ledger_read(struct ledger *ledger, uint64_t from, insist_testserver_entry *copy);

/* The number of the newest entry of path (NULL: any); 0: there is none. */
uint64_t ledger_newest(struct ledger *ledger, const char *path);

/* Where to begin to read so as to find the newest `count` entries that filter's texts ask for. */
uint64_t ledger_start(struct ledger *ledger, const struct filter *filter, uint64_t count);

#endif
