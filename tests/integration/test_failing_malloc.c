/* What the allocator in env does not see: libcurl, OpenSSL, zlib and the C library run out of memory, too. A program of its
 * own calls with a malloc() that fails (failing_calls, support/failing_malloc.c), http and https, the n-th time and by chance: it
 * neither crashes nor hangs, each call has a result or INSIST_ENOMEM, and once there is memory again a call succeeds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "run_program.h"
#include "testserver_process.h"
#include <stdio.h>

#define SEEDS 4

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
static void run_without_memory(const char *scheme, const struct process *server, const char *how, unsigned long first,
                               unsigned long second) {
    char origin[64], numbers[2][24];
    struct run run;
    snprintf(origin, sizeof origin, "%s://127.0.0.1:%u", scheme, (unsigned)server->port);
    snprintf(numbers[0], sizeof numbers[0], "%lu", first);
    snprintf(numbers[1], sizeof numbers[1], "%lu", second);
    run_start(
        &run, "/usr/bin/env",
        (const char *const[]){"LD_PRELOAD=" FAILING_MALLOC, FAILING_CALLS, origin, how, numbers[0], numbers[1], NULL},
        NULL);
    run_wait(&run);
    print_message("%s %s\n%s", origin, how, run.out);
    if (run.exit_status != 0)
        print_error("exit status %d, behind: %s\n", run.exit_status,
                    run.err_len > 60 ? run.err + run.err_len - 60 : run.err);
    assert_int_equal(run.exit_status, 0);
    run_fini(&run);
}

static void each_request_for_memory_fails(void **state) {
    (void)state;
    run_without_memory("http", &plain, "each", 1, 0);
}

/* Some three thousand a call: every 97th. */
static void some_requests_for_memory_fail_over_tls(void **state) {
    (void)state;
    run_without_memory("https", &tls, "each", 97, 0);
}

static void requests_for_memory_fail_by_chance(void **state) {
    static const unsigned long chances[] = {3, 10, 30, 100, 400};
    (void)state;
    for (size_t i = 0; i < sizeof chances / sizeof chances[0]; i++)
        for (unsigned long seed = 1; seed <= SEEDS; seed++) {
            run_without_memory("http", &plain, "one-in", chances[i], seed);
            run_without_memory("https", &tls, "one-in", chances[i], seed);
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
