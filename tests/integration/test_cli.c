/* The insist command from outside: exit status, standard output, standard error, and what the server saw. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "run_program.h"
#include <insist/testserver.h>
#include <arpa/inet.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE_MS 60000

static insist_testserver *server;

static int start_server(void **state) {
    (void)state;
    return insist_testserver_start(NULL, NULL, &server) == INSIST_OK ? 0 : -1;
}

static int stop_server(void **state) {
    (void)state;
    insist_testserver_free(server);
    return 0;
}

/* ---- running it ------------------------------------------------------------------------------------------------ */

/* Words parted by blanks; URL stands for the server's. The texts live until the next call. */
static const char *const *words(const char *line) {
    static char text[4096];
    static const char *arguments[RUN_ARGUMENTS];
    const char *url = insist_testserver_url(server);
    size_t len = 0;
    for (const char *at = line; *at != '\0' && len + strlen(url) + 2 < sizeof(text); at++) {
        if (strncmp(at, "URL", 3) == 0) {
            len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", url);
            at += 2;
        } else {
            text[len++] = *at;
        }
    }
    text[len] = '\0';
    size_t count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        assert_true(count < RUN_ARGUMENTS - 1);
        arguments[count++] = word;
    }
    arguments[count] = NULL;
    return arguments;
}

static struct run run_words(const char *line, const char *input) {
    struct run run;
    run_start(&run, INSIST_PROGRAM, words(line), input);
    run_wait(&run);
    return run;
}

static struct run insist(const char *line) {
    return run_words(line, NULL);
}

static void script(const char *path, const char *text) {
    insist_problem problem;
    if (insist_testserver_script(server, path, text, &problem) != INSIST_OK) {
        fail_msg("%s: %s", text, problem.text);
    }
}

static void expect_exit(const char *line, int exit_status) {
    struct run run = insist(line);
    if (run.exit_status != exit_status) {
        fail_msg("insist %s: exit %d, not %d; it said: %s", line, run.exit_status, exit_status, run.err);
    }
    run_fini(&run);
}

static size_t lines_with(const char *text, const char *prefix) {
    size_t n = 0;
    for (const char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
        line += *line == '\n';
        n += *line != '\0' && strncmp(line, prefix, strlen(prefix)) == 0;
    }
    return n;
}

static json_t *json_of(const struct run *run) {
    json_t *value = json_loads(run->err, 0, NULL);
    if (value == NULL) {
        fail_msg("this is no JSON object: %s", run->err);
    }
    return value;
}

static const char *text_of(const json_t *object, const char *key) {
    return json_string_value(json_object_get(object, key));
}

static json_int_t number_of(const json_t *object, const char *key) {
    return json_integer_value(json_object_get(object, key));
}

/* ---- the main job ---------------------------------------------------------------------------------------------- */

static void it_insists_until_the_answer_is_good(void **state) {
    (void)state;
    struct run run = insist("--timeline=always --retries 3 --retry-on 404 --backoff constant:1ms "
                            "URL/users/7?do=404x2,200;body=hello&key=main");
    assert_int_equal(run.exit_status, 0);
    assert_string_equal(run.out, "hello");
    assert_int_equal(lines_with(run.err, "#"), 3);
    assert_int_equal(lines_with(run.err, "#0 first "), 1);
    assert_int_equal(lines_with(run.err, "#2 retry "), 1);
    assert_int_equal(lines_with(run.err, "GET http://127.0.0.1:"), 1);
    assert_int_equal(insist_testserver_hits_by_key(server, "main"), 3);
    run_fini(&run);
}

static void without_a_terminal_it_only_prints_the_body(void **state) {
    (void)state;
    struct run run = insist("URL/plain?do=200;body=hello");
    assert_int_equal(run.exit_status, 0);
    assert_string_equal(run.out, "hello");
    assert_string_equal(run.err, "");
    run_fini(&run);
}

static void a_404_is_an_answer_unless_asked_otherwise(void **state) {
    (void)state;
    script("/missing", "404;body=gone");
    struct run run = insist("URL/missing");
    assert_int_equal(run.exit_status, 0);
    assert_string_equal(run.out, "gone");
    run_fini(&run);
    run = insist("-f URL/missing");
    assert_int_equal(run.exit_status, 22);
    assert_string_equal(run.out, "");
    assert_non_null(strstr(run.err, "404"));
    run_fini(&run);
    run = insist("-sf URL/missing");
    assert_int_equal(run.exit_status, 22);
    assert_string_equal(run.err, "");
    run_fini(&run);
    assert_int_equal(insist_testserver_hits(server, "/missing"), 3);
}

static void errors_end_with_curl_s_numbers(void **state) {
    (void)state;
    expect_exit("--retries 0 URL/x?do=reset", 56);
    expect_exit("--retries 0 URL/x?do=close", 52);
    expect_exit("--retries 0 URL/x?do=truncate@5", 18);
    expect_exit("--retries 0 --timeout 50ms URL/x?do=hang", 28);
    script("/loop", "302;h:Location=/loop");
    expect_exit("URL/loop", 47);
}

static void nobody_listening_is_7(void **state) {
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int bound = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* has the port, but does not listen */
    assert_int_equal(bind(bound, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(bound, (struct sockaddr *)&address, &len), 0);
    char line[128];
    snprintf(line, sizeof(line), "--retries 1 --backoff constant:1ms http://127.0.0.1:%d/", ntohs(address.sin_port));
    expect_exit(line, 7);
    close(bound);
}

static void a_call_meets_its_deadline(void **state) {
    (void)state;
    struct run run = insist("--json --deadline 200ms URL/hanging?do=hang");
    assert_int_equal(run.exit_status, 28);
    json_t *call = json_of(&run);
    assert_string_equal(text_of(call, "error"), "EDEADLINE");
    assert_string_equal(text_of(call, "reason"), "deadline");
    json_decref(call);
    run_fini(&run);
    assert_int_equal(insist_testserver_hits(server, "/hanging"), 1);
}

static void sigint_ends_the_call_in_order(void **state) {
    (void)state;
    struct run run;
    script("/interrupted", "hang");
    run_start(&run, INSIST_PROGRAM, words("--json --deadline forever --timeout forever URL/interrupted"), NULL);
    bool came = insist_testserver_wait_hits(server, "/interrupted", 1, PATIENCE_MS);
    kill(run.pid, SIGINT);
    run_wait(&run);
    assert_true(came);
    assert_int_equal(run.exit_status, 130);
    json_t *call = json_of(&run);
    assert_string_equal(text_of(call, "error"), "ECANCELED");
    assert_string_equal(text_of(call, "reason"), "cancelled");
    json_decref(call);
    run_fini(&run);
}

/* ---- options --------------------------------------------------------------------------------------------------- */

static void json_tells_the_record(void **state) {
    (void)state;
    struct run run = insist("--json --retries 2 --backoff constant:2ms URL/j?do=503,200;body=hello&key=json");
    assert_int_equal(run.exit_status, 0);
    assert_string_equal(run.out, "hello");
    json_t *call = json_of(&run);
    assert_string_equal(text_of(call, "error"), "OK");
    assert_string_equal(text_of(call, "reason"), "done");
    assert_string_equal(text_of(call, "method"), "GET");
    assert_int_equal(number_of(call, "status"), 200);
    const json_t *attempts = json_object_get(call, "attempts");
    assert_int_equal(json_array_size(attempts), 2);
    const json_t *retry = json_array_get(attempts, 1);
    assert_string_equal(text_of(retry, "kind"), "retry");
    assert_string_equal(text_of(retry, "why_started"), "backoff");
    assert_string_equal(text_of(retry, "why_ended"), "won");
    assert_string_equal(text_of(retry, "sent"), "answered");
    assert_int_equal(number_of(retry, "wait_us"), 2000);
    assert_int_equal(number_of(retry, "bytes"), 5);
    assert_true(number_of(retry, "sent_us") <= number_of(retry, "first_byte_us"));
    assert_true(number_of(retry, "first_byte_us") <= number_of(retry, "ended_us"));
    json_decref(call);
    run_fini(&run);
}

static const char *reason_of(const char *line, json_int_t *attempts) {
    static char reason[64];
    struct run run = insist(line);
    json_t *call = json_of(&run);
    snprintf(reason, sizeof(reason), "%s", text_of(call, "reason"));
    *attempts = (json_int_t)json_array_size(json_object_get(call, "attempts"));
    json_decref(call);
    run_fini(&run);
    return reason;
}

static void policies_reach_the_client(void **state) {
    (void)state;
    json_int_t attempts = 0;
    assert_string_equal(reason_of("--json --retries 1 --backoff constant:0ms URL/p?do=503", &attempts), "count");
    assert_int_equal(attempts, 2);
    assert_string_equal(reason_of("--json --retries 2 --retry-on =404 URL/p?do=503", &attempts), "done");
    assert_int_equal(attempts, 1);
    assert_string_equal(reason_of("--json --retries 2 --retry-on 4xx --backoff constant:0ms URL/p?do=418", &attempts),
                        "count");
    assert_int_equal(attempts, 3);
    assert_string_equal(reason_of("--json --retry-after-cap 5s URL/p?do=503;retry-after=6", &attempts), "retry_after");
    assert_int_equal(attempts, 1);
    assert_string_equal(reason_of("--json --backoff constant:5s --deadline 1s URL/p?do=503", &attempts), "no_time");
    assert_int_equal(attempts, 1);
    assert_string_equal(reason_of("--json --retries 40 --backoff constant:0ms URL/p?do=503", &attempts), "budget");
    assert_true(attempts < 41);
    assert_string_equal(reason_of("--json --retries 40 --backoff constant:0ms --budget none URL/p?do=503", &attempts),
                        "count");
    assert_int_equal(attempts, 41);
    assert_string_equal(reason_of("--json -d x --backoff constant:0ms URL/p?do=reset", &attempts), "not_repeatable");
    assert_int_equal(attempts, 1);
    assert_string_equal(
        reason_of("--json -d x --idempotent --backoff constant:0ms URL/p?do=reset,200&key=idem", &attempts), "done");
    assert_int_equal(attempts, 2);
    script("/moved", "302;h:Location=/p");
    assert_string_equal(reason_of("--json --max-redirects 0 URL/moved", &attempts), "done");
    assert_int_equal(insist_testserver_hits(server, "/moved"), 1);
}

/* The case of the pester blog, with one option. */
static void not_found_and_found_a_moment_later(void **state) {
    (void)state;
    json_int_t attempts = 0;
    assert_string_equal(reason_of("--json --retry-on 404 URL/new?do=404,200&key=moment", &attempts), "done");
    assert_int_equal(attempts, 2);
}

static void backoffs_reach_the_client(void **state) {
    (void)state;
    static const struct {
        const char *backoff;
        json_int_t least_us[3], most_us[3]; /* of the waits */
    } rows[] = {
        {"linear:3ms+2ms", {3000, 5000, 7000}, {3000, 5000, 7000}},
        {"linear:3ms-2ms", {3000, 1000, 0}, {3000, 1000, 0}},
        {"linear:3ms+2ms..6ms", {3000, 5000, 6000}, {3000, 5000, 6000}},
        {"exp:2ms,equal", {1000, 2000, 4000}, {2000, 4000, 8000}},
        {"exp:2ms..3ms,spread=0.5", {1000, 1500, 1500}, {3000, 4500, 4500}},
        {"exp:2ms", {0, 0, 0}, {2000, 4000, 8000}},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char line[256];
        snprintf(line, sizeof(line), "--json --retries 3 --budget none --backoff %s URL/b?do=503", rows[i].backoff);
        struct run run = insist(line);
        json_t *call = json_of(&run);
        const json_t *all = json_object_get(call, "attempts");
        assert_int_equal(json_array_size(all), 4);
        for (size_t j = 0; j < 3; j++) {
            json_int_t wait_us = number_of(json_array_get(all, j + 1), "wait_us");
            assert_true(wait_us >= rows[i].least_us[j] && wait_us <= rows[i].most_us[j]);
        }
        json_decref(call);
        run_fini(&run);
    }
}

static void presets_reach_the_client(void **state) {
    (void)state;
    json_int_t attempts = 0;
    assert_string_equal(reason_of("--json -d x --preset httpx URL/q?do=503", &attempts), "count");
    assert_int_equal(attempts, 6);
    assert_string_equal(reason_of("--json -d x --preset httpx --retries 1 URL/q?do=503;retry-after=90", &attempts),
                        "count");
    assert_int_equal(attempts, 2);
    assert_string_equal(reason_of("--json --preset httpx URL/q?do=500", &attempts), "done");
    assert_int_equal(attempts, 1);
    assert_string_equal(reason_of("--json -d x --preset pester --backoff constant:0ms URL/q?do=501", &attempts),
                        "count");
    assert_int_equal(attempts, 3);
    assert_string_equal(reason_of("--json --preset pester --backoff constant:0ms URL/q?do=429", &attempts), "done");
    assert_int_equal(attempts, 1);
    assert_string_equal(
        reason_of("--json --preset pester --backoff constant:0ms --retry-on 429 URL/q?do=429", &attempts), "count");
    assert_int_equal(attempts, 3);
    assert_string_equal(
        reason_of("--json --preset retryablehttp --retry-after-cap 1s URL/q?do=503;retry-after=2", &attempts),
        "retry_after");
    assert_int_equal(attempts, 1);

    struct run run = insist("--preset retryablehttp -v URL/q?do=503;retry-after=0");
    assert_int_equal(run.exit_status, 1); /* an error, though an answer came */
    assert_non_null(strstr(run.err, "EGAVEUP"));
    assert_non_null(strstr(run.err, "* deadline: forever, timeout of an attempt: forever\n"));
    assert_non_null(strstr(run.err, "* backoff: exponential, 1.00s times 2 up to 30.0s, no jitter\n"));
    run_fini(&run);
}

static const insist_testserver_entry *last_request(const char *path, insist_testserver_journal **journal) {
    assert_int_equal(insist_testserver_journal_new(server, path, NULL, journal), INSIST_OK);
    size_t count = insist_testserver_journal_count(*journal);
    assert_true(count > 0);
    return insist_testserver_journal_at(*journal, count - 1);
}

static const char *field_of(const insist_testserver_entry *entry, const char *name) {
    for (size_t i = 0; i < entry->field_count; i++) {
        if (strcasecmp(entry->fields[i].name, name) == 0) {
            return entry->fields[i].value;
        }
    }
    return "";
}

static void the_request_is_what_was_asked_for(void **state) {
    (void)state;
    insist_testserver_journal *journal = NULL;
    expect_exit("-X PUT -d a=1 -d b=2 -H X-One:1 -H X-Two:2 -A tester/1 URL/request", 0);
    const insist_testserver_entry *entry = last_request("/request", &journal);
    assert_string_equal(entry->method, "PUT");
    assert_int_equal(entry->body_bytes, strlen("a=1&b=2"));
    assert_string_equal(field_of(entry, "X-One"), "1");
    assert_string_equal(field_of(entry, "X-Two"), "2");
    assert_string_equal(field_of(entry, "User-Agent"), "tester/1");
    assert_string_equal(field_of(entry, "Content-Type"), "application/x-www-form-urlencoded");
    insist_testserver_journal_free(journal);

    struct run run = run_words("-d @- -H Content-Type:text/plain URL/request", "from standard input\n");
    assert_int_equal(run.exit_status, 0);
    run_fini(&run);
    entry = last_request("/request", &journal);
    assert_string_equal(entry->method, "POST");
    assert_int_equal(entry->body_bytes, strlen("from standard input\n"));
    assert_string_equal(field_of(entry, "Content-Type"), "text/plain");
    insist_testserver_journal_free(journal);
}

static void the_body_goes_where_it_should(void **state) {
    (void)state;
    char name[] = "/tmp/insist-test-XXXXXX";
    int file = mkstemp(name);
    assert_true(file >= 0);
    char line[128];
    snprintf(line, sizeof(line), "-o %s URL/body?do=200;body=hello", name);
    struct run run = insist(line);
    char text[16] = "";
    ssize_t got = read(file, text, sizeof(text) - 1);
    close(file);
    unlink(name);
    assert_int_equal(run.exit_status, 0);
    assert_string_equal(run.out, "");
    assert_int_equal(got, 5);
    assert_string_equal(text, "hello");
    run_fini(&run);

    run = insist("-i URL/body?do=200;body=hello;h:X-Mark=seen");
    assert_int_equal(strncmp(run.out, "HTTP 200\r\n", 10), 0);
    assert_non_null(strstr(run.out, "X-Mark: seen\r\n"));
    assert_non_null(strstr(run.out, "\r\n\r\nhello"));
    run_fini(&run);
    expect_exit("-o /dev/full URL/body?do=200;body=hello", 23);
}

static void secrets_are_not_shown(void **state) {
    (void)state;
    char line[512];
    snprintf(line, sizeof(line),
             "-v --json --timeline=always -H Authorization:s3cret -H Cookie:s3cret -H X-Open:shown "
             "http://me:s3cret@127.0.0.1:%u/quiet",
             (unsigned)insist_testserver_port(server));
    struct run run = insist(line);
    assert_int_equal(run.exit_status, 0);
    assert_null(strstr(run.err, "s3cret"));
    assert_non_null(strstr(run.err, "> X-Open: shown\n"));
    assert_non_null(strstr(run.err, "> Authorization: (not shown)\n"));
    assert_non_null(strstr(run.err, "< HTTP 200\n"));
    run_fini(&run);
}

static void https_is_verified(void **state) {
    (void)state;
    insist_testserver *secure = NULL;
    assert_int_equal(insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.tls = true), NULL, &secure), INSIST_OK);
    char name[] = "/tmp/insist-test-XXXXXX";
    int file = mkstemp(name);
    const char *certificate = insist_testserver_certificate(secure);
    assert_int_equal(write(file, certificate, strlen(certificate)), strlen(certificate));
    close(file);
    char line[256];
    snprintf(line, sizeof(line), "--retries 0 %s/", insist_testserver_url(secure));
    expect_exit(line, 60);
    snprintf(line, sizeof(line), "-k %s/", insist_testserver_url(secure));
    expect_exit(line, 0);
    snprintf(line, sizeof(line), "--cacert %s %s/", name, insist_testserver_url(secure));
    expect_exit(line, 0);
    unlink(name);
    insist_testserver_free(secure);
}

/* ---- credentials and connections --------------------------------------------------------------------------------- */

static const char *field_at(const insist_testserver_journal *journal, size_t i, const char *name) {
    return field_of(insist_testserver_journal_at(journal, i), name);
}

static void credentials_are_sent(void **state) {
    (void)state;
    insist_testserver_journal *journal = NULL;
    expect_exit("-v -u me:se:cret -b a=1;b=2 -b c=3 --idempotency-key -X POST URL/who?do=503;retry-after=0,200", 0);
    expect_exit("--idempotency-key=mine -d x URL/who", 0);
    assert_int_equal(insist_testserver_journal_new(server, "/who", NULL, &journal), INSIST_OK);
    assert_int_equal(insist_testserver_journal_count(journal), 3); /* the POST was repeated */
    assert_string_equal(field_at(journal, 0, "Authorization"), "Basic bWU6c2U6Y3JldA==");
    assert_string_equal(field_at(journal, 0, "Cookie"), "a=1; b=2; c=3");
    assert_int_equal(strlen(field_at(journal, 0, "Idempotency-Key")), 38);
    assert_string_equal(field_at(journal, 1, "Idempotency-Key"), field_at(journal, 0, "Idempotency-Key"));
    assert_string_equal(field_at(journal, 2, "Idempotency-Key"), "mine");
    insist_testserver_journal_free(journal);
}

static void names_are_pinned_and_led_elsewhere(void **state) {
    (void)state;
    char line[256];
    unsigned port = insist_testserver_port(server);
    snprintf(line, sizeof(line), "--resolve pinned.test:%u:127.0.0.1 -f http://pinned.test:%u/", port, port);
    expect_exit(line, 0);
    snprintf(line, sizeof(line), "--connect-to a.test:80:127.0.0.1:%u -f http://a.test/", port);
    expect_exit(line, 0);
    snprintf(line, sizeof(line), "--proxy http://127.0.0.1:1 --noproxy 127.0.0.1 -f URL/");
    expect_exit(line, 0);
    expect_exit("--proxy http://127.0.0.1:1 --retries 0 URL/", 7);
    expect_exit("--unix-socket /nowhere/at.all --retries 0 URL/", 7);
}

/* ---- many calls ------------------------------------------------------------------------------------------------ */

static void calls_are_repeated_and_counted(void **state) {
    (void)state;
    struct run run = insist("--count 20 --parallel 4 --retries 0 -f URL/many?do=200x15,404x5,...");
    assert_int_equal(run.exit_status, 22);
    assert_string_equal(run.out, "");
    assert_int_equal(lines_with(run.err, "20 calls in "), 1);
    assert_int_equal(lines_with(run.err, "  200          15"), 1);
    assert_int_equal(lines_with(run.err, "  404          5"), 1);
    assert_int_equal(lines_with(run.err, "latency  p50 "), 1);
    assert_int_equal(insist_testserver_hits(server, "/many"), 20);
    run_fini(&run);
}

/* Behind the first hundred calls whatever is slower than the median is hedged, until nearly two thirds of all are: on a machine
 * that gets slower, hedges may be held back from then on. So nothing hangs here. */
static void delays_are_learnt_from_repeated_calls(void **state) {
    (void)state;
    struct run run = insist("--count 160 --race p50 --retries 0 --timeout forever --deadline forever --budget none "
                            "URL/learnt?do=200x150,200;delay=300ms,200");
    assert_int_equal(run.exit_status, 0);
    assert_int_equal(lines_with(run.err, "  200          160"), 1);
    assert_true(insist_testserver_hits(server, "/learnt") > 160);
    run_fini(&run);
}

/* Each shape starts just as many attempts as the script's hangs take, and -v says which it was. */
static void races_are_run_as_they_are_spelt(void **state) {
    (void)state;
    static const struct {
        const char *race, *script, *said;
        size_t hits;
    } rows[] = {
        {"every=5ms*3", "hangx3,200", "* race: a hedge after every 5.0ms, 3 at most, a failure is replaced", 4},
        {"at-once=3", "hangx2,200", "* race: 3 at once, a failure is replaced", 3},
        {"5ms,7ms", "hangx2,200", "* race: a hedge after 5.0ms 7.0ms, a failure is replaced", 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char line[256];
        insist_testserver_reset(server);
        script("/spelt", rows[i].script);
        snprintf(line, sizeof line, "-v --race %s --timeout forever --deadline forever URL/spelt", rows[i].race);
        struct run run = insist(line);
        assert_int_equal(run.exit_status, 0);
        assert_non_null(strstr(run.err, rows[i].said));
        assert_int_equal(insist_testserver_hits(server, "/spelt"), rows[i].hits);
        run_fini(&run);
    }
}

/* Whatever is slower than next to nothing is hedged, once a hundred answers are known: so is what hangs. */
static void auto_races_with_the_share_it_is_told(void **state) {
    (void)state;
    struct run run =
        insist("--count 160 --race auto=100% --retries 0 --timeout forever --deadline forever --budget none "
               "URL/share?do=200x150,hang,200");
    assert_int_equal(run.exit_status, 0);
    assert_int_equal(lines_with(run.err, "  200          160"), 1);
    assert_true(insist_testserver_hits(server, "/share") > 160);
    run_fini(&run);
}

/* The other racer hangs: with refill a retry wins beside it, with close there is none before it has timed out. */
static void a_failure_is_replaced_or_waited_with(void **state) {
    (void)state;
    static const struct {
        const char *options;
        int timeouts;
    } rows[] = {{"--wave refill --timeout forever", 0}, {"--wave close --timeout 300ms", 1}};
    for (size_t i = 0; i < 2; i++) {
        char line[256];
        insist_testserver_reset(server);
        script("/wave", "503,hang,200");
        snprintf(line, sizeof line, "--json --race at-once=2 --backoff constant:1ms --deadline forever %s URL/wave",
                 rows[i].options);
        struct run run = insist(line);
        assert_int_equal(run.exit_status, 0);
        assert_int_equal(strstr(run.err, "ETIMEOUT") != NULL, rows[i].timeouts);
        run_fini(&run);
    }
}

static void repeated_calls_are_an_object_each(void **state) {
    (void)state;
    struct run run = insist("--count 6 --parallel 3 --json URL/objects");
    assert_int_equal(run.exit_status, 0);
    size_t count = 0;
    char *rest = NULL;
    for (char *line = strtok_r(run.err, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        json_t *call = json_loads(line, 0, NULL);
        assert_non_null(call);
        assert_int_equal(number_of(call, "status"), 200);
        json_decref(call);
        count++;
    }
    assert_int_equal(count, 6);
    run_fini(&run);
}

static void sigint_ends_repeated_calls(void **state) {
    (void)state;
    struct run run;
    script("/repeated", "hang");
    run_start(&run, INSIST_PROGRAM,
              words("--count 1000 --parallel 4 --deadline forever --timeout forever URL/repeated"), NULL);
    bool came = insist_testserver_wait_hits(server, "/repeated", 4, PATIENCE_MS);
    kill(run.pid, SIGINT);
    run_wait(&run);
    assert_true(came);
    assert_int_equal(run.exit_status, 130);
    assert_int_equal(lines_with(run.err, "4 calls in "), 1);
    assert_int_equal(lines_with(run.err, "  ECANCELED    4"), 1);
    run_fini(&run);
}

/* ---- bad input ------------------------------------------------------------------------------------------------- */

static void refused(const char *line, const char *sentence) {
    struct run run = insist(line);
    if (run.exit_status != 2 || strstr(run.err, sentence) == NULL || lines_with(run.err, "") != 1) {
        fail_msg("insist %s: exit %d, \"%s\" does not say \"%s\"", line, run.exit_status, run.err, sentence);
    }
    assert_string_equal(run.out, "");
    run_fini(&run);
}

static void bad_input_is_refused_before_anything_is_sent(void **state) {
    (void)state;
    insist_testserver_reset(server);
    refused("--retrys 3 URL/", "insist: --retrys: there is no such option; did you mean --retries?");
    refused("--race p100 URL/", "insist: --race: \"p100\": a percentile lies above 0 and below 100");
    refused("--race 50ms -X POST URL/", "insist: --race: a race is set, but the request may not be raced");
    refused("--timeout 5 URL/", "insist: --timeout: ");
    refused("-X G@T URL/", "insist: --request: ");
    refused("-X HEAD -d x URL/", "insist: --data: a HEAD request cannot carry one");
    refused("-H nonsense URL/", "insist: --header: ");
    refused("-H b@d:1 URL/", "insist: --header: ");
    refused("-H Content-Length:5 URL/", "insist: --header: ");
    refused("-d @/nonexistent URL/", "insist: --data: cannot read /nonexistent");
    refused("--cacert /nonexistent URL/", "insist: --cacert: cannot read /nonexistent");
    refused("--cert /nonexistent URL/", "insist: --cert: cannot read /nonexistent");
    refused("--key /etc/passwd URL/", "insist: --key: ");
    refused("--pinnedpubkey nonsense URL/", "insist: --pinnedpubkey: ");
    refused("-x nonsense URL/", "insist: --proxy: ");
    refused("--noproxy a URL/", "insist: --noproxy: ");
    refused("--resolve nonsense URL/", "insist: --resolve: ");
    refused("--connect-to nonsense URL/", "insist: --connect-to: ");
    refused("--interface a/b URL/", "insist: --interface: ");
    refused("--unix-socket /s --interface lo URL/", "insist: --unix-socket: ");
    refused("-u me URL/", "insist: --user: USER:PASSWORD is wanted");
    refused("-b file URL/", "insist: --cookie: NAME=VALUE is wanted");
    refused("-b a=\"b URL/", "insist: --cookie: ");
    refused("--idempotency-key= URL/", "insist: --idempotency-key: it is empty");
    refused("ftp://127.0.0.1/", "insist: URL: ");
    refused("nonsense", "insist: URL: ");
    refused("-s", "insist: URL: ");
    insist_testserver_stats stats = {.size = sizeof(stats)};
    assert_int_equal(insist_testserver_get_stats(server, &stats), INSIST_OK);
    assert_int_equal(stats.requests, 0);
}

static void a_header_with_a_line_break_is_refused(void **state) {
    (void)state;
    const char *const arguments[] = {"-H", "X-One: 1\r\nX-Two: 2", insist_testserver_url(server), NULL};
    struct run run;
    run_start(&run, INSIST_PROGRAM, arguments, NULL);
    run_wait(&run);
    assert_int_equal(run.exit_status, 2);
    assert_int_equal(lines_with(run.err, "insist: --header: "), 1);
    run_fini(&run);
}

static void a_user_agent_with_a_line_break_is_refused_by_its_option(void **state) {
    (void)state;
    const char *const arguments[] = {"-A", "x\n", insist_testserver_url(server), NULL};
    struct run run;
    run_start(&run, INSIST_PROGRAM, arguments, NULL);
    run_wait(&run);
    assert_int_equal(run.exit_status, 2);
    assert_int_equal(lines_with(run.err, "insist: --user-agent: "), 1);
    run_fini(&run);
}

static void expect_file(const char *name, off_t size) {
    struct stat status;
    assert_int_equal(stat(name, &status), 0);
    assert_int_equal(status.st_size, size);
}

static void a_body_goes_to_its_file_as_it_comes(void **state) {
    (void)state;
    char name[] = "/tmp/insist-cli-XXXXXX", line[256];
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    close(fd);
    /* A broken one is cut away and asked for again. */
    snprintf(line, sizeof(line), "-o %s --backoff constant:1ms URL/f?do=truncate@90000;size=200000,200;size=50&key=f",
             name);
    expect_exit(line, 0);
    expect_file(name, 50);
    assert_int_equal(insist_testserver_hits_by_key(server, "f"), 2);
    /* The limit on what is kept in memory does not apply. */
    snprintf(line, sizeof(line), "-o %s URL/large?do=200;size=70000000", name);
    expect_exit(line, 0);
    expect_file(name, 70000000);
    expect_exit("URL/large?do=200;size=70000000", 63);
    /* What -f refuses leaves the file as it was. */
    snprintf(line, sizeof(line), "-f -o %s URL/gone?do=404;body=sorry", name);
    expect_exit(line, 22);
    expect_file(name, 70000000);
    /* What is given up at last is written all the same. */
    snprintf(line, sizeof(line), "-s -o %s --retries 0 URL/busy?do=503;body=busy", name);
    expect_exit(line, 0);
    expect_file(name, 4);
    unlink(name);
}

/* The answer would be lost after all the work, so that it is seen before. */
static void an_output_that_cannot_be_written_is_refused_first(void **state) {
    (void)state;
    static const char *const lines[] = {"-o /nonexistent/x URL/", "-i -o /nonexistent/x URL/", "-o /tmp URL/",
                                        "-o /dev/null/x URL/", "-o /tmp/insist-no-such/ URL/"};
    insist_testserver_reset(server);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct run run = insist(lines[i]);
        assert_int_equal(run.exit_status, 23);
        assert_int_equal(lines_with(run.err, "insist: cannot write /"), 1);
        run_fini(&run);
    }
    insist_testserver_stats stats = {.size = sizeof(stats)};
    assert_int_equal(insist_testserver_get_stats(server, &stats), INSIST_OK);
    assert_int_equal(stats.requests, 0);
}

static void help_and_version_go_to_standard_output(void **state) {
    (void)state;
    struct run run = insist("--help");
    assert_int_equal(run.exit_status, 0);
    assert_non_null(strstr(run.out, "--retry-on LIST"));
    run_fini(&run);
    run = insist("--version");
    assert_int_equal(run.exit_status, 0);
    assert_string_equal(run.out, "insist " INSIST_VERSION "\n");
    run_fini(&run);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_insists_until_the_answer_is_good),
        cmocka_unit_test(without_a_terminal_it_only_prints_the_body),
        cmocka_unit_test(a_404_is_an_answer_unless_asked_otherwise),
        cmocka_unit_test(errors_end_with_curl_s_numbers),
        cmocka_unit_test(nobody_listening_is_7),
        cmocka_unit_test(a_call_meets_its_deadline),
        cmocka_unit_test(sigint_ends_the_call_in_order),
        cmocka_unit_test(json_tells_the_record),
        cmocka_unit_test(policies_reach_the_client),
        cmocka_unit_test(not_found_and_found_a_moment_later),
        cmocka_unit_test(backoffs_reach_the_client),
        cmocka_unit_test(presets_reach_the_client),
        cmocka_unit_test(the_request_is_what_was_asked_for),
        cmocka_unit_test(the_body_goes_where_it_should),
        cmocka_unit_test(secrets_are_not_shown),
        cmocka_unit_test(https_is_verified),
        cmocka_unit_test(credentials_are_sent),
        cmocka_unit_test(names_are_pinned_and_led_elsewhere),
        cmocka_unit_test(calls_are_repeated_and_counted),
        cmocka_unit_test(races_are_run_as_they_are_spelt),
        cmocka_unit_test(auto_races_with_the_share_it_is_told),
        cmocka_unit_test(a_failure_is_replaced_or_waited_with),
        cmocka_unit_test(delays_are_learnt_from_repeated_calls),
        cmocka_unit_test(repeated_calls_are_an_object_each),
        cmocka_unit_test(sigint_ends_repeated_calls),
        cmocka_unit_test(bad_input_is_refused_before_anything_is_sent),
        cmocka_unit_test(a_header_with_a_line_break_is_refused),
        cmocka_unit_test(a_user_agent_with_a_line_break_is_refused_by_its_option),
        cmocka_unit_test(a_body_goes_to_its_file_as_it_comes),
        cmocka_unit_test(an_output_that_cannot_be_written_is_refused_first),
        cmocka_unit_test(help_and_version_go_to_standard_output),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
