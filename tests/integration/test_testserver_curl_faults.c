/* Every fault of the test server as the curl program meets it, http and https: its exit code, the status and the bytes
 * that it received; and what the server's journal says of it afterwards, which is what the script foretold. Faults that
 * befall connections before their first request are in a test of their own.
 *
 * Where silence is the fault curl gives up after a while. What comes before the silence must have come by then, which on
 * a busy machine takes longer than the table says: such a row is run again with more patience. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "curl_program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PLAIN, TLS, KINDS };

/* curl's exit codes, as its manual has them. */
enum {
    OK = 0,
    NO_HTTP = 1, /* "unsupported protocol": what came is no HTTP */
    WEIRD = 8,   /* a header that cannot be */
    PARTIAL = 18,
    TIMEOUT = 28,
    TOO_MANY_REDIRECTS = 47,
    NOTHING = 52,
    RECEIVE = 56, /* a reset among them */
    BAD_ENCODING = 61
};

enum gone { STAYED, LEFT, EITHER }; /* whether the client left before the answer was complete */

struct row {
    const char *script;
    const char *options[5];
    int exit_code;
    int status;
    size_t bytes;     /* of the body, a pattern; at least as many where more_bytes is set */
    const char *text; /* the body, instead */
    bool more_bytes;
    enum gone gone;
    int64_t least_ms; /* that it takes */
    int hits;         /* requests that curl makes of it; 0 means 1 */
};

/* clang-format off */
static const struct row rows[] = {
    /* proper answers */
    {"200;body=hello", {0}, OK, .status = 200, .text = "hello"},
    {"404;size=100KB", {0}, OK, .status = 404, .bytes = 100000},
    {"503;retry-after=1", {0}, OK, .status = 503, .text = "503 Service Unavailable\n"},
    {"503;retry-after=1,200", {"--retry", "1"}, OK, .status = 200, .text = "503 Service Unavailable\n200 OK\n", .least_ms = 1000, .hits = 2},
    {"200;delay=50ms", {0}, OK, .status = 200, .text = "200 OK\n", .least_ms = 50},
    {"http10;body=hello", {0}, OK, .status = 200, .text = "hello"},
    {"http10;length=none;size=70000", {0}, OK, .status = 200, .bytes = 70000},
    {"length=none;size=70000", {0}, OK, .status = 200, .bytes = 70000},
    {"chunked;size=70000", {0}, OK, .status = 200, .bytes = 70000},
    {"chunked;size=70000", {"-0"}, OK, .status = 200, .bytes = 70000},
    {"chunked=7;size=1000", {0}, OK, .status = 200, .bytes = 1000},
    {"chunked;body=hello;trailer:X-Sum=1;trailer:X-End=2", {0}, OK, .status = 200, .text = "hello"},
    {"1xx=103;body=hello", {0}, OK, .status = 200, .text = "hello"},
    {"1xx=100x1000;body=hello", {0}, OK, .status = 200, .text = "hello"},
    {"echo", {"-d", "sent"}, OK, .status = 200, .text = "sent"},

    /* time */
    {"size=320;drip=10ms/16", {0}, OK, .status = 200, .bytes = 320, .least_ms = 190},
    {"size=320;drip=10ms/16;chunked", {0}, OK, .status = 200, .bytes = 320, .least_ms = 190},
    {"size=320;drip=10ms/16;reset@body:100", {0}, RECEIVE, .status = 200, .bytes = 100, .least_ms = 60},
    {"size=320;drip=10ms/16;close@body:100", {0}, PARTIAL, .status = 200, .bytes = 100, .least_ms = 60},
    {"size=320;drip=10ms/16;stall=body@100", {"-m", "0.3"}, TIMEOUT, .status = 200, .bytes = 100, .gone = LEFT},
    {"size=10KB;drip=10ms/16", {"-m", "0.3"}, TIMEOUT, .status = 200, .bytes = 48, .more_bytes = true, .gone = LEFT},
    {"body=hello;drip@headers=5ms/10", {0}, OK, .status = 200, .text = "hello", .least_ms = 60},
    {"drip@headers=100ms/1", {"-m", "0.3"}, TIMEOUT, .status = 0, .gone = LEFT},
    {"size=20000;rate=100KB/s", {0}, OK, .status = 200, .bytes = 20000, .least_ms = 190},
    {"body=hello;delay@body=100ms", {0}, OK, .status = 200, .text = "hello", .least_ms = 100},
    {"body=hello;length=none;delay@end=100ms", {0}, OK, .status = 200, .text = "hello", .least_ms = 100},

    /* the end of the connection */
    {"reset", {0}, RECEIVE, .status = 0},
    {"reset@headers", {0}, RECEIVE, .status = 200},
    {"reset@headers:5", {0}, RECEIVE, .status = 0},
    {"reset@body:100", {0}, RECEIVE, .status = 200, .bytes = 100},
    {"reset@body:300000", {0}, RECEIVE, .status = 200, .bytes = 300000},
    {"reset@body:6;size=10;chunked=4", {0}, RECEIVE, .status = 200, .bytes = 6},
    {"1xx=103;reset", {0}, RECEIVE, .status = 103},
    {"reset@end;size=300000", {0}, OK, .status = 200, .bytes = 300000},
    {"close", {0}, NOTHING, .status = 0},
    {"close@headers", {0}, OK, .status = 200}, /* curl takes half of a header block for an answer */
    {"close@headers:5", {0}, NOTHING, .status = 0},
    {"close@body:100", {0}, PARTIAL, .status = 200, .bytes = 100},
    {"close@body:10;size=10;chunked", {0}, PARTIAL, .status = 200, .bytes = 10},
    {"close@end;size=10", {0}, OK, .status = 200, .bytes = 10},
    {"truncate@100", {0}, PARTIAL, .status = 200, .bytes = 100},
    {"truncate@300000", {0}, PARTIAL, .status = 200, .bytes = 300000},
    {"503;truncate@0", {0}, PARTIAL, .status = 503},

    /* silence */
    {"hang", {"-m", "0.3"}, TIMEOUT, .status = 0, .gone = LEFT},
    {"1xx=103;hang", {"-m", "0.3"}, TIMEOUT, .status = 103, .gone = LEFT},
    {"stall=headers", {"-m", "0.3"}, TIMEOUT, .status = 200, .gone = LEFT},
    {"stall=headers@10", {"-m", "0.3"}, TIMEOUT, .status = 0, .gone = LEFT},
    {"stall=body@100", {"-m", "0.3"}, TIMEOUT, .status = 200, .bytes = 100, .gone = LEFT},
    {"hold=/nobody>=1", {"-m", "0.3"}, TIMEOUT, .status = 0, .gone = LEFT},

    /* bytes that are wrong */
    {"garbage", {0}, NO_HTTP, .status = 0},
    {"garbage=5", {0}, NO_HTTP, .status = 0},
    {"garbage=100KB", {"--http0.9"}, OK, .status = 0, .bytes = 100000, .text = ""},
    {"raw=\"HTTP/1.0 299 Mine\\r\\n\\r\\nhey\"", {0}, OK, .status = 299, .text = "hey"},
    {"raw=\"\"", {0}, NOTHING, .status = 0},
    {"raw=\"just words\"", {"--http0.9"}, OK, .status = 0, .text = "just words"},
    {"status-line=\"HTTP/3.7 200 OK\"", {0}, NO_HTTP, .status = 0},
    {"status-line=\"HTTP/1.1 99999 Many\"", {0}, NO_HTTP, .status = 0},
    {"status-line=\"\"", {0}, NO_HTTP, .status = 0},
    {"status-line=\"HTTP/1.1 299\";body=hello", {0}, OK, .status = 299, .text = "hello"},
    {"line=\"no colon here\"", {0}, WEIRD, .status = 200},
    {"line=\"X-A: a\\x00b\"", {0}, WEIRD, .status = 200},
    {"line=\"Content-Length: 3\";body=hello", {0}, OK, .status = 200, .text = "hel"},
    {"line=\"Content-Length: -1\"", {0}, WEIRD, .status = 200},
    {"line=\"Content-Length: 3\";chunked;body=hello", {0}, OK, .status = 200, .text = "hello"},
    {"no-blank-line", {0}, WEIRD, .status = 200},
    {"lf;body=hello", {0}, OK, .status = 200, .text = "hello"},
    {"headers=100", {0}, OK, .status = 200, .text = "200 OK\n"},
    {"headers=20000", {0}, RECEIVE, .status = 200, .gone = EITHER}, /* curl takes 300 kB of them */
    {"headers=endless", {0}, RECEIVE, .status = 200, .gone = LEFT},
    {"1xx=103xendless", {0}, RECEIVE, .status = 103, .gone = LEFT},
    {"length=3;body=hello", {0}, OK, .status = 200, .text = "hel"},
    {"length=10;body=hello", {0}, PARTIAL, .status = 200, .text = "hello"},
    {"endless", {"-m", "0.3"}, TIMEOUT, .status = 200, .bytes = 100000, .more_bytes = true, .gone = LEFT},
    {"endless;chunked", {"-m", "0.3"}, TIMEOUT, .status = 200, .bytes = 100000, .more_bytes = true, .gone = LEFT},
    {"badchunk", {0}, RECEIVE, .status = 200},
    {"badchunk@5", {0}, RECEIVE, .status = 200, .bytes = 5},
    {"badchunk=huge@5", {0}, RECEIVE, .status = 200, .bytes = 5},
    {"badchunk=negative@5", {0}, RECEIVE, .status = 200, .bytes = 5},
    {"badchunk=unended@5", {0}, RECEIVE, .status = 200, .text = "abcdeabcde"},
    {"trailers=20000", {0}, OK, .status = 200, .text = "200 OK\n"},
    {"trailers=endless", {"-m", "0.3"}, TIMEOUT, .status = 200, .text = "200 OK\n", .gone = LEFT},

    /* compressed */
    {"gzip;size=100000", {"--compressed"}, OK, .status = 200, .bytes = 100000},
    {"deflate;size=600000", {"--compressed"}, OK, .status = 200, .bytes = 600000},
    {"gzip;size=600000;chunked", {"--compressed"}, OK, .status = 200, .bytes = 600000},
    {"gzip;size=600000;drip=5ms/400", {"--compressed"}, OK, .status = 200, .bytes = 600000},
    {"gzip;endless;rate=100KB/s", {"--compressed", "-m", "0.3"}, TIMEOUT, .status = 200, .bytes = 100000, .more_bytes = true, .gone = LEFT},
    {"gzip=truncated;size=100000", {"--compressed"}, OK, .status = 200, .bytes = 41823}, /* curl does not mind */
    {"gzip=crc;size=100000", {"--compressed"}, BAD_ENCODING, .status = 200, .bytes = 100000},
    {"gzip=length;size=100000", {"--compressed"}, BAD_ENCODING, .status = 200, .bytes = 100000},
    {"deflate=crc;size=100000", {"--compressed"}, BAD_ENCODING, .status = 200, .bytes = 100000},
    {"gzip=plain;body=hello", {"--compressed"}, BAD_ENCODING, .status = 200},
    {"h:Content-Encoding=nonsense", {"--compressed"}, BAD_ENCODING, .status = 200},

    /* redirects */
    {"redirect", {"-L", "--max-redirs", "7", "-o", "/dev/null"}, TOO_MANY_REDIRECTS, .status = 302, .hits = 8},
    {"redirectx3,200", {"-L"}, OK, .status = 200, .text = "200 OK\n", .hits = 4},
    {"307=/elsewhere", {"-L"}, OK, .status = 200, .text = "200 OK\n"},

    /* the request left unread */
    {"unread;413;body=enough", {"-H", "Expect: 100-continue", "-T", "BIG"}, OK, .status = 413, .text = "enough"},
    {"unread@5000000;413;body=enough", {"-T", "BIG"}, OK, .status = 413, .text = "enough"},
    {"read=50MB/s;body=read", {"-T", "BIG"}, OK, .status = 200, .text = "read", .least_ms = 390},
    {"unread;reset", {"-H", "Expect: 100-continue", "-T", "BIG"}, RECEIVE, .status = 0},
    {"unread;hang", {"-m", "0.5", "-T", "BIG"}, TIMEOUT, .status = 0, .gone = EITHER},
};
/* clang-format on */

static char big_file[] = "/tmp/test_testserver_big_XXXXXX";

static int start_servers(void **state) {
    static insist_testserver *servers[KINDS];
    for (int i = 0; i < KINDS; i++) {
        if (insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.tls = i == TLS), NULL, &servers[i]) != INSIST_OK) {
            return -1;
        }
    }
    int fd = mkstemp(big_file);
    bool ok = fd >= 0 && ftruncate(fd, 20000000) == 0;
    if (fd >= 0) {
        close(fd);
    }
    *state = servers;
    return ok ? 0 : -1;
}

static int free_servers(void **state) {
    insist_testserver **servers = *state;
    for (int i = 0; i < KINDS; i++) {
        insist_testserver_free(servers[i]);
    }
    unlink(big_file);
    return 0;
}

static bool bytes_are_right(const struct row *row, const struct curl_run *run) {
    if (row->text && row->bytes == 0) {
        return run->bytes == strlen(row->text) && memcmp(run->kept, row->text, run->bytes) == 0;
    }
    bool enough = row->more_bytes ? run->bytes >= row->bytes : run->bytes == row->bytes;
    return enough && (run->is_pattern || row->text);
}

enum { MOST_PATIENT = 7 }; /* the last round has 64 times the patience of the first */

struct arguments {
    const char *options[8];
    char patience[16];
};

static bool gives_up(const struct row *row) {
    return row->exit_code == TIMEOUT;
}

/* It may still be sending when the connection is reset behind the answer, and has not read that yet. */
static bool may_be_cut_off(const struct row *row) {
    return strstr(row->script, "unread@") != NULL;
}

/* Where the row's options name the large file, and how long curl waits in this round. */
static void fill_in(const struct row *row, int round, struct arguments *arguments) {
    size_t count = 0;
    for (; count < 5 && row->options[count]; count++) {
        const char *option = row->options[count];
        if (count > 0 && strcmp(row->options[count - 1], "-m") == 0) {
            snprintf(arguments->patience, sizeof arguments->patience, "%.1f", strtod(option, NULL) * (1 << round));
            option = arguments->patience;
        }
        arguments->options[count] = strcmp(option, "BIG") == 0 ? big_file : option;
    }
    arguments->options[count] = NULL;
}

/* The journal's entry of the row's last request: as foretold. */
static void check_journal(insist_testserver *server, const char *path, const char *target, const struct row *row,
                          bool *seen) {
    insist_testserver_journal *journal;
    insist_testserver_step step = {.size = sizeof step};
    size_t hits = row->hits ? (size_t)row->hits : 1;
    assert_true(row->gone == EITHER || insist_testserver_wait_idle(server, 60000));
    assert_int_equal(insist_testserver_journal_new(server, path, NULL, &journal), INSIST_OK);
    if (insist_testserver_journal_count(journal) != hits) {
        fail_msg("%s: %zu requests", row->script, insist_testserver_journal_count(journal));
    }
    assert_int_equal(insist_testserver_foretell(0, row->script, target, hits - 1, &step), INSIST_OK);
    const insist_testserver_entry *entry = insist_testserver_journal_at(journal, hits - 1);
    bool gone_is_right = row->gone == EITHER || entry->client_gone == (row->gone == LEFT);
    if (entry->fault != step.fault || entry->status != step.status || !gone_is_right) {
        fail_msg("%s: the journal has fault %s, status %d, gone %d", row->script,
                 insist_testserver_fault_name(entry->fault), entry->status, entry->client_gone);
    }
    if (strstr(row->script, "unread")) {
        const char *limit = strstr(row->script, "unread@");
        assert_int_equal(entry->body_bytes, limit ? strtoull(limit + 7, NULL, 10) : 0);
    }
    seen[entry->fault] = true;
    insist_testserver_journal_free(journal);
}

static bool run_is_right(const struct row *row, const struct curl_run *run) {
    return run->exit_code == row->exit_code && run->status == row->status && bytes_are_right(row, run) &&
           run->total_us >= row->least_ms * 1000;
}

/* Of what a row that came too short has left nothing is counted: each round has its path. */
static void check_row(insist_testserver *server, size_t i, bool *seen) {
    const struct row *row = &rows[i];
    const int rounds = gives_up(row) || may_be_cut_off(row) ? MOST_PATIENT : 1;
    struct curl_run run = {.exit_code = -1};
    char path[32];
    char target[1024];
    bool right = false;
    for (int round = 0; round < rounds && !right; round++) {
        struct arguments arguments;
        fill_in(row, round, &arguments);
        snprintf(path, sizeof path, "/row/%zu/%d", i, round);
        curl_program_target(target, sizeof target, path, row->script);
        run = curl_program_run(server, target, arguments.options);
        right = run_is_right(row, &run) &&
                (!gives_up(row) || insist_testserver_hits(server, path) > 0); /* the request came before it gave up */
    }
    if (!right) {
        fail_msg("%s: exit code %d, status %d, %zu bytes after %lld us: %.60s", row->script, run.exit_code, run.status,
                 run.bytes, (long long)run.total_us, run.kept);
    }
    check_journal(server, path, target, row, seen);
}

static void every_row(insist_testserver *server) {
    bool seen[64] = {false};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check_row(server, i, seen);
    }
    /* nothing is missing in the table but what is flawed only where nothing else is */
    for (int fault = 1; strcmp(insist_testserver_fault_name((insist_testserver_fault)fault), "unknown") != 0; fault++) {
        if (!seen[fault]) {
            fail_msg("no row is about %s", insist_testserver_fault_name((insist_testserver_fault)fault));
        }
    }
}

static void test_every_fault(void **state) {
    insist_testserver **servers = *state;
    every_row(servers[PLAIN]);
}

static void test_every_fault_under_tls(void **state) {
    insist_testserver **servers = *state;
    every_row(servers[TLS]);
}

/* A gigabyte in a few megabytes, of which the server keeps a few kilobytes; a fifth of it unpacked. */
static void test_a_gzip_bomb(void **state) {
    insist_testserver **servers = *state;
    char target[256];
    curl_program_target(target, sizeof target, "/bomb", "gzip;size=1GB");
    struct curl_run run = curl_program_run(servers[PLAIN], target, NULL);
    assert_int_equal(run.exit_code, OK);
    assert_true(run.bytes > 1000000 && run.bytes < 3000000);
    curl_program_target(target, sizeof target, "/bomb", "gzip;size=200MB");
    run = curl_program_run(servers[PLAIN], target, (const char *[]){"--compressed", NULL});
    assert_int_equal(run.exit_code, OK);
    assert_int_equal(run.bytes, 200000000);
    assert_true(run.is_pattern);
}

/* Answers that are sent as they should be leave the connection to the next request; a connection that ends without a
 * word is made anew. */
static void connections(insist_testserver *server, const char *script, int exit_code, long made) {
    char target[256];
    char again[512];
    curl_program_target(target, sizeof target, "/twice", script);
    snprintf(again, sizeof again, "%s/then", insist_testserver_url(server));
    struct curl_run run = curl_program_run(server, target, (const char *[]){again, NULL});
    if (run.exit_code != exit_code || run.connections != made) {
        fail_msg("%s: exit code %d, %ld connections for the second", script, run.exit_code, run.connections);
    }
}

static void test_connections_live_on(void **state) {
    insist_testserver **servers = *state;
    for (int i = 0; i < KINDS; i++) {
        connections(servers[i], "200", OK, 0);
        connections(servers[i], "chunked;size=70000", OK, 0);
        connections(servers[i], "1xx=103;size=70000", OK, 0);
        connections(servers[i], "gzip;size=600000", OK, 0);
        connections(servers[i], "size=100;drip=1ms/50", OK, 1);
        connections(servers[i], "http10", OK, 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_fault),
        cmocka_unit_test(test_every_fault_under_tls),
        cmocka_unit_test(test_a_gzip_bomb),
        cmocka_unit_test(test_connections_live_on),
    };
    if (!curl_program_exists()) {
        return 77;
    }
    return cmocka_run_group_tests(tests, start_servers, free_servers);
}
