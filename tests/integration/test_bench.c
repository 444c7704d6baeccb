/* insist-bench from outside: every workload runs with a few calls and reports what it promises; bad usage is
 * refused. How long anything took is not looked at, but for what cannot take less on any machine. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "run_program.h"
#include <insist/insist.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char picture[] = "/tmp/insist-test-bench-XXXXXX";

static int make_picture(void **state) {
    (void)state;
    int fd = mkstemp(picture);
    return fd >= 0 ? close(fd) : -1;
}

static int remove_picture(void **state) {
    (void)state;
    return unlink(picture);
}

/* ---- what it printed -------------------------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    assert_non_null(text);
    return text;
}

static const json_t *find_row(const json_t *rows, const char *name, const char *figure) {
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row) {
        if (strcmp(text_of(row, "name"), name) == 0 && strcmp(text_of(row, "figure"), figure) == 0) {
            return row;
        }
    }
    return NULL;
}

static double number_of(const json_t *row, const char *key) {
    const json_t *number = json_object_get(row, key);
    assert_true(json_is_real(number));
    assert_true(isfinite(json_number_value(number)));
    return json_number_value(number);
}

/* The figure is there, with a median between its least and its most. */
static double check_row(const json_t *json, const char *name, const char *figure) {
    const json_t *row = find_row(json_object_get(json, "rows"), name, figure);
    if (row == NULL) {
        fail_msg("no %s of %s", figure, name);
    }
    double median = number_of(row, "median");
    assert_true(number_of(row, "min") <= median && median <= number_of(row, "max"));
    return median;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { MALLOC_IS_WATCHED = 0 };
#elif defined(__has_feature)
enum { MALLOC_IS_WATCHED = !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer) };
#else
enum { MALLOC_IS_WATCHED = 1 };
#endif

static void check_object(const json_t *json, const char *workload, int rounds) {
    size_t i;
    const json_t *ratio;
    assert_string_equal(text_of(json, "workload"), workload);
    assert_int_equal(json_integer_value(json_object_get(json, "rounds")), rounds);
    const json_t *machine = json_object_get(json, "machine");
    assert_true(json_integer_value(json_object_get(machine, "processors")) > 0);
    assert_non_null(strstr(text_of(machine, "libcurl"), "libcurl/"));
    assert_true(strlen(text_of(machine, "scheduling")) > 0);
    const json_t *ratios = json_object_get(json, "ratios");
    assert_true(json_array_size(ratios) > 0);
    json_array_foreach(ratios, i, ratio) {
        text_of(ratio, "against");
        if (MALLOC_IS_WATCHED || strstr(text_of(ratio, "figure"), "_kib") == NULL) {
            assert_true(number_of(ratio, "median") >= 0);
        }
    }
}

static unsigned count_of(const char *text, const char *word) {
    unsigned count = 0;
    for (const char *at = strstr(text, word); at != NULL; at = strstr(at + 1, word)) {
        count++;
    }
    return count;
}

enum { PICTURE_BYTES = 65536 };

static void read_picture(char text[PICTURE_BYTES]) {
    FILE *in = fopen(picture, "r");
    assert_non_null(in);
    text[fread(text, 1, PICTURE_BYTES - 1, in)] = '\0';
    fclose(in);
}

/* It has a curve of ours and one of another at least, and each has its name. */
static void check_picture(const json_t *json) {
    char text[PICTURE_BYTES], title[256];
    read_picture(text);
    assert_int_equal(strncmp(text, "<svg ", 5), 0);
    assert_non_null(strstr(text, "<polyline "));
    assert_non_null(strstr(text, "</svg>\n"));
    assert_null(strstr(text, "nan"));
    assert_null(strstr(text, "inf"));
    assert_true(count_of(text, "<polyline ") >= 2);
    assert_int_equal(count_of(text, "<polyline "), count_of(text, "<line class=\"curve "));
    assert_non_null(strstr(text, ">99.9 %</text>"));
    snprintf(title, sizeof title, "<title>%s: ", text_of(json, "workload"));
    assert_non_null(strstr(text, title));
}

/* Runs a workload in two rounds and hands out its JSON. */
static json_t *measure(const char *workload, const char *option, const char *value) {
    const char *const arguments[] = {workload, option,  value,      "--rounds",         "2", "--seed=7", "--json", "-",
                                     "--svg",  picture, "--server", TESTSERVER_PROGRAM, NULL};
    struct run run;
    json_error_t error;
    run_start(&run, BENCH_PROGRAM, arguments, NULL);
    run_wait(&run);
    if (run.exit_status != 0) {
        fail_msg("exit status %d: %s", run.exit_status, run.err);
    }
    json_t *json = json_loads(run.out, 0, &error);
    if (json == NULL) {
        fail_msg("line %d: %s", error.line, error.text);
    }
    assert_non_null(strstr(run.err, "p99")); /* the table, which has to make room for the JSON */
    assert_null(strchr(run.err, '\r'));      /* no bar where there is no terminal */
    run_fini(&run);
    check_object(json, workload, 2);
    check_picture(json);
    return json;
}

/* Those goals are named, and nothing is said of another. */
static void check_goals(const json_t *json, const char *const *names, size_t count) {
    size_t i;
    const json_t *goal;
    const json_t *goals = json_object_get(json, "goals");
    size_t seen = 0;
    json_array_foreach(goals, i, goal) {
        size_t place = 0;
        while (place < count && strcmp(names[place], text_of(goal, "goal")) != 0) {
            place++;
        }
        assert_true(place < count);
        seen |= (size_t)1 << place;
    }
    assert_int_equal(seen, ((size_t)1 << count) - 1);
}

/* Ours and a yardstick are in the picture by their names. */
static void check_legend(const char *ours, const char *yardstick) {
    char text[PICTURE_BYTES], name[64];
    read_picture(text);
    snprintf(name, sizeof name, ">%s</text>", ours);
    assert_non_null(strstr(text, name));
    snprintf(name, sizeof name, ">%s</text>", yardstick);
    assert_non_null(strstr(text, name));
}

/* The yardstick in another language competes where it was built. */
static void check_peer(const json_t *json, const char *figure) {
    bool built = access(BENCH_PEER, X_OK) == 0;
    assert_int_equal(find_row(json_object_get(json, "rows"), "go-retryablehttp", figure) != NULL, built);
}

/* Where it is, ours stands beside it. */
static void check_peer_ratio(const json_t *json, const char *name, const char *figure) {
    size_t i;
    const json_t *ratio;
    bool found = false;
    json_array_foreach(json_object_get(json, "ratios"), i, ratio) {
        found = found || (strcmp(text_of(ratio, "name"), name) == 0 && strcmp(text_of(ratio, "figure"), figure) == 0 &&
                          strcmp(text_of(ratio, "against"), "go-retryablehttp") == 0);
    }
    assert_int_equal(found, access(BENCH_PEER, X_OK) == 0);
}

/* ---- workloads -------------------------------------------------------------------------------------------------- */

static void check_latencies(const json_t *json, const char *name) {
    double p50 = check_row(json, name, "p50_ms");
    double p99 = check_row(json, name, "p99_ms");
    assert_true(p50 > 0 && p50 <= p99 && p99 <= check_row(json, name, "p99.9_ms"));
    assert_true(check_row(json, name, "cpu_us_per_request") > 0);
    assert_true(check_row(json, name, "slow_percent") >= 0);
    assert_true(check_row(json, name, "failed") == 0);
}

static void test_tail(void **state) {
    (void)state;
    json_t *json = measure("tail", "--requests", "300");
    check_latencies(json, "libcurl");
    check_latencies(json, "insist");
    check_latencies(json, "insist-race");
    check_latencies(json, "insist-auto");
    assert_true(check_row(json, "insist-race", "hedges_percent") > 0);
    check_row(json, "insist-auto", "hedges_percent");
    check_row(json, "ideal-race", "p99_ms");
    assert_true(check_row(json, "libcurl", "extra_percent") == 0);
    assert_true(check_row(json, "insist", "extra_percent") == 0);
    check_goals(json, (const char *const[]){"W1", "W1-auto"}, 2);
    check_peer(json, "p99.9_ms");
    check_legend("insist-race", "libcurl");
    assert_true(check_row(json, "insist-race", "extra_percent") >
                0); /* of 300 some fifteen take longer than the delay */
    json_decref(json);
}

static void test_tail_for_a_time(void **state) {
    (void)state;
    json_t *json = measure("tail", "--duration", "200ms");
    check_latencies(json, "insist-race");
    json_decref(json);
}

/* Of calls that are planned ahead it is told, too, how many were begun late. */
static void test_tail_planned(void **state) {
    (void)state;
    json_t *json = measure("tail", "--rate=2000", "--requests=400");
    check_latencies(json, "insist-race");
    check_row(json, "insist", "late_percent");
    json_decref(json);
}

static void test_fanout(void **state) {
    (void)state;
    json_t *json = measure("fanout", "--requests", "3");
    const json_t *slowest = find_row(json_object_get(json, "rows"), "insist-race", "max_ms");
    assert_true(check_row(json, "insist-race", "p99.9_of_all_ms") == number_of(slowest, "max"));
    check_latencies(json, "libcurl");
    check_latencies(json, "insist");
    check_latencies(json, "insist-race");
    check_latencies(json, "insist-race-default");
    assert_true(check_row(json, "insist", "extra_percent") == 0);
    check_goals(json, (const char *const[]){"W2"}, 1);
    json_decref(json);
}

static void test_storm(void **state) {
    (void)state;
    json_t *json = measure("storm", "--duration", "1s");
    assert_true(check_row(json, "insist", "outage_attempts_per_call") >= 1);
    assert_true(check_row(json, "insist-naive", "outage_attempts_per_call") > 2); /* four, but for the last calls */
    check_row(json, "insist", "errors_failed_percent");
    check_row(json, "insist", "errors_requests_per_call");
    check_peer(json, "outage_requests_per_call");
    check_peer(json, "errors_p99_ms");
    assert_non_null(find_row(json_object_get(json, "rows"), "insist", "first_retry_ms")); /* null if there was none */
    check_goals(json, NULL, 0); /* they are about an outage of 20 s */
    json_decref(json);
}

static void test_deadline(void **state) {
    (void)state;
    static const char *const figures[] = {"dns_p99.9_ms",          "connect_p99.9_ms",    "tls_p99.9_ms",
                                          "headers_p99.9_ms",      "body_p99.9_ms",       "queue_p99.9_ms",
                                          "retry-after_max_ms",    "cancel_queue_p99_ms", "cancel_dns_p99_ms",
                                          "cancel_connect_p99_ms", "cancel_tls_p99_ms",   "cancel_headers_p99_ms",
                                          "cancel_body_p99_ms",    "cancel_wait_p99_ms",  "cancel_race_p99_ms",
                                          "cancel_sink_p99_ms",    "cancel_reader_p99_ms"};
    json_t *json = measure("deadline", "--rate=200", "--requests=5");
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        check_row(json, "insist", figures[i]);
        check_row(json, "timer", figures[i]);
    }
    assert_true(check_row(json, "insist", "dns_p50_ms") > 0);             /* after the deadline, never before */
    assert_true(check_row(json, "libcurl", "dns_p50_ms") > 4000);         /* the lookup takes five seconds */
    assert_true(check_row(json, "curl --retry", "headers_p50_ms") > 500); /* it waits a second and tries again */
    assert_non_null(find_row(json_object_get(json, "goals"), "insist", "retry-after_p99.9_ms"));
    check_row(json, "insist", "not_held");
    check_goals(json, (const char *const[]){"W8", "cancel"}, 2);
    assert_true(json_is_array(json_object_get(json, "overruns"))); /* how many there are is the machine's affair */
    json_decref(json);
}

static void test_duplicates(void **state) {
    (void)state;
    json_t *json = measure("duplicates", "--requests", "260");
    assert_true(check_row(json, "insist", "posts") == 260);
    assert_true(check_row(json, "insist", "deliveries") > 100);
    assert_true(check_row(json, "insist", "duplicates") == 0);
    assert_true(check_row(json, "insist", "told_percent") == 100);
    assert_true(check_row(json, "insist", "untrue") == 0);
    assert_true(check_row(json, "insist", "unmet") <= 6 * 5); /* of refused and gone, which go by the clock */
    assert_true(check_row(json, "insist", "met_percent") <= 100);
    assert_true(check_row(json, "curl --retry", "unmet") == 0);
    assert_true(check_row(json, "libcurl", "read-rst_duplicates") > 0);
    assert_true(check_row(json, "insist", "sending-rst_duplicates") == 0);
    assert_true(check_row(json, "insist", "interim-rst_duplicates") == 0);
    assert_true(check_row(json, "libcurl", "duplicates") > 0);
    assert_true(check_row(json, "curl --retry", "body-rst_duplicates") > 0);
    check_goals(json, (const char *const[]){"W7"}, 1);
    json_decref(json);
}

/* Of what malloc() was asked for: null where a sanitizer has a malloc() of its own. */
static void check_memory(const json_t *json, const char *name, const char *figure) {
    assert_non_null(find_row(json_object_get(json, "rows"), name, figure));
    if (MALLOC_IS_WATCHED) {
        assert_true(check_row(json, name, figure) > 0);
    }
}

static void test_overhead(void **state) {
    (void)state;
    static const char *const names[] = {"libcurl", "libcurl-multi", "insist", "insist-same-request"};
    json_t *json = measure("overhead", "--requests", "130");
    for (size_t i = 0; i < 4; i++) {
        assert_true(check_row(json, names[i], "1_p50_ms") > 0);
        assert_true(check_row(json, names[i], "8_cpu_us") > 0);
        assert_true(check_row(json, names[i], "64_per_second") > 0);
        assert_true(check_row(json, names[i], "64_p99.9_ms") >= check_row(json, names[i], "64_p99_ms"));
        assert_true(check_row(json, names[i], "failed") == 0);
    }
    assert_true(check_row(json, "insist", "1mib_cpu_us") > 0);
    assert_true(check_row(json, "libcurl-multi", "64_p99_ms") > 0);
    assert_true(check_row(json, "libcurl", "64_connections") == 64); /* each caller has warmed up */
    check_memory(json, "insist", "caller_allocations");
    check_memory(json, "insist", "driver_allocations");
    assert_non_null(find_row(json_object_get(json, "rows"), "insist", "worker_allocations"));
    const json_t *goal = find_row(json_object_get(json, "goals"), "insist", "64_cpu_us");
    const json_t *ratio = find_row(json_object_get(json, "ratios"), "insist", "64_cpu_us");
    assert_string_equal(text_of(goal, "goal"), "overhead-64");
    assert_string_equal(text_of(goal, "against"), "libcurl");
    assert_true(number_of(goal, "at_most") == 1.15);
    assert_true(number_of(ratio, "median") == number_of(goal, "median"));
    assert_string_equal(text_of(ratio, "against"), "libcurl");
    assert_true(number_of(ratio, "at_most") == 1.15);
    ratio = find_row(json_object_get(json, "ratios"), "insist-same-request", "64_cpu_us");
    assert_string_equal(text_of(ratio, "against"), "libcurl");
    goal = find_row(json_object_get(json, "goals"), "insist", "64_per_second");
    bool reached = number_of(goal, "median") >= number_of(goal, "at_least");
    assert_int_equal(json_is_true(json_object_get(goal, "reached")), reached);
    check_goals(json, (const char *const[]){"overhead-1", "overhead-8", "overhead-64", "memory", "allocations"}, 5);
    check_peer(json, "64_cpu_us");
    check_peer_ratio(json, "insist", "8_cpu_us");
    check_peer_ratio(json, "insist", "64_per_second");
    check_legend("insist", "libcurl-multi");
    json_decref(json);
}

static void test_concurrency(void **state) {
    (void)state;
    json_t *json = measure("concurrency", "--requests", "150");
    assert_true(check_row(json, "timer", "1_p50_ms") >= 200);
    assert_true(check_row(json, "libcurl", "1_p50_ms") >= 200);
    assert_true(check_row(json, "libcurl-multi", "2000_cpu_us") > 0);
    assert_true(check_row(json, "insist", "2000_per_second") > 0);
    assert_true(check_row(json, "insist", "cpu_2000_to_100") > 0);
    check_legend("insist", "libcurl");
    check_memory(json, "insist", "2000_kib");
    check_memory(json, "libcurl", "2000_kib");
    double own = check_row(json, "libcurl", "connections"); /* one a caller, of those that got a request */
    assert_true(own > 1 && own <= 64);
    assert_true(check_row(json, "insist", "connections") < 64);
    check_goals(json, (const char *const[]){"in-flight", "memory", "flat", "connections"}, 4);
    json_decref(json);
}

/* ---- usage ------------------------------------------------------------------------------------------------------ */

static void refuses(const char *const *arguments, const char *named) {
    struct run run;
    run_start(&run, BENCH_PROGRAM, arguments, NULL);
    run_wait(&run);
    assert_int_equal(run.exit_status, 2);
    assert_int_equal(run.out_len, 0);
    if (strstr(run.err, named) == NULL) {
        fail_msg("%s is not named in: %s", named, run.err);
    }
    run_fini(&run);
}

static void test_bad_usage(void **state) {
    (void)state;
    static const struct {
        const char *words[6];
        const char *named;
    } cases[] = {
        {{NULL}, "workload"},
        {{"nothing"}, "nothing"},
        {{"tail", "storm"}, "storm"},
        {{"tail", "--requests"}, "--requests"},
        {{"tail", "--requests", "0"}, "--requests"},
        {{"tail", "--requests", "12x"}, "--requests"},
        {{"tail", "--requests=-3"}, "--requests"},
        {{"tail", "--requests", "99999999999999999999"}, "--requests"},
        {{"tail", "--rounds", "0"}, "--rounds"},
        {{"tail", "--rounds", "100"}, "--rounds"},
        {{"tail", "--seed", "-1"}, "--seed"},
        {{"tail", "--rate", "0"}, "--rate"},
        {{"tail", "--duration", "20"}, "--duration"},
        {{"tail", "--duration", "0s"}, "--duration"},
        {{"tail", "--duration", "nan"}, "--duration"},
        {{"tail", "--duration", "1s", "--requests", "5"}, "--duration"},
        {{"tail", "--json="}, "--json"},
        {{"tail", "--svg", "-"}, "--svg"},
        {{"tail", "--sideways"}, "--sideways"},
        {{"-x"}, "-x: no such option; insist-bench --help lists them"},
        {{"tail", "--jsno", "x"}, "--jsno: no such option; did you mean --json?"},
        {{"tail", "--svgs=x"}, "did you mean --svg?"},
        {{"fan"}, "fan: no such workload; did you mean fanout?"},
        {{"strom"}, "did you mean storm?"},
        {{"storm", "--requests", "5"}, "--requests"},
        {{"deadline", "--duration", "5s"}, "--duration"},
        {{"duplicates", "--rate", "5"}, "--rate"},
        {{"fanout", "--rate", "5"}, "--rate"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        refuses(cases[i].words, cases[i].named);
    }
}

/* Whichever way it is spelt, and whether or not it was there before. */
static void test_one_file_for_both(void **state) {
    (void)state;
    const char *const words[] = {
        "tail",     "--json", "both.out",   "--svg", "./both.out", "--server", TESTSERVER_PROGRAM,
        "--rounds", "1",      "--requests", "40",    NULL};
    refuses(words, "--json and --svg: both are the file ./both.out");
    refuses(words, "--json and --svg: both are the file ./both.out");
    assert_int_equal(unlink("both.out"), 0);
}

static void check_help(const char *option) {
    const char *arguments[] = {option, NULL};
    static const char *const words[] = {"tail",   "fanout", "storm",    "deadline", "duplicates",
                                        "--json", "--svg",  "--rounds", "overhead", "concurrency"};
    struct run run;
    run_start(&run, BENCH_PROGRAM, arguments, NULL);
    run_wait(&run);
    assert_int_equal(run.exit_status, 0);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        assert_non_null(strstr(run.out, words[i]));
    }
    run_fini(&run);
}

static void test_help(void **state) {
    (void)state;
    check_help("--help");
    check_help("-h");
}

static void test_version(void **state) {
    (void)state;
    static const char *const arguments[] = {"--version", NULL};
    struct run run;
    run_start(&run, BENCH_PROGRAM, arguments, NULL);
    run_wait(&run);
    assert_int_equal(run.exit_status, 0);
    assert_string_equal(run.out, "insist-bench " INSIST_VERSION "\n");
    run_fini(&run);
}

/* What cannot be measured, or written, is a failure, not bad usage. */
static void test_failures(void **state) {
    (void)state;
    static const char *const without_server[] = {"tail", "--server", "/nowhere/insist-testserver", NULL};
    static const char *const without_file[] = {"tail", "--server", TESTSERVER_PROGRAM, "--json", "/nowhere/x", NULL};
    static const char *const without_picture[] = {"tail", "--server", TESTSERVER_PROGRAM, "--svg", "/nowhere/x", NULL};
    static const char *const *const cases[] = {without_server, without_file, without_picture};
    static const char *const named[] = {"--server", "--json", "--svg"};
    for (size_t i = 0; i < 3; i++) {
        struct run run;
        run_start(&run, BENCH_PROGRAM, cases[i], NULL);
        run_wait(&run);
        assert_int_equal(run.exit_status, 1);
        assert_non_null(strstr(run.err, named[i]));
        run_fini(&run);
    }
}

/* A table, and JSON, that could not be written are no success. */
static void test_full_output(void **state) {
    (void)state;
    static const char command[] = "exec \"$0\" \"$@\" >/dev/full";
    static const char *const table[] = {"-c",         command,    BENCH_PROGRAM,      "tail", "--requests", "40",
                                        "--rounds=1", "--server", TESTSERVER_PROGRAM, NULL};
    static const char *const json[] = {"-c",         command,    BENCH_PROGRAM,      "tail",   "--requests", "40",
                                       "--rounds=1", "--server", TESTSERVER_PROGRAM, "--json", "-",          NULL};
    static const char *const *const cases[] = {table, json};
    static const char *const named[] = {"standard output: No space left", "--json: -: No space left"};
    for (size_t i = 0; i < 2; i++) {
        struct run run;
        run_start(&run, "/bin/sh", cases[i], NULL);
        run_wait(&run);
        assert_int_equal(run.exit_status, 1);
        assert_non_null(strstr(run.err, named[i]));
        run_fini(&run);
    }
}

/* ---- a terminal ------------------------------------------------------------------------------------------------- */

/* In the child: standard error is a terminal, standard output is not. */
static void become_bench(const char *terminal) {
    int err = open(terminal, O_RDWR | O_NOCTTY);
    int out = open("/dev/null", O_WRONLY);
    if (err < 0 || out < 0 || dup2(err, STDERR_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0) {
        _exit(127);
    }
    execl(BENCH_PROGRAM, BENCH_PROGRAM, "tail", "--requests", "40", "--rounds", "1", "--server", TESTSERVER_PROGRAM,
          (char *)NULL);
    _exit(127);
}

/* On a terminal a bar says whose turn it is, and is gone at the end. */
static void test_progress_bar(void **state) {
    static char text[PICTURE_BYTES];
    static const char gone[] = "\r\033[K";
    size_t length = 0;
    int status = -1;
    bool ended = false;
    (void)state;
    int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
    const char *name = ptsname(terminal);
    int kept_open = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC); /* until the program has it, too, or has ended */
    pid_t pid = fork();
    assert_true(kept_open >= 0 && pid >= 0);
    if (pid == 0) {
        become_bench(name);
    }
    for (bool quiet = false; !ended || !quiet;) {
        struct pollfd waiting = {.fd = terminal, .events = POLLIN};
        quiet = poll(&waiting, 1, 100) == 0;
        if (quiet) {
            ended = ended || waitpid(pid, &status, WNOHANG) == pid;
            continue;
        }
        ssize_t more = read(terminal, text + length, sizeof text - 1 - length);
        assert_true(more > 0);
        length += (size_t)more;
    }
    close(kept_open);
    close(terminal);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    static const char bar[] = "\r\033[K[------------------------------] round 1 of 1, libcurl";
    assert_non_null(strstr(text, bar)); /* leaves room for the longest label on a terminal of 80 columns */
    assert_non_null(strstr(text, "] round 1 of 1, insist-auto"));
    assert_true(length > strlen(gone) && strcmp(text + length - strlen(gone), gone) == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tail),
        cmocka_unit_test(test_tail_for_a_time),
        cmocka_unit_test(test_tail_planned),
        cmocka_unit_test(test_fanout),
        cmocka_unit_test(test_storm),
        cmocka_unit_test(test_bad_usage),
        cmocka_unit_test(test_one_file_for_both),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_version),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_full_output),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_overhead),
        cmocka_unit_test(test_concurrency),
        cmocka_unit_test(test_progress_bar),
    };
    return cmocka_run_group_tests(tests, make_picture, remove_picture);
}
