/* What the allocator in env does not see: libcurl, OpenSSL, zlib and the C library run out of memory, too. A program of its
 * own calls with a malloc() that fails (failing_calls, support/failing_malloc.c), http and https, the n-th time and by chance: it
 * neither crashes nor hangs, each call has a result or INSIST_ENOMEM, a 200 has the body that was asked for, and once there is
 * memory again a call succeeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run_program.h"
#include "testserver_process.h"
#include <stdio.h>

static struct process plain, tls;

static int begin(void **state) {
    (void)state;
    process_start_server(&plain, (const char *const[]){"--port", "0", NULL});
    process_start_server(&tls, (const char *const[]){"--port", "0", "--tls", NULL});
    return 0;
}

static int end(void **state) {
    (void)state;
    process_end(&plain);
    process_end(&tls);
    process_fini(&plain);
    process_fini(&tls);
    return 0;
}

/* `env` preloads. What the program says last, should it die, is on its standard error. */
static void run_without_memory(const char *scheme, const struct process *server, const char *const how[6]) {
    char origin[64];
    struct run run;
    snprintf(origin, sizeof origin, "%s://127.0.0.1:%u", scheme, (unsigned)server->port);
    run_start(&run, "/usr/bin/env",
              (const char *const[]){"LD_PRELOAD=" FAILING_MALLOC, FAILING_CALLS, origin, how[0], how[1], how[2], how[3],
                                    how[4], how[5], NULL},
              NULL);
    run_wait(&run);
    print_message("%s %s\n%s", origin, how[0], run.out);
    if (run.exit_status != 0)
        print_error("exit status %d, behind: %s\n", run.exit_status,
                    run.err_len > 60 ? run.err + run.err_len - 60 : run.err);
    assert_int_equal(run.exit_status, 0);
    run_fini(&run);
}

static void each_request_for_memory_fails(void **state) {
    (void)state;
    run_without_memory("http", &plain, (const char *const[6]){"each", "1"});
}

/* Some three thousand a call: every 97th. */
static void some_requests_for_memory_fail_over_tls(void **state) {
    (void)state;
    run_without_memory("https", &tls, (const char *const[6]){"each", "97"});
}

/* Of 35 calls a round so many at least have to come to an attempt, and to send a request: far fewer than do. Of 1 in 3 no
 * call is asked to send. */
static void requests_for_memory_fail_by_chance(void **state) {
    static const struct {
        const char *one_in, *rounds, *attempted, *sent;
    } chances[] = {
        {"3", "100", "1000", "0"}, {"10", "100", "2000", "10"}, {"30", "30", "700", "20"},
        {"100", "10", "250", "5"}, {"400", "3", "90", "10"},
    };
    static const char *const seeds[] = {"1", "2", "3", "4"};
    (void)state;
    for (size_t i = 0; i < sizeof chances / sizeof chances[0]; i++)
        for (size_t j = 0; j < sizeof seeds / sizeof seeds[0]; j++) {
            const char *const how[6] = {"one-in",          chances[i].one_in,    seeds[j],
                                        chances[i].rounds, chances[i].attempted, chances[i].sent};
            run_without_memory("http", &plain, how);
            run_without_memory("https", &tls, how);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_for_memory_fails),
        cmocka_unit_test(some_requests_for_memory_fail_over_tls),
        cmocka_unit_test(requests_for_memory_fail_by_chance),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
