/* Thousands of random executions in virtual time, and what must hold in every one of them. A failure prints its
 * seed; run the program with that seed to see it alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "support/world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXECUTIONS 20000

static uint64_t below(struct insist_random *random, uint64_t n) {
    return random_next(random) % n;
}

static struct script any_script(struct insist_random *random) {
    struct script script = {.ends_ms = (int64_t)below(random, 400), .sent_ms = (int64_t)below(random, 60)};
    switch (below(random, 12)) {
    case 0:
        script.err = INSIST_ERESET;
        script.transience = INSIST_CONN_RESET;
        break;
    case 1:
        script.err = INSIST_ECERT;
        script.sent_ms = WORLD_HANGS;
        break;
    case 2:
        script.err = INSIST_ECONNECT;
        script.transience = INSIST_CONN_REFUSED;
        script.sent_ms = WORLD_HANGS;
        break;
    case 3: script.ends_ms = WORLD_HANGS; break;
    case 4: script.refused = INSIST_EQUEUEFULL; break;
    case 5:
        script.err = INSIST_EEOF;
        script.transience = INSIST_UNEXPECTED_EOF;
        script.stale = true;
        break;
    case 6: script.status = 200; break;
    case 7:
        script.status = 503;
        script.has_retry_after = true;
        script.retry_after_ms = (int64_t)below(random, 500);
        break;
    default: script.status = 503; break;
    }
    if (below(random, 6) == 0)
        script.queued_ms = (int64_t)below(random, 80);
    script.ends_unseen = below(random, 8) == 0 && (script.status != 0 || script.err != INSIST_OK);
    return script;
}

static void set_up_any(struct world *world, struct insist_random *random, struct script *scripts) {
    for (size_t i = 0; i < WORLD_SCRIPTS; i++)
        scripts[i] = any_script(random);
    world_init(world, scripts, WORLD_SCRIPTS);
    world->request.repeatable = below(random, 3) != 0;
    world->rules.deadline_ns = world->start_ns + (int64_t)(1 + below(random, 2000)) * WORLD_MS;
    world->timeout_ms = (int64_t)(1 + below(random, 500));
    world->timeout.takes_the_rest = below(random, 2) == 0;
    if (world->request.repeatable && below(random, 2) == 0)
        world_race(world, below(random, 2) == 0 ? INSIST_REFILL : INSIST_CLOSE, (int64_t)below(random, 100) - 1,
                   (int64_t)below(random, 100));
    world->starter_says_no = below(random, 10) == 0;
    world->has_budget = below(random, 2) == 0;
    world->charges_allowed = (unsigned)below(random, 6);
    world->cancel_at_ms = below(random, 6) == 0 ? (int64_t)(1 + below(random, 500)) : 0;
    if (below(random, 6) == 0) {
        world->handler_number = 7;
        world->handler_event = (unsigned)below(random, INSIST_EVENTS);
        world->handler_skip = (unsigned)below(random, 3);
    }
}

static unsigned count(const char *log, const char *word) {
    unsigned n = 0;
    size_t length = strlen(word);
    for (const char *at = log; (at = strstr(at, word)) != NULL; at += length)
        n += (at == log || at[-1] == ' ') && at[length] == ' ';
    return n;
}

static void check_events(const struct world *world) {
    assert_int_equal(count(world->log, "start"), 1);
    assert_int_equal(count(world->log, "end"), 1);
    assert_int_equal(count(world->log, "deadline"), world->execution.reason == INSIST_DEADLINE);
    for (size_t i = 0; i < world->execution.count; i++) {
        char before[32], after[32];
        snprintf(before, sizeof before, "before%zu", i);
        snprintf(after, sizeof after, "after%zu", i);
        assert_int_equal(count(world->log, before), 1);
        assert_int_equal(count(world->log, after), 1);
    }
}

static void check_attempts(const struct world *world) {
    unsigned winners = 0, retries = 0;
    int64_t last_start_ns = 0;
    for (size_t i = 0; i < world->execution.count; i++) {
        const struct attempt *attempt = world_attempt(world, i);
        assert_int_equal(attempt->state, ATTEMPT_ENDED);
        assert_true(attempt->wave <= attempt->index);
        assert_true(attempt->progress.queued_ns >= last_start_ns);
        assert_true(attempt->progress.queued_ns < world->rules.deadline_ns);
        last_start_ns = attempt->progress.queued_ns;
        winners += attempt->why_ended == INSIST_ENDED_WON;
        retries += attempt->kind == INSIST_RETRIED;
        assert_true(i == 0 ? attempt->kind == INSIST_FIRST : attempt->kind != INSIST_FIRST);
        if (attempt->why_ended == INSIST_ENDED_LOST)
            assert_int_equal(world->execution.reason, INSIST_DONE);
    }
    assert_int_equal(winners, world->execution.reason == INSIST_DONE);
    assert_int_equal(retries, world->execution.view.retries);
    assert_true(retries <= 3);
    assert_int_equal(world->execution.in_flight, 0);
    assert_int_equal(world->execution.view.attempt_ends, world->execution.count);
}

/* What may not be repeated is on the wire at most once. */
static void check_sent_once(const struct world *world) {
    unsigned sent = 0;
    for (size_t i = 0; i < world->execution.count; i++)
        sent += world_attempt(world, i)->outcome.sent != INSIST_NOT_SENT;
    if (!world->request.repeatable)
        assert_true(sent <= 1);
}

static void check_result(const struct world *world) {
    const struct execution *execution = &world->execution;
    assert_true(world->now_ns <= world->rules.deadline_ns);
    assert_true((execution->reason == INSIST_DONE) ==
                (execution->reported != NULL && execution->reported->why_ended == INSIST_ENDED_WON));
    if (execution->reason == INSIST_DONE)
        assert_int_equal(execution->err, INSIST_OK);
    if (execution->err == INSIST_OK)
        assert_true(execution->reported->outcome.status != 0);
    assert_true(world->given_back + world->refunded <= world->charged);
    bool an_answer = false;
    for (size_t i = 0; i < execution->count; i++)
        an_answer = an_answer || (outcome_is_answer(&execution->attempts[i]->outcome) &&
                                  execution->attempts[i]->why_ended != INSIST_ENDED_LOST);
    if (an_answer && execution->reason != INSIST_STOPPED)
        assert_true(execution->reported != NULL && outcome_is_answer(&execution->reported->outcome));
}

static char played_before[16384];

static void play(uint64_t seed, bool again) {
    struct insist_random random;
    struct script scripts[WORLD_SCRIPTS];
    struct world world;
    random_init(&random, seed, 0);
    set_up_any(&world, &random, scripts);
    world_play(&world);
    if (again)
        print_message("seed %llu: %s\n", (unsigned long long)seed, world.log);
    check_events(&world);
    check_attempts(&world);
    check_sent_once(&world);
    check_result(&world);
    snprintf(played_before, sizeof played_before, "%s", world.log);
    world_fini(&world);
}

static uint64_t only_seed, seed_being_played;

static int tell_the_seed(void **state) {
    (void)state;
    if (seed_being_played != 0)
        print_error("it was seed %llu\n", (unsigned long long)seed_being_played);
    return 0;
}

static void invariants_hold_in_every_interleaving(void **state) {
    (void)state;
    if (only_seed != 0) {
        play(only_seed, true);
        return;
    }
    for (uint64_t seed = 1; seed <= EXECUTIONS; seed++) {
        seed_being_played = seed;
        play(seed, false);
    }
    seed_being_played = 0;
}

static void a_seed_replays_exactly(void **state) {
    (void)state;
    char first[16384];
    for (uint64_t seed = 1; seed <= 50; seed++) {
        play(seed, false);
        memcpy(first, played_before, sizeof first);
        play(seed, false);
        assert_string_equal(first, played_before);
    }
}

int main(int argc, char **argv) {
    only_seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(invariants_hold_in_every_interleaving, tell_the_seed),
        cmocka_unit_test(a_seed_replays_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
