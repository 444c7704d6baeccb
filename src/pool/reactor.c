/* A turn of a reactor: events of sockets, then commands, then what is due. All of it on the thread that holds the
 * token, no lock held while the transport is called. */
#include "pool/reactor.h"

#include "base/time_math.h"
#include "wire/mailbox.h"
#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define COMMANDS_A_TURN 256 /* at most, so that the events, and the worker's other reactors, get their turn */

void reactor_watch(struct reactor *reactor, bool watched) {
    if (atomic_load(&reactor->watched) == watched)
        return;
    struct epoll_event event = {.events = watched ? EPOLLIN : 0, .data.ptr = reactor};
    mutex_lock(&reactor->watch_lock);
    if (atomic_load(&reactor->watched) != watched) {
        epoll_ctl(reactor->watcher, EPOLL_CTL_MOD, reactor->epoll, &event); /* it is there, so this cannot fail */
        atomic_store(&reactor->watched, watched);
    }
    mutex_unlock(&reactor->watch_lock);
}

/* Cannot fail: the counter has room for more than can ever be written. It is watched by its edges and never read. */
static void ring(struct reactor *reactor) {
    while (eventfd_write(reactor->eventfd, 1) != 0 && errno == EINTR)
        ;
}

/* Whoever drives looks at the inbox once he has let go: what he did not see is seen here, and the other way round. */
void reactor_wake(struct reactor *reactor) {
    if (driver_claim_wake(&reactor->driver))
        ring(reactor);
    if (driver_is_nobody(&reactor->driver))
        reactor_watch(reactor, true);
}

int64_t reactor_settle(struct reactor *reactor, int64_t due_ns, int64_t now_ns) {
    const bool rests = now_ns < reactor->rests_until_ns && list_empty(&reactor->running);
    if (now_ns >= reactor->rests_until_ns)
        reactor->rests_until_ns = 0;
    reactor_watch(reactor, !rests);
    return rests ? time_min(due_ns, reactor->rests_until_ns) : due_ns;
}

void reactor_tell(struct reactor *reactor) {
    if (!driver_is_awake(&reactor->driver))
        reactor_wake(reactor);
}

void reactor_put(struct reactor *reactor, struct job *job, unsigned commands) {
    if (commands & JOB_START)
        atomic_fetch_add(&reactor->admitted, 1);
    inbox_push(&reactor->inbox, job, commands);
}

void reactor_push(struct reactor *reactor, struct job *job, unsigned commands) {
    reactor_put(reactor, job, commands);
    reactor_tell(reactor);
}

void reactor_order(struct reactor *reactor, unsigned orders) {
    inbox_order(&reactor->inbox, orders);
    reactor_tell(reactor);
}

static void start_granted(struct list *granted) {
    struct list *link;
    while ((link = list_take_first(granted))) {
        struct job *job = LIST_ENTRY(link, struct job, permit.link);
        reactor_push(job->reactor, job, JOB_START);
    }
}

/* END comes last: what is behind it belongs to the call, but for the reference and run. A call that sleeps is woken at
 * the end of the turn: where processors are few, each that wakes earlier would take this thread's. */
static void reactor_finish(struct reactor *reactor, struct job *job) {
    struct list granted;
    list_init(&granted);
    list_remove(&job->run.link);
    job->run.phase = JOB_FINISHED;
    atomic_fetch_sub(&reactor->in_flight, 1);
    atomic_fetch_sub(&reactor->admitted, 1);
    permits_leave(reactor->permits, &job->permit, &granted);
    start_granted(&granted);
    if (mailbox_put(job->mailbox, job, NEWS_END))
        list_append(&reactor->to_ring, &job->run.link);
    else
        job_release(job);
}

static void ring_sleepers(struct reactor *reactor) {
    struct list *link;
    while ((link = list_take_first(&reactor->to_ring))) {
        struct job *job = LIST_ENTRY(link, struct job, run.link);
        mailbox_ring(job->mailbox);
        job_release(job);
    }
}

static void host_push(void *ctx, struct job *job, unsigned command) {
    reactor_push(ctx, job, command);
}

static void host_finished(void *ctx, struct job *job) {
    reactor_finish(ctx, job);
}

static void reactor_start(struct reactor *reactor, struct job *job, int64_t now_ns) {
    if (reactor->closing || atomic_load(&job->stop)) { /* given up before it began */
        reactor_finish(reactor, job);
        return;
    }
    job->run.phase = JOB_RUNNING;
    list_append(&reactor->running, &job->run.link);
    job->progress.started_ns =
        time_max(now_ns, job->progress.queued_ns); /* it may have come after the turn's look at the clock */
    mailbox_post(job->mailbox, job, job->permit.waited ? NEWS_STARTED : 0);
    reactor->transport->class->start(reactor->transport, job, now_ns);
}

static void reactor_stop(struct reactor *reactor, struct job *job) {
    job->run.phase = JOB_STOPPING;
    reactor->transport->class->stop(reactor->transport, job);
}

/* Each command finds the job in a phase that it is meant for, or is ignored. A STOP that comes before START is
 * remembered by job.stop. */
static void reactor_obey(struct reactor *reactor, struct job *job, unsigned commands, int64_t now_ns) {
    struct transport *transport = reactor->transport;
    if (commands & JOB_START && job->run.phase == JOB_NEW)
        reactor_start(reactor, job, now_ns);
    if (commands & JOB_STOP && job->run.phase == JOB_RUNNING)
        reactor_stop(reactor, job);
    if (commands & JOB_RESOLVED && (job->run.phase == JOB_RUNNING || job->run.phase == JOB_STOPPING))
        transport->class->resolved(transport, job, now_ns);
    if (commands & JOB_FED && job->run.phase == JOB_RUNNING)
        transport->class->fed(transport, job);
    if (commands & JOB_READ_ON && job->run.phase == JOB_RUNNING)
        transport->class->read_on(transport, job);
}

static void obey_inbox(struct reactor *reactor, int64_t now_ns) {
    unsigned commands;
    struct job *job;
    for (int i = 0; i < COMMANDS_A_TURN && (job = inbox_pop(&reactor->inbox, &commands)); i++) {
        reactor_obey(reactor, job, commands, now_ns);
        job_release(job);
    }
    if (inbox_take_orders(&reactor->inbox) & ORDER_CLOSE_IDLE)
        reactor->transport->class->close_idle(reactor->transport);
}

bool reactor_try_take(struct reactor *reactor) {
    return driver_try_take(&reactor->driver);
}

int64_t reactor_work(struct reactor *reactor, const struct epoll_event *events, int count) {
    struct transport *transport = reactor->transport;
    int64_t now_ns = env_now_ns(reactor->env);
    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr)
            transport->class->ready(transport, events[i].data.ptr, events[i].events, now_ns);
        else
            driver_wake_seen(&reactor->driver); /* before the inbox is emptied */
    }
    obey_inbox(reactor, now_ns);
    int64_t due_ns = transport->class->run(transport, now_ns);
    ring_sleepers(reactor);
    return due_ns;
}

void reactor_turn(struct reactor *reactor) {
    struct epoll_event events[REACTOR_EVENTS];
    int count = epoll_wait(reactor->epoll, events, REACTOR_EVENTS, 0);
    int64_t due_ns = reactor_work(reactor, events, count);
    if (reactor->rests_until_ns != 0)
        due_ns = reactor_settle(reactor, due_ns, env_now_ns(reactor->env));
    atomic_store(&reactor->due_ns, due_ns);
}

bool reactor_release(struct reactor *reactor) {
    driver_let_go(&reactor->driver);
    return !inbox_is_empty(&reactor->inbox);
}

static bool watch_eventfd(struct reactor *reactor) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = NULL};
    reactor->epoll = epoll_create1(EPOLL_CLOEXEC);
    reactor->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return reactor->epoll >= 0 && reactor->eventfd >= 0 &&
           epoll_ctl(reactor->epoll, EPOLL_CTL_ADD, reactor->eventfd, &event) == 0;
}

static void close_descriptors(struct reactor *reactor) {
    if (reactor->eventfd >= 0)
        close(reactor->eventfd);
    if (reactor->epoll >= 0)
        close(reactor->epoll);
}

insist_err reactor_new(const struct env *env, struct permits *permits, transport_new_fn *transport_new,
                       void *transport_ctx, struct reactor **out) {
    struct reactor *reactor = env_alloc(env, sizeof(*reactor));
    if (!reactor)
        return INSIST_ENOMEM;

    reactor->env = env;
    reactor->permits = permits;
    reactor->epoll = reactor->eventfd = reactor->watcher = -1;
    driver_init(&reactor->driver);
    atomic_init(&reactor->in_flight, 0);
    atomic_init(&reactor->admitted, 0);
    atomic_init(&reactor->due_ns, TIME_NEVER);
    atomic_init(&reactor->watched, true);
    list_init(&reactor->running);
    list_init(&reactor->to_ring);
    insist_err err = INSIST_ENOMEM;
    if (!inbox_init(&reactor->inbox))
        goto no_inbox;
    if (!mutex_init(&reactor->watch_lock))
        goto no_lock;
    if (!watch_eventfd(reactor)) {
        err = INSIST_ESYSTEM;
        goto no_transport;
    }

    struct transport_host host = {
        .ctx = reactor, .epoll = reactor->epoll, .push = host_push, .finished = host_finished};
    reactor->transport = transport_new(transport_ctx, &host);
    if (!reactor->transport)
        goto no_transport;
    *out = reactor;
    return INSIST_OK;

no_transport:
    close_descriptors(reactor);
    mutex_fini(&reactor->watch_lock);
no_lock:
    inbox_fini(&reactor->inbox);
no_inbox:
    env_release(env, reactor);
    return err;
}

static void stop_all(struct reactor *reactor) {
    struct list running, *link;
    list_init(&running);
    list_move_all(&reactor->running, &running);
    while ((link = list_take_first(&running))) {
        struct job *job = LIST_ENTRY(link, struct job, run.link);
        list_append(&reactor->running, link);
        if (job->run.phase == JOB_RUNNING)
            reactor_stop(reactor, job);
    }
}

/* Until something happens or is due, leaving the events where they are. */
static void sleep_until_ready(struct reactor *reactor) {
    struct pollfd ready = {.fd = reactor->epoll, .events = POLLIN};
    int64_t due_ns = atomic_load(&reactor->due_ns);
    if (due_ns == TIME_NEVER) {
        poll(&ready, 1, -1);
        return;
    }
    int64_t left_ns = due_ns == REACTOR_AT_ONCE ? 0 : time_max(due_ns - env_now_ns(reactor->env), 0);
    int64_t left_ms = time_min(left_ns / 1000000 + 1, 1000);
    poll(&ready, 1, left_ns == 0 ? 0 : (int)left_ms);
}

/* A transport that waits for the end of a lookup keeps its job until then. */
static void bury_all(struct reactor *reactor) {
    reactor_try_take(reactor);
    reactor->closing = true;
    reactor->rests_until_ns = 0; /* its worker is no more */
    stop_all(reactor);
    reactor_turn(reactor);
    while (reactor_release(reactor) || !list_empty(&reactor->running)) {
        if (inbox_is_empty(&reactor->inbox))
            sleep_until_ready(reactor);
        reactor_try_take(reactor);
        reactor_turn(reactor);
    }
}

void reactor_free(struct reactor *reactor) {
    if (!reactor)
        return;
    bury_all(reactor);
    reactor->transport->class->free(reactor->transport);
    close_descriptors(reactor);
    mutex_fini(&reactor->watch_lock);
    inbox_fini(&reactor->inbox);
    env_release(reactor->env, reactor);
}
