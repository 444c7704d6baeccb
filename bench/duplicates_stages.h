/* The stages at which connections die in the workload `duplicates`: a table, and how it shows that a POST has
 * met what its stage is about. */
#ifndef BENCH_DUPLICATES_STAGES_H
#define BENCH_DUPLICATES_STAGES_H

enum { OVER_NONE = 0, OVER_HTTP = 1, OVER_HTTPS = 2, OVER_BOTH = OVER_HTTP | OVER_HTTPS };

/* How it is posted. */
enum {
    ALONE = 1,  /* by one caller */
    BY_FEW = 2, /* over http also by those that make only a few POSTs */
    LARGE = 4   /* the body is more than what the systems hold of what nobody reads */
};

/* How it shows: per POST, or by as many connections as there are POSTs. */
enum proof {
    PROOF_ERROR,   /* the server has read it, and an attempt ended in an error */
    PROOF_GONE,    /* the same, and the GET behind it finds that nobody listens */
    PROOF_REFUSAL, /* an attempt finds that nobody listens */
    PROOF_PORT,    /* connections that suffered before a request */
    PROOF_IDLE,    /* connections that were there: none has had two GETs */
    PROOF_END      /* the same: none has had two POSTs that were read */
};

struct stage {
    const char *name;
    const char *figure; /* duplicates at this stage */
    const char *before; /* the GET's script; NULL: there is none, and the connection is a fresh one */
    const char *script; /* the POST's */
    enum proof proof;
    unsigned over;   /* http, https or both */
    unsigned unsent; /* where an attempt that meets it cannot have been sent */
    unsigned how;
};

extern const struct stage duplicates_stages[]; /* name NULL behind the last */

#endif
