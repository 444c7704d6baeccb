/* What plans are built with, seen from the other side: hosts, cookies, credentials, forms, bodies that are referred to,
 * connections that close, keys, policies of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pair.h"
#include <insist/insist.h>
#include <insist/testserver.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static insist_testserver_journal *journal;
static char url[512];

static int end(void **state) {
    insist_testserver_journal_free(journal);
    journal = NULL;
    return pair_end(state);
}

static insist_plan *plan_of(const char *method, const char *path) {
    insist_plan *plan = NULL;
    snprintf(url, sizeof url, "%s%s", insist_testserver_url(server), path);
    assert_int_equal(insist_plan_new(method, url, NULL, &plan), INSIST_OK);
    return plan;
}

/* Executes and frees the plan; the result has one attempt, or as many as are said. */
static void execute_plan(insist_plan *plan, size_t attempts) {
    insist_result *result = NULL;
    assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_OK);
    assert_int_equal(insist_result_status(result), 200);
    assert_int_equal(insist_result_attempts(result), attempts);
    insist_result_free(result);
    insist_plan_free(plan);
}

static const insist_testserver_entry *entry_of(const char *key, size_t i) {
    insist_testserver_journal_free(journal);
    assert_int_equal(insist_testserver_journal_new(server, NULL, key, &journal), INSIST_OK);
    const insist_testserver_entry *entry = insist_testserver_journal_at(journal, i);
    assert_non_null(entry);
    return entry;
}

/* The value of a field that was sent exactly once; NULL: it was not sent. */
static const char *sent_field(const insist_testserver_entry *entry, const char *name) {
    const char *value = NULL;
    for (size_t i = 0; i < entry->field_count; i++)
        if (strcmp(entry->fields[i].name, name) == 0) {
            assert_null(value);
            value = entry->fields[i].value;
        }
    return value;
}

static void assert_refused(insist_plan *plan, insist_err err, const char *field) {
    assert_int_equal(err, INSIST_EINVAL);
    assert_non_null(insist_plan_problem(plan));
    assert_string_equal(insist_plan_problem(plan)->field, field);
    assert_true(insist_plan_problem(plan)->text[0] != '\0');
    insist_plan_free(plan);
}

/* ---- Host ---- */

static void host_can_be_overridden(void **state) {
    (void)state;
    insist_plan *plan = plan_of("GET", "/x?key=a");
    assert_int_equal(insist_plan_set_host(plan, "virtual.example:8080"), INSIST_OK);
    execute_plan(plan, 1);
    assert_string_equal(sent_field(entry_of("a", 0), "Host"), "virtual.example:8080");

    plan = plan_of("GET", "/x?key=b");
    assert_int_equal(insist_plan_set_header(plan, "host", "[::1]"), INSIST_OK);
    assert_int_equal(insist_plan_add_header(plan, "HOST", "other.example"), INSIST_OK); /* there is only one */
    execute_plan(plan, 1);
    const insist_testserver_entry *entry = entry_of("b", 0);
    size_t hosts = 0;
    for (size_t i = 0; i < entry->field_count; i++)
        if (strcasecmp(entry->fields[i].name, "Host") == 0) {
            assert_string_equal(entry->fields[i].value, "other.example");
            hosts++;
        }
    assert_int_equal(hosts, 1);
}

static void what_is_no_host_is_refused(void **state) {
    (void)state;
    static const char *const wrong[] = {"",        "a b", "a/b",       "user@a",      "a:0",
                                        "a:99999", "[x]", "a\r\nX: y", "\xc3\xa9.org"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        insist_plan *plan = plan_of("GET", "/x");
        assert_refused(plan, insist_plan_set_host(plan, wrong[i]), "host");
        plan = plan_of("GET", "/x");
        assert_refused(plan, insist_plan_set_header(plan, "Host", wrong[i]), "header");
    }
    insist_plan *plan = plan_of("GET", "/x");
    assert_refused(plan, insist_plan_set_host(plan, NULL), "host");
}

static void empty_port_is_stripped(void **state) {
    (void)state;
    insist_plan *plan = NULL;
    insist_result *result = NULL;
    assert_int_equal(insist_plan_new("GET", "http://localhost:/", NULL, &plan), INSIST_OK);
    assert_int_equal(insist_execute(client, plan, INSIST_CALL_OPTIONS(.deadline_at_ns = 1), &result), INSIST_EDEADLINE);
    assert_string_equal(insist_result_url(result), "http://localhost/");
    insist_result_free(result);
    insist_plan_free(plan);
}

/* ---- cookies ---- */

static void cookies_are_joined(void **state) {
    (void)state;
    insist_plan *plan = plan_of("GET", "/x?key=a");
    assert_int_equal(insist_plan_add_cookie(plan, "session", "abc"), INSIST_OK);
    assert_int_equal(insist_plan_add_cookie(plan, "theme", " \"dark\" ; Path=/; HttpOnly"), INSIST_OK);
    assert_int_equal(insist_plan_add_cookie(plan, "empty", ""), INSIST_OK);
    execute_plan(plan, 1);
    assert_string_equal(sent_field(entry_of("a", 0), "Cookie"), "session=abc; theme=\"dark\"; empty=");

    plan = plan_of("GET", "/x?key=b");
    assert_int_equal(insist_plan_add_header(plan, "Cookie", "a=1"), INSIST_OK);
    assert_int_equal(insist_plan_add_header(plan, "cookie", "b=2"), INSIST_OK);
    assert_int_equal(insist_plan_add_cookie(plan, "c", "3"), INSIST_OK);
    execute_plan(plan, 1);
    assert_string_equal(sent_field(entry_of("b", 0), "Cookie"), "a=1; b=2; c=3");
}

static void bad_cookies_are_refused(void **state) {
    (void)state;
    static const char *const names[] = {"", "a b", "a=b", "a;b", "a\r\n", "\xc3\xa9"};
    static const char *const values[] = {"a b", "a,b", "a\"b", "a\\b", "a\r\nb", "\x7f", "\xc3\xa9", "\"", "\"a\"\""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        insist_plan *plan = plan_of("GET", "/x");
        assert_refused(plan, insist_plan_add_cookie(plan, names[i], "v"), "name");
    }
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        insist_plan *plan = plan_of("GET", "/x");
        assert_refused(plan, insist_plan_add_cookie(plan, "n", values[i]), "value");
    }
    insist_plan *plan = plan_of("GET", "/x");
    assert_refused(plan, insist_plan_add_cookie(plan, NULL, "v"), "name");
    plan = plan_of("GET", "/x");
    assert_refused(plan, insist_plan_add_cookie(plan, "n", NULL), "value");
}

/* ---- credentials ---- */

static void basic_auth_is_encoded(void **state) {
    (void)state;
    static const struct {
        const char *user, *password, *sent;
    } cases[] = {
        {"Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}, /* RFC 7617 section 2 */
        {"", "", "Basic Og=="},
        {"u", "a:b", "Basic dTphOmI="},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        insist_plan *plan = plan_of("GET", "/x?key=a");
        assert_int_equal(insist_plan_set_basic_auth(plan, "before", "before"), INSIST_OK);
        assert_int_equal(insist_plan_set_basic_auth(plan, cases[i].user, cases[i].password), INSIST_OK);
        execute_plan(plan, 1);
        assert_string_equal(sent_field(entry_of("a", i), "Authorization"), cases[i].sent);
    }
}

static void credentials_that_cannot_be_sent_are_refused(void **state) {
    (void)state;
    insist_plan *plan = plan_of("GET", "/x");
    assert_refused(plan, insist_plan_set_basic_auth(plan, "a:b", "c"), "user");
    plan = plan_of("GET", "/x");
    assert_refused(plan, insist_plan_set_basic_auth(plan, NULL, "c"), "user");
    plan = plan_of("GET", "/x");
    assert_refused(plan, insist_plan_set_basic_auth(plan, "a", NULL), "password");
    plan = plan_of("GET", "/x");
    assert_refused(plan, insist_plan_set_basic_auth(plan, "a", "secret\n"), "password");
}

/* A redirect to a server of another port, which is another origin. */
static void secrets_stay_at_home(void **state) {
    (void)state;
    insist_testserver *other = NULL;
    char script[256];
    assert_int_equal(insist_testserver_start(NULL, NULL, &other), INSIST_OK);
    snprintf(script, sizeof script, "302;h:Location=%s/there", insist_testserver_url(other));
    assert_int_equal(insist_testserver_script(server, "/away", script, NULL), INSIST_OK);
    insist_plan *plan = plan_of("GET", "/away?key=a");
    assert_int_equal(insist_plan_set_sensitive(plan, "x-api-KEY"), INSIST_OK);
    assert_int_equal(insist_plan_set_header(plan, "X-Api-Key", "k"), INSIST_OK);
    assert_int_equal(insist_plan_set_header(plan, "X-Open", "o"), INSIST_OK);
    assert_int_equal(insist_plan_add_cookie(plan, "c", "1"), INSIST_OK);
    assert_int_equal(insist_plan_set_basic_auth(plan, "u", "p"), INSIST_OK);
    assert_int_equal(insist_plan_set_host(plan, "home.example"), INSIST_OK);
    execute_plan(plan, 1);
    const insist_testserver_entry *home = entry_of("a", 0);
    assert_string_equal(sent_field(home, "X-Api-Key"), "k");
    assert_string_equal(sent_field(home, "Cookie"), "c=1");

    insist_testserver_journal *abroad = NULL;
    assert_int_equal(insist_testserver_journal_new(other, "/there", NULL, &abroad), INSIST_OK);
    const insist_testserver_entry *there = insist_testserver_journal_at(abroad, 0);
    assert_non_null(there);
    assert_string_equal(sent_field(there, "X-Open"), "o");
    assert_null(sent_field(there, "X-Api-Key"));
    assert_null(sent_field(there, "Cookie"));
    assert_null(sent_field(there, "Authorization"));
    assert_string_not_equal(sent_field(there, "Host"), "home.example");
    insist_testserver_journal_free(abroad);
    insist_testserver_free(other);
}

static void sensitive_names_are_names(void **state) {
    (void)state;
    insist_plan *plan = plan_of("GET", "/x");
    assert_refused(plan, insist_plan_set_sensitive(plan, "a b"), "name");
    plan = plan_of("GET", "/x");
    assert_refused(plan, insist_plan_set_sensitive(plan, NULL), "name");
}

/* ---- bodies ---- */

static void forms_are_sorted_and_typed(void **state) {
    (void)state;
    insist_result *result = NULL;
    const insist_pair pairs[] = {{"b", "2 & more"}, {"a", "1"}, {"b", "\xc3\xa9"}};
    insist_plan *plan = plan_of("POST", "/x?do=200;echo&key=a");
    assert_int_equal(insist_plan_set_form(plan, pairs, 3), INSIST_OK);
    assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_OK);
    assert_string_equal(insist_result_body(result, NULL), "a=1&b=2+%26+more&b=%C3%A9");
    assert_string_equal(sent_field(entry_of("a", 0), "Content-Type"), "application/x-www-form-urlencoded");
    insist_result_free(result);
    insist_plan_free(plan);

    plan = plan_of("POST", "/x?key=b");
    assert_int_equal(insist_plan_set_body(plan, "replaced", 8), INSIST_OK);
    assert_int_equal(insist_plan_set_form(plan, NULL, 0), INSIST_OK);
    execute_plan(plan, 1);
    const insist_testserver_entry *entry = entry_of("b", 0);
    assert_string_equal(sent_field(entry, "Content-Type"), "application/x-www-form-urlencoded");
    assert_string_equal(sent_field(entry, "Content-Length"), "0");
    assert_int_equal(entry->body_bytes, 0);

    plan = plan_of("POST", "/x");
    assert_refused(plan, insist_plan_set_form(plan, &(insist_pair){"a", NULL}, 1), "pairs");
    plan = plan_of("POST", "/x");
    assert_refused(plan, insist_plan_set_form(plan, NULL, 1), "pairs");
}

static void count_release(void *ctx) {
    atomic_fetch_add((atomic_int *)ctx, 1);
}

static void referred_body_is_sent_each_time_and_released_once(void **state) {
    (void)state;
    static char bytes[100000];
    atomic_int released = 0;
    memset(bytes, 'x', sizeof bytes);
    insist_plan *plan = plan_of("PUT", "/x?do=503;retry-after=0,200&key=a");
    assert_int_equal(insist_plan_set_body_ref(plan, bytes, sizeof bytes, count_release, &released), INSIST_OK);
    insist_result *result = NULL;
    assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_OK);
    assert_int_equal(insist_result_attempts(result), 2);
    insist_result_free(result);
    assert_int_equal(atomic_load(&released), 0); /* the plan still has it */
    insist_plan_free(plan);
    insist_client_free(client); /* and so may an attempt, until it is buried */
    client = NULL;
    assert_int_equal(atomic_load(&released), 1);
    const insist_testserver_entry *first = entry_of("a", 0);
    assert_int_equal(first->body_bytes, sizeof bytes);
    char digest[80];
    snprintf(digest, sizeof digest, "%s", first->body_sha256);
    assert_string_equal(entry_of("a", 1)->body_sha256, digest);
}

static void referred_body_outlives_an_attempt_that_was_given_up(void **state) {
    (void)state;
    static char bytes[10];
    atomic_int released = 0;
    insist_plan *plan = plan_of("PUT", "/x?do=hang&key=a");
    insist_result *result = NULL;
    assert_int_equal(insist_plan_set_body_ref(plan, bytes, sizeof bytes, count_release, &released), INSIST_OK);
    assert_int_equal(insist_execute(client, plan, INSIST_CALL_OPTIONS(.deadline_ms = 100), &result), INSIST_EDEADLINE);
    insist_result_free(result);
    insist_plan_free(plan);
    insist_client_free(client);
    client = NULL;
    assert_int_equal(atomic_load(&released), 1);
}

static void replaced_body_is_released_at_once(void **state) {
    (void)state;
    atomic_int released = 0;
    insist_plan *plan = plan_of("PUT", "/x");
    assert_int_equal(insist_plan_set_body_ref(plan, "abc", 3, count_release, &released), INSIST_OK);
    assert_int_equal(insist_plan_set_body_ref(plan, NULL, 0, count_release, &released), INSIST_OK);
    assert_int_equal(atomic_load(&released), 1);
    assert_int_equal(insist_plan_set_body(plan, "x", 1), INSIST_OK);
    assert_int_equal(atomic_load(&released), 2);
    assert_refused(plan, insist_plan_set_body_ref(plan, NULL, 3, count_release, &released), "data");
    assert_int_equal(atomic_load(&released), 2); /* what was refused is the caller's */
}

/* ---- connections ---- */

static void closing_plans_neither_take_nor_leave_a_connection(void **state) {
    (void)state;
    execute_plan(plan_of("GET", "/x?key=a"), 1); /* leaves one */
    for (int i = 0; i < 2; i++) {
        insist_plan *plan = plan_of("GET", "/x?do=503;retry-after=0,200&key=b");
        assert_int_equal(insist_plan_set_close(plan, true), INSIST_OK);
        execute_plan(plan, i == 0 ? 2 : 1);
    }
    for (size_t i = 0; i < 3; i++) {
        const insist_testserver_entry *entry = entry_of("b", i);
        assert_int_equal(entry->place, 1);
        assert_string_equal(sent_field(entry, "Connection"), "close");
    }
    insist_plan *plan = plan_of("GET", "/x?key=c");
    assert_int_equal(insist_plan_set_close(plan, true), INSIST_OK);
    assert_int_equal(insist_plan_set_close(plan, false), INSIST_OK);
    execute_plan(plan, 1);
    assert_int_equal(entry_of("c", 0)->connection, entry_of("a", 0)->connection); /* the one that was left */
}

/* ---- Idempotency-Key ---- */

static bool is_quoted_uuid_4(const char *key) {
    static const char pattern[] = "\"xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx\"";
    if (strlen(key) != strlen(pattern))
        return false;
    for (size_t i = 0; pattern[i] != '\0'; i++) {
        bool fits = pattern[i] == 'x'   ? strchr("0123456789abcdef", key[i]) != NULL
                    : pattern[i] == 'y' ? strchr("89ab", key[i]) != NULL
                                        : key[i] == pattern[i];
        if (!fits)
            return false;
    }
    return true;
}

static void key_is_made_for_each_call_and_kept_in_its_attempts(void **state) {
    (void)state;
    char keys[4][64];
    insist_plan *plan = plan_of("POST", "/x?do=503;retry-after=0,200,503;retry-after=0,200&key=a");
    assert_int_equal(insist_plan_set_idempotency_key(plan, NULL), INSIST_OK);
    for (int i = 0; i < 2; i++) {
        insist_result *result = NULL;
        assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_OK);
        assert_int_equal(insist_result_attempts(result), 2); /* a POST that is repeated */
        insist_result_free(result);
    }
    insist_plan_free(plan);
    for (size_t i = 0; i < 4; i++) {
        const char *key = sent_field(entry_of("a", i), "Idempotency-Key");
        assert_non_null(key);
        assert_true(is_quoted_uuid_4(key));
        snprintf(keys[i], sizeof keys[i], "%s", key);
    }
    assert_string_equal(keys[0], keys[1]);
    assert_string_equal(keys[2], keys[3]);
    assert_string_not_equal(keys[0], keys[2]);
}

static void clients_of_one_seed_make_different_keys(void **state) {
    (void)state;
    char keys[2][64];
    for (size_t i = 0; i < 2; i++) {
        insist_client_free(client);
        assert_int_equal(insist_client_new(INSIST_CLIENT_OPTIONS(.seed = 7), NULL, &client), INSIST_OK);
        insist_plan *plan = plan_of("POST", "/x?key=a");
        assert_int_equal(insist_plan_set_idempotency_key(plan, NULL), INSIST_OK);
        execute_plan(plan, 1);
        snprintf(keys[i], sizeof keys[i], "%s", sent_field(entry_of("a", i), "Idempotency-Key"));
    }
    assert_string_not_equal(keys[0], keys[1]);
}

static void given_key_is_sent_as_it_is(void **state) {
    (void)state;
    insist_plan *plan = plan_of("POST", "/x?do=503;retry-after=0,200&key=a");
    assert_int_equal(insist_plan_set_idempotency_key(plan, NULL), INSIST_OK);
    assert_int_equal(insist_plan_set_idempotency_key(plan, "order-17"), INSIST_OK);
    execute_plan(plan, 2);
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(sent_field(entry_of("a", i), "Idempotency-Key"), "order-17");
    plan = plan_of("POST", "/x");
    assert_refused(plan, insist_plan_set_idempotency_key(plan, ""), "key");
    plan = plan_of("POST", "/x");
    assert_refused(plan, insist_plan_set_idempotency_key(plan, "a\nb"), "key");
}

static void key_of_blanks_is_none(void **state) {
    (void)state;
    insist_plan *plan = plan_of("POST", "/x?do=503;retry-after=0,200&key=a");
    assert_int_equal(insist_plan_set_header(plan, "Idempotency-Key", " \t"), INSIST_OK);
    insist_result *result = NULL;
    assert_int_not_equal(insist_execute(client, plan, NULL, &result), INSIST_EINVAL);
    assert_int_equal(insist_result_attempts(result), 1);
    assert_int_equal(insist_result_status(result), 503);
    insist_result_free(result);
    insist_plan_free(plan);
}

/* ---- policies ---- */

static size_t attempts_of(insist_plan *plan, const insist_call_options *options) {
    insist_result *result = NULL;
    assert_int_equal(insist_execute(client, plan, options, &result), INSIST_OK);
    size_t attempts = insist_result_attempts(result);
    insist_result_free(result);
    return attempts;
}

static insist_retry_policy *retries(unsigned times) {
    insist_retry_policy *policy = NULL;
    insist_decider decider = insist_retry_and(insist_retry_times(times), insist_retry_standard());
    assert_int_equal(insist_retry_policy_new(decider, insist_wait_constant_ms(0), NULL, &policy), INSIST_OK);
    return policy;
}

static void retry_of_the_plan_stands_between_call_and_client(void **state) {
    (void)state;
    insist_retry_policy *one = retries(1), *two = retries(2);
    insist_plan *plan = plan_of("GET", "/x?do=500&key=a");
    assert_int_equal(insist_plan_set_retry(plan, two), INSIST_OK);
    assert_int_equal(insist_plan_set_retry(plan, one), INSIST_OK);
    insist_retry_policy_free(one); /* the plan has a reference */
    assert_int_equal(attempts_of(plan, NULL), 2);
    assert_int_equal(attempts_of(plan, INSIST_CALL_OPTIONS(.retry = two)), 3);
    insist_plan_free(plan);
    insist_client_free(client);
    assert_int_equal(insist_client_new(INSIST_CLIENT_OPTIONS(.retry = two), NULL, &client), INSIST_OK);
    plan = plan_of("GET", "/x?do=500&key=b");
    assert_int_equal(insist_plan_set_retry(plan, two), INSIST_OK);
    assert_int_equal(insist_plan_set_retry(plan, NULL), INSIST_OK);
    assert_int_equal(attempts_of(plan, NULL), 3);
    insist_plan_free(plan);
    insist_retry_policy_free(two);
}

static void timeout_of_the_plan_counts(void **state) {
    (void)state;
    insist_retry_policy *none = retries(0);
    insist_timeout_policy *brief = NULL;
    insist_result *result = NULL;
    assert_int_equal(insist_timeout_fixed_new(50, NULL, &brief), INSIST_OK);
    insist_plan *plan = plan_of("GET", "/x?do=hang&key=a");
    assert_int_equal(insist_plan_set_timeout(plan, brief), INSIST_OK);
    assert_int_equal(insist_plan_set_retry(plan, none), INSIST_OK);
    insist_timeout_policy_free(brief);
    insist_retry_policy_free(none);
    assert_int_equal(insist_execute(client, plan, NULL, &result), INSIST_ETIMEOUT);
    insist_result_free(result);
    insist_plan_free(plan);
}

static void plan_in_use_takes_none_of_it(void **state) {
    (void)state;
    insist_plan *plan = plan_of("GET", "/x");
    assert_int_equal(attempts_of(plan, NULL), 1);
    assert_int_equal(insist_plan_set_host(plan, "a"), INSIST_EFROZEN);
    assert_int_equal(insist_plan_add_cookie(plan, "a", "b"), INSIST_EFROZEN);
    assert_int_equal(insist_plan_set_basic_auth(plan, "a", "b"), INSIST_EFROZEN);
    assert_int_equal(insist_plan_set_sensitive(plan, "a"), INSIST_EFROZEN);
    assert_int_equal(insist_plan_set_form(plan, NULL, 0), INSIST_EFROZEN);
    assert_int_equal(insist_plan_set_body_ref(plan, "a", 1, NULL, NULL), INSIST_EFROZEN);
    assert_int_equal(insist_plan_set_close(plan, true), INSIST_EFROZEN);
    assert_int_equal(insist_plan_set_idempotency_key(plan, NULL), INSIST_EFROZEN);
    assert_int_equal(insist_plan_set_retry(plan, NULL), INSIST_EFROZEN);
    assert_int_equal(insist_plan_set_timeout(plan, NULL), INSIST_EFROZEN);
    assert_int_equal(attempts_of(plan, NULL), 1);
    assert_null(insist_plan_problem(plan));
    insist_plan_free(plan);
    assert_int_equal(insist_plan_set_close(NULL, true), INSIST_EINVAL);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, pair_begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(host_can_be_overridden),
        CASE(what_is_no_host_is_refused),
        CASE(empty_port_is_stripped),
        CASE(cookies_are_joined),
        CASE(bad_cookies_are_refused),
        CASE(basic_auth_is_encoded),
        CASE(credentials_that_cannot_be_sent_are_refused),
        CASE(secrets_stay_at_home),
        CASE(sensitive_names_are_names),
        CASE(forms_are_sorted_and_typed),
        CASE(referred_body_is_sent_each_time_and_released_once),
        CASE(referred_body_outlives_an_attempt_that_was_given_up),
        CASE(replaced_body_is_released_at_once),
        CASE(closing_plans_neither_take_nor_leave_a_connection),
        CASE(key_is_made_for_each_call_and_kept_in_its_attempts),
        CASE(clients_of_one_seed_make_different_keys),
        CASE(given_key_is_sent_as_it_is),
        CASE(key_of_blanks_is_none),
        CASE(retry_of_the_plan_stands_between_call_and_client),
        CASE(timeout_of_the_plan_counts),
        CASE(plan_in_use_takes_none_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
