/* Where calls meet those who end them, in every order: firing a cancel token against taking a call on and off it, and
 * freeing a client against calls that enter and leave. Token, door and mailboxes are the real ones, each use of them
 * one step. No order may lead to a bad state; with a step left out or swapped (a mutant) some order must. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "call/cancel.h"
#include "call/client.h"
#include "interleave_world.h"
#include <unistd.h>

enum mutant {
    AS_IT_IS,
    FIRES_UNLOCKED,  /* fire notes who is on the token, and wakes them later */
    STARTS_ANYWAY,   /* a call starts although the token was fired */
    ENTERS_UNLOCKED, /* a call looks at the closing flag, and enters later */
    LEAVES_UNLOCKED, /* a call is counted out, and wakes the closer later */
    DOES_NOT_WAIT    /* free does not wait for the running calls */
};

struct calls {
    struct world world;
    insist_cancel *cancel;
    insist_client *client;

    /* of each call */
    struct cancel_entry entries[2];
    struct running running[2];
    bool inside[2]; /* on the token, or in the client */
    bool noted[2];  /* by a fire that does not hold the lock */
    bool due[2];    /* it has to be interrupted */

    bool fired, closing;
};

/* ---- fire against unregister ---- */

static void begin_token(void *argument) {
    struct calls *calls = argument;
    world_begin(&calls->world, sizeof(*calls));
    if (insist_cancel_new(&calls->cancel) != INSIST_OK)
        world_fail(&calls->world, "no memory");
}

static void end_token(void *argument) {
    struct calls *calls = argument;
    insist_cancel_free(calls->cancel);
    world_end(&calls->world);
}

/* run() of call/join.c: on the token, running, off it. */
static int step_cancelled(struct calls *calls, int i, int at) {
    if (at == 1) {
        cancel_remove(calls->cancel, &calls->entries[i]);
        calls->inside[i] = false;
        return STEP_DONE;
    }
    bool added = cancel_add(calls->cancel, &calls->entries[i], calls->world.mailboxes[i], getpid());
    if (added == calls->fired)
        world_fail(&calls->world, "a call is on a token that was fired, or not on one that was not");
    calls->inside[i] = added || calls->world.mutant == STARTS_ANYWAY;
    calls->due[i] = calls->inside[i] && calls->fired;
    return calls->inside[i] ? 1 : STEP_DONE;
}

static int step_cancelled_0(void *argument, int at) {
    return step_cancelled(argument, 0, at);
}

static int step_cancelled_1(void *argument, int at) {
    return step_cancelled(argument, 1, at);
}

static int step_fire(void *argument, int at) {
    struct calls *calls = argument;
    bool unlocked = calls->world.mutant == FIRES_UNLOCKED;
    for (int i = 0; unlocked && at == 0 && i < 2; i++)
        calls->noted[i] = calls->inside[i];
    if (unlocked && at == 0)
        return 1;
    for (int i = 0; i < 2; i++)
        calls->due[i] = calls->inside[i];
    for (int i = 0; unlocked && i < 2; i++)
        if (calls->noted[i])
            mailbox_interrupt(calls->world.mailboxes[i], INSIST_ECANCELED);
    if (!unlocked) {
        insist_cancel_fire(calls->cancel);
        calls->fired = true;
    }
    return STEP_DONE;
}

static const char *judge_token(void *argument, bool over) {
    struct calls *calls = argument;
    if (calls->world.bad || !over)
        return calls->world.bad;
    for (int i = 0; i < 2; i++) {
        bool interrupted = world_was_interrupted(&calls->world, i);
        if (calls->due[i] && !interrupted)
            return "a running call was not reached";
        if (interrupted && !calls->due[i])
            return "a mailbox that had been taken off was touched";
    }
    return NULL;
}

static const struct interleave firing = {
    3, {step_fire, step_cancelled_0, step_cancelled_1}, begin_token, judge_token, end_token};

/* ---- free against an entering call ---- */

/* A client with a door and nothing behind it. */
static void begin_client(void *argument) {
    struct calls *calls = argument;
    world_begin(&calls->world, sizeof(*calls));
    struct insist_client *client = calls->client = env_alloc(&calls->world.env, sizeof(*client));
    client->env = &calls->world.env;
    client->birthmark = (struct birthmark){.env = client->env, .process_id = env_process_id(client->env)};
    headers_init(&client->hidden, client->env);
    list_init(&client->shared.running);
    if (!mutex_init(&client->shared.lock) || !condition_init(&client->shared.left))
        world_fail(&calls->world, "no memory");
}

static void end_client(void *argument) {
    struct calls *calls = argument;
    world_end(&calls->world);
}

static bool is_there(struct calls *calls) {
    if (!world_is_live(&calls->world, calls->client))
        world_fail(&calls->world, "a call touches a client that is gone");
    return !calls->world.bad;
}

static int enter(struct calls *calls, int i) {
    struct insist_client *client = calls->client;
    if (!world_is_live(&calls->world, client))
        return STEP_DONE; /* to call with a client whose free has returned is the user's mistake, and not played */
    if (calls->world.mutant == ENTERS_UNLOCKED)
        return client->shared.closing ? STEP_DONE : 4;
    calls->inside[i] = client_enter(client, &calls->running[i], calls->world.mailboxes[i], 1) == INSIST_OK;
    if (calls->inside[i] == calls->closing)
        world_fail(&calls->world, "a call entered a client that closes, or was refused by one that does not");
    return calls->inside[i] ? 1 : STEP_DONE;
}

static int enter_later(struct calls *calls, int i) {
    if (!is_there(calls))
        return STEP_DONE;
    calls->running[i].mailbox = calls->world.mailboxes[i];
    calls->running[i].thread = pthread_self();
    list_append(&calls->client->shared.running, &calls->running[i].link);
    calls->client->shared.count++;
    calls->inside[i] = true;
    return 1;
}

static int leave(struct calls *calls, int i) {
    calls->inside[i] = false;
    if (!is_there(calls))
        return STEP_DONE;
    if (calls->world.mutant == LEAVES_UNLOCKED) {
        list_remove(&calls->running[i].link);
        calls->client->shared.count--;
        return 3;
    }
    client_leave(calls->client, &calls->running[i]);
    return STEP_DONE;
}

/* join_run() of call/join.c. frees: in the middle of it, as a handler may. */
static int step_call(struct calls *calls, int i, int at, bool frees) {
    switch (at) {
    case 0: return enter(calls, i);
    case 1:
        if (is_there(calls) && frees) {
            calls->closing = true;
            insist_client_free(calls->client);
        }
        return 2;
    case 2: return leave(calls, i);
    case 3:
        if (is_there(calls))
            condition_broadcast(&calls->client->shared.left);
        return STEP_DONE;
    default: return enter_later(calls, i);
    }
}

static int step_call_0(void *argument, int at) {
    return step_call(argument, 0, at, false);
}

static int step_call_1(void *argument, int at) {
    return step_call(argument, 1, at, false);
}

static int step_freeing_call(void *argument, int at) {
    return step_call(argument, 0, at, true);
}

static void mark_closing(struct calls *calls) {
    calls->closing = calls->client->shared.closing = true;
    for (int i = 0; i < 2; i++) {
        calls->due[i] = calls->inside[i];
        if (calls->inside[i])
            mailbox_interrupt(calls->running[i].mailbox, INSIST_ESHUTDOWN);
    }
}

/* insist_client_free() of call/client.c: what it does before it waits is copied, then it waits, and the rest is the
 * real one. */
static int step_free(void *argument, int at) {
    struct calls *calls = argument;
    bool waits = calls->world.mutant != DOES_NOT_WAIT;
    if (at == 0) {
        mark_closing(calls);
        return 1;
    }
    if (at == 1)
        return waits && calls->client->shared.count > 0 ? STEP_STUCK : 2;
    if (waits)
        insist_client_free(calls->client);
    else
        env_release(&calls->world.env, calls->client);
    if (calls->inside[0] || calls->inside[1])
        world_fail(&calls->world, "free returned while a call was inside");
    return STEP_DONE;
}

static const char *judge_client(void *argument, bool over) {
    struct calls *calls = argument;
    if (calls->world.bad || !over)
        return calls->world.bad;
    if (calls->closing == world_is_live(&calls->world, calls->client))
        return "the client was never freed, or freed by nobody";
    for (int i = 0; i < 2; i++)
        if (calls->due[i] && !world_was_interrupted(&calls->world, i))
            return "a running call does not learn that the client closes";
    return NULL;
}

static const struct interleave freeing = {
    3, {step_free, step_call_0, step_call_1}, begin_client, judge_client, end_client};
static const struct interleave freeing_inside = {
    2, {step_freeing_call, step_call_1}, begin_client, judge_client, end_client};

/* ---- the tests ---- */

static struct calls calls_world;

static void assert_safe(const struct interleave *play) {
    world_assert_safe(play, &calls_world.world);
}

static void assert_caught(const struct interleave *play, enum mutant mutant) {
    world_assert_caught(play, &calls_world.world, (int)mutant);
}

static void test_fire_against_unregister(void **state) {
    (void)state;
    assert_safe(&firing);
    assert_caught(&firing, FIRES_UNLOCKED);
    assert_caught(&firing, STARTS_ANYWAY);
}

static void test_free_against_an_entering_call(void **state) {
    (void)state;
    assert_safe(&freeing);
    assert_caught(&freeing, ENTERS_UNLOCKED);
    assert_caught(&freeing, LEAVES_UNLOCKED);
    assert_caught(&freeing, DOES_NOT_WAIT);
}

static void test_free_from_inside_a_call(void **state) {
    (void)state;
    assert_safe(&freeing_inside);
    assert_caught(&freeing_inside, ENTERS_UNLOCKED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fire_against_unregister),
        cmocka_unit_test(test_free_against_an_entering_call),
        cmocka_unit_test(test_free_from_inside_a_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
