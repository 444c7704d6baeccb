/* A calling thread that leads against all whom it meets, in every order in which their steps can fall: a submitter and
 * the worker, another leader, a cancel, and the worker's alarm. Token, inbox and mailbox are the real ones, each use of them one step; what
 * lies between is copied, step for step, from the functions named above it. No order may lead to a bad state; with a step
 * left out or swapped (a mutant) some order must. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "base/time_math.h"
#include "interleave_world.h"
#include "pool/driver.h"
#include "pool/inbox.h"

enum mutant {
    AS_IT_IS,
    SLEEPS_AWAKE,       /* the leader keeps the token's AWAKE while it sleeps */
    LOOKS_BEFORE_SLEEP, /* it looks at the inbox and the mailbox, and falls asleep afterwards */
    NOBODY_WATCHES,     /* it leaves the reactor unwatched, and who wakes it does not have it watched */
    NO_LAST_LOOK,       /* it leaves without a look at the inbox */
    DOES_NOT_TELL,      /* a second one finds another driver, and does not tell him */
    NO_LEADER_SET,      /* the mailbox is not told whom to wake */
    DUE_AFTERWARDS,     /* it looks at the worker's alarm before it says what is due */
    NO_LOOK_AT_ALARM,   /* it does not look at it at all */
    SETS_ONCE           /* who has set the timer does not look whether another wanted it earlier meanwhile */
};

#define DUE_NS 1000

struct hand {
    struct world world;
    struct job *jobs[2]; /* the leader's, the submitter's */
    struct inbox inbox;
    struct driver driver;
    bool ready;   /* the reactor's epoll has the eventfd's edge to report */
    bool watched; /* the worker's epoll looks at it */
    bool answers; /* the leader's job, as soon as it is started */
    bool found_work, edge, worker_edge, again, saw_awake, to_wake, left;
    int pushed, seen, drivers;
    atomic_llong due_ns, alarm_ns; /* of the reactor; of its worker */
    int64_t wanted_ns, worker_due_ns;
    int64_t leader_set_ns, worker_set_ns;
    int64_t later_ns; /* what the worker sets it for first; 0: nothing */
    int64_t timer_ns; /* when the worker's timer rings */
};

static void begin(void *argument) {
    struct hand *hand = argument;
    world_begin(&hand->world, sizeof(*hand));
    for (int i = 0; i < 2; i++)
        hand->jobs[i] = job_new(&hand->world.env, &hand->world.request, hand->world.mailboxes[i], 0);
    inbox_init(&hand->inbox);
    driver_init(&hand->driver);
    hand->watched = hand->answers = true;
    hand->wanted_ns = TIME_NEVER;
    atomic_init(&hand->due_ns, TIME_NEVER);
    atomic_init(&hand->alarm_ns, TIME_NEVER);
    hand->timer_ns = TIME_NEVER;
}

/* The leader's job gets no answer: a cancel ends the call. */
static void begin_held(void *argument) {
    struct hand *hand = argument;
    begin(hand);
    hand->answers = false;
}

/* What it leaves wants a turn at DUE_NS; the worker's alarm rings before. */
static void begin_due(void *argument) {
    struct hand *hand = argument;
    begin(hand);
    hand->wanted_ns = DUE_NS;
    atomic_store(&hand->alarm_ns, DUE_NS - 1);
}

/* The worker is about to set its alarm for another reactor. */
static void begin_later(void *argument) {
    struct hand *hand = argument;
    begin(hand);
    hand->wanted_ns = DUE_NS;
    hand->later_ns = DUE_NS + 1;
}

static void end(void *argument) {
    struct hand *hand = argument;
    inbox_fini(&hand->inbox);
    world_end(&hand->world);
}

static bool is(const struct hand *hand, enum mutant mutant) {
    return hand->world.mutant == (int)mutant;
}

static void push(struct hand *hand, int i) {
    inbox_push(&hand->inbox, hand->jobs[i], JOB_START);
    hand->pushed++;
}

/* The leader's own job is answered as soon as it is started. */
static bool pops(struct hand *hand) {
    unsigned commands;
    struct job *job = inbox_pop(&hand->inbox, &commands);
    hand->seen += job != NULL;
    if (job == hand->jobs[0] && hand->answers)
        mailbox_post(hand->world.mailboxes[0], job, NEWS_END);
    job_release(job);
    return job != NULL;
}

static void note_token_taken(struct hand *hand) {
    if (++hand->drivers > 1)
        world_fail(&hand->world, "two drivers at once");
}

/* reactor_tell() and reactor_wake() of pool/reactor.c, in four steps: who has rung looks at the token at once. */
static int tell(struct hand *hand, int at, int first, bool *saw_awake) {
    switch (at - first) {
    case 0: *saw_awake = driver_is_awake(&hand->driver); return *saw_awake ? STEP_DONE : first + 1;
    case 1: return driver_claim_wake(&hand->driver) ? first + 2 : first + 3;
    case 2: hand->ready = true; /* fall through */
    case 3: return driver_is_nobody(&hand->driver) && !is(hand, NOBODY_WATCHES) ? first + 4 : STEP_DONE;
    default: hand->watched = true; return STEP_DONE;
    }
}

/* alarm_clock_set() of pool/alarm.c, in three steps. */
static int set_alarm(struct hand *hand, int at, int first, int64_t due_ns, int64_t *set_ns) {
    switch (at - first) {
    case 0:
        if (due_ns >= atomic_load(&hand->alarm_ns))
            return STEP_DONE;
        atomic_store(&hand->alarm_ns, *set_ns = due_ns);
        return first + 1;
    case 1: hand->timer_ns = *set_ns; return is(hand, SETS_ONCE) ? STEP_DONE : first + 2;
    default:
        due_ns = atomic_load(&hand->alarm_ns);
        if (due_ns == *set_ns || due_ns == TIME_NEVER)
            return STEP_DONE;
        *set_ns = due_ns;
        return first + 1;
    }
}

/* ---- the leader: leader_drive() of pool/leader.c ---- */

static void note_to_wake(void *argument) {
    ((struct hand *)argument)->to_wake = true;
}

static int lead_begin(struct hand *hand) {
    if (!driver_try_take(&hand->driver))
        return 20;
    note_token_taken(hand);
    return 2;
}

static bool looks(struct hand *hand) {
    hand->found_work = !inbox_is_empty(&hand->inbox);
    return mailbox_has_something(hand->world.mailboxes[0]);
}

static int lead_sleep(struct hand *hand) {
    if (!hand->found_work && !hand->ready)
        return STEP_STUCK;
    hand->edge = hand->ready;
    hand->ready = false;
    return 7;
}

static bool sets_alarm(const struct hand *hand) {
    return hand->wanted_ns != TIME_NEVER && !is(hand, DUE_AFTERWARDS) && !is(hand, NO_LOOK_AT_ALARM);
}

static int lead_leave(struct hand *hand, int at) {
    switch (at) {
    case 10: mailbox_set_leader(hand->world.mailboxes[0], NULL, NULL); return is(hand, DUE_AFTERWARDS) ? 30 : 11;
    case 11: atomic_store(&hand->due_ns, hand->wanted_ns); return 12;
    case 12: /* reactor_settle() */
        if (!hand->answers)
            hand->watched = true; /* its job runs on */
        return 13;
    case 13:
        hand->drivers--;
        hand->left = true;
        driver_let_go(&hand->driver);
        return 14;
    default:
        if (!is(hand, NO_LAST_LOOK) && !inbox_is_empty(&hand->inbox))
            return 21;
        return sets_alarm(hand) ? 30 : STEP_DONE;
    }
}

/* After a wake-up, too; the mutant goes on to say what is due. */
static int lead_alarm(struct hand *hand, int at) {
    int next = set_alarm(hand, at, 30, hand->wanted_ns, &hand->leader_set_ns);
    return next == STEP_DONE && is(hand, DUE_AFTERWARDS) ? 11 : next;
}

static int step_leader(void *argument, int at) {
    struct hand *hand = argument;
    bool looks_first = is(hand, LOOKS_BEFORE_SLEEP);
    if (at >= 30)
        return lead_alarm(hand, at);
    if (at >= 20) {
        bool unused;
        int next = tell(hand, at, 20, &unused);
        return next == STEP_DONE && hand->left && sets_alarm(hand) ? 30 : next;
    }
    if (at >= 10)
        return lead_leave(hand, at);
    switch (at) {
    case 0: push(hand, 0); return 1;
    case 1: return lead_begin(hand);
    case 2: hand->watched = false; return 3;
    case 3:
        if (!is(hand, NO_LEADER_SET))
            mailbox_set_leader(hand->world.mailboxes[0], note_to_wake, hand);
        return 8;
    case 4:
        if (looks_first)
            return looks(hand) ? 10 : 5;
        if (!is(hand, SLEEPS_AWAKE))
            driver_fall_asleep(&hand->driver);
        return 5;
    case 5:
        if (!looks_first)
            return looks(hand) ? 10 : 6;
        driver_fall_asleep(&hand->driver);
        return 6;
    case 6: return lead_sleep(hand);
    case 7:
        driver_get_up(&hand->driver);
        if (hand->edge)
            driver_wake_seen(&hand->driver);
        return 8;
    default: return pops(hand) ? 8 : 4;
    }
}

/* ---- the worker: worker_main() of pool/worker.c ---- */

/* Asleep at 0. Its reactor's epoll is watched by its level: a worker that finds another driver comes back for as long as
 * there is something to report. */
static int step_worker(void *argument, int at) {
    struct hand *hand = argument;
    switch (at) {
    case 0: return (hand->ready && hand->watched) || hand->again ? 1 : STEP_STUCK;
    case 1:
        hand->again = false;
        if (!driver_try_take(&hand->driver))
            return hand->ready && hand->watched ? STEP_STUCK : 0;
        note_token_taken(hand);
        return 2;
    case 2:
        hand->worker_edge = hand->ready;
        hand->ready = false;
        if (hand->worker_edge)
            driver_wake_seen(&hand->driver);
        return 3;
    case 3: return pops(hand) ? 3 : 4;
    case 4:
        hand->drivers--;
        driver_let_go(&hand->driver);
        return 5;
    default: hand->again = !inbox_is_empty(&hand->inbox); return 0;
    }
}

/* The alarm rings, and worker_sleep(): what is due, and the alarm. */
static int step_alarm(void *argument, int at) {
    struct hand *hand = argument;
    switch (at) {
    case 0: atomic_store(&hand->alarm_ns, hand->timer_ns = TIME_NEVER); return 1;
    case 1: hand->worker_due_ns = atomic_load(&hand->due_ns); return 2;
    default: return set_alarm(hand, at, 2, hand->worker_due_ns, &hand->worker_set_ns);
    }
}

/* Awake: it has looked what is due before the leader said so. */
static int step_later(void *argument, int at) {
    struct hand *hand = argument;
    return set_alarm(hand, at, 0, hand->later_ns, &hand->worker_set_ns);
}

/* ---- the others ---- */

/* reactor_push() of pool/reactor.c. */
static int step_submitter(void *argument, int at) {
    struct hand *hand = argument;
    if (at > 0)
        return tell(hand, at, 1, &hand->saw_awake);
    push(hand, 1);
    return 1;
}

/* insist_cancel_fire() of call/cancel.c. */
static int step_canceller(void *argument, int at) {
    struct hand *hand = argument;
    if (at > 0)
        return tell(hand, at, 1, &hand->saw_awake);
    mailbox_interrupt(hand->world.mailboxes[0], INSIST_ECANCELED);
    return hand->to_wake ? 1 : STEP_DONE;
}

/* Another call whose job came to the same reactor would lead it, too: if it can it leaves at once. */
static int step_second_leader(void *argument, int at) {
    struct hand *hand = argument;
    switch (at) {
    case 0: push(hand, 1); return 1;
    case 1:
        if (!driver_try_take(&hand->driver))
            return is(hand, DOES_NOT_TELL) ? STEP_DONE : 4;
        note_token_taken(hand);
        return 2;
    case 2:
        hand->drivers--;
        driver_let_go(&hand->driver);
        return 3;
    case 3: return inbox_is_empty(&hand->inbox) ? STEP_DONE : 4;
    default: return tell(hand, at, 4, &hand->saw_awake);
    }
}

static const char *judge_seen(void *argument, bool over) {
    struct hand *hand = argument;
    if (over && hand->seen != hand->pushed && !(hand->ready && hand->watched))
        return "a job that was pushed is never seen";
    return hand->world.bad;
}

static const char *judge(void *argument, bool over) {
    struct hand *hand = argument;
    if (hand->world.bad || !over)
        return hand->world.bad;
    if (hand->drivers > 0)
        return "a leader sleeps on, although its call is over";
    if (!hand->watched && !hand->answers)
        return "nobody watches what is left";
    return judge_seen(hand, over);
}

static const char *judge_alarm(void *argument, bool over) {
    struct hand *hand = argument;
    if (over && hand->left && hand->timer_ns > DUE_NS)
        return "the worker does not wake when something is due";
    return hand->world.bad;
}

static const struct interleave submitting = {3, {step_leader, step_submitter, step_worker}, begin, judge, end};
static const struct interleave cancelling = {2, {step_leader, step_canceller}, begin_held, judge, end};
static const struct interleave meeting = {2, {step_leader, step_second_leader}, begin_held, judge_seen, end};
static const struct interleave alarming = {2, {step_leader, step_alarm}, begin_due, judge_alarm, end};
static const struct interleave setting = {2, {step_leader, step_later}, begin_later, judge_alarm, end};

/* ---- the tests ---- */

static struct hand hand_world;

static void assert_safe(const struct interleave *play) {
    world_assert_safe(play, &hand_world.world);
}

static void assert_caught(const struct interleave *play, enum mutant mutant) {
    world_assert_caught(play, &hand_world.world, (int)mutant);
}

static void test_a_leader_a_worker_and_a_submitter(void **state) {
    (void)state;
    assert_safe(&submitting);
    assert_caught(&submitting, NOBODY_WATCHES);
    assert_caught(&submitting, NO_LAST_LOOK);
}

static void test_two_leaders_of_one_reactor(void **state) {
    (void)state;
    assert_safe(&meeting);
    assert_caught(&meeting, DOES_NOT_TELL);
    assert_caught(&meeting, SLEEPS_AWAKE);
    assert_caught(&meeting, LOOKS_BEFORE_SLEEP);
}

static void test_a_cancel_reaches_a_leader(void **state) {
    (void)state;
    assert_safe(&cancelling);
    assert_caught(&cancelling, SLEEPS_AWAKE);
    assert_caught(&cancelling, LOOKS_BEFORE_SLEEP);
    assert_caught(&cancelling, NO_LEADER_SET);
}

static void test_the_worker_wakes_for_what_is_left(void **state) {
    (void)state;
    assert_safe(&alarming);
    assert_caught(&alarming, DUE_AFTERWARDS);
    assert_caught(&alarming, NO_LOOK_AT_ALARM);
    assert_safe(&setting);
    assert_caught(&setting, SETS_ONCE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_leader_a_worker_and_a_submitter),
        cmocka_unit_test(test_two_leaders_of_one_reactor),
        cmocka_unit_test(test_a_cancel_reaches_a_leader),
        cmocka_unit_test(test_the_worker_wakes_for_what_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
