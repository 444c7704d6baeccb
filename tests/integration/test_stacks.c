/* How much stack the library's threads use. This program stands in front of pthread_create() (linked with --wrap) and gives
 * each thread a stack that was painted before; afterwards the deepest place that is no longer as it was painted tells.
 * The calls are of the deep kinds: TLS with the chain verified, compressed bodies, redirects, lookups, races, readers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/certificate_file.h"
#include <insist/insist.h>
#include <insist/testserver.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define STACK_BYTES ((size_t)512 * 1024)
#define PAINT 0xa5
#define STACKS_MOST 32

/* What docs/reliability.md promises. */
#define WORKERS_MOST ((size_t)64 * 1024)
#define LOOKUPS_MOST ((size_t)64 * 1024)
#define CALLERS_MOST ((size_t)64 * 1024)
#define CALLERS_LEAST ((size_t)32 * 1024) /* with workers_only */

static struct {
    unsigned char *stacks[STACKS_MOST]; /* from their lowest byte */
    bool of_lookups[STACKS_MOST];
    bool of_callers[STACKS_MOST];
    size_t first, count; /* of this measurement, and behind the last */
    pthread_mutex_t lock;
    bool painting, calling; /* calling: the next thread is one that calls */
} painted = {.lock = PTHREAD_MUTEX_INITIALIZER};

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*main)(void *), void *argument);
__attribute__((visibility("default"))) int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                                                                 void *(*main)(void *), void *argument);

static unsigned char *new_stack(bool of_lookups) {
    unsigned char *stack =
        mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED)
        abort();
    memset(stack, PAINT, STACK_BYTES);
    pthread_mutex_lock(&painted.lock);
    if (painted.count == STACKS_MOST)
        abort();
    painted.of_lookups[painted.count] = of_lookups;
    painted.of_callers[painted.count] = painted.calling;
    painted.calling = false;
    painted.stacks[painted.count++] = stack;
    pthread_mutex_unlock(&painted.lock);
    return stack;
}

/* Those that look names up are the ones that are started detached. */
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*main)(void *), void *argument) {
    pthread_attr_t own;
    int state = PTHREAD_CREATE_JOINABLE;
    if (!painted.painting)
        return __real_pthread_create(thread, attributes, main, argument);
    if (attributes != NULL)
        pthread_attr_getdetachstate(attributes, &state);
    if (pthread_attr_init(&own) != 0 || pthread_attr_setdetachstate(&own, state) != 0 ||
        pthread_attr_setstack(&own, new_stack(state == PTHREAD_CREATE_DETACHED), STACK_BYTES) != 0)
        abort();
    int failed = __real_pthread_create(thread, &own, main, argument);
    pthread_attr_destroy(&own);
    return failed;
}

static size_t deepest(bool of_lookups, bool of_callers) {
    size_t most = 0;
    for (size_t i = painted.first; i < painted.count; i++) {
        size_t untouched = 0;
        while (untouched < STACK_BYTES && painted.stacks[i][untouched] == PAINT)
            untouched++;
        if (painted.of_lookups[i] == of_lookups && painted.of_callers[i] == of_callers &&
            STACK_BYTES - untouched > most)
            most = STACK_BYTES - untouched;
    }
    return most;
}

/* ---- deep calls --------------------------------------------------------------------------------------------------- */

static insist_testserver *server, *tls_server;
static char certificate[64];

static int begin(void **state) {
    (void)state;
    if (insist_testserver_start(NULL, NULL, &server) != INSIST_OK ||
        insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.tls = true), NULL, &tls_server) != INSIST_OK)
        return -1;
    return certificate_file_write(certificate, tls_server) ? 0 : -1;
}

static int end(void **state) {
    (void)state;
    remove(certificate);
    insist_testserver_free(server);
    insist_testserver_free(tls_server);
    return 0;
}

/* Not on the test's own thread. */
static void get(insist_client *client, const char *url, const insist_call_options *options) {
    insist_plan *plan = NULL;
    insist_result *result = NULL;
    if (insist_plan_new("GET", url, NULL, &plan) != INSIST_OK)
        abort();
    insist_err err = insist_execute(client, plan, options, &result);
    if (err != INSIST_OK || insist_result_status(result) != 200) {
        fprintf(stderr, "%s\n", insist_result_explain(result));
        abort();
    }
    insist_result_free(result);
    insist_plan_free(plan);
}

static void get_of(insist_client *client, const insist_testserver *of, const char *query,
                   const insist_race_policy *race) {
    char url[256];
    snprintf(url, sizeof url, "%s/%s", insist_testserver_url(of), query);
    get(client, url, INSIST_CALL_OPTIONS(.race = race));
}

static void make_deep_calls(insist_client *client) {
    char url[128];
    insist_race_policy *race = NULL;
    if (insist_race_policy_new(insist_race_at_once(4), insist_start_always(), INSIST_REFILL, NULL, &race) != INSIST_OK)
        abort();
    snprintf(url, sizeof url, "http://localhost:%u/", (unsigned)insist_testserver_port(server));
    get(client, url, NULL);
    const insist_testserver *const both[] = {server, tls_server};
    for (size_t i = 0; i < 2; i++) {
        get_of(client, both[i], "plain?do=200;size=1MB", NULL);
        get_of(client, both[i], "gzip?do=200;size=10MB;gzip", NULL);
        get_of(client, both[i], "deflate?do=200;size=1MB;deflate;chunked=7000", NULL);
        get_of(client, both[i], "redirect?do=redirect=/second", NULL);
        get_of(client, both[i], "headers?do=200;headers=2000", NULL);
        get_of(client, both[i], "faults?do=reset@body:10,truncate@5,200", NULL);
        get_of(client, both[i], "raced?do=200;delay=10ms", race);
    }
    insist_race_policy_free(race);
}

static void *call_deeply(void *client) {
    make_deep_calls(client);
    return NULL;
}

static void measure(bool workers_only) {
    insist_client *client = NULL;
    pthread_t caller;
    painted.first = painted.count; /* a lookup's thread may be there still */
    painted.painting = true;
    assert_int_equal(insist_client_new(INSIST_CLIENT_OPTIONS(.workers = 1, .budget = insist_budget_none(),
                                                             .workers_only = workers_only,
                                                             .tls = INSIST_TLS_OPTIONS(.ca_file = certificate)),
                                       NULL, &client),
                     INSIST_OK);
    painted.calling = true;
    assert_int_equal(pthread_create(&caller, NULL, call_deeply, client), 0);
    pthread_join(caller, NULL);
    insist_client_free(client);
    painted.painting = false;
    print_message("%zu bytes of a worker's stack, %zu of a lookup's, %zu of a caller's, of %ld for a page\n",
                  deepest(false, false), deepest(true, false), deepest(false, true), sysconf(_SC_PAGESIZE));
}

static void workers_use_little_stack(void **state) {
    (void)state;
    measure(true);
    assert_in_range(deepest(false, false), 1024, WORKERS_MOST);
    assert_in_range(deepest(true, false), 1024, LOOKUPS_MOST);
    assert_in_range(deepest(false, true), 1024, CALLERS_LEAST);
}

static void callers_that_drive_use_no_more_than_workers(void **state) {
    (void)state;
    measure(false);
    assert_in_range(deepest(false, false), 1024, WORKERS_MOST);
    assert_in_range(deepest(true, false), 0, LOOKUPS_MOST); /* the thread may be an older one */
    assert_in_range(deepest(false, true), 1024, CALLERS_MOST);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(workers_use_little_stack),
        cmocka_unit_test(callers_that_drive_use_no_more_than_workers),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
