/* The points of the hand-over at which a call and a reactor meet, in every order in which their steps can fall. The
 * gate, the mailbox, the inbox and the driver token are the real ones, each use of them one step: it is atomic by a
 * lock or by itself. What lies between is copied, step for step, from the functions named above it. No order may lead
 * to a bad state; with a step left out or swapped (a mutant) some order must. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "interleave_world.h"
#include "pool/driver.h"
#include "pool/inbox.h"

enum mutant {
    AS_IT_IS,
    READS_THE_GATE,     /* give-up looks at the gate, then shuts it */
    ASKS_THE_FLAG,      /* the reactor asks the stop flag instead of the gate */
    DOES_NOT_DETACH,    /* give-up looks into the mailbox instead of detaching */
    IGNORES_THE_END,    /* give-up takes its snapshot although the job had ended */
    RELEASES_TOO_EARLY, /* give-up lets go of the job before it tells the reactor */
    NO_SECOND_LOOK,     /* the holder does not look at the inbox after it let go of the token */
    LOOKS_FIRST,        /* the submitter looks at the token before it pushes */
    SEEN_TOO_LATE,      /* the wake-up is marked as seen after the second look */
    NO_HAND_OVER        /* a calling thread that drove leaves what its second look finds */
};

struct hand {
    struct world world;
    struct job *jobs[2];
    struct inbox inbox;

    bool on_wire, proven_unsent, seen_open;
    struct job *popped;
    bool collected, snapshot, caller_over;
    struct driver driver;
    bool eventfd, edge, again, saw_nobody;
    int pushed, seen, drivers;
};

static void begin(void *argument) {
    struct hand *hand = argument;
    world_begin(&hand->world, sizeof(*hand));
    for (int i = 0; i < 2; i++)
        hand->jobs[i] = job_new(&hand->world.env, &hand->world.request, hand->world.mailboxes[0], 0);
    inbox_init(&hand->inbox);
    driver_init(&hand->driver);
}

static void end(void *argument) {
    struct hand *hand = argument;
    inbox_fini(&hand->inbox);
    world_end(&hand->world);
}

/* ---- SENT against give-up ---- */

/* The transport, before the first byte and again before that of a redirect's next hop. */
static int step_sender(void *argument, int at) {
    struct hand *hand = argument;
    struct job *job = hand->jobs[0];
    if (at == 0 && hand->world.mutant == ASKS_THE_FLAG)
        return atomic_load(&job->stop) ? STEP_DONE : 1;
    if (at == 0)
        return job_pass_gate(job) ? 1 : STEP_DONE;
    if (at == 1) {
        hand->on_wire = true;
        return 2;
    }
    if (!job_pass_gate(job))
        world_fail(&hand->world, "a request that is on the wire cannot go on");
    return STEP_DONE;
}

/* give_up() of call/carry.c, up to its record. */
static int step_gate_shutter(void *argument, int at) {
    struct hand *hand = argument;
    struct job *job = hand->jobs[0];
    bool reads = hand->world.mutant == READS_THE_GATE;
    if (at == 0 && reads)
        hand->seen_open = job_how_far(job) == INSIST_NOT_SENT;
    if (at == 0)
        return 1;
    if (at == 1 && reads && hand->seen_open)
        atomic_store(&job->gate, GATE_SHUT);
    if (at == 1) {
        hand->proven_unsent = reads ? hand->seen_open : job_shut_gate(job);
        return 2;
    }
    atomic_store(&job->stop, true);
    return STEP_DONE;
}

static const char *judge_gate(void *argument, bool over) {
    struct hand *hand = argument;
    if (hand->on_wire && hand->proven_unsent)
        return "on the wire, and proven not to be sent";
    if (over && hand->on_wire && job_how_far(hand->jobs[0]) != INSIST_MAYBE_SENT)
        return "on the wire, and the gate does not know";
    return hand->world.bad;
}

static const struct interleave sending = {2, {step_sender, step_gate_shutter}, begin, judge_gate, end};

/* ---- END against give-up ---- */

static void begin_running(void *argument) {
    struct hand *hand = argument;
    begin(hand);
    job_release(hand->jobs[1]);
    job_retain(hand->jobs[0])->run.phase = JOB_RUNNING; /* the transport's reference */
}

/* obey_inbox(), reactor_obey() and reactor_finish() of pool/reactor.c. The answer comes when the inbox is found empty.
 */
static int step_reactor(void *argument, int at) {
    struct hand *hand = argument;
    struct job *job = hand->jobs[0];
    unsigned commands;
    switch (at) {
    case 0:
        hand->popped = inbox_pop(&hand->inbox, &commands);
        if (job->run.phase == JOB_RUNNING)
            return 1; /* by STOP, or by itself */
        if (hand->popped)
            return 3;
        return hand->caller_over ? STEP_DONE : STEP_STUCK;
    case 1:
        job->run.phase = JOB_FINISHED;
        job->outcome.status = 200;
        mailbox_post(hand->world.mailboxes[0], job, NEWS_END);
        return 2;
    case 2: job_release(job); return hand->popped ? 3 : 0;
    default: job_release(hand->popped); return hand->caller_over ? STEP_DONE : 0;
    }
}

/* Takes and reads, as a turn of a call does. */
static bool reads_end(struct hand *hand) {
    struct list taken;
    struct progress progress;
    insist_err interrupted;
    unsigned news;
    mailbox_take(hand->world.mailboxes[0], 0, &taken, &interrupted);
    return mailbox_read(hand->world.mailboxes[0], &taken, &news, &progress) != NULL;
}

static bool detaches_ended(struct hand *hand) {
    struct progress progress;
    if (hand->world.mutant == DOES_NOT_DETACH)
        return reads_end(hand);
    bool ended = mailbox_detach(hand->world.mailboxes[0], hand->jobs[0], &progress);
    return ended && hand->world.mutant != IGNORES_THE_END;
}

static int tell_reactor(struct hand *hand) {
    if (!world_is_live(&hand->world, hand->jobs[0])) {
        world_fail(&hand->world, "a job that is gone was pushed");
        return STEP_DONE;
    }
    atomic_store(&hand->jobs[0]->stop, true);
    inbox_push(&hand->inbox, hand->jobs[0], JOB_STOP);
    return 4;
}

/* turn() of call/join.c; then give_up() of call/carry.c with pool_give_up(). */
static int step_caller(void *argument, int at) {
    struct hand *hand = argument;
    bool too_early = hand->world.mutant == RELEASES_TOO_EARLY;
    switch (at) {
    case 0: hand->collected = reads_end(hand); return hand->collected ? 4 : 1;
    case 1: job_shut_gate(hand->jobs[0]); return 2;
    case 2:
        hand->collected = detaches_ended(hand);
        hand->snapshot = !hand->collected;
        if (hand->snapshot && too_early)
            job_release(hand->jobs[0]);
        return hand->collected ? 4 : 3;
    case 3: return tell_reactor(hand);
    default:
        if (!too_early || hand->collected)
            job_release(hand->jobs[0]);
        hand->caller_over = true;
        return STEP_DONE;
    }
}

static const char *judge_end(void *argument, bool over) {
    struct hand *hand = argument;
    if (hand->world.bad || !over)
        return hand->world.bad;
    if (hand->collected == hand->snapshot)
        return "an attempt without a record, or with two";
    if (hand->collected != hand->jobs[0]->mail.ended)
        return "the record is not what the mailbox took";
    if (reads_end(hand))
        return "an END that nobody will read";
    if (!inbox_is_empty(&hand->inbox) || world_is_live(&hand->world, hand->jobs[0]))
        return "a reference is left";
    return NULL;
}

static const struct interleave ending = {2, {step_reactor, step_caller}, begin_running, judge_end, end};

/* ---- release against submit ---- */

static void note_token_taken(struct hand *hand) {
    if (++hand->drivers > 1)
        world_fail(&hand->world, "two drivers at once");
}

static void release_token(struct hand *hand) {
    hand->drivers--;
    driver_let_go(&hand->driver);
}

static bool pops(struct hand *hand) {
    unsigned commands;
    struct job *job = inbox_pop(&hand->inbox, &commands);
    hand->seen += job != NULL;
    job_release(job);
    return job != NULL;
}

/* worker_drive() of pool/worker.c with reactor_turn(), obey_inbox() and reactor_release(). Asleep at 0; the eventfd is
 * seen by its edge. */
static int step_worker(void *argument, int at) {
    struct hand *hand = argument;
    switch (at) {
    case 0: return hand->eventfd || hand->again ? 1 : STEP_STUCK;
    case 1:
        if (!driver_try_take(&hand->driver))
            return STEP_STUCK;
        note_token_taken(hand);
        return 2;
    case 2:
        hand->edge = hand->eventfd;
        hand->eventfd = false;
        return hand->edge && hand->world.mutant != SEEN_TOO_LATE ? 3 : 4;
    case 3: driver_wake_seen(&hand->driver); return 4;
    case 4: return pops(hand) ? 4 : 5;
    case 5: release_token(hand); return 6;
    case 6: hand->again = hand->world.mutant != NO_SECOND_LOOK && !inbox_is_empty(&hand->inbox); return 7;
    default:
        if (hand->edge && hand->world.mutant == SEEN_TOO_LATE)
            driver_wake_seen(&hand->driver);
        return 0;
    }
}

static void push(struct hand *hand, int i) {
    inbox_push(&hand->inbox, hand->jobs[i], JOB_START);
    hand->pushed++;
}

/* reactor_wake(), in two steps. */
static int wake(struct hand *hand, int at, int first) {
    if (at == first)
        return driver_claim_wake(&hand->driver) ? first + 1 : STEP_DONE;
    hand->eventfd = true;
    return STEP_DONE;
}

/* reactor_push() of pool/reactor.c. */
static int step_submitter(struct hand *hand, int i, int at) {
    if (at > 1)
        return wake(hand, at, 2);
    bool looks_first = hand->world.mutant == LOOKS_FIRST;
    if ((at == 0) == looks_first)
        hand->saw_nobody = !driver_is_awake(&hand->driver);
    else
        push(hand, i);
    if (at == 0)
        return 1;
    return hand->saw_nobody ? 2 : STEP_DONE;
}

static int step_submitter_0(void *argument, int at) {
    return step_submitter(argument, 0, at);
}

/* The second one sees the token with eyes of its own. */
static int step_submitter_1(void *argument, int at) {
    struct hand *hand = argument;
    if (at == 0) {
        push(hand, 1);
        return 1;
    }
    if (at == 1)
        return !driver_is_awake(&hand->driver) ? 2 : STEP_DONE;
    return wake(hand, at, 2);
}

/* What a calling thread that drives has to do: push, take the token if nobody has it, empty the inbox, release, look
 * again, hand over. */
static int step_driving_caller(void *argument, int at) {
    struct hand *hand = argument;
    switch (at) {
    case 0: push(hand, 1); return 1;
    case 1:
        if (!driver_try_take(&hand->driver))
            return STEP_DONE;
        note_token_taken(hand);
        return 2;
    case 2: return pops(hand) ? 2 : 3;
    case 3: release_token(hand); return 4;
    case 4: return inbox_is_empty(&hand->inbox) || hand->world.mutant == NO_HAND_OVER ? STEP_DONE : 5;
    default: return wake(hand, at, 5);
    }
}

static const char *judge_token(void *argument, bool over) {
    struct hand *hand = argument;
    if (over && hand->seen != hand->pushed)
        return "a job that was pushed is never seen";
    return hand->world.bad;
}

static const struct interleave submitting = {
    3, {step_worker, step_submitter_0, step_submitter_1}, begin, judge_token, end};
static const struct interleave driving = {
    3, {step_worker, step_submitter_0, step_driving_caller}, begin, judge_token, end};

/* ---- the tests ---- */

static struct hand hand_world;

static void assert_safe(const struct interleave *play) {
    world_assert_safe(play, &hand_world.world);
}

static void assert_caught(const struct interleave *play, enum mutant mutant) {
    world_assert_caught(play, &hand_world.world, (int)mutant);
}

static void test_sent_against_give_up(void **state) {
    (void)state;
    assert_safe(&sending);
    assert_caught(&sending, READS_THE_GATE);
    assert_caught(&sending, ASKS_THE_FLAG);
}

static void test_end_against_give_up(void **state) {
    (void)state;
    assert_safe(&ending);
    assert_caught(&ending, DOES_NOT_DETACH);
    assert_caught(&ending, IGNORES_THE_END);
    assert_caught(&ending, RELEASES_TOO_EARLY);
}

static void test_release_against_submit(void **state) {
    (void)state;
    assert_safe(&submitting);
    assert_caught(&submitting, NO_SECOND_LOOK);
    assert_caught(&submitting, LOOKS_FIRST);
    assert_caught(&submitting, SEEN_TOO_LATE);
}

static void test_release_against_submit_with_a_caller_that_drives(void **state) {
    (void)state;
    assert_safe(&driving);
    assert_caught(&driving, NO_SECOND_LOOK);
    assert_caught(&driving, LOOKS_FIRST);
    assert_caught(&driving, NO_HAND_OVER);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sent_against_give_up),
        cmocka_unit_test(test_end_against_give_up),
        cmocka_unit_test(test_release_against_submit),
        cmocka_unit_test(test_release_against_submit_with_a_caller_that_drives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
