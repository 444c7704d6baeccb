/* A name server that hangs: getaddrinfo() of this program is held by a semaphore that is only released after the
 * call has returned. If anything waited for the lookup, the test would hang. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/crowd.h"
#include <dlfcn.h>
#include <insist/insist.h>
#include <insist/testserver.h>
#include <netdb.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static sem_t release, entered;
static atomic_int hung, left;

typedef int lookup_fn(const char *, const char *, const struct addrinfo *, struct addrinfo **);

/* Stands in front of the system's. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out);
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out) {
    lookup_fn *real;
    void *found = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&real, &found, sizeof real);
    if (node == NULL || strncmp(node, "hangs", 5) != 0)
        return real(node, service, hints, out);
    atomic_fetch_add(&hung, 1);
    sem_post(&entered);
    while (sem_wait(&release) != 0)
        ;
    atomic_fetch_add(&left, 1);
    return EAI_AGAIN;
}

static insist_client *client;

static int begin(void **state) {
    (void)state;
    sem_init(&release, 0, 0);
    sem_init(&entered, 0, 0);
    atomic_store(&hung, 0);
    atomic_store(&left, 0);
    return insist_client_new(NULL, NULL, &client) == INSIST_OK ? 0 : -1;
}

static void let_all_go(void) {
    for (int i = atomic_load(&left); i < atomic_load(&hung); i++)
        sem_post(&release);
}

/* The lookup has begun for certain: its thread may be late on a busy machine. */
static void wait_until_it_hangs(void) {
    while (sem_wait(&entered) != 0)
        ;
}

static insist_result *call(const char *url, const insist_call_options *options, insist_err *err) {
    insist_plan *plan = NULL;
    insist_result *result = NULL;
    assert_int_equal(insist_plan_new("POST", url, NULL, &plan), INSIST_OK);
    *err = insist_execute(client, plan, options, &result);
    insist_plan_free(plan);
    assert_non_null(result);
    return result;
}

/* On a busy machine a deadline may pass before there is a lookup: then the next one is longer. */
static insist_result *call_until_the_deadline(int64_t deadline_ms) {
    insist_result *result = NULL;
    do {
        insist_err err;
        insist_result_free(result);
        result = call("http://hangs.test/", INSIST_CALL_OPTIONS(.deadline_ms = deadline_ms), &err);
        assert_int_equal(err, INSIST_EDEADLINE);
        deadline_ms *= 2;
    } while ((insist_result_attempts(result) == 0 || atomic_load(&hung) == 0) && deadline_ms < 60000);
    return result;
}

static void deadline_holds(void **state) {
    (void)state;
    insist_result *result = call_until_the_deadline(300);
    assert_int_equal(insist_result_reason(result), INSIST_DEADLINE);
    assert_int_equal(insist_result_attempt(result, 0)->sent, INSIST_NOT_SENT);
    wait_until_it_hangs();
    assert_int_equal(atomic_load(&hung), 1);
    assert_int_equal(atomic_load(&left), 0);
    insist_result_free(result);
    let_all_go();
    insist_client_free(client);
}

static void attempts_given_up_in_a_lookup_keep_nobody(void **state) {
    (void)state;
    insist_timeout_policy *timeout = NULL;
    insist_err err;
    assert_int_equal(insist_timeout_fixed_new(50, NULL, &timeout), INSIST_OK);
    insist_result *result = call("http://hangs.test/", INSIST_CALL_OPTIONS(.timeout = timeout), &err);
    assert_int_equal(err, INSIST_ETIMEOUT);
    assert_int_equal(insist_result_reason(result), INSIST_COUNT);
    assert_int_equal(insist_result_attempts(result), 4); /* none was sent, so even a POST is tried again */
    wait_until_it_hangs();
    assert_int_equal(atomic_load(&hung), 1); /* one lookup at a time for a name */
    assert_int_equal(atomic_load(&left), 0);
    insist_result_free(result);
    insist_timeout_policy_free(timeout);
    let_all_go();
    insist_client_free(client);
}

static void fire_when_hung(void *shared, size_t i) {
    (void)i;
    wait_until_it_hangs();
    insist_cancel_fire(shared);
}

static void cancel_returns(void **state) {
    (void)state;
    insist_cancel *cancel = NULL;
    insist_err err;
    assert_int_equal(insist_cancel_new(&cancel), INSIST_OK);
    struct crowd *crowd = crowd_start(1, fire_when_hung, cancel);
    insist_result *result =
        call("http://hangs.test/", INSIST_CALL_OPTIONS(.cancel = cancel, .deadline_ms = INSIST_FOREVER), &err);
    crowd_join(crowd);
    assert_int_equal(err, INSIST_ECANCELED);
    assert_int_equal(atomic_load(&left), 0);
    insist_result_free(result);
    insist_cancel_free(cancel);
    let_all_go();
    insist_client_free(client);
}

static void other_names_and_the_client_itself_do_not_wait(void **state) {
    (void)state;
    insist_testserver *server = NULL;
    insist_err err;
    char url[128];
    assert_int_equal(insist_testserver_start(NULL, NULL, &server), INSIST_OK);
    insist_result_free(call_until_the_deadline(100));
    snprintf(url, sizeof url, "http://localhost:%u/x", insist_testserver_port(server));
    insist_result *result = call(url, NULL, &err);
    assert_int_equal(err, INSIST_OK);
    assert_int_equal(insist_result_status(result), 200);
    insist_result_free(result);
    insist_client_free(client);
    wait_until_it_hangs();
    assert_int_equal(atomic_load(&left), 0);
    let_all_go();
    insist_testserver_free(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(deadline_holds, begin),
        cmocka_unit_test_setup(attempts_given_up_in_a_lookup_keep_nobody, begin),
        cmocka_unit_test_setup(cancel_returns, begin),
        cmocka_unit_test_setup(other_names_and_the_client_itself_do_not_wait, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
