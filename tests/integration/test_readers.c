/* Request bodies that are read while they are sent, over real sockets: the same bytes on every attempt and every hop, or an error that says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pair.h"
#include "support/crowd.h"
#include <insist/insist.h>
#include <insist/testserver.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A source of bytes that are told by their place. */
struct source {
    size_t size, at;
    size_t fails_at; /* reading fails from there; 0: never */
    bool rewind_fails;
    unsigned rewinds, closes;
};

static int64_t read_source(void *ctx, void *buffer, size_t room) {
    struct source *source = ctx;
    size_t left = source->size - source->at;
    size_t count = left < room ? left : room;
    if (source->fails_at != 0 && source->at >= source->fails_at)
        return -1;
    for (size_t i = 0; i < count; i++)
        ((unsigned char *)buffer)[i] = (unsigned char)((source->at + i) * 7 / 3);
    source->at += count;
    return (int64_t)count;
}

static int rewind_source(void *ctx) {
    struct source *source = ctx;
    source->rewinds++;
    source->at = 0;
    return source->rewind_fails ? -1 : 0;
}

static void close_source(void *ctx) {
    ((struct source *)ctx)->closes++;
}

static insist_reader reader_of(struct source *source, bool rewinds, bool with_length) {
    return (insist_reader){.read = read_source,
                           .rewind = rewinds ? rewind_source : NULL,
                           .ctx = source,
                           .length = with_length ? (int64_t)source->size : -1};
}

static insist_plan *plan_to(const char *method, const char *path) {
    char url[256];
    insist_plan *plan = NULL;
    snprintf(url, sizeof url, "%s%s", insist_testserver_url(server), path);
    assert_int_equal(insist_plan_new(method, url, NULL, &plan), INSIST_OK);
    return plan;
}

/* Every request of the key carried the whole body, and the same. */
static void assert_bodies(const char *key, size_t count, size_t size) {
    insist_testserver_journal *journal = NULL;
    assert_int_equal(insist_testserver_journal_new(server, NULL, key, &journal), INSIST_OK);
    assert_int_equal(insist_testserver_journal_count(journal), count);
    for (size_t i = 0; i < count; i++) {
        const insist_testserver_entry *entry = insist_testserver_journal_at(journal, i);
        assert_int_equal(entry->body_bytes, size);
        assert_string_equal(entry->body_sha256, insist_testserver_journal_at(journal, 0)->body_sha256);
    }
    insist_testserver_journal_free(journal);
}

static void sends_again_the_same(bool rewinds, bool with_length, const char *path, const char *key, size_t size) {
    struct source source = {.size = size};
    insist_reader reader = reader_of(&source, rewinds, with_length);
    insist_plan *plan = plan_to("PUT", path);
    insist_result *result = NULL;
    reader.close = close_source; /* another thread may call it, once this one has let go of the plan */
    assert_int_equal(insist_plan_set_body_reader(plan, &reader), INSIST_OK);
    insist_err err = insist_execute(client, plan, NULL, &result);
    if (err != INSIST_OK || insist_result_status(result) != 200)
        print_error("%s\n", insist_result_explain(result));
    assert_int_equal(err, INSIST_OK);
    assert_int_equal(insist_result_status(result), 200);
    assert_int_equal(insist_result_attempts(result), 3);
    assert_bodies(key, 3, size);
    assert_int_equal(source.rewinds, rewinds ? 2 : 0);
    insist_result_free(result);
    assert_int_equal(source.closes, 0);
    insist_plan_free(plan);
    insist_client_free(client); /* nothing refers to the plan any more */
    assert_int_equal(source.closes, 1);
    assert_int_equal(insist_client_new(NULL, NULL, &client), INSIST_OK);
}

static void reader_that_rewinds_is_sent_again(void **state) {
    (void)state;
    sends_again_the_same(true, true, "/r?do=503;retry-after=0,reset,200&key=a", "a", 3000000);
    sends_again_the_same(true, false, "/r?do=503;retry-after=0,reset,200&key=b", "b", 3000000);
}

static void small_reader_that_cannot_rewind_is_kept(void **state) {
    (void)state;
    sends_again_the_same(false, true, "/r?do=503;retry-after=0,reset,200&key=a", "a", 1000000);
    sends_again_the_same(false, false, "/r?do=503;retry-after=0,reset,200&key=b", "b", 1000);
}

static void large_reader_that_cannot_rewind_is_sent_once(void **state) {
    (void)state;
    struct source source = {.size = 3000000};
    insist_reader reader = reader_of(&source, false, true);
    insist_plan *plan = plan_to("PUT", "/r?do=503;retry-after=0,200&key=a");
    insist_result *result = NULL;
    assert_int_equal(insist_plan_set_body_reader(plan, &reader), INSIST_OK);
    assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_OK);
    assert_int_equal(insist_result_status(result), 503);
    assert_int_equal(insist_result_reason(result), INSIST_NOT_REPEATABLE);
    assert_bodies("a", 1, 3000000);
    insist_result_free(result);
    insist_plan_free(plan);
}

static void large_reader_that_cannot_rewind_is_not_redirected(void **state) {
    (void)state;
    struct source source = {.size = 3000000};
    insist_reader reader = reader_of(&source, false, true);
    insist_plan *plan = plan_to("PUT", "/first?do=307=/second&key=a");
    insist_result *result = NULL;
    assert_int_equal(insist_plan_set_body_reader(plan, &reader), INSIST_OK);
    assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_OK);
    assert_int_equal(insist_result_status(result), 307);
    assert_int_equal(insist_testserver_hits(server, "/second"), 0);
    insist_result_free(result);
    insist_plan_free(plan);
}

static void empty_reader_sends_no_body(void **state) {
    (void)state;
    struct source source = {.size = 0};
    insist_reader reader = reader_of(&source, true, true);
    insist_plan *plan = plan_to("POST", "/r?key=a");
    insist_result *result = NULL;
    assert_int_equal(insist_plan_set_body_reader(plan, &reader), INSIST_OK);
    assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_OK);
    assert_bodies("a", 1, 0);
    insist_result_free(result);
    insist_plan_free(plan);
}

static void assert_body_error(struct source source, int64_t length, const char *path) {
    insist_reader reader = reader_of(&source, true, false);
    insist_plan *plan = plan_to("PUT", path);
    insist_result *result = NULL;
    reader.length = length;
    assert_int_equal(insist_plan_set_body_reader(plan, &reader), INSIST_OK);
    assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_EBODY);
    assert_int_equal(insist_result_reason(result), INSIST_STOPPED);
    assert_non_null(strstr(insist_result_explain(result), "EBODY"));
    insist_result_free(result);
    insist_plan_free(plan);
}

static void reader_that_fails_ends_the_call(void **state) {
    (void)state;
    assert_body_error((struct source){.size = 300000, .fails_at = 65536}, 300000, "/r?key=a");
    assert_body_error((struct source){.size = 300000, .rewind_fails = true}, 300000,
                      "/r?do=503;retry-after=0,200&key=b");
}

static void reader_of_another_length_ends_the_call(void **state) {
    (void)state;
    assert_body_error((struct source){.size = 300000}, 300001, "/r?key=a");
    assert_body_error((struct source){.size = 300000}, 200000, "/r?key=b");
}

static void body_goes_along_with_307_and_is_left_behind_with_302(void **state) {
    (void)state;
    struct source source = {.size = 200000};
    insist_reader reader = reader_of(&source, true, true);
    insist_plan *plan = plan_to("PUT", "/first?do=307=/second?key%3Da&key=a");
    insist_result *result = NULL;
    assert_int_equal(insist_plan_set_body_reader(plan, &reader), INSIST_OK);
    assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_OK);
    assert_int_equal(insist_result_status(result), 200);
    assert_int_equal(insist_result_attempts(result), 1);
    assert_bodies("a", 2, 200000);
    insist_result_free(result);
    insist_plan_free(plan);

    source = (struct source){.size = 200000};
    reader = reader_of(&source, true, true);
    plan = plan_to("POST", "/first?do=redirect=/plain&key=b");
    assert_int_equal(insist_plan_set_body_reader(plan, &reader), INSIST_OK);
    assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_OK);
    assert_int_equal(insist_testserver_hits(server, "/plain"), 1);
    insist_result_free(result);
    insist_plan_free(plan);
}

static void file_is_sent_from_where_it_stands(void **state) {
    (void)state;
    char name[] = "/tmp/insist-body-XXXXXX";
    static char bytes[400000];
    int fd = mkstemp(name), pipes[2];
    insist_plan *plan = plan_to("PUT", "/f?do=503;retry-after=0,200;echo&key=a");
    insist_result *result = NULL;
    size_t length = 0;
    assert_true(fd >= 0);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 11 / 5);
    assert_int_equal(write(fd, bytes, sizeof bytes), sizeof bytes);
    assert_int_equal(lseek(fd, 100, SEEK_SET), 100);
    assert_int_equal(insist_plan_set_body_fd(plan, fd), INSIST_OK);
    assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_OK);
    const void *body = insist_result_body(result, &length);
    assert_int_equal(length, sizeof bytes - 100);
    assert_memory_equal(body, bytes + 100, length);
    assert_int_equal(insist_result_attempts(result), 2);
    insist_result_free(result);
    insist_plan_free(plan);
    close(fd);
    unlink(name);

    plan = plan_to("PUT", "/f");
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(insist_plan_set_body_fd(plan, pipes[0]), INSIST_EINVAL);
    assert_string_equal(insist_plan_problem(plan)->field, "fd");
    close(pipes[0]);
    close(pipes[1]);
    insist_plan_free(plan);
}

/* ---- one call at a time ---- */

static sem_t reading, go_on;

static int64_t read_when_told(void *ctx, void *buffer, size_t room) {
    (void)ctx;
    (void)buffer;
    (void)room;
    sem_post(&reading);
    while (sem_wait(&go_on) != 0)
        ;
    return 0;
}

static insist_err err_of_first;

static void execute_first(void *shared, size_t i) {
    insist_result *result = NULL;
    (void)i;
    err_of_first = insist_execute(client, shared, NULL, &result);
    insist_result_free(result);
}

static void second_call_is_refused_while_the_first_reads(void **state) {
    (void)state;
    insist_reader reader = {.read = read_when_told, .length = -1};
    insist_plan *plan = plan_to("POST", "/r?key=a");
    insist_result *result = NULL;
    sem_init(&reading, 0, 0);
    sem_init(&go_on, 0, 0);
    assert_int_equal(insist_plan_set_body_reader(plan, &reader), INSIST_OK);
    struct crowd *crowd = crowd_start(1, execute_first, plan);
    while (sem_wait(&reading) != 0)
        ;
    assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_EINVAL);
    assert_non_null(strstr(insist_result_explain(result), "another call"));
    insist_result_free(result);
    sem_post(&go_on);
    crowd_join(crowd);
    assert_int_equal(err_of_first, INSIST_OK);
    assert_int_equal(insist_testserver_hits_by_key(server, "a"), 1);
    insist_plan_free(plan);
}

static void bad_readers_are_refused(void **state) {
    (void)state;
    struct source source = {.size = 1};
    insist_reader no_read = {.length = 1}, bad_length = reader_of(&source, true, true);
    insist_plan *plan = plan_to("PUT", "/never");
    bad_length.length = -2;
    bad_length.close = close_source;
    assert_int_equal(insist_plan_set_body_reader(plan, &no_read), INSIST_EINVAL);
    assert_string_equal(insist_plan_problem(plan)->field, "reader");
    assert_int_equal(insist_plan_set_body_reader(plan, &bad_length), INSIST_EINVAL);
    assert_int_equal(insist_plan_set_body_reader(plan, NULL), INSIST_EINVAL);
    assert_int_equal(source.closes, 0);
    insist_plan_free(plan);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, pair_begin, pair_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(reader_that_rewinds_is_sent_again),
        CASE(small_reader_that_cannot_rewind_is_kept),
        CASE(large_reader_that_cannot_rewind_is_sent_once),
        CASE(large_reader_that_cannot_rewind_is_not_redirected),
        CASE(empty_reader_sends_no_body),
        CASE(reader_that_fails_ends_the_call),
        CASE(reader_of_another_length_ends_the_call),
        CASE(body_goes_along_with_307_and_is_left_behind_with_302),
        CASE(file_is_sent_from_where_it_stands),
        CASE(second_call_is_refused_while_the_first_reads),
        CASE(bad_readers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
