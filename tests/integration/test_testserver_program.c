/* insist-testserver from the outside: what it prints, its exit statuses, its files, and that it is idle while it has
 * nothing to do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver_peer.h"
#include "testserver_process.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/insist-testserver-XXXXXX";

static int make_folder(void **state) {
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    (void)state;
    return rmdir(folder);
}

static void write_file(char name[64], const char *text) {
    snprintf(name, 64, "%s/file", folder);
    FILE *file = fopen(name, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void read_file(const char *name, char *text, size_t size) {
    FILE *file = fopen(name, "re");
    assert_non_null(file);
    process_read(file, text, size);
    fclose(file);
}

static int status_of(uint16_t port, const char *target) {
    struct peer peer;
    assert_true(peer_connect_port(&peer, port));
    assert_true(peer_get(&peer, target));
    struct peer_answer answer = peer_read(&peer);
    int status = answer.status;
    peer_answer_free(&answer);
    peer_close(&peer);
    return status;
}

/* Runs it to its end, which must have this status, and says these words on standard error. */
static void must_fail(const char *const *arguments, int status, const char *words) {
    struct process process;
    char text[1024];
    process_start(&process, arguments, 0);
    process_read(process.err, text, sizeof text);
    int ended = process_wait(&process);
    process_fini(&process);
    if (ended != status || !strstr(text, words)) {
        fail_msg("status %d: %s", ended, text);
    }
}

static void serves_until_it_is_told_to_end(void **state) {
    (void)state;
    const int signals[] = {SIGTERM, SIGINT};
    for (size_t i = 0; i < 2; i++) {
        struct process process;
        char expected[64];
        const char *arguments[] = {"--port", "0", "--seed=5", NULL};
        process_start_server(&process, arguments);
        snprintf(expected, sizeof expected, "listening on http://127.0.0.1:%u", process.port);
        assert_string_equal(process.first, expected);
        assert_int_equal(status_of(process.port, "/?do=404"), 404);
        assert_int_equal(status_of(process.admin_port, "/__admin/counts"), 200);
        assert_int_equal(kill(process.pid, signals[i]), 0);
        assert_int_equal(process_wait(&process), 0);
        process_fini(&process);
    }
}

static void writes_its_port_and_certificate(void **state) {
    (void)state;
    struct process process;
    char port_file[64], cert_file[64], text[4096], expected[64];
    snprintf(port_file, sizeof port_file, "%s/port", folder);
    snprintf(cert_file, sizeof cert_file, "%s/cert", folder);
    const char *arguments[] = {"--tls", "--port-file", port_file, "--cert-file", cert_file, NULL};
    process_start_server(&process, arguments);
    assert_memory_equal(process.first, "listening on https://127.0.0.1:", 31);
    snprintf(expected, sizeof expected, "%u\n", process.port);
    read_file(port_file, text, sizeof text);
    assert_string_equal(text, expected);
    read_file(cert_file, text, sizeof text);
    assert_memory_equal(text, "-----BEGIN CERTIFICATE-----", 27);
    assert_null(strstr(text, "PRIVATE"));
    assert_int_equal(process_end(&process), 0);
    process_fini(&process);
    unlink(port_file);
    unlink(cert_file);
}

static void quiet_prints_nothing(void **state) {
    (void)state;
    struct process process;
    char port_file[64], text[64] = "";
    snprintf(port_file, sizeof port_file, "%s/port", folder);
    const char *arguments[] = {"--quiet", "--port-file", port_file, NULL};
    process_start(&process, arguments, 0);
    while (access(port_file, R_OK) != 0) { /* it appears once connections are accepted */
        usleep(1000);
    }
    read_file(port_file, text, sizeof text);
    assert_int_equal(status_of((uint16_t)strtol(text, NULL, 10), "/"), 200);
    assert_int_equal(process_end(&process), 0);
    process_read(process.out, text, sizeof text);
    assert_string_equal(text, "");
    process_read(process.err, text, sizeof text);
    assert_string_equal(text, "");
    process_fini(&process);
    unlink(port_file);
}

static void scripts_from_a_file(void **state) {
    (void)state;
    struct process process;
    char name[64];
    write_file(name, "# a comment\n\n/users/7\t 404x2,200  \r\n  /b hold=/never>=1;delay=1s\n/c reset");
    const char *arguments[] = {"--script", name, NULL};
    process_start_server(&process, arguments);
    assert_int_equal(status_of(process.port, "/users/7"), 404);
    assert_int_equal(status_of(process.port, "/users/7"), 404);
    assert_int_equal(status_of(process.port, "/users/7"), 200);
    assert_int_equal(status_of(process.port, "/c"), 0);
    assert_int_equal(process_end(&process), 0);
    process_fini(&process);
    unlink(name);
}

static void bad_script_files_are_refused(void **state) {
    (void)state;
    const char *rows[][2] = {
        {"/a 200\n\n  /b 404,rezet\n", "file:3:10: expected a status such as 200"},
        {"users 200\n", "file:1:1: expected a path that begins with '/'"},
        {"/a\n", "file:1:3: expected a status such as 200"},
        {"/a 200\n/a 404\n", "file:2:1: expected a path that has no script yet"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char name[64];
        write_file(name, rows[i][0]);
        const char *arguments[] = {"--script", name, NULL};
        must_fail(arguments, 2, rows[i][1]);
        unlink(name);
    }
    const char *missing[] = {"--script", "/nowhere/at/all", NULL};
    must_fail(missing, 2, "--script: /nowhere/at/all: No such file");
    const char *no_file[] = {"--script", folder, NULL};
    must_fail(no_file, 2, ": Is a directory");
}

static void bad_usage_is_explained(void **state) {
    (void)state;
    const struct {
        const char *arguments[4];
        const char *words;
    } rows[] = {
        {{"--prot", "1"}, "unknown option '--prot'; did you mean --port?"},
        {{"--adminport=1"}, "did you mean --admin-port?"},
        {{"--quite"}, "did you mean --quiet?"},
        {{"--frobnicate"}, "--help lists them"},
        {{"-p"}, "unknown option '-p'"},
        {{"-hp"}, "unknown option '-hp'"},
        {{"--drai", "1"}, "unknown option '--drai'; did you mean --drain?"},
        {{"--quie"}, "unknown option '--quie'; did you mean --quiet?"},
        {{"--po=1"}, "unknown option '--po=1'; did you mean --port?"},
        {{"--tls=x"}, "--tls=x: it takes no value"},
        {{"--port"}, "--port needs a value"},
        {{"--port", "65536"}, "--port must be a number from 0 to 65535, not '65536'"},
        {{"--port", "-1"}, "--port must be a number"},
        {{"--admin-port", "x"}, "--admin-port must be a number"},
        {{"--seed", "1x"}, "--seed must be a whole number from 0 to 18446744073709551615, not '1x'"},
        {{"--admin", "none", "--admin-port=5"}, "--admin-port: there are no admin paths that it could be for"},
        {{"--admin", "none", "--admin-prefix=/x"}, "--admin-prefix: there are no admin paths"},
        {{"--bind", "localhost"}, "insist-testserver: --bind: must be a numeric address"},
        {{"--cert-file", "x"}, "--cert-file makes no sense without --tls"},
        {{"word"}, "unexpected argument 'word'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        must_fail(rows[i].arguments, 2, rows[i].words);
    }
}

static void files_that_cannot_be_written_are_told_by_their_option(void **state) {
    (void)state;
    char folder_new[64];
    const char *port[] = {"--port-file", "/nowhere/port", NULL};
    must_fail(port, 1, "insist-testserver: --port-file: /nowhere/port: No such file");
    const char *certificate[] = {"--tls", "--cert-file", "/nowhere/cert", NULL};
    must_fail(certificate, 1, "insist-testserver: --cert-file: /nowhere/cert: No such file");
    const char *over_folder[] = {"--port-file", folder, NULL};
    must_fail(over_folder, 1, ": Is a directory");
    snprintf(folder_new, sizeof folder_new, "%s.new", folder);
    assert_int_not_equal(access(folder_new, F_OK), 0);
}

static void a_port_in_use_is_told(void **state) {
    (void)state;
    insist_testserver *server;
    insist_testserver *second;
    insist_problem problem;
    char port[16], words[64];
    assert_int_equal(insist_testserver_start(NULL, NULL, &server), INSIST_OK);
    snprintf(port, sizeof port, "%u", insist_testserver_port(server));
    const char *arguments[] = {"--port", port, NULL};
    snprintf(words, sizeof words, "--port: port %s of 127.0.0.1 is in use", port);
    must_fail(arguments, 1, words);
    const char *admin_arguments[] = {"--admin-port", port, NULL};
    must_fail(admin_arguments, 1, "--admin-port: port ");
    assert_int_equal(
        insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.port = insist_testserver_port(server)), &problem, &second),
        INSIST_EPORT);
    assert_null(second);
    assert_int_equal(problem.err, INSIST_EPORT);
    assert_string_equal(problem.field, "port");
    insist_testserver_free(server);
}

/* 192.0.2.0/24 and 2001:db8::/32 are for documentation: no machine has them. */
static void an_address_of_another_machine_is_told(void **state) {
    (void)state;
    insist_testserver *server;
    insist_problem problem;
    const char *arguments[] = {"--bind", "192.0.2.1", NULL};
    must_fail(arguments, 1, "--bind: 192.0.2.1 cannot be listened on: Cannot assign requested address\n");
    const char *const addresses[] = {"192.0.2.1", "2001:db8::1"};
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        insist_err err =
            insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.bind = addresses[i], .port = 1), &problem, &server);
        assert_true(err == INSIST_EPORT || err == INSIST_ESYSTEM); /* the latter without IPv6 */
        assert_string_equal(problem.field, "bind");
        assert_non_null(strstr(problem.text, " cannot be listened on: "));
    }
}

static void options_of_the_future_are_refused(void **state) {
    (void)state;
    struct {
        insist_testserver_options options;
        long unknown;
    } larger = {.options = {.size = sizeof larger}, .unknown = 0};
    insist_testserver *server;
    insist_problem problem;
    assert_int_equal(insist_testserver_start(&larger.options, NULL, &server), INSIST_OK);
    insist_testserver_free(server);
    larger.unknown = 1;
    assert_int_equal(insist_testserver_start(&larger.options, &problem, &server), INSIST_ETOONEW);
    larger.options.size = 0;
    assert_int_equal(insist_testserver_start(&larger.options, &problem, &server), INSIST_EINVAL);
    assert_string_equal(problem.field, "size");
}

static void help_and_version(void **state) {
    (void)state;
    struct process process;
    char text[4096];
    const char *help[][2] = {{"--help", NULL}, {"-h", NULL}};
    for (size_t i = 0; i < 2; i++) {
        process_start(&process, help[i], 0);
        process_read(process.out, text, sizeof text);
        assert_int_equal(process_wait(&process), 0);
        assert_non_null(strstr(text, "--port-file FILE"));
        process_fini(&process);
    }
    const char *version[] = {"--version", NULL};
    process_start(&process, version, 0);
    process_read(process.out, text, sizeof text);
    assert_int_equal(process_wait(&process), 0);
    assert_string_equal(text, "insist-testserver " INSIST_VERSION "\n");
    process_fini(&process);
}

/* Processor time of the children that have been waited for, in ms. */
static long children_ms(void) {
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_CHILDREN, &usage), 0);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

/* What the server uses for connections in every state in which a loop may forget to sleep, in ms, until one to that
 * target is answered. */
static long ms_until(const char *target) {
    const char *targets[] = {"/?do=hang",
                             "/?do=200;stall=headers",
                             "/?do=200;stall=body@5",
                             "/?do=hold=/never>=1",
                             "/?do=200;delay=1m",
                             "/?do=size=50MB",
                             "/?do=size=50MB;reset@body:50000000",
                             "/"};
    enum { COUNT = sizeof targets / sizeof targets[0] };
    struct peer peers[COUNT];
    struct peer idle, half_closed;
    struct process process;
    const char *arguments[] = {NULL};
    long before_ms = children_ms();
    process_start_server(&process, arguments);
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(peer_connect_port(&peers[i], process.port));
        assert_true(peer_get(&peers[i], targets[i]));
    }
    assert_true(peer_connect_port(&idle, process.port));
    assert_true(peer_connect_port(&half_closed, process.port));
    assert_true(peer_send(&half_closed, "GET / HTTP/1.1\r\n"));
    shutdown(half_closed.fd, SHUT_WR);
    assert_int_equal(status_of(process.port, target), 200);
    for (size_t i = 0; i < COUNT; i++) {
        peer_close(&peers[i]);
    }
    peer_close(&idle);
    peer_close(&half_closed);
    assert_int_equal(process_end(&process), 0);
    process_fini(&process);
    return children_ms() - before_ms;
}

/* A loop that spins would use two seconds more. */
static void waiting_costs_no_processor_time(void **state) {
    (void)state;
    long at_once_ms = ms_until("/?do=200");
    long waiting_ms = ms_until("/?do=200;delay=2s");
    if (waiting_ms > at_once_ms + 1000) {
        fail_msg("%ld ms of processor time, %ld ms without waiting", waiting_ms, at_once_ms);
    }
}

/* What the server uses for sixty requests with that limit of descriptors, in ms. */
static long ms_with_descriptors(unsigned limit) {
    enum { COUNT = 60 };
    struct peer peers[COUNT];
    struct process process;
    char port_file[64], text[64] = "";
    snprintf(port_file, sizeof port_file, "%s/port", folder);
    const char *arguments[] = {"--quiet", "--port-file", port_file, NULL};
    long before_ms = children_ms();
    process_start(&process, arguments, limit);
    while (access(port_file, R_OK) != 0) {
        usleep(1000);
    }
    read_file(port_file, text, sizeof text);
    unlink(port_file);
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(peer_connect_port(&peers[i], (uint16_t)strtol(text, NULL, 10)));
        assert_true(peer_get(&peers[i], "/?do=200;delay=1s"));
    }
    for (size_t i = 0; i < COUNT; i++) {
        struct peer_answer answer = peer_read(&peers[i]);
        assert_int_equal(answer.status, 200);
        peer_answer_free(&answer);
        peer_close(&peers[i]);
    }
    assert_int_equal(process_end(&process), 0);
    process_fini(&process);
    return children_ms() - before_ms;
}

/* More connections than descriptors: those beyond wait for a second, without a spinning loop, and are served as soon as
 * others leave. */
static void out_of_descriptors_is_survived(void **state) {
    (void)state;
    long enough_ms = ms_with_descriptors(0);
    long few_ms = ms_with_descriptors(40);
    if (few_ms > enough_ms + 500) {
        fail_msg("%ld ms of processor time, %ld ms where there are enough", few_ms, enough_ms);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serves_until_it_is_told_to_end),
        cmocka_unit_test(writes_its_port_and_certificate),
        cmocka_unit_test(quiet_prints_nothing),
        cmocka_unit_test(scripts_from_a_file),
        cmocka_unit_test(bad_script_files_are_refused),
        cmocka_unit_test(bad_usage_is_explained),
        cmocka_unit_test(files_that_cannot_be_written_are_told_by_their_option),
        cmocka_unit_test(a_port_in_use_is_told),
        cmocka_unit_test(an_address_of_another_machine_is_told),
        cmocka_unit_test(options_of_the_future_are_refused),
        cmocka_unit_test(help_and_version),
        cmocka_unit_test(waiting_costs_no_processor_time),
        cmocka_unit_test(out_of_descriptors_is_survived),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
