/* POSTs on connections that die at every stage, over http and https: each is delivered once at most, and what the call
 * says of it is true. The server is the judge: by each POST's key, and by its own count of equal requests.
 *
 * The client is as keen as can be: 100,000 retries, 2 ms apart, no budget. test_unsafe_once.c has the stages at which libcurl
 * sends again by itself, in larger numbers; `insist-bench duplicates` has all of them a hundred thousand times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <insist/insist.h>
#include <insist/testserver.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define POSTS 15
#define PATIENCE_MS 30000
#define READ_BYTES 100000             /* of a large body, before the connection dies */
#define LARGE_BYTES (8 * 1024 * 1024) /* more than that, and all that two systems hold of what nobody reads */

/* What has to become of every POST at a stage. */
enum fate {
    FATE_ANSWERED, /* delivered once, and the caller has an answer: what was not sent is tried again */
    FATE_SENT,     /* delivered once; the caller has an error: nothing came of an answer, it may have been sent */
    FATE_CUT,      /* delivered once; the caller has an error, and the record tells that an answer had begun */
    FATE_ANY       /* delivered once at most; an error that says "not sent" is true */
};

enum scheme { BOTH, HTTP, HTTPS };

/* What is special about a stage's POSTs. */
enum manner {
    MANNER_PLAIN,   /* a few bytes, sent with the head */
    MANNER_LARGE,   /* LARGE_BYTES, every other time from a reader, which tells how many were taken */
    MANNER_INTERIM, /* an interim answer comes before the connection dies */
};

struct stage {
    const char *name;
    const char *before; /* the script of the GET before; NULL: there is none, the connection is a fresh one */
    bool settled;       /* the POST waits until the server has closed what it will */
    const char *script; /* the POST's */
    enum fate fate;
    enum scheme scheme;
    enum manner manner;
};

static const struct stage stages[] = {
    {"an idle connection, closed", "close@end", true, "200", FATE_ANSWERED, BOTH, MANNER_PLAIN},
    {"an idle connection, being closed", "close@end", false, "200", FATE_ANY, BOTH, MANNER_PLAIN},
    {"an idle connection, being reset", "reset@end", false, "200", FATE_ANY, BOTH, MANNER_PLAIN},
    {"nobody listens", "200;refuse=20ms", true, "200", FATE_ANSWERED, BOTH, MANNER_PLAIN},
    {"accepted and closed", "200;close@connect", true, "200", FATE_ANY, HTTP, MANNER_PLAIN},
    {"accepted and reset", "200;reset@connect", true, "200", FATE_ANY, HTTP, MANNER_PLAIN},
    {"accepted and closed", "200;close@connect", true, "200", FATE_ANSWERED, HTTPS, MANNER_PLAIN},
    {"accepted and reset", "200;reset@connect", true, "200", FATE_ANSWERED, HTTPS, MANNER_PLAIN},
    {"closed in the handshake", "200;tls-fault=close", true, "200", FATE_ANSWERED, HTTPS, MANNER_PLAIN},
    {"reset in the handshake", "200;tls-fault=reset", true, "200", FATE_ANSWERED, HTTPS, MANNER_PLAIN},
    {"closed, the head was read", "200", false, "close;unread", FATE_SENT, BOTH, MANNER_PLAIN},
    {"reset, the head was read", "200", false, "reset;unread", FATE_SENT, BOTH, MANNER_PLAIN},
    {"closed, fresh, all was read", NULL, false, "close", FATE_SENT, BOTH, MANNER_PLAIN},
    {"reset, fresh, all was read", NULL, false, "reset", FATE_SENT, BOTH, MANNER_PLAIN},
    {"closed, reused, all was read", "200", false, "close", FATE_SENT, BOTH, MANNER_PLAIN},
    {"reset, reused, all was read", "200", false, "reset", FATE_SENT, BOTH, MANNER_PLAIN},
    {"closed, and nobody listens", "200", false, "close;refuse=5ms", FATE_SENT, BOTH, MANNER_PLAIN},
    {"reset, and nobody listens", "200", false, "reset;refuse=5ms", FATE_SENT, BOTH, MANNER_PLAIN},
    {"closed, fresh, some was read", NULL, false, "close;unread@100000", FATE_SENT, BOTH, MANNER_LARGE},
    {"reset, fresh, some was read", NULL, false, "reset;unread@100000", FATE_SENT, BOTH, MANNER_LARGE},
    {"closed, reused, some was read", "200", false, "close;unread@100000", FATE_SENT, BOTH, MANNER_LARGE},
    {"reset, reused, some was read", "200", false, "reset;unread@100000", FATE_SENT, BOTH, MANNER_LARGE},
    {"reset, the rest has no room", "200", false, "reset;delay=20ms;unread@100000", FATE_SENT, BOTH, MANNER_LARGE},
    {"closed behind an interim answer", "200", false, "close;1xx=103", FATE_SENT, BOTH, MANNER_INTERIM},
    {"reset behind an interim answer", "200", false, "reset;1xx=103", FATE_SENT, BOTH, MANNER_INTERIM},
    {"closed within the headers", "200", false, "close@headers", FATE_SENT, BOTH, MANNER_PLAIN},
    {"reset within the headers", "200", false, "reset@headers", FATE_SENT, BOTH, MANNER_PLAIN},
    {"closed before the body", "200", false, "close@body:0;delay@body=1ms", FATE_CUT, BOTH, MANNER_PLAIN},
    {"reset before the body", "200", false, "reset@body:0", FATE_CUT, BOTH, MANNER_PLAIN},
    {"closed within the body", "200", false, "close@body:500", FATE_CUT, BOTH, MANNER_PLAIN},
    {"reset within the body", "200", false, "reset@body:500", FATE_CUT, BOTH, MANNER_PLAIN},
    {"a body that is too short", "200", false, "truncate@500", FATE_CUT, BOTH, MANNER_PLAIN},
    {"closed behind the answer", NULL, true, "close@end", FATE_ANSWERED, BOTH, MANNER_PLAIN},
    {"reset behind the answer", NULL, true, "reset@end", FATE_ANSWERED, BOTH, MANNER_PLAIN},
};

static insist_testserver *server;
static insist_client *client;

static int begin(bool tls) {
    insist_retry_policy *retry = NULL;
    insist_decider decider = insist_retry_and(insist_retry_times(100000), insist_retry_standard());
    if (insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.tls = tls), NULL, &server) != INSIST_OK ||
        insist_retry_policy_new(decider, insist_wait_constant_ms(2), NULL, &retry) != INSIST_OK)
        return -1;
    insist_err err = insist_client_new(INSIST_CLIENT_OPTIONS(.retry = retry, .budget = insist_budget_none(),
                                                             .tls = INSIST_TLS_OPTIONS(.insecure = true)),
                                       NULL, &client);
    insist_retry_policy_free(retry);
    return err == INSIST_OK ? 0 : -1;
}

static int begin_http(void **state) {
    (void)state;
    return begin(false);
}

static int begin_https(void **state) {
    (void)state;
    return begin(true);
}

static int end(void **state) {
    (void)state;
    insist_client_free(client);
    insist_testserver_free(server);
    return 0;
}

static void wait_until_all_are_closed(void) {
    insist_testserver_stats stats = {.size = sizeof stats};
    do {
        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
        assert_int_equal(insist_testserver_get_stats(server, &stats), INSIST_OK);
    } while (stats.connections_open > 0);
}

static void go_before(const struct stage *stage) {
    if (stage->before != NULL) {
        char url[128];
        insist_result *result = NULL;
        snprintf(url, sizeof url, "%s/before", insist_testserver_url(server));
        assert_int_equal(insist_get(client, url, &result), INSIST_OK);
        insist_result_free(result);
    }
    if (stage->settled)
        wait_until_all_are_closed();
}

/* The furthest that any attempt says that the request got. */
static insist_sent told(const insist_result *result) {
    insist_sent furthest = INSIST_NOT_SENT;
    for (size_t i = 0; i < insist_result_attempts(result); i++) {
        insist_sent sent = insist_result_attempt(result, i)->sent;
        furthest = sent > furthest ? sent : furthest;
    }
    return furthest;
}

static bool is_as_it_should_be(const struct stage *stage, insist_err err, const insist_result *result, size_t hits) {
    insist_reason reason = insist_result_reason(result);
    if (err == INSIST_OK)
        return hits == 1 && insist_result_status(result) == 200 &&
               (stage->fate == FATE_ANSWERED || stage->fate == FATE_ANY);
    switch (stage->fate) {
    case FATE_SENT: return hits == 1 && told(result) == INSIST_MAYBE_SENT && reason == INSIST_NOT_REPEATABLE;
    case FATE_CUT: return hits == 1 && told(result) == INSIST_ANSWERED && reason == INSIST_NOT_REPEATABLE;
    case FATE_ANY: return hits <= 1 && told(result) == INSIST_MAYBE_SENT && reason == INSIST_NOT_REPEATABLE;
    case FATE_ANSWERED:
    default: return false;
    }
}

/* How many attempts found that nobody listens. */
static size_t found_nobody(const insist_result *result) {
    size_t count = 0;
    for (size_t i = 0; i < insist_result_attempts(result); i++)
        count += insist_result_attempt(result, i)->error == INSIST_ECONNECT;
    return count;
}

/* A POST's body, which begins with its number. As a reader's it tells how much was taken, by any attempt. */
struct body {
    char *bytes;
    size_t length, at, taken;
};

static void body_init(struct body *body, const struct stage *stage, size_t number) {
    char text[32];
    int length = snprintf(text, sizeof text, "amount=%zu ", number);
    *body = (struct body){.length = stage->manner == MANNER_LARGE ? LARGE_BYTES : (size_t)length};
    body->bytes = malloc(body->length);
    assert_non_null(body->bytes);
    memset(body->bytes, 'x', body->length);
    memcpy(body->bytes, text, (size_t)length);
}

static int64_t read_body(void *ctx, void *buffer, size_t room) {
    struct body *body = ctx;
    size_t left = body->length - body->at, length = left < room ? left : room;
    memcpy(buffer, body->bytes + body->at, length);
    body->at += length;
    body->taken += length;
    return (int64_t)length;
}

static int rewind_body(void *ctx) {
    ((struct body *)ctx)->at = 0;
    return 0;
}

static insist_err send_post(const char *url, struct body *body, bool is_read, insist_result **result) {
    insist_plan *plan = NULL;
    insist_reader reader = {.read = read_body, .rewind = rewind_body, .ctx = body, .length = (int64_t)body->length};
    assert_int_equal(insist_plan_new("POST", url, NULL, &plan), INSIST_OK);
    assert_int_equal(is_read ? insist_plan_set_body_reader(plan, &reader)
                             : insist_plan_set_body(plan, body->bytes, body->length),
                     INSIST_OK);
    insist_err err = insist_execute(client, plan, NULL, result);
    insist_plan_free(plan);
    return err;
}

/* It died where it was to: within the body, not behind it, or behind an interim answer, which is no answer. */
static void assert_died_there(const struct stage *stage, const struct body *body, bool is_read,
                              const insist_result *result) {
    const insist_attempt_record *record = insist_result_attempt(result, 0);
    if (stage->manner == MANNER_LARGE) {
        assert_true(record->first_byte_us < 0);
        assert_true(!is_read || (body->taken >= READ_BYTES && body->taken < body->length));
    }
    if (stage->manner == MANNER_INTERIM) {
        assert_true(record->first_byte_us >= 0);
        assert_int_equal(record->status, 0);
    }
}

static size_t post(const struct stage *stage, size_t number) {
    char key[32], url[160];
    struct body body;
    bool is_read = stage->manner == MANNER_LARGE && number % 2 == 1;
    insist_result *result = NULL;
    body_init(&body, stage, number);
    go_before(stage);
    snprintf(key, sizeof key, "k%zu", number);
    snprintf(url, sizeof url, "%s/charge?key=%s", insist_testserver_url(server), key);
    insist_err err = send_post(url, &body, is_read, &result);
    size_t hits = insist_testserver_hits_by_key(server, key);
    if (!is_as_it_should_be(stage, err, result, hits))
        fail_msg("%s: %s; %s, delivered %zu times", stage->name, insist_result_explain(result),
                 insist_sent_name(told(result)), hits);
    assert_died_there(stage, &body, is_read, result);
    size_t refused = found_nobody(result);
    insist_result_free(result);
    free(body.bytes);
    return refused;
}

static uint64_t faulted_so_far(void) {
    insist_testserver_stats stats = {.size = sizeof stats};
    assert_int_equal(insist_testserver_get_stats(server, &stats), INSIST_OK);
    return stats.connections_faulted;
}

/* What befalls the port has befallen the POSTs: some found nobody, or each had a connection that died before a request. */
static void assert_met(const struct stage *stage, size_t refused, uint64_t faulted) {
    const char *before = stage->before != NULL ? stage->before : "";
    if (strstr(before, "refuse") != NULL)
        assert_true(refused > 0);
    if (strstr(before, "@connect") != NULL || strstr(before, "tls-fault") != NULL)
        assert_true(faulted >= POSTS);
}

static void run_stage(const struct stage *stage) {
    insist_testserver_reset(server);
    assert_int_equal(insist_testserver_script(server, "/before", stage->before, NULL), INSIST_OK);
    assert_int_equal(insist_testserver_script(server, "/charge", stage->script, NULL), INSIST_OK);
    uint64_t faulted = faulted_so_far();
    size_t refused = 0;
    for (size_t i = 0; i < POSTS; i++)
        refused += post(stage, i);
    assert_met(stage, refused, faulted_so_far() - faulted);
    assert_true(insist_testserver_wait_idle(server, PATIENCE_MS));
    for (size_t i = 0; i < POSTS; i++) { /* nothing arrives late either */
        char key[32];
        snprintf(key, sizeof key, "k%zu", i);
        assert_true(insist_testserver_hits_by_key(server, key) <= 1);
    }
    assert_int_equal(insist_testserver_duplicates(server, "/charge"), 0);
    insist_stats stats = {.size = sizeof stats};
    assert_int_equal(insist_client_stats(client, &stats), INSIST_OK);
    print_message("%-34s %d POSTs, %2zu deliveries, %llu resends blocked so far\n", stage->name, POSTS,
                  insist_testserver_hits(server, "/charge"), (unsigned long long)stats.resends_blocked);
}

static void run_stages(enum scheme scheme) {
    for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++)
        if (stages[i].scheme == BOTH || stages[i].scheme == scheme)
            run_stage(&stages[i]);
}

static void every_stage_http(void **state) {
    (void)state;
    run_stages(HTTP);
}

static void every_stage_https(void **state) {
    (void)state;
    run_stages(HTTPS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_stage_http, begin_http, end),
        cmocka_unit_test_setup_teardown(every_stage_https, begin_https, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
