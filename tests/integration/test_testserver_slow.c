/* The test server's answers that take their time, end late, or come before the request has been read; seen by plain
 * readers, http and https: how many bytes exactly, what the journal says of clients that leave within, and that a
 * thousand of them take one thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver_peer.h"
#include "support/usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const int64_t patience_ms = 30000;

enum { PLAIN, TLS, KINDS };

static int start_servers(void **state) {
    static insist_testserver *servers[KINDS];
    usage_raise_descriptor_limit();
    for (int i = 0; i < KINDS; i++) {
        if (insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.tls = i == TLS), NULL, &servers[i]) != INSIST_OK) {
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

/* A client may know of a request's end before the server has noted it. */
static void begin_anew(insist_testserver *server) {
    assert_true(insist_testserver_wait_idle(server, patience_ms));
    insist_testserver_reset(server);
}

static struct peer ask(insist_testserver *server, const char *target) {
    struct peer peer;
    assert_true(peer_connect(&peer, server));
    assert_true(peer_get(&peer, target));
    return peer;
}

/* The only request to path, once it is over. For insist_testserver_journal_free(). */
static const insist_testserver_entry *entry_of(insist_testserver *server, const char *path,
                                               insist_testserver_journal **journal) {
    assert_true(insist_testserver_wait_idle(server, patience_ms));
    assert_int_equal(insist_testserver_journal_new(server, path, NULL, journal), INSIST_OK);
    assert_int_equal(insist_testserver_journal_count(*journal), 1);
    return insist_testserver_journal_at(*journal, 0);
}

static bool is_pattern(const char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != (char)('a' + i % 26)) {
            return false;
        }
    }
    return true;
}

/* ---- exact bytes ------------------------------------------------------------------------------------------------- */

static void exact_bytes(insist_testserver *server, bool tls) {
    const struct {
        const char *script;
        size_t body; /* bytes behind the header block, framing included */
        enum peer_end end;
    } rows[] = {
        {"size=500;drip=1ms/16;reset@body:100", 100, PEER_RESET},
        {"size=500;drip=1ms/16;close@body:100", 100, tls ? PEER_ABRUPT : PEER_FIN},
        {"size=500;rate=100KB/s;truncate@333", 333, PEER_FIN},
        {"size=500;chunked=100;reset@body:150", 4 + 100 + 2 + 4 + 50, PEER_RESET},
        {"size=3MB;reset@end;length=none", 3000000, PEER_RESET},
        {"endless;reset@body:3000000", 3000000, PEER_RESET},
        {"endless;delay@end=5ms;reset@body:300000", 300000, PEER_RESET},
        {"gzip;endless;reset@body:100000", 100000, PEER_RESET},
        {"size=1000;length=none;delay@end=20ms", 1000, PEER_FIN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char target[128];
        snprintf(target, sizeof target, "/exact?do=%s", rows[i].script);
        struct peer peer = ask(server, target);
        struct peer_answer answer = peer_read_bytes(&peer, 10000000);
        if (answer.end == PEER_OPEN) { /* its Content-Length is reached */
            struct peer_answer rest = peer_read_bytes(&peer, 10);
            answer.end = rest.end;
            peer_answer_free(&rest);
        }
        if (answer.body_size != rows[i].body || answer.end != rows[i].end) {
            fail_msg("%s: %zu bytes, end %d", rows[i].script, answer.body_size, (int)answer.end);
        }
        peer_answer_free(&answer);
        peer_close(&peer);
    }
}

static void test_exact_bytes(void **state) {
    insist_testserver **servers = *state;
    exact_bytes(servers[PLAIN], false);
    exact_bytes(servers[TLS], true);
}

/* An RST waits for a reader who takes his time; else what is on its way would be lost. */
static void a_late_reader_misses_nothing(insist_testserver *server) {
    const char *scripts[] = {"size=1MB;reset@body:600000", "size=600000;reset@end"};
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        char target[64];
        begin_anew(server);
        snprintf(target, sizeof target, "/late?do=%s", scripts[i]);
        struct peer peer = ask(server, target);
        assert_true(insist_testserver_wait_held(server, 1, patience_ms));
        usleep(100000);
        struct peer_answer answer = peer_read_bytes(&peer, 10000000);
        assert_int_equal(answer.body_size, 600000);
        peer_answer_free(&answer);
        peer_close(&peer);
    }
}

static void test_a_late_reader_misses_nothing(void **state) {
    insist_testserver **servers = *state;
    a_late_reader_misses_nothing(servers[PLAIN]);
    a_late_reader_misses_nothing(servers[TLS]);
}

/* ---- clients that leave ------------------------------------------------------------------------------------------ */

static void leaving_within_a_drip(insist_testserver *server, bool tls) {
    insist_testserver_journal *journal;
    begin_anew(server);
    struct peer peer = ask(server, "/drip?do=size=1MB;drip=20ms/16");
    struct peer_answer answer = peer_read_bytes(&peer, 300);
    size_t got = answer.size;
    assert_true(is_pattern(answer.body, answer.body_size));
    peer_answer_free(&answer);
    peer_close(&peer);
    const insist_testserver_entry *entry = entry_of(server, "/drip", &journal);
    assert_true(entry->client_gone);
    assert_int_equal(entry->status, 200);
    assert_int_equal(entry->fault, INSIST_TESTSERVER_NO_FAULT);
    assert_true(entry->gone_bytes + 16 >= got); /* the last drop may not have been acknowledged yet */
    assert_true(tls || entry->gone_bytes < got + 100000 / 20 * 16); /* nor is it what is still to come */
    insist_testserver_journal_free(journal);
}

static void test_leaving_within_a_drip(void **state) {
    insist_testserver **servers = *state;
    leaving_within_a_drip(servers[PLAIN], false);
    leaving_within_a_drip(servers[TLS], true);
}

static void leaving_an_endless_body(insist_testserver *server, const char *script) {
    insist_testserver_journal *journal;
    char target[64];
    begin_anew(server);
    snprintf(target, sizeof target, "/endless?do=%s", script);
    struct peer peer = ask(server, target);
    struct peer_answer answer = peer_read_bytes(&peer, 500000);
    size_t got = answer.size;
    peer_answer_free(&answer);
    peer_close(&peer);
    const insist_testserver_entry *entry = entry_of(server, "/endless", &journal);
    if (!entry->client_gone || entry->gone_bytes + 65536 < got) { /* acknowledgements may lag a little */
        fail_msg("%s: gone %d after %llu of %zu bytes", script, entry->client_gone,
                 (unsigned long long)entry->gone_bytes, got);
    }
    insist_testserver_journal_free(journal);
}

static void test_leaving_an_endless_answer(void **state) {
    insist_testserver **servers = *state;
    const char *scripts[] = {"endless",         "endless;chunked",  "gzip;endless",
                             "headers=endless", "trailers=endless", "1xx=103xendless"};
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        leaving_an_endless_body(servers[PLAIN], scripts[i]);
        leaving_an_endless_body(servers[TLS], scripts[i]);
    }
}

/* ---- after the answer -------------------------------------------------------------------------------------------- */

static void a_whole_answer_and_then_the_end(insist_testserver *server, const char *script, enum peer_end end) {
    insist_testserver_journal *journal;
    char target[128];
    begin_anew(server);
    snprintf(target, sizeof target, "/end?do=%s", script);
    struct peer peer = ask(server, target);
    struct peer_answer answer = peer_read(&peer);
    char connection[256];
    assert_int_equal(answer.end, PEER_OPEN);
    assert_int_equal(answer.body_size, 70000);
    assert_true(is_pattern(answer.body, answer.body_size));
    assert_false(peer_answer_header(&answer, "Connection", connection)); /* nobody was warned */
    peer_answer_free(&answer);
    if (strstr(script, "delay@end")) {
        assert_true(peer_get(&peer, "/next")); /* which nobody reads */
    }
    answer = peer_read(&peer);
    assert_int_equal(answer.size, 0);
    if (answer.end != end && answer.end != PEER_RESET) { /* FIN is followed by RST, for what nobody read */
        fail_msg("%s: end %d", script, (int)answer.end);
    }
    peer_answer_free(&answer);
    peer_close(&peer);
    assert_int_equal(insist_testserver_hits(server, "/next"), 0);
    const insist_testserver_entry *entry = entry_of(server, "/end", &journal);
    assert_false(entry->client_gone);
    insist_testserver_journal_free(journal);
}

static void test_a_whole_answer_and_then_the_end(void **state) {
    insist_testserver **servers = *state;
    for (int i = 0; i < KINDS; i++) {
        a_whole_answer_and_then_the_end(servers[i], "size=70000;reset@end", PEER_RESET);
        a_whole_answer_and_then_the_end(servers[i], "size=70000;reset@end;delay@end=50ms", PEER_RESET);
        a_whole_answer_and_then_the_end(servers[i], "size=70000;close@end", PEER_FIN);
        a_whole_answer_and_then_the_end(servers[i], "size=70000;close@end;delay@end=50ms", PEER_FIN);
    }
}

/* A client that has got all there was to be got does not count as gone. */
static void test_leaving_after_the_answer(void **state) {
    insist_testserver **servers = *state;
    for (int i = 0; i < KINDS; i++) {
        insist_testserver_journal *journal;
        begin_anew(servers[i]);
        struct peer peer = ask(servers[i], "/left?do=size=1000;reset@end;delay@end=1m");
        struct peer_answer answer = peer_read(&peer);
        assert_int_equal(answer.body_size, 1000);
        peer_answer_free(&answer);
        assert_true(insist_testserver_wait_held(servers[i], 1, patience_ms));
        peer_close(&peer);
        const insist_testserver_entry *entry = entry_of(servers[i], "/left", &journal);
        assert_false(entry->client_gone);
        assert_int_equal(entry->fault, INSIST_TESTSERVER_RESET_END);
        insist_testserver_journal_free(journal);
    }
}

/* ---- before the request is read ---------------------------------------------------------------------------------- */

static struct peer send_head(insist_testserver *server, const char *target) {
    struct peer peer;
    char text[256];
    snprintf(text, sizeof text, "POST %s HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n", target);
    assert_true(peer_connect(&peer, server));
    assert_true(peer_send(&peer, text));
    return peer;
}

static void unread_requests_are_answered(insist_testserver *server) {
    insist_testserver_journal *journal;
    begin_anew(server);
    struct peer peer = send_head(server, "/unread?do=unread;413;body=enough");
    struct peer_answer answer = peer_read(&peer);
    assert_int_equal(answer.status, 413);
    assert_string_equal(answer.body, "enough");
    peer_answer_free(&answer);
    peer_close(&peer);
    const insist_testserver_entry *entry = entry_of(server, "/unread", &journal);
    assert_int_equal(entry->body_bytes, 0);
    assert_int_equal(entry->fault, INSIST_TESTSERVER_UNREAD);
    insist_testserver_journal_free(journal);
}

static void unread_requests_end_in_every_way(insist_testserver *server) {
    const struct {
        const char *target;
        enum peer_end end;
    } rows[] = {
        {"/unread?do=unread;reset", PEER_RESET},         {"/unread?do=unread;reset;delay=5ms", PEER_RESET},
        {"/unread?do=unread;close", PEER_FIN},           {"/unread?do=unread;truncate@5", PEER_FIN},
        {"/unread?do=1xx=103;unread;reset", PEER_RESET},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin_anew(server);
        struct peer peer = send_head(server, rows[i].target);
        struct peer_answer answer = peer_read(&peer);
        if (answer.end == PEER_OPEN) {
            peer_answer_free(&answer);
            answer = peer_read(&peer);
        }
        if (answer.end != rows[i].end) {
            fail_msg("%s: end %d", rows[i].target, (int)answer.end);
        }
        assert_int_equal(insist_testserver_hits(server, "/unread"), 1);
        peer_answer_free(&answer);
        peer_close(&peer);
    }
}

static void hanging_unread_until_the_client_leaves(insist_testserver *server) {
    insist_testserver_journal *journal;
    begin_anew(server);
    struct peer peer = send_head(server, "/unread?do=unread;hang");
    assert_true(insist_testserver_wait_held(server, 1, patience_ms));
    assert_int_equal(insist_testserver_hits(server, "/unread"), 1);
    peer_close(&peer);
    const insist_testserver_entry *entry = entry_of(server, "/unread", &journal);
    assert_true(entry->client_gone);
    insist_testserver_journal_free(journal);
}

/* Exactly so many bytes, in whatever pieces they come. */
static void some_of_the_body_is_read(insist_testserver *server) {
    static char body[3001];
    const struct {
        const char *script;
        uint64_t body_bytes;
        int status;
    } rows[] = {
        {"unread@0;413", 0, 413},         {"unread@1;413", 1, 413},
        {"unread@2999;413", 2999, 413},   {"unread@3000;413", 3000, 413},
        {"unread@3001;413", 3000, 413},   {"read=100KB/s", 3000, 200},
        {"read=100KB/s;echo", 3000, 200}, {"read=100KB/s;unread@1999;close", 1999, 0},
    };
    memset(body, 'x', sizeof body - 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        insist_testserver_journal *journal;
        char head[256];
        begin_anew(server);
        struct peer peer;
        snprintf(head, sizeof head, "POST /some?do=%s HTTP/1.1\r\nHost: t\r\nContent-Length: 3000\r\n\r\n",
                 rows[i].script);
        assert_true(peer_connect(&peer, server));
        assert_true(peer_send(&peer, head));
        peer_send(&peer, body + 1500); /* it may be answered already, and the connection ended */
        peer_send(&peer, body + 1500);
        struct peer_answer answer = peer_read(&peer);
        assert_int_equal(answer.status, rows[i].status);
        assert_true(!strstr(rows[i].script, "echo") || strcmp(answer.body, body) == 0);
        peer_answer_free(&answer);
        peer_close(&peer);
        const insist_testserver_entry *entry = entry_of(server, "/some", &journal);
        if (entry->body_bytes != rows[i].body_bytes) {
            fail_msg("%s: %llu bytes were read", rows[i].script, (unsigned long long)entry->body_bytes);
        }
        insist_testserver_journal_free(journal);
    }
}

/* In a script that leaves only some unread the others are read as ever. */
static void some_are_read(insist_testserver *server) {
    begin_anew(server);
    assert_int_equal(insist_testserver_script(server, "/some", "200;echo,unread;500,201;echo", NULL), INSIST_OK);
    const int statuses[] = {200, 500, 201};
    for (size_t i = 0; i < 3; i++) {
        struct peer peer;
        assert_true(peer_connect(&peer, server));
        assert_true(peer_post(&peer, "/some", "body"));
        struct peer_answer answer = peer_read(&peer);
        assert_int_equal(answer.status, statuses[i]);
        assert_true(i == 1 || strcmp(answer.body, "body") == 0);
        peer_answer_free(&answer);
        peer_close(&peer);
    }
    assert_int_equal(insist_testserver_hits(server, "/some"), 3);
    assert_int_equal(insist_testserver_script(server, "/some", NULL, NULL), INSIST_OK);
}

static void test_unread_requests(void **state) {
    insist_testserver **servers = *state;
    for (int i = 0; i < KINDS; i++) {
        unread_requests_are_answered(servers[i]);
        unread_requests_end_in_every_way(servers[i]);
        hanging_unread_until_the_client_leaves(servers[i]);
        some_are_read(servers[i]);
        some_of_the_body_is_read(servers[i]);
    }
}

/* ---- very many --------------------------------------------------------------------------------------------------- */

static void many_drip_at_once(insist_testserver *server, size_t count) {
    struct peer *peers = calloc(count, sizeof *peers);
    size_t threads = usage_threads(getpid());
    assert_non_null(peers);
    begin_anew(server);
    for (size_t i = 0; i < count; i++) { /* the first is not done before the last has come */
        char target[80];
        snprintf(target, sizeof target, "/many?do=size=320;drip=10ms/16;hold=/many>=%zu", count);
        peers[i] = ask(server, target);
    }
    assert_true(insist_testserver_wait_hits(server, "/many", count, patience_ms));
    assert_int_equal(usage_threads(getpid()), threads);
    for (size_t i = 0; i < count; i++) {
        struct peer_answer answer = peer_read(&peers[i]);
        if (answer.status != 200 || answer.body_size != 320 || !is_pattern(answer.body, 320)) {
            fail_msg("client %zu: status %d, %zu bytes, end %d", i, answer.status, answer.body_size, (int)answer.end);
        }
        peer_answer_free(&answer);
        peer_close(&peers[i]);
    }
    free(peers);
    insist_testserver_stats stats = {.size = sizeof stats};
    assert_int_equal(insist_testserver_get_stats(server, &stats), INSIST_OK);
    assert_true(stats.held_peak >= count - 1);
}

static void test_a_thousand_drip_on_one_thread(void **state) {
    insist_testserver **servers = *state;
    many_drip_at_once(servers[PLAIN], 1000);
    many_drip_at_once(servers[TLS], 200);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_bytes),
        cmocka_unit_test(test_a_late_reader_misses_nothing),
        cmocka_unit_test(test_leaving_within_a_drip),
        cmocka_unit_test(test_leaving_an_endless_answer),
        cmocka_unit_test(test_a_whole_answer_and_then_the_end),
        cmocka_unit_test(test_leaving_after_the_answer),
        cmocka_unit_test(test_unread_requests),
        cmocka_unit_test(test_a_thousand_drip_on_one_thread),
    };
    return cmocka_run_group_tests(tests, start_servers, free_servers);
}
