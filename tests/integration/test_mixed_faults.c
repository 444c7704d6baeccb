/* 64 threads, one client, 200 calls each, every call with a key of its own, against a seeded mix of faults. From the
 * seed the test foretells every outcome, hence status, error, reason and number of attempts of every call; all must
 * match, and the server's counts must equal the records', key by key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/crowd.h"
#include "support/usage.h"
#include <insist/insist.h>
#include <insist/testserver.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define THREADS 64
#define CALLS 200
#define RETRIES 3
#define SEED 20260101
#define SCRIPT "0.30:200|0.25:503|0.15:reset|0.10:truncate@5;size=40|0.08:close|0.12:200;delay=4ms"

struct seen {
    int status;
    insist_err err;
    insist_reason reason;
    size_t attempts, delivered;
};

struct scene {
    insist_client *client;
    const char *url;
    struct seen seen[THREADS][CALLS];
};

static void name_key(char *key, size_t size, size_t thread, size_t call) {
    snprintf(key, size, "t%zuc%zu", thread, call);
}

/* Every fourth call may not be repeated. */
static const char *method_of(size_t call) {
    return call % 4 == 0 ? "POST" : "GET";
}

static struct seen look(insist_err err, const insist_result *result) {
    struct seen seen = {.status = insist_result_status(result),
                        .err = err,
                        .reason = insist_result_reason(result),
                        .attempts = insist_result_attempts(result)};
    for (size_t i = 0; i < seen.attempts; i++)
        seen.delivered += insist_result_attempt(result, i)->sent != INSIST_NOT_SENT;
    return seen;
}

static void call_all(void *shared, size_t thread) {
    struct scene *scene = shared;
    for (size_t call = 0; call < CALLS; call++) {
        char key[32], url[128];
        insist_plan *plan = NULL;
        insist_result *result = NULL;
        name_key(key, sizeof key, thread, call);
        snprintf(url, sizeof url, "%s/mix?key=%s", scene->url, key);
        if (insist_plan_new(method_of(call), url, NULL, &plan) != INSIST_OK)
            continue;
        insist_err err = insist_execute(scene->client, plan, NULL, &result);
        if (result != NULL)
            scene->seen[thread][call] = look(err, result);
        insist_result_free(result);
        insist_plan_free(plan);
    }
}

/* What a single attempt comes to, told from the step alone. */
struct foretold {
    int status;
    insist_err err;
};

static struct foretold outcome_of(const insist_testserver_step *step) {
    switch (step->fault) {
    case INSIST_TESTSERVER_RESET: return (struct foretold){0, INSIST_ERESET};
    case INSIST_TESTSERVER_CLOSE: return (struct foretold){0, INSIST_EEOF};
    case INSIST_TESTSERVER_TRUNCATE: return (struct foretold){step->status, INSIST_EEOF};
    default: return (struct foretold){step->status, INSIST_OK};
    }
}

/* The rules of the documentation, written out once more and without cleverness. */
static struct seen foretell(size_t thread, size_t call) {
    char key[32];
    bool repeatable = strcmp(method_of(call), "GET") == 0;
    struct seen expected = {.reason = INSIST_COUNT};
    struct foretold useful = {0, INSIST_EINVAL};
    name_key(key, sizeof key, thread, call);
    for (uint64_t hit = 0; hit <= RETRIES; hit++) {
        insist_testserver_step step = {.size = sizeof step};
        assert_int_equal(insist_testserver_foretell(SEED, SCRIPT, key, hit, &step), INSIST_OK);
        struct foretold outcome = outcome_of(&step);
        expected.attempts = expected.delivered = (size_t)hit + 1;
        if (outcome.err == INSIST_OK || useful.err != INSIST_OK)
            useful = outcome;
        if (outcome.err == INSIST_OK && outcome.status == 200) {
            expected.reason = INSIST_DONE;
            break;
        }
        if (!repeatable) {
            expected.reason = INSIST_NOT_REPEATABLE;
            break;
        }
    }
    expected.status = useful.status;
    expected.err = useful.err;
    return expected;
}

static struct scene scene;

static void every_call_ends_as_foretold(void **state) {
    (void)state;
    insist_testserver *server = NULL;
    insist_retry_policy *retry = NULL;
    usage_raise_descriptor_limit();
    assert_int_equal(insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.seed = SEED), NULL, &server), INSIST_OK);
    assert_int_equal(insist_testserver_script(server, "/mix", SCRIPT, NULL), INSIST_OK);
    size_t descriptors = usage_descriptors(getpid());
    assert_int_equal(insist_retry_policy_new(insist_retry_and(insist_retry_times(RETRIES), insist_retry_standard()),
                                             insist_wait_constant_ms(1), NULL, &retry),
                     INSIST_OK);
    assert_int_equal(
        insist_client_new(INSIST_CLIENT_OPTIONS(.retry = retry, .budget = insist_budget_none()), NULL, &scene.client),
        INSIST_OK);
    insist_retry_policy_free(retry);
    scene.url = insist_testserver_url(server);

    crowd_join(crowd_start(THREADS, call_all, &scene));

    size_t attempts = 0;
    for (size_t thread = 0; thread < THREADS; thread++) {
        for (size_t call = 0; call < CALLS; call++) {
            struct seen expected = foretell(thread, call), seen = scene.seen[thread][call];
            char key[32];
            name_key(key, sizeof key, thread, call);
            if (memcmp(&expected, &seen, sizeof seen) != 0)
                print_error("%s %s: expected %d %s %s, %zu attempts; saw %d %s %s, %zu attempts\n", method_of(call),
                            key, expected.status, insist_err_name(expected.err), insist_reason_name(expected.reason),
                            expected.attempts, seen.status, insist_err_name(seen.err), insist_reason_name(seen.reason),
                            seen.attempts);
            assert_int_equal(seen.status, expected.status);
            assert_int_equal(seen.err, expected.err);
            assert_int_equal(seen.reason, expected.reason);
            assert_int_equal(seen.attempts, expected.attempts);
            assert_int_equal(insist_testserver_hits_by_key(server, key), seen.delivered);
            attempts += seen.attempts;
        }
    }
    insist_stats stats = {.size = sizeof stats};
    assert_int_equal(insist_client_stats(scene.client, &stats), INSIST_OK);
    assert_int_equal(stats.calls, THREADS * CALLS);
    assert_int_equal(stats.attempts, attempts);
    assert_int_equal(insist_testserver_hits(server, "/mix"), attempts);
    assert_int_equal(stats.running, 0);
    print_message("%d calls, %zu attempts, as foretold\n", THREADS * CALLS, attempts);

    insist_client_free(scene.client);
    assert_true(insist_testserver_wait_idle(server, 30000));
    insist_testserver_free(server);
    assert_true(usage_descriptors(getpid()) <= descriptors);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_call_ends_as_foretold)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
