/* Who posts in the workload `duplicates`: insist, libcurl alone, or the curl program. What each was told of a POST is kept in a place of
 * its own, so that callers share nothing. */
#ifndef BENCH_DUPLICATES_POSTS_H
#define BENCH_DUPLICATES_POSTS_H

#include <stdbool.h>
#include <stdint.h>

/* What whoever posted was told. */
struct post {
    bool refused_before; /* the GET before it found that nobody listens */
    int64_t took_ns;
    bool answered; /* the call returned an answer, whatever its status */
    bool failed;   /* an attempt ended in an error */
    bool refused;  /* an attempt found that nobody listens */
    uint64_t sent; /* attempts of which it says that they may have been carried out */
};

struct poster {
    const char *name;
    bool tells;         /* how far a request got */
    bool few;           /* POSTs take so long that there are a few, at some stages only */
    bool (*able)(void); /* whether it is there; NULL: it always is */
    void *(*open)(void);
    void (*close)(void *state);
    void *(*enter)(void *state, const char *url); /* a caller's own; NULL: no memory */
    void (*leave)(void *caller);
    bool (*get)(void *state, void *caller, const char *url); /* whatever becomes of it: whether it found nobody */
    /* text NULL: 8 MiB, more than what the systems hold of what nobody reads. */
    void (*post)(void *state, void *caller, const char *url, const char *text, struct post *post);
};

extern const struct poster poster_insist, poster_libcurl, poster_curl;

#endif
