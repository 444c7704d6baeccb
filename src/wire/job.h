/* A job: the transport's half of an attempt, handed over from a calling thread to a reactor.
 *
 * Counted: one reference of the call, one of the transport from its submission until it is finished, one while an
 * inbox holds it. It refers to its request and the call's mailbox (both counted), never to the call, its result or
 * its handlers. */
#ifndef WIRE_JOB_H
#define WIRE_JOB_H

#include "base/list.h"
#include "origin/permits.h"
#include "view/outcome.h"
#include "view/request.h"
#include <stdatomic.h>

struct mailbox;
struct reactor;

/* How far a request got is read from here and from nothing else. It moves once, by compare-and-swap. */
enum gate {
    GATE_OPEN, /* not sent, and may still be */
    GATE_SENT, /* handed to a connection: by the reactor, just before the first byte */
    GATE_SHUT  /* never sent, and never will be: by whoever gave it up */
};

/* News of a job, for its call; bits. */
enum {
    NEWS_STARTED = 1, /* it has left the queue (posted only if it waited there) */
    NEWS_SENT = 2,    /* on the wire (posted only if wants_sent) */
    NEWS_HEADERS = 4, /* paused at its headers (only if pauses_at_headers) */
    NEWS_ROOM = 32,   /* the request's body is wanted: the upload is the call's until FED */
    NEWS_CHUNK = 16,  /* paused behind a piece of its body, which is the call's until READ_ON (only if it streams) */
    NEWS_END = 8      /* its outcome is complete */
};

/* Commands for its reactor; bits. */
enum {
    JOB_START = 1,    /* once, when there is room for it */
    JOB_STOP = 2,     /* given up: bury it */
    JOB_RESOLVED = 4, /* the lookup it waited for has ended */
    JOB_READ_ON = 8,  /* go on behind the headers, or the piece */
    JOB_FED = 16      /* the upload holds the next piece of the request's body */
};

/* How far its reactor has come with it. */
enum job_phase {
    JOB_NEW,      /* not seen yet */
    JOB_RUNNING,  /* the transport has it */
    JOB_STOPPING, /* the transport has it, and was told to let go of it */
    JOB_FINISHED  /* whatever still comes is ignored */
};

#define UPLOAD_BYTES ((size_t)64 * 1024)

struct job {
    /* fixed: set before it is submitted */
    const struct env *env;
    struct request *request;
    struct mailbox *mailbox;
    void *tag;                     /* whose it is: the call's affair, nobody else looks behind it */
    struct headers own_headers;    /* replace those of the request by name; often empty */
    int64_t deadline_ns;           /* when the attempt ends by timeout */
    int64_t deadline_once_sent_ns; /* replaces it once the request is on the wire; never earlier */
    int64_t deadline_streaming_ns; /* replaces both once it streams */
    unsigned attempt_index;        /* in its call; another attempt begins with another address, where there is one */
    struct body taken_addresses;   /* where others of its call are in flight, a line each: comes to them last */
    bool hedge, fresh, wants_sent, pauses_at_headers; /* fresh: takes no used connection */
    bool may_repeat;                                  /* decides about 307, 308 and idle connections */
    bool races;                                       /* other attempts of its call may be started beside it */
    struct reactor *reactor;                          /* by the pool */

    /* atomics */
    atomic_uint references;
    atomic_int gate;
    atomic_bool
        apart; /* its reactor has others of its call: it shares no connection with them. By the call, which sets it
                        * on all of them before the latest is submitted */
    atomic_bool streams;     /* its body goes to a sink, piece by piece: set while it is paused at its headers */
    atomic_bool can_restart; /* what was read of its body can be read once more */
    atomic_bool stop;        /* given up: nothing that it still does matters. Set by pool_give_up() */

    /* shared: under the mailbox's lock */
    struct {
        struct list link;
        unsigned news;
        bool ended;    /* END was posted */
        bool detached; /* given up: its news are dropped */
        struct progress progress;
    } mail;

    /* shared: under the inbox's lock of its reactor */
    struct {
        struct list link;
        unsigned commands;
    } inbox;

    /* lent: the call's from NEWS_ROOM until JOB_FED, else whoever drives its reactor */
    struct {
        char *bytes; /* UPLOAD_BYTES of them; NULL: the body is not read while it is sent */
        size_t length, used;
        bool restart; /* from the beginning of the body */
        bool ended;   /* nothing comes behind these bytes */
    } upload;

    struct permit permit; /* under the permits' lock */

    /* own: whoever drives its reactor, even after END */
    struct {
        struct list link; /* on a list of the reactor's: those that the transport has, or whose calls are to be woken */
        enum job_phase phase;
    } run;
    bool led; /* its call drives, and looks for no record of it meanwhile */

    /* own: the call until it is submitted (it sets progress.queued_ns); whoever drives its reactor, until END; then
     * the call */
    struct progress progress;
    struct outcome outcome;
    void *transfer; /* the transport's own; NULL before it started and after it finished */
};

/* One reference, the caller's; request and mailbox are retained, the deadlines are TIME_NEVER. NULL: no memory. */
struct job *job_new(const struct env *env, const struct request *request, struct mailbox *mailbox, uint64_t body_limit);
struct job *job_retain(struct job *job);
void job_release(struct job *job);

/* The reactor's side of the gate: may the request go out? True moves OPEN to SENT; true also when it is SENT already
 * (the next hop of a redirect). */
bool job_pass_gate(struct job *job);
/* The other side: OPEN to SHUT. True, also when it is SHUT already, proves that it was not and will never be sent. */
bool job_shut_gate(struct job *job);
insist_sent job_how_far(const struct job *job); /* NOT_SENT or MAYBE_SENT, by the gate */

#endif
