/* Signals while calls are made: a storm of them, each of which interrupts whatever system call is under way, changes no
 * answer; and SIGPIPE, which would end the process, is never raised, whatever the other side does to a request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/crowd.h"
#include "testserver_process.h"
#include <insist/insist.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define CALLERS 8
#define CALLS 40
#define BODY 200000

static struct process server, tls_server; /* other processes: what befalls sockets here befalls the client's only */
static insist_client *client;
static atomic_size_t signals_taken, sigpipes;

static int begin(void **state) {
    (void)state;
    const insist_client_options *options =
        INSIST_CLIENT_OPTIONS(.budget = insist_budget_none(), .tls = INSIST_TLS_OPTIONS(.insecure = true));
    process_start_server(&server, (const char *const[]){"--port", "0", NULL});
    process_start_server(&tls_server, (const char *const[]){"--port", "0", "--tls", NULL});
    return insist_client_new(options, NULL, &client) == INSIST_OK ? 0 : -1;
}

static int end(void **state) {
    (void)state;
    insist_client_free(client);
    process_end(&server);
    process_end(&tls_server);
    process_fini(&server);
    process_fini(&tls_server);
    return 0;
}

static void count_signal(int number) {
    atomic_fetch_add(number == SIGPIPE ? &sigpipes : &signals_taken, 1);
}

/* ---- a storm ------------------------------------------------------------------------------------------------------ */

struct storm {
    pthread_t callers[CALLERS];
    atomic_size_t begun, over, ill;
};

struct sink {
    size_t taken;
};

static int take(void *ctx, const void *data, size_t length) {
    (void)data;
    ((struct sink *)ctx)->taken += length;
    return 0;
}

static int forget(void *ctx) {
    ((struct sink *)ctx)->taken = 0;
    return 0;
}

/* By turns: a retried call, one with a wait in it, one into a sink, one by name. */
static bool call_well(size_t turn) {
    static const char *const paths[] = {"127.0.0.1:%u/?do=503;retry-after=0,reset,200;size=200000&key=%zu",
                                        "127.0.0.1:%u/?do=200;delay=5ms;size=200000&key=%zu",
                                        "127.0.0.1:%u/?do=200;size=200000;rate=20MB/s&key=%zu",
                                        "localhost:%u/?do=200;size=200000&key=%zu"};
    static atomic_size_t key;
    char url[160] = "http://";
    struct sink into = {0};
    const insist_sink sink = {.write = take, .rewind = forget, .ctx = &into};
    insist_plan *plan = NULL;
    insist_result *result = NULL;
    size_t length = 0;
    int written = snprintf(url + 7, sizeof url - 7, paths[turn % 4], (unsigned)server.port, atomic_fetch_add(&key, 1));
    if (written < 0 || insist_plan_new("GET", url, NULL, &plan) != INSIST_OK)
        return false;
    insist_err err = insist_execute(client, plan, INSIST_CALL_OPTIONS(.sink = turn % 4 == 2 ? &sink : NULL), &result);
    insist_result_body(result, &length);
    bool well = err == INSIST_OK && insist_result_status(result) == 200 && length + into.taken == BODY;
    if (!well)
        fprintf(stderr, "%s\n", insist_result_explain(result));
    insist_result_free(result);
    insist_plan_free(plan);
    return well;
}

static void call_in_the_storm(void *shared, size_t i) {
    struct storm *storm = shared;
    storm->callers[i] = pthread_self();
    atomic_fetch_add(&storm->begun, 1);
    for (size_t turn = i; turn < i + CALLS; turn++)
        atomic_fetch_add(&storm->ill, call_well(turn) ? 0 : 1);
    atomic_fetch_add(&storm->over, 1);
    while (atomic_load(&storm->over) < CALLERS + 1) /* whoever is signalled must be there */
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* Every millisecond a signal of the timer, which goes to any thread that takes it, and one to each caller. */
static void a_storm_of_signals_changes_no_answer(void **state) {
    (void)state;
    struct storm storm = {.ill = 0};
    const struct sigaction counting = {.sa_handler = count_signal}; /* without SA_RESTART */
    const struct itimerval every_ms = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    assert_int_equal(sigaction(SIGALRM, &counting, NULL), 0);
    assert_int_equal(sigaction(SIGUSR1, &counting, NULL), 0);
    struct crowd *crowd = crowd_start(CALLERS, call_in_the_storm, &storm);
    while (atomic_load(&storm.begun) < CALLERS)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    assert_int_equal(setitimer(ITIMER_REAL, &every_ms, NULL), 0);
    while (atomic_load(&storm.over) < CALLERS) {
        for (size_t i = 0; i < CALLERS; i++)
            pthread_kill(storm.callers[i], SIGUSR1);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    setitimer(ITIMER_REAL, &never, NULL);
    atomic_fetch_add(&storm.over, 1);
    crowd_join(crowd);
    print_message("%d calls, %zu signals\n", CALLERS * CALLS, atomic_load(&signals_taken));
    assert_int_equal(atomic_load(&storm.ill), 0);
    assert_true(atomic_load(&signals_taken) > 1000);
}

/* ---- SIGPIPE ------------------------------------------------------------------------------------------------------ */

/* The other side ends the connection while a body of eight megabytes is being sent, in every way that it knows. */
static void post_in_vain(const char *origin, uint16_t port) {
    static const char *const ends[] = {"reset;unread", "close;unread", "reset", "close", "garbage;unread"};
    static char body[8 * 1024 * 1024];
    for (size_t i = 0; i < 4 * sizeof ends / sizeof ends[0]; i++) {
        char url[128];
        insist_result *result = NULL;
        snprintf(url, sizeof url, "%s:%u/?do=%s", origin, (unsigned)port, ends[i % 5]);
        insist_err err = insist_post(client, url, NULL, body, sizeof body, &result);
        assert_int_not_equal(err, INSIST_OK);
        assert_non_null(result);
        insist_result_free(result);
    }
}

static void sigpipe_is_never_taken(void **state) {
    (void)state;
    const struct sigaction counting = {.sa_handler = count_signal};
    struct sigaction before, now;
    assert_int_equal(sigaction(SIGPIPE, &counting, &before), 0);
    post_in_vain("http://127.0.0.1", server.port);
    post_in_vain("https://127.0.0.1", tls_server.port);
    assert_int_equal(atomic_load(&sigpipes), 0);
    assert_int_equal(sigaction(SIGPIPE, &before, &now), 0);
    assert_true(now.sa_handler == count_signal); /* nobody has put another in its place */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_storm_of_signals_changes_no_answer),
        cmocka_unit_test(sigpipe_is_never_taken),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
