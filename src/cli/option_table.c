/* The table of options. */
#include "cli/option_table.h"

static const struct option_entry entries[] = {
    {"request", "METHOD", "GET, or POST with -d", 'X'},
    {"data", "DATA|@FILE", "the body, or a file that holds it (@-: stdin)", 'd'},
    {"header", "LINE", "adds a header: -H 'Name: value'", 'H'},
    {"output", "FILE", "the body goes there, not to standard output", 'o'},
    {"user-agent", "NAME", "instead of insist's own (\"\": none)", 'A'},
    {"retry-on", "LIST", "also 404,5xx,transient,any (=LIST: only these)", KEY_RETRY_ON},
    {"backoff", "SPEC", "constant:1s linear:1s+1s exp:50ms..20s,none", KEY_BACKOFF},
    {"retry-after-cap", "DUR", "the longest Retry-After to wait for (30s)", KEY_RETRY_AFTER_CAP},
    {"deadline", "DUR", "of the whole call (30s): 500ms, 1.5s, forever", KEY_DEADLINE},
    {"budget", "none|default", "none: retries and hedges without their share", KEY_BUDGET},
    {"preset", "NAME", "as httpx, pester or retryablehttp", KEY_PRESET},
    {"max-redirects", "N", "follow at most N (10); 0: a 3xx is the answer", KEY_MAX_REDIRECTS},
    {"timeline", "[=always|never]", "draw the attempts; by itself on a terminal", KEY_TIMELINE},
    {"timeout", "DUR", "of an attempt (5s)", KEY_TIMEOUT},
    {"retries", "N", "at most N (3)", KEY_RETRIES},
    {"race", "SPEC", "50ms, at-once=3, p95, auto=2%, ...", KEY_RACE},
    {"cacert", "FILE", "authorities, in PEM", KEY_CACERT},
    {"count", "N", "a summary of N calls", KEY_COUNT},
    {"parallel", "M", "M threads", KEY_PARALLEL},
    {"include", NULL, "status and headers", 'i'},
    {"silent", NULL, "no messages", 's'},
    {"verbose", NULL, "settings, headers", 'v'},
    {"fail", NULL, "400 and up: exit 22", 'f'},
    {"insecure", NULL, "trust any server", 'k'},
    {"idempotent", NULL, "may be sent twice", KEY_IDEMPOTENT},
    {"json", NULL, "the record as JSON", KEY_JSON},
    {"http2", NULL, "HTTP/2 over https", KEY_HTTP2},
    {"help", NULL, "this text", 'h'},
    {"version", NULL, "insist's version", KEY_VERSION},
    /* One screen holds no more, and its last line says so: these are in the manual. */
    {"wave", "close|refill", NULL, KEY_WAVE},
    {"user", "USER:PASSWORD", NULL, 'u'},
    {"cookie", "NAME=VALUE", NULL, 'b'},
    {"idempotency-key", "[=KEY]", NULL, KEY_IDEMPOTENCY_KEY},
    {"cert", "FILE", NULL, 'E'},
    {"key", "FILE", NULL, KEY_KEY},
    {"pass", "PASSWORD", NULL, KEY_PASS},
    {"pinnedpubkey", "PINS", NULL, KEY_PINNEDPUBKEY},
    {"proxy", "URL", NULL, 'x'},
    {"noproxy", "LIST", NULL, KEY_NOPROXY},
    {"unix-socket", "PATH", NULL, KEY_UNIX_SOCKET},
    {"interface", "NAME|ADDRESS", NULL, KEY_INTERFACE},
    {"resolve", "HOST:PORT:ADDRESS", NULL, KEY_RESOLVE},
    {"connect-to", "HOST:PORT:HOST:PORT", NULL, KEY_CONNECT_TO},
    {"connect-timeout", "DUR", NULL, KEY_CONNECT_TIMEOUT},
    {"location", NULL, NULL, 'L'}, /* redirects are always followed; people type it by habit */
};

_Static_assert(sizeof(entries) / sizeof(entries[0]) <= OPTION_TABLE_MOST, "whoever copies the table has room for it");

const struct option_entry *option_table_entry(size_t i) {
    return i < sizeof(entries) / sizeof(entries[0]) ? &entries[i] : NULL;
}
