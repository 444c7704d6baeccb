/* The options: one table, from which the command line is read and --help is made. Pure. */
#ifndef CLI_OPTION_TABLE_H
#define CLI_OPTION_TABLE_H

#include <stddef.h>

/* Of those without a letter. */
enum {
    KEY_CACERT = 256,
    KEY_RETRIES,
    KEY_RETRY_ON,
    KEY_BACKOFF,
    KEY_RETRY_AFTER_CAP,
    KEY_TIMEOUT,
    KEY_DEADLINE,
    KEY_IDEMPOTENT,
    KEY_BUDGET,
    KEY_COUNT,
    KEY_PARALLEL,
    KEY_JSON,
    KEY_TIMELINE,
    KEY_HTTP2,
    KEY_MAX_REDIRECTS,
    KEY_VERSION,
    KEY_RACE,
    KEY_WAVE,
    KEY_PRESET,
    KEY_KEY,
    KEY_PASS,
    KEY_PINNEDPUBKEY,
    KEY_NOPROXY,
    KEY_UNIX_SOCKET,
    KEY_INTERFACE,
    KEY_RESOLVE,
    KEY_CONNECT_TO,
    KEY_CONNECT_TIMEOUT,
    KEY_IDEMPOTENCY_KEY
};

/* An option as the user sees it. */
struct option_entry {
    const char *name;     /* without its dashes */
    const char *argument; /* what it takes, as --help shows it; NULL: nothing; beginning with '[': it may be left out */
    const char *help;     /* NULL: --help is silent about it */
    int key;              /* its letter; above 255: it has none */
};

/* The i-th option, NULL beyond the last. */
const struct option_entry *option_table_entry(size_t i);

#define OPTION_TABLE_MOST 64 /* entries at most */

#endif
