/* Servers that mean harm, against a client with the limits that it has by itself unless a case says otherwise: what is
 * too much is ended with the error and the sentence that say which limit it was, nothing is asked for that could be asked for without end,
 * and what was meant for one server goes to no other. Each case byte by byte on the wire: test_wire_limits.c, test_wire_redirect.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "call/client.h"
#include "support/fail_alloc.h"
#include <insist/insist.h>
#include <insist/testserver.h>
#include <stdio.h>
#include <string.h>

enum { LIMIT = 64 << 20, SHORT_MS = 200 };

static insist_testserver *server, *other, *tls;

static int begin(void **state) {
    (void)state;
    return insist_testserver_start(NULL, NULL, &server) != INSIST_OK ||
           insist_testserver_start(NULL, NULL, &other) != INSIST_OK ||
           insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.tls = true), NULL, &tls) != INSIST_OK;
}

static int end(void **state) {
    (void)state;
    insist_testserver_free(server);
    insist_testserver_free(other);
    insist_testserver_free(tls);
    return 0;
}

/* ---- a client whose memory is counted ----------------------------------------------------------------------------- */

struct caller {
    struct fail_alloc memory;
    struct env env;
    insist_client *client;
};

static void caller_init(struct caller *caller, insist_client_options options) {
    caller->env = fail_alloc_env(&caller->memory, &env_standard);
    options.budget = insist_budget_none();
    options.tls = INSIST_TLS_OPTIONS(.insecure = true);
    assert_int_equal(client_new(&caller->env, &options, NULL, &caller->client), INSIST_OK);
}

static void caller_fini(struct caller *caller) {
    insist_client_free(caller->client);
    assert_int_equal(fail_alloc_outstanding(&caller->memory), 0);
}

/* GET of the path on the server. */
static insist_err get(const struct caller *caller, insist_testserver *from, const char *path, int64_t deadline_ms,
                      insist_result **result) {
    char url[512];
    insist_plan *plan = NULL;
    snprintf(url, sizeof url, "%s%s", insist_testserver_url(from), path);
    assert_int_equal(insist_plan_new("GET", url, NULL, &plan), INSIST_OK);
    insist_err err = insist_execute(caller->client, plan, INSIST_CALL_OPTIONS(.deadline_ms = deadline_ms), result);
    insist_plan_free(plan);
    return err;
}

/* ---- too much ----------------------------------------------------------------------------------------------------- */

#define HEADERS "): its headers are longer than max_header_bytes (262144): "
#define INTERIM "): its interim answers are longer than max_header_bytes (262144): "
#define BODY "): its body is longer than max_body_bytes (67108864): "
#define DECODED "): its body decodes to more than max_body_bytes (67108864): "

static const struct excess {
    const char *script;
    insist_err err;
    int status;
    const char *sentence; /* that the explanation contains */
} excesses[] = {
    {"headers=20000", INSIST_ETOOLARGE, 200, HEADERS},
    {"headers=endless", INSIST_ETOOLARGE, 200, HEADERS},
    {"1xx=103x100000;200", INSIST_ETOOLARGE, 0, INTERIM},
    {"1xx=103xendless", INSIST_ETOOLARGE, 0, INTERIM},
    {"trailers=endless", INSIST_ETOOLARGE, 200,
     "): its headers and trailers are longer than max_header_bytes (262144): "},
    {"size=65MiB", INSIST_ETOOLARGE, 200, BODY}, /* announced */
    {"length=9223372036854775807", INSIST_ETOOLARGE, 200, BODY},
    {"length=none;line=\"Content-Length: 9223372036854775808\"", INSIST_ETOOLARGE, 200,
     "): its Content-Length is more than any length can be (9223372036854775807): "},
    {"endless", INSIST_ETOOLARGE, 200, BODY},
    {"endless;chunked", INSIST_ETOOLARGE, 200, BODY},
    {"gzip;size=1GB", INSIST_ETOOLARGE, 200, DECODED},
    {"gzip;endless", INSIST_ETOOLARGE, 200, DECODED},
    {"deflate;size=1GB", INSIST_ETOOLARGE, 200, DECODED},
    {"redirect", INSIST_EREDIRECT, 302, "): the redirect leads back to where the attempt has been: "},
    {"redirect=ftp://127.0.0.1/", INSIST_EREDIRECT, 302,
     "): the redirect's Location cannot be used: it must begin with http:// or https://: "},
    {"garbage", INSIST_EPROTO, 0, "EPROTO"},
    {"status-line=\"HTTP/1.1 99999 No\"", INSIST_EPROTO, 0, "EPROTO"},
    {"line=\"X: a\\x00b\"", INSIST_EPROTO, -1, "EPROTO"},
    {"line=\"X: a\\rInjected: b\"", INSIST_EPROTO, -1, "EPROTO"},
    {"redirect;line=\"Location: /a\\rX: b\"", INSIST_EPROTO, -1, "EPROTO"},
    {"line=\"Content-Length: 3\";body=hello", INSIST_EPROTO, 200, "EPROTO"}, /* beside the true one */
    {"line=\"Content-Length : 3\";body=hello", INSIST_EPROTO, 200, "EPROTO"},
    {"line=\"Transfer-Encoding\t: chunked\";body=hello", INSIST_EPROTO, 200, "EPROTO"},
    {"badchunk=huge@100", INSIST_EPROTO, 200, "EPROTO"},
    {"badchunk=negative@100", INSIST_EPROTO, 200, "EPROTO"},
    {"gzip=crc;size=20KB", INSIST_EDECODE, 200, "EDECODE"},
    {"stall=headers", INSIST_EDEADLINE, -1, "the deadline passed"},
    {"stall=body@100", INSIST_EDEADLINE, -1, "the deadline passed"},
    {"endless;drip=1ms/1", INSIST_EDEADLINE, -1, "the deadline passed"},
    {"drip@headers=50ms/1", INSIST_EDEADLINE, -1, "the deadline passed"},
    {"1xx=103xendless;drip@headers=50ms/1", INSIST_EDEADLINE, -1, "the deadline passed"},
};

static void too_much_is_ended_with_the_error_that_says_which(void **state) {
    struct caller caller;
    (void)state;
    caller_init(&caller, (insist_client_options){.size = sizeof(insist_client_options)});
    for (size_t i = 0; i < sizeof excesses / sizeof excesses[0]; i++) {
        const struct excess *excess = &excesses[i];
        insist_result *result = NULL;
        char path[32];
        snprintf(path, sizeof path, "/excess/%zu", i);
        assert_int_equal(insist_testserver_script(server, path, excess->script, NULL), INSIST_OK);
        bool slow = excess->err == INSIST_EDEADLINE;
        insist_err err = get(&caller, server, path, slow ? SHORT_MS : 0, &result);
        bool explained = strstr(insist_result_explain(result), excess->sentence) != NULL;
        bool status_fits = excess->status < 0 || insist_result_status(result) == excess->status;
        if (err != excess->err || !status_fits || !explained)
            print_error("%s: %s\n", excess->script, insist_result_explain(result));
        assert_int_equal(err, excess->err);
        assert_true(status_fits);
        assert_true(explained);
        insist_result_free(result);
    }
    assert_true(fail_alloc_largest(&caller.memory) <= 2 * (size_t)LIMIT);
    caller_fini(&caller);
}

static void what_is_within_the_limit_is_taken(void **state) {
    struct caller caller;
    insist_result *result = NULL;
    (void)state;
    caller_init(&caller, (insist_client_options){.size = sizeof(insist_client_options)});
    assert_int_equal(insist_testserver_script(server, "/many", "1xx=103x3000;200;body=at last", NULL), INSIST_OK);
    insist_err err = get(&caller, server, "/many", 0, &result);
    if (err != INSIST_OK)
        print_error("%s\n", insist_result_explain(result));
    assert_int_equal(err, INSIST_OK);
    assert_int_equal(insist_result_status(result), 200);
    assert_int_equal(insist_result_attempts(result), 1);
    assert_string_equal(insist_result_body(result, NULL), "at last");
    insist_result_free(result);
    caller_fini(&caller);
}

struct drain {
    uint64_t taken, enough; /* bytes; of more than that it takes none */
};

static int drain(void *ctx, const void *data, size_t length) {
    struct drain *into = ctx;
    (void)data;
    into->taken += length;
    return into->taken > into->enough;
}

/* A body that is not kept has no limit, compressed or not: memory has, the sink may end it, and the deadline does. */
static void what_a_sink_takes_is_not_kept(void **state) {
    static const char *const scripts[] = {"endless", "endless;chunked", "gzip;endless"};
    static const struct {
        uint64_t enough;
        int64_t deadline_ms;
        insist_err err;
    } ends[] = {{16 << 20, 0, INSIST_ESINK}, {UINT64_MAX, SHORT_MS, INSIST_EDEADLINE}};
    struct caller caller;
    (void)state;
    caller_init(&caller, (insist_client_options){.size = sizeof(insist_client_options), .max_body_bytes = 1 << 20});
    for (size_t i = 0; i < 2 * sizeof scripts / sizeof scripts[0]; i++) {
        struct drain into = {.enough = ends[i % 2].enough};
        const insist_sink sink = {.write = drain, .ctx = &into};
        insist_plan *plan = NULL;
        insist_result *result = NULL;
        char url[128];
        snprintf(url, sizeof url, "%s/sink?do=%s", insist_testserver_url(server), scripts[i / 2]);
        assert_int_equal(insist_plan_new("GET", url, NULL, &plan), INSIST_OK);
        assert_int_equal(insist_execute(caller.client, plan,
                                        INSIST_CALL_OPTIONS(.sink = &sink, .deadline_ms = ends[i % 2].deadline_ms),
                                        &result),
                         ends[i % 2].err);
        assert_int_equal(insist_result_status(result), 200);
        assert_true(into.taken > (ends[i % 2].err == INSIST_ESINK ? into.enough : 0));
        insist_result_free(result);
        insist_plan_free(plan);
    }
    assert_true(fail_alloc_peak(&caller.memory) <= 1 << 20);
    caller_fini(&caller);
}

/* Bytes of a request are taken so slowly that the answer never comes. */
static void an_upload_that_is_not_read_meets_the_deadline(void **state) {
    static const char body[8 << 20];
    struct caller caller;
    char url[128];
    insist_result *result = NULL;
    (void)state;
    caller_init(&caller, (insist_client_options){.size = sizeof(insist_client_options), .deadline_ms = SHORT_MS});
    snprintf(url, sizeof url, "%s/upload?do=200;read=1KB/s", insist_testserver_url(server));
    assert_int_equal(insist_post(caller.client, url, NULL, body, sizeof body, &result), INSIST_EDEADLINE);
    insist_result_free(result);
    caller_fini(&caller);
}

/* ---- redirects ---------------------------------------------------------------------------------------------------- */

static void a_chain_of_redirects_is_followed_so_far(void **state) {
    struct caller caller;
    insist_result *result = NULL;
    (void)state;
    for (int i = 0; i < 20; i++) {
        char path[32], script[64];
        snprintf(path, sizeof path, "/chain/%d", i);
        snprintf(script, sizeof script, "redirect=/chain/%d", i + 1);
        assert_int_equal(insist_testserver_script(server, path, script, NULL), INSIST_OK);
    }
    caller_init(&caller, (insist_client_options){.size = sizeof(insist_client_options)});
    assert_int_equal(get(&caller, server, "/chain/0", 0, &result), INSIST_EREDIRECT);
    assert_int_equal(insist_result_status(result), 302);
    assert_int_equal(insist_result_attempts(result), 1);
    assert_int_equal(insist_testserver_hits(server, "/chain/10"), 1); /* ten were followed */
    assert_int_equal(insist_testserver_hits(server, "/chain/11"), 0);
    assert_non_null(strstr(insist_result_explain(result), "): there are more redirects than max_redirects (10): "));
    insist_result_free(result);
    caller_fini(&caller);
}

static void https_is_not_left_for_http(void **state) {
    struct caller caller;
    char script[128];
    insist_result *result = NULL;
    (void)state;
    snprintf(script, sizeof script, "redirect=%s/down", insist_testserver_url(server));
    assert_int_equal(insist_testserver_script(tls, "/up", script, NULL), INSIST_OK);
    caller_init(&caller, (insist_client_options){.size = sizeof(insist_client_options)});
    assert_int_equal(get(&caller, tls, "/up", 0, &result), INSIST_EREDIRECT);
    assert_int_equal(insist_result_status(result), 302);
    assert_int_equal(insist_testserver_hits(server, "/down"), 0);
    assert_non_null(strstr(insist_result_explain(result), "): the redirect leads from https to http: "));
    assert_non_null(strstr(insist_result_giving_up(result), "attempt(s): the redirect leads from https to http"));
    insist_result_free(result);
    caller_fini(&caller);
}

static bool nothing_is_valid(void *ctx, const insist_execution *execution) {
    (void)ctx;
    (void)execution;
    return false;
}

/* It is an answer: nothing failed. What a validator then rejects was rejected for that reason alone. */
static void a_post_is_not_repeated_for_a_redirect(void **state) {
    struct caller caller;
    char url[128];
    insist_result *result = NULL;
    (void)state;
    caller_init(&caller, (insist_client_options){.size = sizeof(insist_client_options)});
    snprintf(url, sizeof url, "%s/twice?do=307=/once", insist_testserver_url(server));
    assert_int_equal(insist_post(caller.client, url, NULL, "x", 1, &result), INSIST_OK);
    assert_int_equal(insist_result_status(result), 307);
    assert_int_equal(insist_testserver_hits(server, "/once"), 0);
    assert_non_null(strstr(insist_result_explain(result),
                           "): the redirect is not followed, for the request may not be sent twice"));
    insist_result_free(result);

    const insist_validator validator = {.validate = nothing_is_valid};
    insist_plan *plan = NULL;
    assert_int_equal(insist_plan_new("POST", url, NULL, &plan), INSIST_OK);
    assert_int_equal(insist_execute(caller.client, plan, INSIST_CALL_OPTIONS(.validator = &validator), &result),
                     INSIST_EREJECTED);
    assert_null(strstr(insist_result_explain(result), "followed"));
    insist_result_free(result);
    insist_plan_free(plan);
    caller_fini(&caller);
}

/* ---- credentials -------------------------------------------------------------------------------------------------- */

/* Whether what the path was sent has the text in a header's value. */
static bool was_heard(insist_testserver *where, const char *path, const char *text) {
    insist_testserver_journal *journal = NULL;
    bool heard = false;
    assert_int_equal(insist_testserver_journal_new(where, path, NULL, &journal), INSIST_OK);
    assert_int_equal(insist_testserver_journal_count(journal), 1);
    const insist_testserver_entry *entry = insist_testserver_journal_at(journal, 0);
    for (size_t i = 0; i < entry->field_count; i++)
        heard = heard || strstr(entry->fields[i].value, text) != NULL;
    insist_testserver_journal_free(journal);
    return heard;
}

static insist_plan *secretive_plan(const char *path) {
    char url[128];
    insist_plan *plan = NULL;
    snprintf(url, sizeof url, "%s%s", insist_testserver_url(server), path);
    assert_int_equal(insist_plan_new("GET", url, NULL, &plan), INSIST_OK);
    assert_int_equal(insist_plan_set_basic_auth(plan, "user", "password"), INSIST_OK);
    assert_int_equal(insist_plan_add_cookie(plan, "biscuit", "sugar"), INSIST_OK);
    assert_int_equal(insist_plan_set_header(plan, "X-Token", "hush"), INSIST_OK);
    assert_int_equal(insist_plan_set_sensitive(plan, "X-Token"), INSIST_OK);
    assert_int_equal(insist_plan_set_header(plan, "X-Plain", "heard"), INSIST_OK);
    return plan;
}

static void redirect_to(insist_testserver *from, const char *path, insist_testserver *to, const char *target) {
    char script[128];
    snprintf(script, sizeof script, "redirect=%s%s", insist_testserver_url(to), target);
    assert_int_equal(insist_testserver_script(from, path, script, NULL), INSIST_OK);
}

/* A step at home, two abroad and two back at home, where whoever is abroad may have sent the call. */
static void credentials_stay_with_their_origin(void **state) {
    static const char *const secrets[] = {"dXNlcjpwYXNzd29yZA", "sugar", "hush"};
    const struct {
        insist_testserver *where;
        const char *path;
        bool trusted;
    } steps[] = {
        {server, "/home", true},   {server, "/still", true}, {other, "/abroad", false},
        {other, "/deeper", false}, {server, "/back", false}, {server, "/again", false},
    };
    const size_t count = sizeof steps / sizeof steps[0];
    struct caller caller;
    insist_result *result = NULL;
    (void)state;
    for (size_t i = 0; i + 1 < count; i++)
        redirect_to(steps[i].where, steps[i].path, steps[i + 1].where, steps[i + 1].path);
    insist_plan *plan = secretive_plan(steps[0].path);
    caller_init(&caller, (insist_client_options){.size = sizeof(insist_client_options)});
    assert_int_equal(insist_execute(caller.client, plan, NULL, &result), INSIST_OK);
    assert_int_equal(insist_result_status(result), 200);
    for (size_t i = 0; i < count; i++) {
        assert_true(was_heard(steps[i].where, steps[i].path, "heard"));
        for (size_t j = 0; j < sizeof secrets / sizeof secrets[0]; j++)
            assert_int_equal(was_heard(steps[i].where, steps[i].path, secrets[j]), steps[i].trusted);
    }
    insist_result_free(result);
    insist_plan_free(plan);
    caller_fini(&caller);
}

/* What would end a line stays in its percent-encoding, all the way to the other server's path. */
static void a_redirect_injects_no_lines(void **state) {
    struct caller caller;
    char script[160];
    insist_result *result = NULL;
    (void)state;
    snprintf(script, sizeof script, "redirect=%s/in%%0d%%0aX-Injected:%%20yes?do=echo=anything",
             insist_testserver_url(other));
    assert_int_equal(insist_testserver_script(server, "/lines", script, NULL), INSIST_OK);
    caller_init(&caller, (insist_client_options){.size = sizeof(insist_client_options)});
    assert_int_equal(get(&caller, server, "/lines", 0, &result), INSIST_OK);
    assert_non_null(strstr(insist_result_url(result), "%0d%0aX-Injected:%20yes"));
    assert_null(strstr(insist_result_body(result, NULL), "\"X-Injected\""));
    insist_result_free(result);
    caller_fini(&caller);
}

/* ---- Retry-After and Date ----------------------------------------------------------------------------------------- */

/* In front of the server's own Date: the first one counts. */
#define DATED_503(date) "status-line=\"HTTP/1.1 503 No\\r\\nDate: " date "\""

static const struct nonsense {
    const char *answer;
    bool believed; /* it asks for longer than is allowed; else it is as if there were none */
} nonsenses[] = {
    {"503;retry-after=\"-1\"", false},
    {"503;retry-after=\"\"", false},
    {"503;retry-after=\"soon\"", false},
    {"503;retry-after=\"1e9\"", false},
    {"503;retry-after=\"0x10\"", false},
    {"503;retry-after=\"1, 99999\"", false},
    {"503;retry-after=\"Fri, 99 Dec 2026 23:59:59 GMT\"", false},
    {"503;retry-after=\"Thu, 01 Jan 1970 00:00:00 GMT\"", false}, /* long ago */
    {"503;retry-after=\"99999999999999999999999999999999999\"", true},
    {"503;retry-after=\"9223372036854775807\"", true},
    {"503;retry-after=\"Fri, 31 Dec 9999 23:59:59 GMT\"", true},
    {DATED_503("yesterday") ";retry-after=date+3600", true}, /* then our own clock counts */
    {DATED_503("yesterday") ";retry-after=date-7", false},
    {DATED_503("Fri, 31 Dec 9999 23:59:59 GMT") ";retry-after=date+3600", false},
    {DATED_503("Thu, 01 Jan 1970 00:00:00 GMT") ";retry-after=date-7", true},
};

static void nonsense_about_time_is_ignored_or_too_long(void **state) {
    struct caller caller;
    (void)state;
    caller_init(&caller, (insist_client_options){.size = sizeof(insist_client_options)});
    for (size_t i = 0; i < sizeof nonsenses / sizeof nonsenses[0]; i++) {
        char path[32], script[160];
        insist_result *result = NULL;
        snprintf(path, sizeof path, "/time/%zu", i);
        snprintf(script, sizeof script, "%s,200", nonsenses[i].answer);
        assert_int_equal(insist_testserver_script(server, path, script, NULL), INSIST_OK);
        assert_int_equal(get(&caller, server, path, 0, &result), INSIST_OK);
        if (insist_result_status(result) != (nonsenses[i].believed ? 503 : 200))
            print_error("%s: %s\n", script, insist_result_explain(result));
        assert_int_equal(insist_result_status(result), nonsenses[i].believed ? 503 : 200);
        assert_int_equal(insist_result_reason(result), nonsenses[i].believed ? INSIST_RETRY_AFTER : INSIST_DONE);
        insist_result_free(result);
    }
    caller_fini(&caller);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_much_is_ended_with_the_error_that_says_which),
        cmocka_unit_test(what_is_within_the_limit_is_taken),
        cmocka_unit_test(what_a_sink_takes_is_not_kept),
        cmocka_unit_test(an_upload_that_is_not_read_meets_the_deadline),
        cmocka_unit_test(a_chain_of_redirects_is_followed_so_far),
        cmocka_unit_test(https_is_not_left_for_http),
        cmocka_unit_test(a_post_is_not_repeated_for_a_redirect),
        cmocka_unit_test(credentials_stay_with_their_origin),
        cmocka_unit_test(a_redirect_injects_no_lines),
        cmocka_unit_test(nonsense_about_time_is_ignored_or_too_long),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
