/* The worker's loop: sleep, drive those that are ready, drive those that are due. */
#include "pool/worker.h"

#include "base/time_math.h"
#include <signal.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_A_WAKE 64
#define MOMENT_NS 100000

/* A leader is about to have it watched, or not to. What is ready until then would wake the worker again at once: where
 * it comes before all others the leader has to be given the processor. */
static void worker_give_way(void) {
    const struct timespec moment = {.tv_nsec = MOMENT_NS};
    nanosleep(&moment, NULL);
}

static void worker_drive(struct reactor *reactor) {
    reactor->again = false;
    if (!reactor_try_take(reactor)) {
        worker_give_way();
        return; /* whoever has it looks again when he lets go of it */
    }
    reactor_turn(reactor);
    reactor->again = reactor_release(reactor); /* in its turn: the others come first */
}

static void worker_drive_due(struct worker *worker) {
    int64_t now_ns = env_now_ns(worker->reactors[worker->first]->env);
    for (unsigned i = worker->first; i < worker->reactor_count; i += worker->stride)
        if (worker->reactors[i]->again || atomic_load(&worker->reactors[i]->due_ns) <= now_ns)
            worker_drive(worker->reactors[i]);
}

/* When it has something to do although nothing happens. A leader that hands over sets its alarm. */
static int64_t worker_due_ns(const struct worker *worker) {
    int64_t due_ns = TIME_NEVER;
    for (unsigned i = worker->first; i < worker->reactor_count; i += worker->stride) {
        const struct reactor *reactor = worker->reactors[i];
        due_ns = time_min(due_ns, reactor->again ? REACTOR_AT_ONCE : atomic_load(&reactor->due_ns));
    }
    return due_ns;
}

static int worker_sleep(struct worker *worker, struct epoll_event *events) {
    int64_t due_ns = worker_due_ns(worker);
    if (due_ns == REACTOR_AT_ONCE)
        return epoll_wait(worker->epoll, events, EVENTS_A_WAKE, 0);
    alarm_clock_set(&worker->alarm, due_ns);
    return epoll_wait(worker->epoll, events, EVENTS_A_WAKE, -1);
}

static void *worker_main(void *argument) {
    struct worker *worker = argument;
    struct epoll_event events[EVENTS_A_WAKE];

    pthread_setname_np(pthread_self(), worker->name);
    while (!atomic_load(worker->ending)) {
        int count = worker_sleep(worker, events);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr)
                worker_drive(events[i].data.ptr);
            else
                alarm_clock_rung(&worker->alarm);
        }
        worker_drive_due(worker);
    }
    return NULL;
}

static bool watch(const struct worker *worker, int descriptor, uint32_t events, struct reactor *reactor) {
    struct epoll_event event = {.events = events, .data.ptr = reactor};
    return descriptor >= 0 && epoll_ctl(worker->epoll, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

static bool open_descriptors(struct worker *worker) {
    worker->epoll = epoll_create1(EPOLL_CLOEXEC);
    const bool has_alarm = alarm_clock_init(&worker->alarm);
    if (worker->epoll < 0 || !has_alarm || !watch(worker, worker->alarm.timer, EPOLLIN | EPOLLET, NULL))
        return false;
    for (unsigned i = worker->first; i < worker->reactor_count; i += worker->stride) {
        struct reactor *reactor = worker->reactors[i];
        if (!watch(worker, reactor->epoll, EPOLLIN, reactor))
            return false;
        reactor->watcher = worker->epoll;
        reactor->alarm = &worker->alarm;
    }
    return true;
}

void worker_fini(struct worker *worker) {
    alarm_clock_fini(&worker->alarm);
    if (worker->epoll >= 0)
        close(worker->epoll);
}

static bool create_thread(struct worker *worker) {
    sigset_t all, before;
    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return false;
    bool created = pthread_create(&worker->thread, NULL, worker_main, worker) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return created;
}

bool worker_start(struct worker *worker) {
    if (open_descriptors(worker) && create_thread(worker))
        return true;
    worker_fini(worker);
    return false;
}

void worker_join(struct worker *worker) {
    pthread_join(worker->thread, NULL);
}
