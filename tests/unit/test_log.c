/* Logs: the messages of a call, what is never in them, the two adapters, and the failures that a result keeps. Virtual
 * time; every assertion is exact. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "call/failures.h"
#include "call/log.h"
#include "support/virtual_env.h"
#include "support/world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

static insist_logger logger;
static struct headers hidden;
static char lines[8192];

static void note(void *ctx, insist_log_level level, const char *message, const insist_log_pair *pairs, size_t n) {
    size_t length = strlen(lines);
    (void)ctx;
    length += (size_t)snprintf(lines + length, sizeof lines - length, "%s|%s", insist_log_level_name(level), message);
    for (size_t i = 0; i < n; i++)
        length += (size_t)snprintf(lines + length, sizeof lines - length, "|%s=%s", pairs[i].key, pairs[i].value);
    snprintf(lines + length, sizeof lines - length, "\n");
}

static int log_only(void *ctx, insist_event event) {
    const struct world *world = ctx;
    log_event(&logger, &hidden, &world->execution, event);
    return 0;
}

static int begin(void **state) {
    (void)state;
    lines[0] = '\0';
    logger = (insist_logger){.log = note};
    headers_init(&hidden, &env_standard);
    return headers_add(&hidden, "token", "") == INSIST_OK ? 0 : -1;
}

static int end(void **state) {
    (void)state;
    headers_fini(&hidden);
    return 0;
}

#define PLAY_LOGGED(world, ...)                                                                                        \
    PLAY(world, __VA_ARGS__);                                                                                          \
    world.request.shown_url = "http://h/p";                                                                            \
    world.ports.fire = log_only

/* ---- messages ---- */

static void retried_call_tells_all(void **state) { /* M78, R26 */
    (void)state;
    PLAY_LOGGED(world, ANSWER(503, 10), FAILS(INSIST_ERESET, INSIST_CONN_RESET, 10), ANSWER(200, 10));
    world_play(&world);
    assert_string_equal(
        lines,
        "DEBUG|performing request|method=GET|url=http://h/p|attempt=0\n"
        "DEBUG|retrying in 100 ms (3 left, status 503)|method=GET|url=http://h/p|attempt=0|status=503|wait_ms=100|"
        "source=backoff|remaining=3\n"
        "DEBUG|performing request|method=GET|url=http://h/p|attempt=1\n"
        "ERROR|request failed: the connection was reset|method=GET|url=http://h/p|attempt=1|error=ERESET\n"
        "DEBUG|retrying in 100 ms (2 left, ERESET)|method=GET|url=http://h/p|attempt=1|error=ERESET|wait_ms=100|"
        "source=backoff|remaining=2\n"
        "DEBUG|performing request|method=GET|url=http://h/p|attempt=2\n"
        "INFO|done after 3 attempts|method=GET|url=http://h/p|attempts=3|status=200\n");
    world_fini(&world);
}

static void good_call_tells_no_more_than_its_request(void **state) {
    (void)state;
    PLAY_LOGGED(world, ANSWER(200, 10));
    world_play(&world);
    assert_string_equal(lines, "DEBUG|performing request|method=GET|url=http://h/p|attempt=0\n");
    world_fini(&world);
}

static void answer_given_up_with_is_a_warning(void **state) { /* M78 */
    (void)state;
    PLAY_LOGGED(world, ANSWER(503, 10));
    world.retries_allowed = 0;
    world_play(&world);
    assert_non_null(strstr(lines, "WARN|giving up after 1 attempt(s)|method=GET|url=http://h/p|attempts=1|reason=count|"
                                  "status=503\n"));
    world_fini(&world);
}

static void error_given_up_with_is_an_error(void **state) { /* M78 */
    (void)state;
    PLAY_LOGGED(world, HANGS);
    world.rules.deadline_ns = world.start_ns + 200 * WORLD_MS;
    world_play(&world);
    assert_non_null(strstr(lines, "ERROR|request failed: the call reached its deadline|method=GET|url=http://h/p|"
                                  "attempt=0|error=EDEADLINE\n"
                                  "ERROR|giving up after 1 attempt(s)|method=GET|url=http://h/p|attempts=1|"
                                  "reason=deadline|error=EDEADLINE\n"));
    world_fini(&world);
}

static void loser_of_a_race_has_not_failed(void **state) {
    (void)state;
    PLAY_LOGGED(world, HANGS, ANSWER(200, 10));
    world_race(&world, 0, 50, 0);
    world_play(&world);
    assert_null(strstr(lines, "failed"));
    world_fini(&world);
}

static void without_a_bound_nothing_is_said_to_be_left(void **state) {
    (void)state;
    PLAY_LOGGED(world, ANSWER(503, 10), ANSWER(200, 10));
    world.retry.retry_bound = RETRY_UNBOUNDED;
    world_play(&world);
    assert_non_null(strstr(lines, "|retrying in 100 ms (status 503)|"));
    assert_null(strstr(lines, "remaining"));
    world_fini(&world);
}

static void smaller_bound_is_what_is_left(void **state) {
    (void)state;
    PLAY_LOGGED(world, ANSWER(503, 10), ANSWER(200, 10));
    world.retry.attempt_bound = 2;
    world_play(&world);
    assert_non_null(strstr(lines, "(1 left, status 503)"));
    world_fini(&world);
}

static void level_keeps_the_less_important_out(void **state) { /* M77 */
    (void)state;
    static const struct {
        insist_log_level level;
        size_t lines;
    } expected[] = {{0, 7}, {INSIST_LOG_DEBUG, 7}, {INSIST_LOG_INFO, 2}, {INSIST_LOG_WARN, 1}, {INSIST_LOG_ERROR, 1}};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        PLAY_LOGGED(world, ANSWER(503, 10), FAILS(INSIST_ERESET, INSIST_CONN_RESET, 10), ANSWER(200, 10));
        logger.level = expected[i].level;
        lines[0] = '\0';
        world_play(&world);
        size_t count = 0;
        for (const char *at = lines; (at = strchr(at, '\n')) != NULL; at++)
            count++;
        assert_int_equal(count, expected[i].lines);
        world_fini(&world);
    }
}

static void secrets_are_in_no_message(void **state) { /* M82 */
    (void)state;
    PLAY_LOGGED(world, ANSWER(503, 10), FAILS(INSIST_ERESET, INSIST_CONN_RESET, 10), ANSWER(503, 10), ANSWER(503, 10));
    world.request.shown_url = "http://me:hush@h/p?token=hush&a=1";
    assert_int_equal(headers_add(&world.request.headers, "Authorization", "Bearer hush"), INSIST_OK);
    assert_int_equal(headers_add(&world.request.headers, "Cookie", "session=hush"), INSIST_OK);
    world_play(&world);
    assert_non_null(strstr(lines, "|url=http://h/p?token=xxxxx&a=1|"));
    assert_non_null(strstr(lines, "WARN|giving up"));
    assert_null(strstr(lines, "hush"));
    world_fini(&world);
}

/* ---- adapters ---- */

static const insist_log_pair pairs[] = {{"method", "GET"}, {"url", "http://h/p"}};

static void printf_adapter_writes_lines(void **state) { /* M77 */
    (void)state;
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    assert_non_null(stream);
    insist_logger to_stream = insist_log_printf(stream);
    to_stream.log(to_stream.ctx, INSIST_LOG_DEBUG, "performing request", pairs, 2);
    to_stream.log(to_stream.ctx, INSIST_LOG_ERROR, "alone", NULL, 0);
    fclose(stream);
    assert_string_equal(text, "[DEBUG] performing request method=GET url=http://h/p\n[ERROR] alone\n");
    free(text);
    assert_null(insist_log_printf(NULL).log);
}

static char told_to_syslog[2048];
static int told_priority;

void __wrap_syslog(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));
void __wrap_syslog(int priority, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(told_to_syslog, sizeof told_to_syslog, format, arguments);
    va_end(arguments);
    told_priority = priority;
}

static void syslog_adapter_writes_lines(void **state) { /* M77 */
    (void)state;
    static const struct {
        insist_log_level level;
        int priority;
    } expected[] = {{INSIST_LOG_ERROR, LOG_ERR},
                    {INSIST_LOG_WARN, LOG_WARNING},
                    {INSIST_LOG_INFO, LOG_INFO},
                    {INSIST_LOG_DEBUG, LOG_DEBUG}};
    insist_logger to_syslog = insist_log_syslog();
    for (size_t i = 0; i < 4; i++) {
        to_syslog.log(to_syslog.ctx, expected[i].level, "100 %s", pairs, 2);
        assert_int_equal(told_priority, expected[i].priority);
        assert_string_equal(told_to_syslog, "100 %s method=GET url=http://h/p");
    }
}

static void syslog_adapter_cuts_off_what_is_too_long(void **state) {
    (void)state;
    static char longer[3000];
    memset(longer, 'x', sizeof longer - 1);
    insist_logger to_syslog = insist_log_syslog();
    const insist_log_pair one[] = {{"a", longer}, {"b", longer}};
    to_syslog.log(to_syslog.ctx, INSIST_LOG_INFO, "m", one, 2);
    assert_int_equal(strlen(told_to_syslog), 1023);
    to_syslog.log(to_syslog.ctx, INSIST_LOG_INFO, longer, one, 2);
    assert_int_equal(strlen(told_to_syslog), 1023);
}

static void levels_have_names(void **state) {
    (void)state;
    assert_string_equal(insist_log_level_name(INSIST_LOG_ERROR), "ERROR");
    assert_string_equal(insist_log_level_name(INSIST_LOG_WARN), "WARN");
    assert_string_equal(insist_log_level_name(INSIST_LOG_INFO), "INFO");
    assert_string_equal(insist_log_level_name(INSIST_LOG_DEBUG), "DEBUG");
    assert_string_equal(insist_log_level_name((insist_log_level)0), "UNKNOWN");
}

/* ---- failures that are kept ---- */

/* Keeps those of a world that was played; the wall clock stands at 2,000 s. */
static void keep(struct world *world, size_t most, struct failures *failures) {
    struct virtual_env clock;
    virtual_env_init(&clock);
    virtual_env_set_wall_s(&clock, 2000);
    world->execution.env = &clock.env;
    failures_init(failures, &env_standard);
    failures_keep(failures, &world->execution, &hidden, most);
    world->execution.env = &env_standard;
}

static void failures_are_kept_in_pesters_form(void **state) { /* M80, P21, P22, P24 */
    (void)state;
    PLAY_LOGGED(world, ANSWER(503, 10), FAILS(INSIST_ERESET, INSIST_CONN_RESET, 10), ANSWER(429, 10),
                ANSWER(200, 3000));
    struct failures failures;
    world.request.shown_url = "http://me:hush@h/p?token=hush";
    world_play(&world);
    keep(&world, 10, &failures);
    assert_int_equal(failures.count, 3);
    assert_int_equal(failures.dropped, 0);
    assert_string_equal(body_text(&failures.log),
                        "1997 Do [GET] http://h/p?token=xxxxx request-0 retry-2 error: status 503\n"
                        "1997 Do [GET] http://h/p?token=xxxxx request-0 retry-3 error: the connection was reset\n"
                        "1997 Do [GET] http://h/p?token=xxxxx request-0 retry-4 error: status 429\n");
    assert_string_equal(failures.kept[1].method, "GET");
    assert_string_equal(failures.kept[1].url, "http://h/p?token=xxxxx");
    assert_int_equal(failures.kept[1].attempt, 2);
    assert_int_equal(failures.kept[1].status, 0);
    assert_int_equal(failures.kept[1].error, INSIST_ERESET);
    assert_int_equal(failures.kept[2].status, 429);
    assert_int_equal(failures.kept[2].error, INSIST_OK);
    assert_int_equal(failures.kept[2].time_s, 1997);
    failures_fini(&failures);
    world_fini(&world);
}

static void latest_failures_are_kept(void **state) { /* M80 */
    (void)state;
    PLAY_LOGGED(world, ANSWER(503, 10), ANSWER(503, 10), ANSWER(503, 10), ANSWER(503, 10));
    struct failures failures;
    world_play(&world);
    keep(&world, 3, &failures);
    assert_int_equal(failures.count, 3);
    assert_int_equal(failures.dropped, 1);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(failures.kept[i].attempt, i + 2);
    failures_fini(&failures);
    world_fini(&world);
}

static void bad_status_is_a_failure_though_it_was_accepted(void **state) { /* P21 */
    (void)state;
    PLAY_LOGGED(world, ANSWER(500, 10));
    struct failures failures;
    world_play(&world);
    assert_int_equal(world.execution.reason, INSIST_DONE);
    keep(&world, 3, &failures);
    assert_int_equal(failures.count, 1);
    failures_fini(&failures);
    world_fini(&world);
}

static void good_answers_and_losers_are_no_failures(void **state) {
    (void)state;
    PLAY_LOGGED(world, HANGS, ANSWER(404, 10));
    struct failures failures;
    world_race(&world, 0, 50, 0);
    world_play(&world);
    keep(&world, 10, &failures);
    assert_int_equal(failures.count, 0);
    assert_string_equal(body_text(&failures.log), "");
    failures_fini(&failures);
    world_fini(&world);
}

static void place_in_the_wave_is_told(void **state) { /* P22 */
    (void)state;
    PLAY_LOGGED(world, FAILS(INSIST_ERESET, INSIST_CONN_RESET, 100), FAILS(INSIST_EEOF, INSIST_UNEXPECTED_EOF, 100));
    struct failures failures;
    world.retries_allowed = 0;
    world_race(&world, 0, 50, 0);
    world_play(&world);
    keep(&world, 10, &failures);
    assert_int_equal(failures.count, 2);
    assert_int_equal(failures.kept[0].racer, 0);
    assert_int_equal(failures.kept[1].racer, 1);
    failures_fini(&failures);
    world_fini(&world);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(retried_call_tells_all),
        CASE(good_call_tells_no_more_than_its_request),
        CASE(answer_given_up_with_is_a_warning),
        CASE(error_given_up_with_is_an_error),
        CASE(loser_of_a_race_has_not_failed),
        CASE(without_a_bound_nothing_is_said_to_be_left),
        CASE(smaller_bound_is_what_is_left),
        CASE(level_keeps_the_less_important_out),
        CASE(secrets_are_in_no_message),
        CASE(printf_adapter_writes_lines),
        CASE(syslog_adapter_writes_lines),
        CASE(syslog_adapter_cuts_off_what_is_too_long),
        CASE(levels_have_names),
        CASE(failures_are_kept_in_pesters_form),
        CASE(latest_failures_are_kept),
        CASE(bad_status_is_a_failure_though_it_was_accepted),
        CASE(good_answers_and_losers_are_no_failures),
        CASE(place_in_the_wave_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
