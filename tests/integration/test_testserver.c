/* The test server over real sockets, http and https: every fault as the other side sees it, byte by byte, and what
 * the journal says about it. Waiting is for events only; the times that are compared are the journal's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver_peer.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PLAIN, TLS, KINDS };
static const int64_t patience_ms = 60000;
static const uint64_t seed = 42;

static int start_servers(void **state) {
    static insist_testserver *servers[KINDS];
    for (int i = 0; i < KINDS; i++) {
        if (insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.tls = i == TLS, .seed = seed), NULL, &servers[i]) !=
            INSIST_OK) {
            return -1;
        }
    }
    *state = servers;
    return 0;
}

static int free_servers(void **state) {
    insist_testserver **servers = *state;
    for (int i = 0; i < KINDS; i++) {
        insist_testserver_free(servers[i]);
    }
    return 0;
}

static int reset_servers(void **state) {
    insist_testserver **servers = *state;
    for (int i = 0; i < KINDS; i++) {
        if (!insist_testserver_wait_idle(servers[i], patience_ms)) {
            return -1;
        }
        insist_testserver_reset(servers[i]);
    }
    return 0;
}

/* One request on a connection of its own. */
static struct peer_answer ask(insist_testserver *server, const char *target) {
    struct peer peer;
    assert_true(peer_connect(&peer, server));
    assert_true(peer_get(&peer, target));
    struct peer_answer answer = peer_read(&peer);
    peer_close(&peer);
    return answer;
}

/* The only journal entry of path; it must be freed with the journal. */
static const insist_testserver_entry *entry_of(insist_testserver *server, const char *path,
                                               insist_testserver_journal **journal) {
    assert_true(insist_testserver_wait_idle(server, patience_ms));
    assert_int_equal(insist_testserver_journal_new(server, path, NULL, journal), INSIST_OK);
    assert_int_equal(insist_testserver_journal_count(*journal), 1);
    assert_null(insist_testserver_journal_at(*journal, 1));
    return insist_testserver_journal_at(*journal, 0);
}

/* ---- scripts and counts
 * ---------------------------------------------------------------------------------------------- */

static void hits_are_counted_by_key(insist_testserver *server) {
    const char *target = "/users/7?do=404x2,200&key=a";
    assert_int_equal(peer_status(server, target), 404);
    assert_int_equal(peer_status(server, target), 404);
    assert_int_equal(peer_status(server, target), 200);
    assert_int_equal(peer_status(server, target), 200);
    assert_int_equal(peer_status(server, "/users/7?do=404x2,200&key=b"), 404);
    assert_int_equal(peer_status(server, "/elsewhere?do=404x2,200&key=b"), 404);
    assert_int_equal(peer_status(server, "/users/7?do=404x2%2C200&key=%62"), 200);
    assert_int_equal(insist_testserver_hits(server, "/users/7"), 6);
    assert_int_equal(insist_testserver_hits_by_key(server, "a"), 4);
    assert_int_equal(insist_testserver_hits_by_key(server, "b"), 3);
    assert_int_equal(insist_testserver_hits_by_key(server, "c"), 0);
}

static void without_a_key_by_path_and_query(insist_testserver *server) {
    assert_int_equal(peer_status(server, "/n?do=404,200,..."), 404);
    assert_int_equal(peer_status(server, "/n?do=404,200,..."), 200);
    assert_int_equal(peer_status(server, "/n?do=404,200,..."), 404);
    assert_int_equal(peer_status(server, "/n?do=404,200,...&x=1"), 404);
    assert_int_equal(peer_status(server, "/m?do=404,200,..."), 404);
}

static void path_scripts_and_precedence(insist_testserver *server) {
    insist_problem problem;
    assert_int_equal(peer_status(server, "/p%20q"), 200);
    assert_int_equal(insist_testserver_script(server, "/p q", "503,404", NULL), INSIST_OK);
    assert_int_equal(peer_status(server, "/p%20q"), 503);
    assert_int_equal(peer_status(server, "/p%20q?any=thing"), 404);
    assert_int_equal(peer_status(server, "/p%20q?key=k"), 503);
    assert_int_equal(peer_status(server, "/p%20q?do=201"), 201);
    assert_int_equal(insist_testserver_script(server, "/p q", "503,500", NULL), INSIST_OK);
    assert_int_equal(peer_status(server, "/p%20q"), 503);
    assert_int_equal(insist_testserver_script(server, "/p q", "503,5", &problem), INSIST_EINVAL);
    assert_non_null(strstr(problem.text, "column 5: expected a final status"));
    assert_int_equal(peer_status(server, "/p%20q"), 500);
    assert_int_equal(insist_testserver_script(server, "p", "200", &problem), INSIST_EINVAL);
    assert_string_equal(problem.field, "path");
    assert_int_equal(insist_testserver_script(server, "/p q", NULL, NULL), INSIST_OK);
    assert_int_equal(peer_status(server, "/p%20q"), 200);
}

static void scripts_given_at_the_start(void **state) {
    (void)state;
    const char *const scripts[] = {"/a", "503,404", "/b", "201", NULL}, *const odd[] = {"/a", "503", "/b", NULL};
    const char *const bad[] = {"/a", "503", "/b", "rezet", NULL}, *const no_path[] = {"a", "503", NULL};
    insist_testserver *server = NULL;
    insist_problem problem;
    assert_int_equal(insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.scripts = scripts), NULL, &server), INSIST_OK);
    assert_int_equal(peer_status(server, "/a"), 503);
    assert_int_equal(peer_status(server, "/a"), 404);
    assert_int_equal(peer_status(server, "/b"), 201);
    insist_testserver_free(server);
    const struct {
        const char *const *scripts;
        const char *field;
    } rows[] = {{odd, "scripts"}, {bad, "script"}, {no_path, "path"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const insist_testserver_options *options = INSIST_TESTSERVER_OPTIONS(.scripts = rows[i].scripts);
        assert_int_equal(insist_testserver_start(options, &problem, &server), INSIST_EINVAL);
        assert_string_equal(problem.field, rows[i].field);
        assert_null(server);
    }
}

static void a_bad_script_is_told_with_its_column(insist_testserver *server) {
    struct peer_answer answer = ask(server, "/x?do=404,rezet");
    assert_int_equal(answer.status, 400);
    assert_non_null(strstr(answer.body, "do: column 5: expected a status such as 200"));
    peer_answer_free(&answer);
    assert_int_equal(peer_status(server, "/x%zz"), 400);
    assert_int_equal(peer_status(server, "/x?do=%4"), 400);
    assert_int_equal(peer_status(server, "/x?key=%00"), 400);
}

static void reset_begins_everything_again(insist_testserver *server) {
    assert_int_equal(insist_testserver_script(server, "/r", "404,200", NULL), INSIST_OK);
    assert_int_equal(peer_status(server, "/r"), 404);
    assert_int_equal(peer_status(server, "/r?do=500,200&key=r"), 500);
    insist_testserver_wait_idle(server, patience_ms);
    insist_testserver_reset(server);
    assert_int_equal(insist_testserver_hits(server, "/r"), 0);
    assert_int_equal(peer_status(server, "/r"), 404);
    assert_int_equal(peer_status(server, "/r?do=500,200&key=r"), 500);
    assert_int_equal(insist_testserver_script(server, "/r", NULL, NULL), INSIST_OK);
}

/* ---- proper answers
 * -------------------------------------------------------------------------------------------------- */

static void answers_carry_what_was_asked_for(insist_testserver *server) {
    char value[256];
    struct peer_answer answer = ask(server, "/a?do=503;retry-after=7;h:X-A=b;type=text/css;body=hello");
    assert_int_equal(answer.status, 503);
    assert_true(peer_answer_header(&answer, "Retry-After", value));
    assert_string_equal(value, "7");
    assert_true(peer_answer_header(&answer, "X-A", value));
    assert_string_equal(value, "b");
    assert_true(peer_answer_header(&answer, "Content-Type", value));
    assert_string_equal(value, "text/css");
    assert_string_equal(answer.body, "hello");
    assert_int_equal(answer.end, PEER_OPEN);
    peer_answer_free(&answer);

    answer = ask(server, "/a?do=503;retry-after=date%2B100");
    assert_true(peer_answer_header(&answer, "Retry-After", value));
    assert_non_null(strstr(value, " GMT"));
    peer_answer_free(&answer);

    answer = ask(server, "/a?do=307=/b");
    assert_int_equal(answer.status, 307);
    assert_true(peer_answer_header(&answer, "Location", value));
    assert_string_equal(value, "/b");
    peer_answer_free(&answer);

    answer = ask(server, "/a?do=size=1MB");
    assert_int_equal(answer.body_size, 1000000);
    for (size_t i = 0; i < answer.body_size; i++) {
        if (answer.body[i] != (char)('a' + i % 26)) {
            fail_msg("byte %zu is wrong", i);
        }
    }
    peer_answer_free(&answer);

    answer = ask(server, "/a?do=size=1MB;gzip");
    assert_true(peer_answer_header(&answer, "Content-Encoding", value));
    assert_string_equal(value, "gzip");
    assert_memory_equal(answer.body, "\x1f\x8b", 2);
    peer_answer_free(&answer);
    assert_int_equal(peer_status(server, "/a?do=204"), 204);
    assert_int_equal(peer_status(server, "/a?do=999"), 999);
}

static void echo_and_the_journal_know_the_body(insist_testserver *server) {
    char value[256];
    struct peer peer;
    insist_testserver_journal *journal;
    assert_true(peer_connect(&peer, server));
    assert_true(peer_post(&peer, "/e?do=200;echo&key=k%26", "abc"));
    struct peer_answer answer = peer_read(&peer);
    assert_string_equal(answer.body, "abc");
    assert_true(peer_answer_header(&answer, "Content-Type", value));
    assert_string_equal(value, "text/x-test");
    peer_answer_free(&answer);
    peer_close(&peer);

    const insist_testserver_entry *entry = entry_of(server, "/e", &journal);
    assert_string_equal(entry->method, "POST");
    assert_string_equal(entry->query, "do=200;echo&key=k%26");
    assert_string_equal(entry->key, "k&");
    assert_int_equal(entry->body_bytes, 3);
    assert_string_equal(entry->body_sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(entry->field_count, 3);
    assert_string_equal(entry->fields[1].name, "Content-Type");
    assert_string_equal(entry->fields[1].value, "text/x-test");
    assert_int_equal(entry->status, 200);
    assert_int_equal(entry->fault, INSIST_TESTSERVER_NO_FAULT);
    assert_false(entry->client_gone);
    assert_true(entry->ended_us >= entry->read_us);
    insist_testserver_journal_free(journal);
}

static void head_gets_no_body(insist_testserver *server) {
    const char *scripts[] = {"200;size=500", "200;size=500;close@body:10"};
    for (size_t i = 0; i < 2; i++) {
        char text[128];
        char value[256];
        struct peer peer;
        snprintf(text, sizeof text, "HEAD /h?do=%s HTTP/1.1\r\nHost: test\r\n\r\n", scripts[i]);
        assert_true(peer_connect(&peer, server));
        assert_true(peer_send(&peer, text));
        struct peer_answer answer = peer_read_head(&peer);
        assert_int_equal(answer.status, 200);
        assert_true(peer_answer_header(&answer, "Content-Length", value));
        assert_string_equal(value, "500");
        assert_int_equal(answer.body_size, 0);
        peer_answer_free(&answer);
        peer_close(&peer);
    }
}

static void requests_are_numbered_on_their_connections(insist_testserver *server) {
    struct peer peers[2];
    insist_testserver_journal *journal;
    insist_testserver_stats before = {.size = sizeof before};
    assert_int_equal(insist_testserver_get_stats(server, &before), INSIST_OK);
    assert_true(peer_connect(&peers[0], server));
    assert_true(peer_connect(&peers[1], server));
    for (int i = 0; i < 6; i++) {
        assert_true(peer_get(&peers[i % 2], "/keep"));
        struct peer_answer answer = peer_read(&peers[i % 2]);
        assert_int_equal(answer.status, 200);
        assert_int_equal(answer.end, PEER_OPEN);
        peer_answer_free(&answer);
    }
    assert_true(insist_testserver_wait_idle(server, patience_ms));
    assert_int_equal(insist_testserver_journal_new(server, "/keep", NULL, &journal), INSIST_OK);
    assert_int_equal(insist_testserver_journal_count(journal), 6);
    for (size_t i = 0; i < 6; i++) {
        const insist_testserver_entry *entry = insist_testserver_journal_at(journal, i);
        assert_int_equal(entry->connection, before.connections_accepted + 1 + i % 2);
        assert_int_equal(entry->place, i / 2 + 1);
    }
    insist_testserver_journal_free(journal);
    peer_close(&peers[0]);
    peer_close(&peers[1]);
}

static void pipelined_requests_are_answered_in_order(insist_testserver *server) {
    struct peer peer;
    assert_true(peer_connect(&peer, server));
    assert_true(peer_send(
        &peer, "GET /1?do=201;delay=20ms HTTP/1.1\r\nHost: t\r\n\r\nGET /2?do=202 HTTP/1.1\r\nHost: t\r\n\r\n"));
    struct peer_answer answer = peer_read(&peer);
    assert_int_equal(answer.status, 201);
    peer_answer_free(&answer);
    answer = peer_read(&peer);
    assert_int_equal(answer.status, 202);
    peer_answer_free(&answer);
    peer_close(&peer);
}

static void delays_end_in_their_own_order(insist_testserver *server) {
    const char *targets[] = {"/d?do=200;delay=400ms&key=c", "/d?do=200;delay=5ms&key=a", "/d?do=200;delay=200ms&key=b"};
    const int64_t delays_us[] = {400000, 5000, 200000};
    struct peer peers[3];
    insist_testserver_journal *journal;
    for (size_t i = 0; i < 3; i++) {
        assert_true(peer_connect(&peers[i], server));
    }
    for (size_t i = 0; i < 3; i++) {
        assert_true(peer_get(&peers[i], targets[i]));
        assert_true(insist_testserver_wait_hits(server, "/d", i + 1, patience_ms));
    }
    for (size_t i = 0; i < 3; i++) {
        struct peer_answer answer = peer_read(&peers[i]);
        assert_int_equal(answer.status, 200);
        peer_answer_free(&answer);
        peer_close(&peers[i]);
    }
    assert_true(insist_testserver_wait_idle(server, patience_ms));
    assert_int_equal(insist_testserver_journal_new(server, "/d", NULL, &journal), INSIST_OK);
    const insist_testserver_entry *entries[3];
    for (size_t i = 0; i < 3; i++) {
        entries[i] = insist_testserver_journal_at(journal, i);
        assert_true(entries[i]->ended_us - entries[i]->read_us >= delays_us[i]);
    }
    for (size_t i = 0; i < 9; i++) { /* on a busy machine one may have come so late that it is due later */
        size_t first = i / 3, second = i % 3;
        if (entries[first]->read_us + delays_us[first] + 100000 < entries[second]->read_us + delays_us[second]) {
            assert_true(entries[first]->ended_us <= entries[second]->ended_us);
        }
    }
    insist_testserver_journal_free(journal);
}

/* ---- faults
 * ---------------------------------------------------------------------------------------------------------- */

static void reset_and_close_answer_nothing(insist_testserver *server) {
    const struct {
        const char *target;
        enum peer_end end;
        insist_testserver_fault fault;
    } rows[] = {
        {"/f0?do=reset", PEER_RESET, INSIST_TESTSERVER_RESET},
        {"/f1?do=close", PEER_FIN, INSIST_TESTSERVER_CLOSE},
        {"/f2?do=reset;delay=2ms", PEER_RESET, INSIST_TESTSERVER_RESET},
        {"/f3?do=close;delay=2ms", PEER_FIN, INSIST_TESTSERVER_CLOSE},
        {"/f4?do=close;hold=/f4>=1", PEER_FIN, INSIST_TESTSERVER_CLOSE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct peer peer;
        char path[4] = {'/', 'f', (char)('0' + i), '\0'};
        insist_testserver_journal *journal;
        assert_true(peer_connect(&peer, server));
        assert_true(peer_post(&peer, rows[i].target, "a body that is read first"));
        struct peer_answer answer = peer_read(&peer);
        assert_int_equal(answer.size, 0);
        assert_int_equal(answer.end, rows[i].end);
        peer_answer_free(&answer);
        peer_close(&peer);
        const insist_testserver_entry *entry = entry_of(server, path, &journal);
        assert_int_equal(entry->fault, rows[i].fault);
        assert_int_equal(entry->status, 0);
        assert_int_equal(entry->body_bytes, 25);
        assert_false(entry->client_gone);
        insist_testserver_journal_free(journal);
    }
}

static void cuts_come_after_exactly_so_many_bytes(insist_testserver *server, bool tls) {
    const struct {
        const char *format;
        enum peer_end plain_end;
        enum peer_end tls_end;
    } rows[] = {
        {"/cut?do=200;reset@body:%zu", PEER_RESET, PEER_RESET},
        {"/cut?do=200;close@body:%zu", PEER_FIN, PEER_ABRUPT},
        {"/cut?do=200;truncate@%zu", PEER_FIN, PEER_FIN},
        {"/cut?do=200;truncate@%zu;delay=1ms", PEER_FIN, PEER_FIN},
    };
    const size_t sizes[] = {0, 1, 1000, 16384, 100000, 1000000};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
            char target[128];
            char value[256];
            snprintf(target, sizeof target, rows[i].format, sizes[k]);
            struct peer_answer answer = ask(server, target);
            assert_int_equal(answer.status, 200);
            assert_int_equal(answer.body_size, sizes[k]);
            assert_int_equal(answer.end, tls ? rows[i].tls_end : rows[i].plain_end);
            assert_true(peer_answer_header(&answer, "Content-Length", value));
            assert_int_equal(strtoul(value, NULL, 10), sizes[k] + 1000);
            peer_answer_free(&answer);
        }
    }
}

static void a_body_may_be_whole_and_then_reset(insist_testserver *server) {
    struct peer peer;
    assert_true(peer_connect(&peer, server));
    assert_true(peer_get(&peer, "/whole?do=size=50;reset@body:50"));
    struct peer_answer answer = peer_read(&peer);
    assert_int_equal(answer.body_size, 50);
    assert_int_equal(answer.end, PEER_OPEN);
    peer_answer_free(&answer);
    answer = peer_read(&peer);
    assert_int_equal(answer.size, 0);
    assert_int_equal(answer.end, PEER_RESET);
    peer_answer_free(&answer);
    peer_close(&peer);
}

static void reset_within_the_headers(insist_testserver *server) {
    struct peer_answer answer = ask(server, "/half?do=503;reset@headers");
    assert_int_equal(answer.status, 503);
    assert_null(answer.body);
    assert_int_equal(answer.end, PEER_RESET);
    peer_answer_free(&answer);
}

/* The request is answered in part or not at all, and then its client leaves. */
static void silence_lasts_until_the_client_leaves(insist_testserver *server, bool tls) {
    const struct {
        const char *target;
        const char *path;
        size_t body_size;
        insist_testserver_fault fault;
    } rows[] = {
        {"/s0?do=hang", "/s0", 0, INSIST_TESTSERVER_HANG},
        {"/s1?do=200;stall=headers", "/s1", 0, INSIST_TESTSERVER_STALL_HEADERS},
        {"/s2?do=200;stall=body@0", "/s2", 0, INSIST_TESTSERVER_STALL_BODY},
        {"/s3?do=200;stall=body@77", "/s3", 77, INSIST_TESTSERVER_STALL_BODY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct peer peer;
        insist_testserver_journal *journal;
        struct peer_answer answer = {0};
        size_t got = 0;
        assert_true(peer_connect(&peer, server));
        assert_true(peer_get(&peer, rows[i].target));
        assert_true(insist_testserver_wait_hits(server, rows[i].path, 1, patience_ms));
        if (rows[i].fault == INSIST_TESTSERVER_STALL_HEADERS) {
            answer = peer_read_bytes(&peer, 20);
            assert_int_equal(answer.status, 200);
        } else if (rows[i].fault == INSIST_TESTSERVER_STALL_BODY) {
            struct peer_answer head = peer_read_head(&peer);
            got = head.size;
            peer_answer_free(&head);
            answer = peer_read_bytes(&peer, rows[i].body_size);
            assert_int_equal(answer.size, rows[i].body_size);
        }
        got += answer.size;
        peer_answer_free(&answer);
        assert_true(insist_testserver_wait_held(server, 1, patience_ms));
        assert_false(insist_testserver_wait_held(server, 2, 0));
        assert_false(insist_testserver_wait_idle(server, 0));
        peer_close(&peer);
        const insist_testserver_entry *entry = entry_of(server, rows[i].path, &journal);
        assert_true(entry->client_gone);
        assert_int_equal(entry->fault, rows[i].fault);
        if (!tls && rows[i].fault != INSIST_TESTSERVER_STALL_HEADERS) {
            assert_int_equal(entry->gone_bytes, got);
        } else {
            assert_true(entry->gone_bytes >= got);
        }
        insist_testserver_journal_free(journal);
    }
}

static void clients_that_leave_are_noticed(insist_testserver *server) {
    const char *targets[] = {"/l0?do=200;delay=1m", "/l1?do=hold=/never>=1", "/l2?do=size=100MB",
                             "/l3?do=size=100MB;truncate@90000000"};
    for (size_t i = 0; i < 4; i++) {
        struct peer peer;
        char path[4] = {'/', 'l', (char)('0' + i), '\0'};
        insist_testserver_journal *journal;
        assert_true(peer_connect(&peer, server));
        assert_true(peer_get(&peer, targets[i]));
        assert_true(insist_testserver_wait_hits(server, path, 1, patience_ms));
        if (i >= 2) {
            struct peer_answer answer = peer_read_bytes(&peer, 1000000);
            assert_int_equal(answer.size, 1000000);
            peer_answer_free(&answer);
        }
        peer_close(&peer);
        const insist_testserver_entry *entry = entry_of(server, path, &journal);
        assert_true(entry->client_gone);
        /* acknowledgements lag behind by a few segments */
        if (i < 2 ? entry->gone_bytes != 0 : entry->gone_bytes < 500000 || entry->gone_bytes >= 90000000) {
            fail_msg("%s: %llu bytes", targets[i], (unsigned long long)entry->gone_bytes);
        }
        insist_testserver_journal_free(journal);
    }
}

static void a_half_closed_client_counts_as_gone(insist_testserver *server) {
    struct peer peer;
    insist_testserver_journal *journal;
    assert_true(peer_connect(&peer, server));
    assert_true(peer_get(&peer, "/half-closed?do=200;delay=1m"));
    assert_true(insist_testserver_wait_hits(server, "/half-closed", 1, patience_ms));
    assert_int_equal(shutdown(peer.fd, SHUT_WR), 0);
    assert_true(entry_of(server, "/half-closed", &journal)->client_gone);
    insist_testserver_journal_free(journal);
    peer_close(&peer);
}

/* Requests that never become complete, and one that is answered to a client that only listens: no connection stays behind. */
static void connections_of_clients_that_left_are_closed(insist_testserver *server) {
    const char *beginnings[] = {"", "GET ", "GET / HTTP/1.1\r\nHost: t\r\n",
                                "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nabc"};
    insist_testserver_stats stats = {.size = sizeof stats};
    for (size_t i = 0; i < 40; i++) {
        struct peer peer;
        assert_true(peer_connect(&peer, server));
        assert_true(peer_send(&peer, beginnings[i % 4]));
        peer_close(&peer);
    }
    struct peer listener;
    assert_true(peer_connect(&listener, server));
    assert_true(peer_get(&listener, "/"));
    shutdown(listener.fd, SHUT_WR);
    struct peer_answer answer = peer_read(&listener);
    assert_int_equal(answer.status, 200);
    peer_answer_free(&answer);
    do { /* for ever, had one been forgotten: the test's own time limit */
        usleep(1000);
        assert_int_equal(insist_testserver_get_stats(server, &stats), INSIST_OK);
    } while (stats.connections_open > 0);
    peer_close(&listener);
}

/* False: nobody was refused. A busy machine may come too late for that. */
static bool fault_behind_a_closed_port(insist_testserver *server, const char *fault, int closed_ms, enum peer_end end) {
    struct peer peer, other, late;
    char target[64];
    snprintf(target, sizeof target, "/refuse?do=%s;refuse=%dms", fault, closed_ms);
    assert_true(peer_connect(&other, server));
    assert_true(peer_connect(&peer, server));
    assert_true(peer_post(&peer, target, "x"));
    struct peer_answer answer = peer_read(&peer);
    assert_int_equal(answer.size, 0);
    assert_int_equal(answer.end, end);
    peer_answer_free(&answer);
    bool refused = !peer_connect(&late, server) && errno == ECONNREFUSED;
    peer_close(&late);
    assert_true(peer_get(&other, "/refuse")); /* who is connected stays so */
    answer = peer_read(&other);
    assert_int_equal(answer.status, 200);
    peer_answer_free(&answer);
    assert_true(peer_connect_when_open(&late, server));
    assert_true(peer_get(&late, "/refuse"));
    answer = peer_read(&late);
    assert_int_equal(answer.status, 200);
    peer_answer_free(&answer);
    peer_close(&late);
    peer_close(&other);
    peer_close(&peer);
    return refused;
}

static void refuse_closes_the_port_before_the_fault(insist_testserver *server) {
    const char *faults[] = {"reset", "close"};
    const enum peer_end ends[] = {PEER_RESET, PEER_FIN};
    size_t hits = 0;
    for (size_t i = 0; i < 2; i++) {
        bool refused = false;
        for (int closed_ms = 300; closed_ms < 60000 && !refused; closed_ms *= 2) {
            refused = fault_behind_a_closed_port(server, faults[i], closed_ms, ends[i]);
            hits += 3;
        }
        assert_true(refused);
    }
    assert_int_equal(insist_testserver_hits(server, "/refuse"), hits);
}

/* ---- draws
 * ----------------------------------------------------------------------------------------------------------- */

enum { DRAW_THREADS = 4, DRAW_KEYS = 10, DRAW_HITS = 8 };

struct drawer {
    insist_testserver *server;
    int number;
    int wrong;
};

/* Walks through its keys, each in another order, and compares every answer with what was foretold. */
static void *draw(void *argument) {
    struct drawer *drawer = argument;
    const char *script = "0.3:503|0.2:404|0.1:reset|200";
    for (int i = 0; i < DRAW_KEYS * DRAW_HITS; i++) {
        int key_number = i * 7 % DRAW_KEYS;
        char key[32];
        char target[128];
        insist_testserver_step step = {.size = sizeof step};
        snprintf(key, sizeof key, "t%d-%d", drawer->number, key_number);
        snprintf(target, sizeof target, "/draw?do=%s&key=%s", script, key);
        insist_err err = insist_testserver_foretell(seed, script, key, (uint64_t)(i / DRAW_KEYS), &step);
        drawer->wrong += err != INSIST_OK || peer_status(drawer->server, target) != step.status;
    }
    return NULL;
}

static void draws_are_as_foretold_whatever_the_threads_do(insist_testserver *server) {
    struct drawer drawers[DRAW_THREADS];
    pthread_t threads[DRAW_THREADS];
    for (int i = 0; i < DRAW_THREADS; i++) {
        drawers[i] = (struct drawer){server, i, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, draw, &drawers[i]), 0);
    }
    for (int i = 0; i < DRAW_THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < DRAW_THREADS; i++) {
        assert_int_equal(drawers[i].wrong, 0);
    }
    assert_int_equal(insist_testserver_hits(server, "/draw"), DRAW_THREADS * DRAW_KEYS * DRAW_HITS);
}

/* ---- each over http and https
 * ---------------------------------------------------------------------------------------- */

#define BOTH(name)                                                                                                     \
    static void test_##name(void **state) {                                                                            \
        insist_testserver **servers = *state;                                                                          \
        name(servers[PLAIN]);                                                                                          \
        name(servers[TLS]);                                                                                            \
    }

BOTH(hits_are_counted_by_key)
BOTH(without_a_key_by_path_and_query)
BOTH(path_scripts_and_precedence)
BOTH(a_bad_script_is_told_with_its_column)
BOTH(reset_begins_everything_again)
BOTH(answers_carry_what_was_asked_for)
BOTH(echo_and_the_journal_know_the_body)
BOTH(head_gets_no_body)
BOTH(requests_are_numbered_on_their_connections)
BOTH(pipelined_requests_are_answered_in_order)
BOTH(delays_end_in_their_own_order)
BOTH(reset_and_close_answer_nothing)
BOTH(a_body_may_be_whole_and_then_reset)
BOTH(reset_within_the_headers)
BOTH(clients_that_leave_are_noticed)
BOTH(a_half_closed_client_counts_as_gone)
BOTH(connections_of_clients_that_left_are_closed)
BOTH(refuse_closes_the_port_before_the_fault)
BOTH(draws_are_as_foretold_whatever_the_threads_do)

static void test_cuts_come_after_exactly_so_many_bytes(void **state) {
    insist_testserver **servers = *state;
    cuts_come_after_exactly_so_many_bytes(servers[PLAIN], false);
    cuts_come_after_exactly_so_many_bytes(servers[TLS], true);
}

static void test_silence_lasts_until_the_client_leaves(void **state) {
    insist_testserver **servers = *state;
    silence_lasts_until_the_client_leaves(servers[PLAIN], false);
    silence_lasts_until_the_client_leaves(servers[TLS], true);
}

#define TEST(name) cmocka_unit_test_setup(test_##name, reset_servers)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(hits_are_counted_by_key),
        TEST(without_a_key_by_path_and_query),
        TEST(path_scripts_and_precedence),
        cmocka_unit_test(scripts_given_at_the_start),
        TEST(a_bad_script_is_told_with_its_column),
        TEST(reset_begins_everything_again),
        TEST(answers_carry_what_was_asked_for),
        TEST(echo_and_the_journal_know_the_body),
        TEST(head_gets_no_body),
        TEST(requests_are_numbered_on_their_connections),
        TEST(pipelined_requests_are_answered_in_order),
        TEST(delays_end_in_their_own_order),
        TEST(reset_and_close_answer_nothing),
        TEST(cuts_come_after_exactly_so_many_bytes),
        TEST(a_body_may_be_whole_and_then_reset),
        TEST(reset_within_the_headers),
        TEST(silence_lasts_until_the_client_leaves),
        TEST(clients_that_leave_are_noticed),
        TEST(a_half_closed_client_counts_as_gone),
        TEST(connections_of_clients_that_left_are_closed),
        TEST(refuse_closes_the_port_before_the_fault),
        TEST(draws_are_as_foretold_whatever_the_threads_do),
    };
    return cmocka_run_group_tests(tests, start_servers, free_servers);
}
