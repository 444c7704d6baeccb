/* Threads and descriptors that are not to be had, one after the other and for good: whoever asks is told so by a code and a
 * sentence, nothing is left behind, and what is asked for later works. The server is another process, so that only
 * the client goes without. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/crowd.h"
#include "support/exhaustion.h"
#include "support/usage.h"
#include "testserver_process.h"
#include <fcntl.h>
#include <insist/insist.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#ifdef NEVER_LEADS
#define REACTORS 3u /* of a client with three workers */
#else
#define REACTORS 11u /* and eight for callers that drive */
#endif

static struct process server;

static int begin(void **state) {
    (void)state;
    process_start_server(&server, (const char *const[]){"--port", "0", NULL});
    return 0;
}

static int end(void **state) {
    (void)state;
    process_end(&server);
    process_fini(&server);
    return 0;
}

/* ---- nothing left behind ------------------------------------------------------------------------------------------ */

struct held {
    size_t threads, descriptors;
};

static struct held held_now(void) {
    return (struct held){usage_threads(getpid()), usage_descriptors(getpid())};
}

static bool is_same(struct held a, struct held b) {
    return a.threads == b.threads && a.descriptors == b.descriptors;
}

/* A thread that was joined may be seen for a moment more, and a worker may close a socket after its call has ended. */
static void assert_held(struct held before) {
    struct held now = held_now();
    for (int i = 0; i < 60000 && !is_same(now, before); i++) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        now = held_now();
    }
    assert_int_equal(now.threads, before.threads);
    assert_int_equal(now.descriptors, before.descriptors);
}

/* ---- clients ------------------------------------------------------------------------------------------------------ */

/* The client, or NULL and a sentence. */
static insist_client *try_client(void) {
    insist_client *client = NULL;
    insist_problem problem = {0};
    insist_err err = insist_client_new(INSIST_CLIENT_OPTIONS(.workers = 3), &problem, &client);
    if (err == INSIST_OK)
        return client;
    assert_null(client);
    assert_int_equal(err, INSIST_ESYSTEM);
    assert_int_equal(problem.err, err);
    assert_non_null(strstr(problem.text, "no thread or descriptor could be had"));
    return NULL;
}

static insist_err get(insist_client *client, const char *host) {
    char url[96];
    insist_result *result = NULL;
    insist_plan *plan = NULL;
    snprintf(url, sizeof url, "http://%s:%u/", host, (unsigned)server.port);
    assert_int_equal(insist_plan_new("GET", url, NULL, &plan), INSIST_OK);
    assert_int_equal(insist_plan_set_close(plan, true), INSIST_OK); /* a socket of its own */
    insist_err err = insist_execute(client, plan, NULL, &result);
    assert_non_null(result);
    if (err == INSIST_ESYSTEM)
        assert_non_null(strstr(insist_result_explain(result), ": ESYSTEM after "));
    else
        assert_int_equal(insist_result_status(result), 200);
    insist_result_free(result);
    insist_plan_free(plan);
    return err;
}

static void assert_a_new_one_works(void) {
    insist_client *client = try_client();
    assert_non_null(client);
    assert_int_equal(get(client, "127.0.0.1"), INSIST_OK);
    insist_client_free(client);
}

static size_t refuse_clients(enum exhausted which, bool lasting) {
    size_t n = 1;
    for (;; n++) {
        struct held before = held_now();
        exhaustion_arm(which, n, lasting);
        insist_client *client = try_client();
        bool refused = exhaustion_refused() > 0;
        exhaustion_arm(which, 0, false);
        assert_true(refused == (client == NULL));
        insist_client_free(client);
        assert_held(before);
        assert_a_new_one_works();
        if (!refused)
            return n - 1;
    }
}

static void what_a_client_is_made_of_is_refused(void **state) {
    (void)state;
    static const size_t needed[EXHAUSTED_SOCKET] = {3, REACTORS + 3, REACTORS, 3, 2 * REACTORS + 3}; /* three workers */
    for (int which = 0; which < EXHAUSTED_SOCKET; which++) {
        size_t once = refuse_clients((enum exhausted)which, false);
        size_t lasting = refuse_clients((enum exhausted)which, true);
        print_message("%s: %zu\n", exhaustion_name((enum exhausted)which), once);
        assert_int_equal(once, lasting);
        assert_int_equal(once, needed[which]);
    }
}

/* ---- calls -------------------------------------------------------------------------------------------------------- */

/* How many calls were told so. */
static size_t refuse_calls(enum exhausted which, const char *host, bool lasting) {
    size_t told = 0;
    for (size_t n = 1; n <= 8; n++) {
        insist_client *client = try_client();
        struct held before = held_now();
        exhaustion_arm(which, n, lasting);
        insist_err err = get(client, host);
        size_t refused = exhaustion_refused();
        exhaustion_arm(which, 0, false);
        assert_true(err == INSIST_OK || (err == INSIST_ESYSTEM && refused > 0));
        told += err == INSIST_ESYSTEM;
        assert_int_equal(get(client, "127.0.0.1"), INSIST_OK);
        assert_int_equal(get(client, host), INSIST_OK);
        if (strcmp(host, "127.0.0.1") == 0) /* else a thread waits for more lookups */
            assert_held(before);
        insist_client_free(client);
    }
    return told;
}

static void what_a_call_needs_is_refused(void **state) {
    (void)state;
    for (int lasting = 0; lasting < 2; lasting++) {
        struct held before = held_now();
        assert_true(refuse_calls(EXHAUSTED_SOCKET, "127.0.0.1", lasting) >= 1);
        assert_true(refuse_calls(EXHAUSTED_EPOLL_CTL, "127.0.0.1", lasting) >= 1);
        size_t unnamed = refuse_calls(EXHAUSTED_PTHREAD_CREATE, "localhost", lasting);
        assert_int_equal(unnamed, lasting ? 1 : 0); /* a lookup that could not be made is made again */
        assert_true(refuse_calls(EXHAUSTED_SOCKET, "localhost", lasting) >= 1);
        assert_held(before);
    }
}

/* ---- the real limit ----------------------------------------------------------------------------------------------- */

static void allow_descriptors(size_t more) {
    struct rlimit limit;
    int next = dup(0);
    assert_true(next >= 0);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = (rlim_t)next + more;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void allow_all_descriptors(void) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max < 1024 ? limit.rlim_max : 1024;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static size_t count_inheritable(void) {
    size_t count = 0;
    for (int fd = 0; fd < 1024; fd++) {
        int flags = fcntl(fd, F_GETFD);
        count += flags >= 0 && (flags & FD_CLOEXEC) == 0;
    }
    return count;
}

static void clients_are_made_with_as_many_descriptors_as_there_are(void **state) {
    (void)state;
    size_t inheritable = count_inheritable(), n = 0, taken = 0;
    for (; taken == 0; n++) {
        struct held before = held_now();
        allow_descriptors(n);
        insist_client *client = try_client();
        allow_all_descriptors();
        assert_int_equal(count_inheritable(), inheritable);
        taken = client != NULL ? usage_descriptors(getpid()) - before.descriptors : 0;
        insist_client_free(client);
        assert_held(before);
        assert_a_new_one_works();
    }
    print_message("a client with three workers takes %zu descriptors\n", taken);
    assert_int_equal(taken, 4 * REACTORS + 2 * 3); /* two of each reactor's own and two of libcurl's, two of each worker's */
    assert_true(n > taken);
}

static void calls_are_made_with_as_many_descriptors_as_there_are(void **state) {
    (void)state;
    static const char *const hosts[] = {"127.0.0.1", "localhost"};
    for (size_t i = 0; i < 2; i++) {
        size_t told = 0;
        for (size_t n = 0; n < 6; n++) {
            insist_client *client = try_client();
            allow_descriptors(n);
            insist_err err = get(client, hosts[i]);
            allow_all_descriptors();
            assert_true(err == INSIST_OK || err == INSIST_ESYSTEM);
            told += err == INSIST_ESYSTEM;
            assert_int_equal(get(client, hosts[i]), INSIST_OK);
            insist_client_free(client);
        }
        print_message("%s: %zu calls were told\n", hosts[i], told);
        assert_in_range(told, 1, 5);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_client_is_made_of_is_refused),
        cmocka_unit_test(what_a_call_needs_is_refused),
        cmocka_unit_test(clients_are_made_with_as_many_descriptors_as_there_are),
        cmocka_unit_test(calls_are_made_with_as_many_descriptors_as_there_are),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
