/* What the command line asked for: filled in by options.c, then read-only. All text is borrowed from argv. */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include "cli/race_spec.h"
#include "cli/specs.h"
#include <insist/insist.h>

/* The library's defaults, spelt out so that -v can print what is in force. */
#define DEFAULT_RETRIES 3
#define DEFAULT_RETRY_AFTER_CAP_MS 30000
#define DEFAULT_DEADLINE_MS 30000

#define MOST_CALLS 10000000
#define MOST_THREADS 10000

enum when {
    WHEN_TERMINAL, /* when standard error is one */
    WHEN_ALWAYS,
    WHEN_NEVER
};

enum preset { PRESET_NONE = 0, PRESET_HTTPX, PRESET_PESTER, PRESET_RETRYABLEHTTP };

#define RETRY_AFTER_IGNORED ((int64_t)-1)

/* Arguments of an option that may be given several times; room for as many as argv has. */
struct texts {
    const char **items;
    size_t count;
};

/* How it connects; NULL, 0: not given. */
struct connect {
    const char *certificate_file, *key_file, *key_password, *pinned_key;
    const char *proxy, *no_proxy, *unix_socket, *interface;
    struct texts resolve, connect_to;
    int64_t timeout_ms;
};

struct settings {
    /* the request */
    const char *url;
    const char *method; /* NULL: not given */
    struct texts data;
    struct texts headers;
    struct texts cookies;
    const char *user;            /* and password; NULL: not given */
    const char *idempotency_key; /* NULL: a random one, if keyed */
    bool keyed;
    const char *user_agent; /* NULL: the library's */
    const char *ca_file;
    struct connect connect;
    bool insecure;
    bool idempotent;
    bool http2;
    int max_redirects; /* -1: not given */

    /* insisting */
    enum preset preset;
    unsigned retries;
    struct retry_list retry_on;
    struct backoff backoff;
    int64_t retry_after_cap_ms; /* or RETRY_AFTER_IGNORED */
    int64_t timeout_ms;         /* 0: not given */
    int64_t deadline_ms;        /* 0: not given */
    struct race race;
    bool wave_given;
    bool retry_given; /* any of --retries, --retry-on, --backoff, --retry-after-cap */
    bool budget_off;
    struct {
        bool retries, backoff, retry_after_cap, budget;
    } given; /* goes before a preset's part */

    /* the report */
    const char *output; /* NULL: standard output */
    bool include;
    bool silent;
    bool verbose;
    bool fail;
    bool json;
    enum when timeline;
    unsigned count;
    unsigned parallel;
};

#endif
