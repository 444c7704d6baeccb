/* The transport without a wire. Like a real one it runs on the thread that drives its reactor; only counters are
 * shared. */
#include "fake_transport.h"

#include "base/time_math.h"
#include "pool/reactor.h"
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define DELAY_NS 500000

enum fake_way fake_ways[6] = {FAKE_HELD, FAKE_AT_ONCE, FAKE_BY_EVENT, FAKE_BY_TIME, FAKE_BLOCKS, FAKE_SLOW_TO_STOP};

struct fake {
    struct transport transport;
    struct transport_host host;
    struct fake_wire *wire;
    int eventfd;
    struct list by_event, by_time; /* of fake_transfer.link, the latter by due time */
    int jobs;
    atomic_int drivers;
};

struct fake_transfer {
    struct list link;
    struct job *job;
    int64_t due_ns;
    bool stopping;
};

static struct fake *enter(struct transport *transport) {
    struct fake *fake = (struct fake *)transport;
    if (atomic_fetch_add(&fake->drivers, 1) != 0)
        atomic_fetch_add(&fake->wire->wrong, 1);
    return fake;
}

static void leave(struct fake *fake) {
    atomic_fetch_sub(&fake->drivers, 1);
}

static void finish(struct fake *fake, struct job *job, int status) {
    struct fake_transfer *transfer = job->transfer;
    list_remove(&transfer->link);
    free(transfer);
    job->transfer = NULL;
    job->outcome.status = job->progress.status = status;
    fake->jobs--;
    fake->host.finished(fake->host.ctx, job);
}

static void answer(struct fake *fake, struct job *job) {
    atomic_fetch_add(&fake->wire->answered, 1);
    finish(fake, job, 200);
}

static void block(struct fake *fake, struct job *job) {
    sem_wait(&fake->wire->gate);
    answer(fake, job);
}

static void note_thread(struct fake_wire *wire) {
    if (atomic_fetch_add(&wire->started, 1) != 0)
        return;
    pthread_getname_np(pthread_self(), wire->thread_name, sizeof(wire->thread_name));
    pthread_sigmask(SIG_SETMASK, NULL, &wire->blocked);
}

static void fake_start(struct transport *transport, struct job *job, int64_t now_ns) {
    struct fake *fake = enter(transport);
    struct fake_transfer *transfer = calloc(1, sizeof(*transfer));
    transfer->job = job;
    transfer->due_ns = now_ns + DELAY_NS;
    list_init(&transfer->link);
    job->transfer = transfer;
    fake->jobs++;
    note_thread(fake->wire);
    bool passed = job_pass_gate(job);
    sem_post(&fake->wire->entered);

    enum fake_way way = *(enum fake_way *)job->tag;
    if (!passed) {
        finish(fake, job, 0);
    } else if (way == FAKE_AT_ONCE) {
        answer(fake, job);
    } else if (way == FAKE_BLOCKS) {
        block(fake, job);
    } else if (way == FAKE_BY_TIME) {
        list_append(&fake->by_time, &transfer->link);
    } else if (way == FAKE_BY_EVENT) {
        list_append(&fake->by_event, &transfer->link);
        eventfd_write(fake->eventfd, 1);
    }
    leave(fake);
}

static void fake_stop(struct transport *transport, struct job *job) {
    struct fake *fake = enter(transport);
    struct fake_transfer *transfer = job->transfer;
    atomic_fetch_add(&fake->wire->stopped, 1);
    if (!transfer || transfer->stopping)
        atomic_fetch_add(&fake->wire->wrong, 1);
    else if (*(enum fake_way *)job->tag == FAKE_SLOW_TO_STOP)
        transfer->stopping = true;
    else
        finish(fake, job, 0);
    sem_post(&fake->wire->entered);
    leave(fake);
}

static void fake_resolved(struct transport *transport, struct job *job, int64_t now_ns) {
    struct fake *fake = enter(transport);
    (void)now_ns;
    atomic_fetch_add(&fake->wire->resolved, 1);
    if (!job->transfer)
        atomic_fetch_add(&fake->wire->wrong, 1);
    else
        answer(fake, job);
    leave(fake);
}

static void fake_read_on(struct transport *transport, struct job *job) {
    struct fake *fake = enter(transport);
    atomic_fetch_add(job->transfer ? &fake->wire->read_on : &fake->wire->wrong, 1);
    sem_post(&fake->wire->entered);
    leave(fake);
}

static void fake_ready(struct transport *transport, void *source, uint32_t events, int64_t now_ns) {
    struct fake *fake = enter(transport);
    eventfd_t count;
    (void)now_ns;
    if (source != fake || !(events & EPOLLIN) || eventfd_read(fake->eventfd, &count) != 0)
        atomic_fetch_add(&fake->wire->wrong, 1);
    while (!list_empty(&fake->by_event))
        answer(fake, LIST_ENTRY(fake->by_event.next, struct fake_transfer, link)->job);
    leave(fake);
}

static int64_t fake_run(struct transport *transport, int64_t now_ns) {
    struct fake *fake = enter(transport);
    while (!list_empty(&fake->by_time)) {
        struct fake_transfer *first = LIST_ENTRY(fake->by_time.next, struct fake_transfer, link);
        if (first->due_ns > now_ns)
            break;
        answer(fake, first->job);
    }
    struct list *first = fake->by_time.next;
    int64_t due_ns = first == &fake->by_time ? TIME_NEVER : LIST_ENTRY(first, struct fake_transfer, link)->due_ns;
    leave(fake);
    return due_ns;
}

static void fake_close_idle(struct transport *transport) {
    struct fake *fake = enter(transport);
    atomic_fetch_add(&fake->wire->idle_closed, 1);
    sem_post(&fake->wire->idle);
    leave(fake);
}

/* Until its transport is freed a reactor is woken by lookups that are back, and has whoever drives it watch it. */
static bool can_be_watched(const struct fake *fake) {
    const struct reactor *reactor = fake->host.ctx;
    return reactor->watcher < 0 || fcntl(reactor->watcher, F_GETFD) >= 0;
}

/* Whoever has just told its host may not have let go of that. */
static void fake_free(struct transport *transport) {
    struct fake *fake = enter(transport);
    while (atomic_load(&fake->wire->answering) > 0)
        sched_yield();
    if (fake->jobs != 0 || !can_be_watched(fake))
        atomic_fetch_add(&fake->wire->wrong, 1);
    atomic_fetch_add(&fake->wire->freed, 1);
    close(fake->eventfd);
    free(fake);
}

static const struct transport_class fake_class = {
    .start = fake_start,
    .stop = fake_stop,
    .resolved = fake_resolved,
    .read_on = fake_read_on,
    .ready = fake_ready,
    .run = fake_run,
    .close_idle = fake_close_idle,
    .free = fake_free,
};

struct transport *fake_transport_new(void *ctx, const struct transport_host *host) {
    struct fake_wire *wire = ctx;
    if (wire->refuse_from >= 0 && wire->made >= wire->refuse_from)
        return NULL;
    struct fake *fake = calloc(1, sizeof(*fake));
    fake->transport.class = &fake_class;
    fake->host = wire->hosts[wire->made++] = *host;
    fake->wire = wire;
    fake->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    list_init(&fake->by_event);
    list_init(&fake->by_time);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = fake};
    epoll_ctl(host->epoll, EPOLL_CTL_ADD, fake->eventfd, &event);
    return &fake->transport;
}

void fake_wire_init(struct fake_wire *wire) {
    memset(wire, 0, sizeof(*wire));
    wire->refuse_from = -1;
    sem_init(&wire->entered, 0, 0);
    sem_init(&wire->gate, 0, 0);
    sem_init(&wire->idle, 0, 0);
}

void fake_wire_fini(struct fake_wire *wire) {
    sem_destroy(&wire->entered);
    sem_destroy(&wire->gate);
    sem_destroy(&wire->idle);
}

void fake_answer(struct fake_wire *wire, struct job *job) {
    struct transport_host *host = &wire->hosts[job->progress.reactor];
    atomic_fetch_add(&wire->answering, 1);
    host->push(host->ctx, job, JOB_RESOLVED);
    atomic_fetch_sub(&wire->answering, 1);
}
