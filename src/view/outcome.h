/* What an attempt's end means: an answer with a status, or an error of a kind, and how far the request got. Pure. */
#ifndef VIEW_OUTCOME_H
#define VIEW_OUTCOME_H

#include "base/body.h"
#include "base/headers.h"
#include "view/cause.h"
#include <insist/error.h>
#include <insist/result.h>

/* How an attempt is getting on. The reactor keeps one and copies it into the mailbox with each piece of news, so that
 * an attempt that is given up leaves its last one behind as its record. Instants are monotonic nanoseconds, 0 when not
 * reached. */
struct progress {
    int64_t queued_ns, started_ns, connected_ns, sent_ns, first_byte_ns, ended_ns;
    uint64_t bytes;     /* of the body, over the wire */
    int64_t connection; /* number within its reactor, from 1; 0: none yet */
    int reactor;        /* -1: none */
    int status;         /* 0 until the final status line came */
    bool reused;
    bool answered;    /* the head of an answer came, be it a redirect's */
    bool head_open;   /* the status came, and not the whole of the head behind it */
    char address[56]; /* "[2001:db8::1]:443", "" until one was chosen */
};

struct outcome {
    insist_err err;               /* INSIST_OK: an answer, complete */
    insist_transience transience; /* of err */
    int os_errno;
    struct cause cause; /* of err; and of an answer that is a redirect and was not followed */
    int status;         /* may be set beside an error: the body did not come whole */
    insist_sent sent;
    bool head_open;            /* the head broke off behind the status */
    bool stale;                /* its reused connection died before the first byte of an answer */
    int64_t retry_after_us;    /* what the answer asks for; -1: nothing. Filled in by whoever owns a wall clock */
    struct outcome_room *room; /* that headers and body begin in; NULL: none */
    struct headers headers;
    struct body body;
    char *url; /* that answered, after redirects; NULL: the plan's own */
};

/* For an answer as it mostly is: whoever starts an attempt brings the room along, and taking the answer in needs no
 * memory then. With what malloc puts beside it, it is small enough for a thread's own store of blocks. */
struct outcome_room {
    struct header_place places[16];
    char text[512];
    char body[384];
};

void outcome_init(struct outcome *outcome, const struct env *env, uint64_t body_limit);
/* Likewise, with room. False: no memory. */
bool outcome_init_roomy(struct outcome *outcome, const struct env *env, uint64_t body_limit);
void outcome_fini(struct outcome *outcome);
/* Headers, body and url are given up; what it was stays known. */
void outcome_drop_content(struct outcome *outcome);
/* to must be initialised, what it held is dropped; from is left empty. */
void outcome_move(struct outcome *to, struct outcome *from);

/* A complete answer came, whatever its status. Only answers win races. */
bool outcome_is_answer(const struct outcome *outcome);
/* The head of an answer came, whole; the body may have failed. */
bool outcome_has_headers(const struct outcome *outcome);
/* The server says that it has too much to do: 429, or 503 with Retry-After. */
bool outcome_is_throttled(const struct outcome *outcome);

#endif
