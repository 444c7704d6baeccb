/* Logs: what happens in calls, told to a function. Silent by default. The functions here may be called from any thread.
 * Since 0.1.0. */
#ifndef INSIST_LOG_H
#define INSIST_LOG_H

#include <insist/api.h>
#include <stddef.h>
#include <stdio.h>

INSIST_BEGIN_DECLS

/** How important a message is. */
typedef enum insist_log_level {
    INSIST_LOG_ERROR = 1, /* "request failed: …" for each attempt; "giving up …" when the call returns an error */
    INSIST_LOG_WARN,      /* "giving up …" when the call returns an answer that was not good enough */
    INSIST_LOG_INFO,      /* "done after 3 attempts", when it took more than one */
    INSIST_LOG_DEBUG,     /* "performing request" for each attempt; "retrying in 100 ms (2 left, status 503)" */
    INSIST_LOG_LEVEL_MAX = 0x7fffffff
} insist_log_level;

/** "ERROR", "WARN", "INFO", "DEBUG"; "UNKNOWN" for any other number. Static text. */
INSIST_API const char *insist_log_level_name(insist_log_level level);

/** What belongs to a message. Borrowed. */
typedef struct insist_log_pair {
    const char *key;
    const char *value;
} insist_log_pair;

/** Takes a message and what belongs to it: method, url, and then as they apply attempt (from 0), attempts, status,
 *  error ("ERESET"), wait_ms, source ("backoff"), remaining (retries that may still be started, the one at hand
 *  included), reason ("count"). All of it borrowed. On the thread that executes the call, with no lock held; of one
 *  client from several threads at once. Users, passwords, the values of hidden query keys, and headers of any kind are
 *  never in it. */
typedef void insist_log_fn(void *ctx, insist_log_level level, const char *message, const insist_log_pair *pairs,
                           size_t n);

/** A value: copied. */
typedef struct insist_logger {
    insist_log_fn *log;
    void *ctx;
    insist_log_level level; /* the least important that is wanted; 0: all */
} insist_logger;

/** "[DEBUG] performing request method=GET url=http://… attempt=0" and a line feed, in one piece. The stream stays the
 *  caller's and must live as long as the client. */
INSIST_API insist_logger insist_log_printf(FILE *stream);
/** The same without the level to syslog(3), which has levels of its own; cut off behind 1,023 bytes. The caller may
 *  call openlog(3) before. */
INSIST_API insist_logger insist_log_syslog(void);

INSIST_END_DECLS

#endif
