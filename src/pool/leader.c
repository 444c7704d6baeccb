/* Leading. While a reactor is led its worker does not watch it: neither its descriptors nor its due time. Whoever has
 * something for the sleeping leader, a command for the reactor or an interruption of the call, writes to the reactor's
 * eventfd. A leader that leaves nothing behind lets the reactor rest, not watched, for a moment: the next one need
 * not have the watch taken off again. Who has a command for it then has it watched, and after the moment its worker
 * looks at what became of idle connections.
 *
 * The thread is the user's: his signal handlers run between two turns, when nothing is half done, and at no other
 * moment: while it sleeps, and every ten milliseconds when it finds no sleep. Faults are not held back. */
#include "pool/leader.h"

#include "base/random.h"
#include "base/time_math.h"
#include "pool/alarm.h"
#include "wire/mailbox.h"
#include <insist/policy.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>

#define NS_PER_MS INT64_C(1000000)
#define RESTS_NS (100 * NS_PER_MS)     /* longer than between two calls of who calls often */
#define HOLDS_BACK_NS (10 * NS_PER_MS) /* the signals, at most, but for the length of a turn */

static void hold_signals_back(sigset_t *before) {
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};
    sigset_t all;
    sigfillset(&all);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        sigdelset(&all, faults[i]);
    pthread_sigmask(SIG_BLOCK, &all, before);
}

static void tell(void *reactor) {
    reactor_tell(reactor);
}

/* In builds for tests: work is handed over at every stage, and sometimes at once. */
static bool leaves_early(const struct reactor *reactor) {
#ifdef LEADS_AT_RANDOM
    struct insist_random random;
    random_init(&random, (uint64_t)env_now_ns(reactor->env), 0);
    return insist_random_unit(&random) < 0.25;
#else
    (void)reactor;
    return false;
#endif
}

static bool begin(struct reactor *reactor, struct job *job) {
    if (leaves_early(reactor) || !reactor_try_take(reactor)) {
        reactor_tell(reactor);
        return false;
    }
    atomic_store_explicit(&reactor->due_ns, TIME_NEVER, memory_order_relaxed); /* the worker cannot take the token */
    reactor_watch(reactor, false);
    mailbox_set_leader(job->mailbox, tell, reactor);
    job->led = true;
    return true;
}

/* Where a drive has come to. */
struct stage {
    int64_t due_ns; /* of the reactor */
    int64_t now_ns;
};

/* The token says ASLEEP: what comes from here on wakes the worker, and what came before is looked for. */
static void hand_over(struct reactor *reactor, struct job *job, const struct stage *stage) {
    mailbox_set_leader(job->mailbox, NULL, NULL);
    job->led = false;
    if (job->run.phase != JOB_FINISHED)
        mailbox_post(job->mailbox, job, 0); /* how far it has come: the call may give it up */
    reactor->rests_until_ns = time_add(stage->now_ns, RESTS_NS);
    const int64_t due_ns = reactor_settle(reactor, stage->due_ns, stage->now_ns);
    atomic_store(&reactor->due_ns, due_ns);
    driver_let_go(&reactor->driver);
    if (!inbox_is_empty(&reactor->inbox))
        reactor_wake(reactor);
    alarm_clock_set(reactor->alarm, due_ns);
}

/* epoll_wait() counts in milliseconds: what is left of the last one is slept before. */
static int sleep_for(struct reactor *reactor, int64_t left_ns, const sigset_t *signals, struct epoll_event *events) {
    const int timeout_ms = left_ns == TIME_NEVER ? -1 : (int)time_min(left_ns / NS_PER_MS, INT_MAX);
    if (timeout_ms == 0 && left_ns > 0) {
        struct pollfd ready = {.fd = reactor->epoll, .events = POLLIN};
        struct timespec left = {.tv_nsec = (long)left_ns};
        if (ppoll(&ready, 1, &left, signals) < 0)
            return -1;
    }
    return epoll_pwait(reactor->epoll, events, REACTOR_EVENTS, timeout_ms, signals);
}

/* What is ready keeps the sleep from letting them through. Whoever finds the token ASLEEP may wake it meanwhile. */
static void let_signals_through(const sigset_t *signals) {
    sigset_t held;
    pthread_sigmask(SIG_SETMASK, signals, &held);
    pthread_sigmask(SIG_SETMASK, &held, NULL);
}

/* Until something wants a turn; TIME_NEVER: nothing does by itself. */
static int64_t left_ns(const struct reactor *reactor, const struct leading *leading, const struct stage *stage) {
    const int64_t wake_ns = time_min(leading->until_ns, stage->due_ns);
    if (!inbox_is_empty(&reactor->inbox) || wake_ns <= stage->now_ns)
        return 0;
    return wake_ns == TIME_NEVER ? TIME_NEVER : wake_ns - stage->now_ns;
}

/* Turn after turn. What happened while a worker watched it has seen, so the inbox comes first. False: this is a child. */
static bool drive(struct reactor *reactor, const struct leading *leading, const sigset_t *signals,
                  struct stage *stage) {
    struct epoll_event events[REACTOR_EVENTS];
    int64_t let_through_ns = TIME_NEVER;
    for (int count = 0;;) {
        stage->due_ns = reactor_work(reactor, events, count);
        driver_fall_asleep(&reactor->driver);
        const int64_t now_ns = stage->now_ns = env_now_ns(reactor->env);
        const bool others_came = atomic_load(&reactor->in_flight) > 1; /* a crowd's: the worker's affair */
        if (mailbox_has_something(leading->job->mailbox) || now_ns >= leading->until_ns || others_came ||
            leaves_early(reactor))
            return true;
        let_through_ns = time_min(let_through_ns, now_ns);
        if (now_ns - let_through_ns >= HOLDS_BACK_NS) {
            let_through_ns = now_ns;
            let_signals_through(signals);
            if (birthmark_is_inherited(leading->birthmark))
                return false;
            stage->now_ns = env_now_ns(reactor->env); /* a handler takes as long as it likes */
        }
        count = sleep_for(reactor, left_ns(reactor, leading, stage), signals, events);
        if (count < 0 && birthmark_is_inherited(leading->birthmark))
            return false;
        driver_get_up(&reactor->driver);
    }
}

bool leader_drive(struct reactor *reactor, const struct leading *leading) {
    sigset_t before;
    struct stage stage;
    hold_signals_back(&before);
    bool here = !birthmark_is_inherited(leading->birthmark); /* from here on a handler runs between turns */
    if (here && begin(reactor, leading->job)) {
        here = drive(reactor, leading, &before, &stage);
        if (here)
            hand_over(reactor, leading->job, &stage);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return here;
}
