/* Who competes: something that makes calls of its own kind, one row a contender in a workload. A contender is opened
 * for each round anew, so that none starts with what it learnt before. */
#ifndef BENCH_CONTENDER_H
#define BENCH_CONTENDER_H

#include "load.h"
#include <insist/insist.h>

struct contender;

/* What became of a call. */
struct contender_answer {
    bool good; /* every answer was */
    unsigned
        slow; /* of its requests, hedges left out: how many took longer than contender_slow_us from being sent to the
                        first byte of the answer, whoever kept it waiting */
    unsigned hedges; /* that may have been sent */
};

/* Of all calls of a turn together. */
struct contender_tally {
    uint64_t slow, hedges;
};

struct contender_kind {
    void *(*open)(const struct contender *contender, const char *url); /* NULL, with a sentence on standard error */
    void (*close)(void *state);
    void *(*enter)(void *state); /* a caller's own; NULL: no memory. The function may be NULL */
    void (*leave)(void *caller);
    struct contender_answer (*call)(void *state, void *caller); /* any caller's thread */
    /* Instead of all these: makes a load's calls by itself. Of these, nothing is tallied. */
    bool (*run)(const struct contender *contender, const char *url, const struct load *load,
                struct load_outcome *outcome);
};

extern const struct contender_kind contender_insist;     /* insist_execute() */
extern const struct contender_kind contender_insist_all; /* insist_execute_all() */
extern const struct contender_kind contender_easy;       /* bare libcurl, an easy handle a caller */
extern const struct contender_kind contender_multi; /* bare libcurl, a multi handle a caller: width requests at once */
extern const struct contender_kind contender_flow;  /* bare libcurl, one multi handle, its slots instead of callers */
extern const struct contender_kind contender_peer;  /* go-retryablehttp, in a process of its own */

/* Whether contender_peer is there: it is built where Go is installed. */
bool contender_peer_built(void);

static const int64_t contender_slow_us = 10000; /* the delay of the hedges */

struct contender {
    const char *name;
    const struct contender_kind *kind;
    insist_scheduler (*schedule)(void); /* of insist's race; NULL: no race */
    unsigned width;                     /* requests of a call, where it makes several at once */
    unsigned workers;                   /* of insist's client; 0: as many as it chooses */
    unsigned in_flight;                 /* its limit of attempts at a time; 0: its default */
    bool workers_only;                  /* its callers never drive connections themselves */
    bool same_request;                  /* sends what libcurl would: neither User-Agent nor Accept-Encoding */
};

/* Opens it, lets it make the load's calls, closes it. load: callers, calls, duration, rate and progress are looked
 * at. False, with a sentence on standard error. The outcome is to be given to load_outcome_fini() in either case. */
bool contender_run(const struct contender *contender, const char *url, const struct load *load,
                   struct load_outcome *outcome, struct contender_tally *tally);

#endif
