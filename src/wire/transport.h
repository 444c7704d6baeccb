/* A transport: what carries jobs. It is driven by one thread at a time, its reactor's, and never blocks. libcurl's
 * is transport_curl; tests and simulations put others in its place. */
#ifndef WIRE_TRANSPORT_H
#define WIRE_TRANSPORT_H

#include "wire/job.h"

struct transport;

/* What a transport may ask of the reactor that hosts it. */
struct transport_host {
    void *ctx;
    int epoll; /* sockets are added here with data.ptr of the transport's choosing, never NULL */
    void (*push)(void *ctx, struct job *job, unsigned command); /* any thread: puts a command into the inbox */
    /* The job's outcome is complete, or it was stopped: gives its room back, posts END, drops the transport's reference.
     * The transport touches the job no more. */
    void (*finished)(void *ctx, struct job *job);
};

struct transport_class {
    /* Takes the job over (its own reference is the transport's until host->finished). Its `stop` may be set at any
     * moment; a job whose gate cannot be passed ends unsent. progress.started_ns is set. */
    void (*start)(struct transport *transport, struct job *job, int64_t now_ns);
    /* The job was given up: removes what it holds and finishes it, at once or, while a `resolved` is still to come,
     * then. Called once, and only between start and finished. */
    void (*stop)(struct transport *transport, struct job *job);
    void (*resolved)(struct transport *transport, struct job *job, int64_t now_ns); /* also after stop */
    void (*read_on)(struct transport *transport, struct job *job);                  /* not after stop */
    void (*fed)(struct transport *transport, struct job *job);                      /* likewise */
    /* Events of a socket that it registered. Several may have been fetched at once: a source that was taken off the
     * epoll must stay valid until the next `run`. */
    void (*ready)(struct transport *transport, void *source, uint32_t events, int64_t now_ns);
    /* Does what is due; returns when to be called next (TIME_NEVER: only for events). Called at the end of every
     * turn, which is: ready, commands, run. */
    int64_t (*run)(struct transport *transport, int64_t now_ns);
    void (*close_idle)(struct transport *transport);
    void (*free)(struct transport *transport); /* no job may be left */
};

struct transport {
    const struct transport_class *class;
};

/* Makes a reactor's transport; NULL: no memory. */
typedef struct transport *transport_new_fn(void *ctx, const struct transport_host *host);

#endif
