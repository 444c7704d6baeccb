/* The test server: an HTTP server for tests that misbehaves exactly as it is told, inside the test's own process.
 *
 * A script tells a path what to answer, hit by hit: "404x2,200" is two times 404, then 200 for ever. Scripts come in
 * through insist_testserver_script(), through the query of a request ("?do=404x2,200&key=a"), or through the paths
 * below /__admin/. docs/testserver.md has the whole grammar.
 *
 * Link with insist-testserver; libinsist is not needed. One thread serves everything. Every function here may be called
 * from any thread, at any time between start and free, and blocks for no longer than a lock is held, unless it says
 * otherwise.
 *
 * Since 0.1.0, all of it, unless a comment says otherwise. */
#ifndef INSIST_TESTSERVER_H
#define INSIST_TESTSERVER_H

#include <insist/api.h>
#include <insist/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

INSIST_BEGIN_DECLS

/** A running server. [SYNCED] */
typedef struct insist_testserver insist_testserver;

/** Where the admin paths are. Numbers are only ever appended. */
typedef enum insist_testserver_admin {
    INSIST_TESTSERVER_ADMIN_BOTH = 0, /* on the control port, and below their prefix on the port that serves */
    INSIST_TESTSERVER_ADMIN_PORT = 1, /* on the control port only */
    INSIST_TESTSERVER_ADMIN_NONE = 2, /* nowhere: there is no control port */
    INSIST_TESTSERVER_ADMIN_MAX = 0x7fffffff
} insist_testserver_admin;

/** How a server is started. Zero means default, in every field. */
typedef struct insist_testserver_options {
    size_t size;             /* sizeof(insist_testserver_options); INSIST_TESTSERVER_OPTIONS and _options_init set it */
    const char *bind;        /* a numeric address, IPv4 or IPv6; default "127.0.0.1" */
    uint16_t port;           /* 0: any free one */
    uint16_t admin_port;     /* of the control port, which no fault ever touches; 0: any free one */
    bool tls;                /* serve https with a certificate made at start; the control port stays plain http */
    uint64_t seed;           /* of weighted draws and drawn durations; 0 is a seed like any other */
    size_t journal_limit;    /* requests that the journal keeps before it drops its oldest; default 300,000 */
    const char *tls_fault;   /* what befalls handshakes, as after tls-fault= in scripts: "stall", "reset", "expired",
                              "wrong-host" and others; for ever, or ":3" connections, or ":2s"; NULL: nothing */
    size_t connection_limit; /* connections at once; beyond it the longest idle one is closed for a new one, and where
                                none is idle new ones wait. Default: the limit of descriptors (RLIMIT_NOFILE) at start
                                less 64, or half of it where that is more */
    unsigned idle_timeout_s; /* after which a connection without a request is closed, in seconds; default 120 */
    bool no_familiar;        /* httpbin's paths, such as /status/503, answer 200 like any other without a script */
    uint64_t body_limit;     /* bytes of a request's body; a larger one is answered 413, at once where Content-Length
                                tells of it. Default: none; bodies are counted and not kept, whatever their size */
    const char *admin_prefix;      /* what the admin paths begin with; default "/__admin" */
    insist_testserver_admin admin; /* where they are; nowhere: admin_port and admin_prefix are refused */
    const char *const *scripts;    /* paths and their scripts in turn, up to a NULL, as insist_testserver_script() takes
                                      them: in force before the first connection is taken. Copied. Default: none */
} insist_testserver_options;

/** Options in place: insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.tls = true, .seed = 7), NULL, &server). */
#define INSIST_TESTSERVER_OPTIONS(...)                                                                                 \
    (&(const insist_testserver_options){.size = sizeof(insist_testserver_options), __VA_ARGS__})

/** Sets every field of options to its default. For C++ and for code that fills options in step by step. */
INSIST_API void insist_testserver_options_init(insist_testserver_options *options);

/**
 * Starts a server, which accepts connections when this returns. options may be NULL (all defaults) and is copied.
 * Creates one thread, with all signals blocked. For thousands of connections raise RLIMIT_NOFILE first.
 * Returns INSIST_OK and the server in *out; else *out is NULL, and problem (may be NULL) says why: INSIST_EINVAL,
 * INSIST_ETOONEW, INSIST_EPORT (in use, or may not be used), INSIST_ESYSTEM, INSIST_ENOMEM.
 */
INSIST_API INSIST_MUST_USE insist_err insist_testserver_start(const insist_testserver_options *options,
                                                              insist_problem *problem, insist_testserver **out);

/** Closes the ports and every idle connection, and waits until the answers that are under way have been sent: true;
 *  false when timeout_ms have passed first. A request that hangs, is silent or waits for hold= is not waited for. May
 *  be called again; insist_testserver_stop() comes next. */
INSIST_API bool insist_testserver_drain(insist_testserver *server, int64_t timeout_ms);

/** Closes the ports and every connection and waits for the thread. Counts and journal can still be read. A second call
 *  has no effect. */
INSIST_API void insist_testserver_stop(insist_testserver *server);

/** Stops the server if it runs and frees it. NULL is allowed. The last call; no other may be running. */
INSIST_API void insist_testserver_free(insist_testserver *server);

/** "http://127.0.0.1:41234", "https://..." with TLS: no slash at the end. The server's, until it is freed. */
INSIST_API const char *insist_testserver_url(const insist_testserver *server);

/** The same of the control port, always http; NULL where there is none. */
INSIST_API const char *insist_testserver_admin_url(const insist_testserver *server);

/** The port that serves. */
INSIST_API uint16_t insist_testserver_port(const insist_testserver *server);

/** The control port; 0 where there is none. */
INSIST_API uint16_t insist_testserver_admin_port(const insist_testserver *server);

/** The self-signed certificate in PEM, good for localhost, 127.0.0.1, ::1 and the bound address, to be trusted by
 *  clients; NULL without TLS. The server's, until it is freed. */
INSIST_API const char *insist_testserver_certificate(const insist_testserver *server);

/**
 * What path (decoded, beginning with '/') answers from the next request on, at the script's first step. Hits are
 * counted by the request's ?key= where it has one, else all together. NULL as script: the path answers 200 again.
 * Returns INSIST_OK, INSIST_EINVAL (problem->text begins with the column and says what was expected there) or
 * INSIST_ENOMEM.
 */
INSIST_API insist_err insist_testserver_script(insist_testserver *server, const char *path, const char *script,
                                               insist_problem *problem);

/** Whether script parses: INSIST_OK or INSIST_EINVAL, with the column of the mistake (from 1, in bytes) in *column and
 *  the sentence, without the column, in problem. Both may be NULL. */
INSIST_API insist_err insist_testserver_check(const char *script, size_t *column, insist_problem *problem);

/** What a hit gets instead of a proper answer. Numbers are only ever appended. */
typedef enum insist_testserver_fault {
    INSIST_TESTSERVER_NO_FAULT = 0,
    INSIST_TESTSERVER_RESET,         /* reset: RST, nothing answered */
    INSIST_TESTSERVER_RESET_HEADERS, /* reset@headers: half of the header block, then RST */
    INSIST_TESTSERVER_RESET_BODY,    /* reset@body:N: N bytes of the body, then RST */
    INSIST_TESTSERVER_CLOSE,         /* close: FIN, nothing answered */
    INSIST_TESTSERVER_CLOSE_BODY,    /* close@body:N: N bytes of the body, then FIN; no close_notify under TLS */
    INSIST_TESTSERVER_TRUNCATE,      /* truncate@N: N bytes of the body, then an orderly end of the connection */
    INSIST_TESTSERVER_HANG,          /* hang: nothing, until the client gives up */
    INSIST_TESTSERVER_STALL_HEADERS, /* stall=headers: half of the header block, then silence */
    INSIST_TESTSERVER_STALL_BODY,    /* stall=body@N: N bytes of the body, then silence */
    INSIST_TESTSERVER_RESET_END,     /* reset@end: a complete answer, then RST */
    INSIST_TESTSERVER_CLOSE_HEADERS, /* close@headers: half of the header block, then FIN; no close_notify under TLS */
    INSIST_TESTSERVER_CLOSE_END,     /* close@end: a complete answer that does not announce it, then FIN */
    INSIST_TESTSERVER_GARBAGE,       /* garbage: bytes that are no HTTP */
    INSIST_TESTSERVER_RAW,           /* raw=TEXT: these bytes in place of an answer */
    INSIST_TESTSERVER_BAD_CHUNK,     /* badchunk@N: N bytes of the body in chunks, then a broken one */
    INSIST_TESTSERVER_STATUS_LINE,   /* status-line=TEXT: this in place of the proper one */
    INSIST_TESTSERVER_LINE,          /* line=TEXT: this among the header lines, whatever it is */
    INSIST_TESTSERVER_HEADERS,       /* headers=N: so many fields of 64 bytes */
    INSIST_TESTSERVER_NO_BLANK_LINE, /* no-blank-line: the header block does not end */
    INSIST_TESTSERVER_LF,            /* lf: header lines that end without CR */
    INSIST_TESTSERVER_LENGTH,        /* length=N: Content-Length says N, whatever is sent */
    INSIST_TESTSERVER_ENDLESS,       /* endless: a body without end */
    INSIST_TESTSERVER_GZIP,          /* gzip=truncated, crc, length or plain: a compressed body that is broken */
    INSIST_TESTSERVER_TRAILERS,      /* trailers=N: so many fields of 64 bytes behind the last chunk */
    INSIST_TESTSERVER_INTERIM,       /* 1xx=103xendless: interim answers without end */
    INSIST_TESTSERVER_UNREAD,        /* unread: answered before the request's body has been read */
    INSIST_TESTSERVER_FAULT_MAX = 0x7fffffff
} insist_testserver_fault;

/** A fault as scripts spell it, without its number ("reset@body"); "none" for no fault. Static text for any value. */
INSIST_API const char *insist_testserver_fault_name(insist_testserver_fault fault);

/** What one hit of a script is told to do. Fields are only ever appended. */
typedef struct insist_testserver_step {
    size_t size;                   /* sizeof(insist_testserver_step), set by the caller */
    insist_testserver_fault fault; /* NO_FAULT: a proper answer */
    int status;                    /* 0 where no status line is sent: reset, close, hang */
    uint64_t cut_bytes;            /* N of the faults that have one */
    uint64_t delay_ms;             /* before the first byte of the answer, or the fault; to the nearest */
    uint64_t delay_us;             /* the same, exactly */
    uint64_t service_us;           /* in service at its station, where the script has one */
} insist_testserver_step;

/**
 * Foretells what a server with this seed does with hit number hit (from 0) of key under script. key is the request's
 * ?key=; without one it is the path for path scripts, and path and query as sent ("/p?do=...") for ?do=. Needs no
 * server.
 * Returns INSIST_OK or INSIST_EINVAL (script does not parse, step->size unknown), INSIST_ENOMEM.
 */
INSIST_API insist_err insist_testserver_foretell(uint64_t seed, const char *script, const char *key, uint64_t hit,
                                                 insist_testserver_step *step);

/** Requests to path (decoded, without the query) that have been read completely; some may still wait for an answer. */
INSIST_API size_t insist_testserver_hits(const insist_testserver *server, const char *path);

/** Requests with ?key=key that have been read completely, on any path. */
INSIST_API size_t insist_testserver_hits_by_key(const insist_testserver *server, const char *key);

/** Blocks until path has had that many hits: true; false when timeout_ms have passed or the server was stopped
 *  first. */
INSIST_API bool insist_testserver_wait_hits(insist_testserver *server, const char *path, size_t hits,
                                            int64_t timeout_ms);

/** Blocks until that many requests are held at once, waiting for a slot, a hold, its service or a delay, or
 *  silent: true; false when timeout_ms have passed or the server was stopped first. */
INSIST_API bool insist_testserver_wait_held(insist_testserver *server, size_t held, int64_t timeout_ms);

/** Blocks until no request is in flight and every journal entry is final: true; false as above. */
INSIST_API bool insist_testserver_wait_idle(insist_testserver *server, int64_t timeout_ms);

/** Forgets journal and counts; every script starts again at its first step. Requests in flight go on. */
INSIST_API void insist_testserver_reset(insist_testserver *server);

/** Totals since the start, the /__admin/ paths and the control port left out. Fields are only ever appended. */
typedef struct insist_testserver_stats {
    size_t size;                   /* sizeof(insist_testserver_stats), set by the caller */
    uint64_t connections_accepted; /* TLS handshakes that fail included */
    uint64_t connections_open;     /* at this moment */
    uint64_t requests;             /* read completely; insist_testserver_reset() sets it to 0 */
    uint64_t in_flight;            /* read completely, the answer or fault not finished */
    uint64_t held;                 /* of these: waiting for a slot, a hold, its service, a delay, or silent */
    uint64_t held_peak;            /* the most that were held at once; reset() sets it to what is held */
    uint64_t journal_dropped;      /* entries that the journal no longer has because of its limit */
    uint64_t in_flight_peak;       /* the most that were in flight at once; reset() sets it to what is in flight */
    uint64_t client_aborts;        /* requests whose client left before the answer was complete; reset() sets it to 0 */
    uint64_t incomplete;           /* requests whose client left within them, which count as no hit; reset(): 0 */
    uint64_t duplicates;           /* as insist_testserver_duplicates() of all paths; reset() sets it to 0 */
    uint64_t uncounted;            /* requests missing from a count because it was full (a million different texts, or
                                      256 MiB of them) or without memory; reset() sets it to 0 */
    uint64_t connections_faulted;  /* of the accepted ones: that suffered stall=connect, tls-fault= and the like */
    uint64_t connections_dropped;  /* idle ones that were closed to make room for others */
    bool listening;                /* the port accepts: false while it refuses */
    uint64_t in_service;           /* at stations (slots=): slots that are taken */
    uint64_t queued;               /* at stations: requests that wait for a slot */
    uint64_t refused;              /* at stations: requests answered 503 for want of a place; reset() sets it to 0 */
} insist_testserver_stats;

/** Fills in the fields that stats->size covers. INSIST_OK or INSIST_EINVAL (size unknown). */
INSIST_API insist_err insist_testserver_get_stats(const insist_testserver *server, insist_testserver_stats *stats);

/** One header field of a request. */
typedef struct insist_testserver_field {
    const char *name;
    const char *value;
} insist_testserver_field;

/** One request in the journal. Fields are only ever appended; entries are only handed out by pointer. */
typedef struct insist_testserver_entry {
    uint64_t number;     /* of the request in order of being read completely, from 1 */
    int64_t time_us;     /* wall clock, microseconds since 1970, when it had been read completely */
    int64_t read_us;     /* the same, monotonic, since the server's start */
    int64_t ended_us;    /* when the answer or fault was finished, since the server's start; -1: not yet */
    uint64_t connection; /* n-th accepted, from 1 */
    uint64_t place;      /* of the request on its connection, from 1 */
    const char *method;  /* as sent */
    const char *path;    /* decoded, without the query */
    const char *query;   /* as sent, without '?'; "" if there is none */
    const char *key;     /* decoded ?key=; NULL if there is none */
    size_t field_count;  /* headers, in the order sent */
    const insist_testserver_field *fields;
    uint64_t body_bytes;     /* size of the request's body, decoded from chunks */
    const char *body_sha256; /* its SHA-256 in 64 hexadecimal digits; "" without a body */
    int status;              /* of the answer; 0 where none was begun */
    insist_testserver_fault fault;
    bool client_gone;    /* the client left before the answer was complete (a half-closed connection counts) */
    uint64_t gone_bytes; /* then: bytes of the answer, header block included, that its system had acknowledged, which
                                may be a little less than it had; under TLS as on the wire */
    uint64_t delivery;   /* how many times this request has been delivered, with this one: 2 is its first duplicate, see
                                insist_testserver_duplicates(); 0: nothing tells it from others */
} insist_testserver_entry;

/** A copy of the journal. [IMMUTABLE] */
typedef struct insist_testserver_journal insist_testserver_journal;

/** Copies the journal, oldest request first, into *out, to be freed by the caller. Where path or key is not NULL, only
 *  their entries. INSIST_OK or INSIST_ENOMEM. An entry's status and fault are there before the client can see the
 *  answer. */
INSIST_API INSIST_MUST_USE insist_err insist_testserver_journal_new(insist_testserver *server, const char *path,
                                                                    const char *key, insist_testserver_journal **out);

/** How many entries. */
INSIST_API size_t insist_testserver_journal_count(const insist_testserver_journal *journal);

/** Entry i, from 0; NULL beyond the end. The journal's, until it is freed. */
INSIST_API const insist_testserver_entry *insist_testserver_journal_at(const insist_testserver_journal *journal,
                                                                       size_t i);

/** Frees the copy. NULL is allowed. */
INSIST_API void insist_testserver_journal_free(insist_testserver_journal *journal);

/** Requests to path that got this status; 0: those that got none, such as by reset. NULL as path: any. From counts that
 *  the journal's limit does not touch. */
INSIST_API size_t insist_testserver_hits_by_status(const insist_testserver *server, const char *path, int status);

/**
 * Requests to path (NULL: any) that were delivered again: every delivery beyond the first. The same request has the
 * same method, path and Idempotency-Key; where it has no such header, the same method, path and body (by SHA-256).
 * Requests with neither are never duplicates. From counts that the journal's limit does not touch.
 */
INSIST_API size_t insist_testserver_duplicates(const insist_testserver *server, const char *path);

/** A copy of the newest journal entry of path (NULL: any), to be freed by the caller. NULL: there is none, the journal
 *  has dropped it, or no memory. */
INSIST_API INSIST_MUST_USE insist_testserver_entry *insist_testserver_last(insist_testserver *server, const char *path);

/** Frees what insist_testserver_last() returned, and nothing else. NULL is allowed. */
INSIST_API void insist_testserver_entry_free(insist_testserver_entry *entry);

/** The value of the first header of that name, in any case, which lives as long as the entry; NULL: it has none, or
 *  entry is NULL. */
INSIST_API const char *insist_testserver_entry_header(const insist_testserver_entry *entry, const char *name);

INSIST_END_DECLS

#endif
