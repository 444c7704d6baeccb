/* Requests are counted, and methods promise what RFC 9110 says of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "view/request.h"
#include <pthread.h>

static int releases;
static struct request *released;

static void note_release(struct request *request) {
    releases++;
    released = request;
}

static void begin(struct request *request) {
    *request = (struct request){.release = note_release};
    atomic_init(&request->references, 1);
    releases = 0;
    released = NULL;
}

static void the_last_reference_releases(void **state) {
    (void)state;
    struct request request;
    begin(&request);
    assert_ptr_equal(request_retain(&request), &request);
    request_release(&request);
    assert_int_equal(releases, 0);
    request_release(&request);
    assert_int_equal(releases, 1);
    assert_ptr_equal(released, &request);
}

static void releasing_nothing_is_fine(void **state) {
    (void)state;
    request_release(NULL);
}

enum { THREADS = 4, TURNS = 5000 };

static void *retain_and_release(void *request) {
    for (int i = 0; i < TURNS; i++)
        request_release(request_retain(request));
    request_release(request); /* the one that was given to this thread */
    return NULL;
}

static void any_thread_may_be_the_last(void **state) {
    (void)state;
    struct request request;
    pthread_t threads[THREADS];
    begin(&request);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, retain_and_release, request_retain(&request)), 0);
    request_release(&request);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(releases, 1);
}

static void methods(void **state) {
    (void)state;
    static const struct {
        const char *method;
        bool repeatable, raceable;
    } cases[] = {
        {"GET", true, true},     {"HEAD", true, true},      {"OPTIONS", true, true}, {"QUERY", true, true},
        {"PUT", true, false},    {"DELETE", true, false},   {"TRACE", true, false},  {"POST", false, false},
        {"PATCH", false, false}, {"CONNECT", false, false}, {"PURGE", false, false}, {"", false, false},
        {"get", false, false},   {"GETS", false, false},    {"GE", false, false},    {"Put", false, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(request_method_is_repeatable(cases[i].method), cases[i].repeatable);
        assert_int_equal(request_method_is_raceable(cases[i].method), cases[i].raceable);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_reference_releases),
        cmocka_unit_test(releasing_nothing_is_fine),
        cmocka_unit_test(any_thread_may_be_the_last),
        cmocka_unit_test(methods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
