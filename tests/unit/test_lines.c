/* The header lines of a request, as libcurl takes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/fail_alloc.h"
#include "wire/lines.h"
#include <string.h>

static struct fail_alloc memory;
static struct env env;
static struct lines lines;
static struct headers plan, own;
static struct url url;
static struct request request;
static struct wire_settings settings;

static int set_up(void **state) {
    (void)state;
    env = fail_alloc_env(&memory, &env_standard);
    lines_init(&lines, &env);
    headers_init(&plan, &env);
    headers_init(&own, &env);
    url = (struct url){.env = &env};
    request = (struct request){.url = &url};
    settings = (struct wire_settings){.user_agent = ""};
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    lines_fini(&lines);
    headers_fini(&plan);
    headers_fini(&own);
    assert_int_equal(fail_alloc_outstanding(&memory), 0);
    return 0;
}

static insist_err make(const struct hop *hop, bool decode) {
    request.headers = plan;
    settings.decode = decode;
    return lines_make(&lines, &request, &own, hop, &settings);
}

static void expect(const struct hop *hop, bool decode, const char *const *expected) {
    assert_int_equal(make(hop, decode), INSIST_OK);
    const struct curl_slist *line = lines.first;
    for (; *expected; expected++, line = line->next) {
        assert_non_null(line);
        assert_string_equal(line->data, *expected);
    }
    assert_null(line);
}

static const struct hop first = {.method = "POST"}, abroad = {.method = "POST", .abroad = true},
                        turned = {.method = "GET", .turned = true}, get = {.method = "GET"};

static void test_bare(void **state) {
    (void)state;
    expect(&first, true, (const char *const[]){"Accept-Encoding: gzip, deflate", "Content-Type:", "Expect:", NULL});
    assert_true(lines.decode);
    expect(&first, false, (const char *const[]){"Content-Type:", "Expect:", NULL});
    assert_false(lines.decode);
}

/* libcurl adds nothing to a request without a body. */
static void test_what_is_left_out(void **state) {
    static const struct hop put = {.method = "PUT"}, patch = {.method = "PATCH"};
    (void)state;
    expect(&get, false, (const char *const[]){NULL});
    expect(&put, false, (const char *const[]){"Content-Type:", "Expect:", NULL});
    expect(&patch, false, (const char *const[]){"Content-Type:", "Expect:", NULL});
    request.has_body = true;
    expect(&get, false, (const char *const[]){"Content-Type:", "Expect:", NULL});
    expect(&turned, false, (const char *const[]){NULL});
}

static void test_user_agent(void **state) {
    (void)state;
    settings.user_agent = "insist-test";
    expect(&get, false, (const char *const[]){"User-Agent: insist-test", NULL});
    headers_add(&plan, "user-agent", "mine");
    expect(&get, false, (const char *const[]){"user-agent: mine", NULL});
    expect(&abroad, false, (const char *const[]){"user-agent: mine", "Content-Type:", "Expect:", NULL});
    headers_init(&request.sensitive, &env);
    headers_add(&request.sensitive, "User-Agent", "");
    expect(&abroad, false, (const char *const[]){"User-Agent: insist-test", "Content-Type:", "Expect:", NULL});
    headers_fini(&request.sensitive);
}

static void test_what_stays_behind_is_not_replaced(void **state) {
    (void)state;
    headers_add(&plan, "Content-Type", "a/secret");
    headers_init(&request.sensitive, &env);
    headers_add(&request.sensitive, "content-type", "");
    expect(&first, false, (const char *const[]){"Content-Type: a/secret", "Expect:", NULL});
    expect(&abroad, false, (const char *const[]){"Content-Type:", "Expect:", NULL});
    headers_fini(&request.sensitive);
}

static void test_overlay(void **state) {
    (void)state;
    headers_add(&plan, "A", "1");
    headers_add(&plan, "B", "2");
    headers_add(&plan, "b", "3");
    headers_add(&plan, "E", "");
    headers_add(&own, "B", "4");
    headers_add(&own, "C", " 5");
    expect(&first, false, (const char *const[]){"A: 1", "E;", "B: 4", "C: 5", "Content-Type:", "Expect:", NULL});
}

static void test_the_users_own(void **state) {
    (void)state;
    url.authorization = "Basic x";
    expect(&first, false, (const char *const[]){"Authorization: Basic x", "Content-Type:", "Expect:", NULL});
    expect(&abroad, false, (const char *const[]){"Content-Type:", "Expect:", NULL});
    headers_add(&plan, "authorization", "Bearer y");
    headers_add(&plan, "accept-encoding", "br");
    headers_add(&own, "content-type", "a/b");
    headers_add(&own, "expect", "100-continue");
    headers_add(&own, "Content-Length", "5");
    expect(&first, true,
           (const char *const[]){"authorization: Bearer y", "accept-encoding: br", "content-type: a/b",
                                 "expect: 100-continue", NULL});
    expect(&turned, true, (const char *const[]){"authorization: Bearer y", "accept-encoding: br", NULL});
    expect(&abroad, true,
           (const char *const[]){"accept-encoding: br", "content-type: a/b", "expect: 100-continue", NULL});
    assert_false(lines.decode);
}

static void test_no_memory(void **state) {
    (void)state;
    for (int i = 0; i < 40; i++)
        headers_add(&plan, "Name", "a value that needs room");
    for (size_t n = 1;; n++) {
        lines_fini(&lines);
        lines_init(&lines, &env);
        fail_alloc_at(&memory, n);
        insist_err err = make(&first, true);
        bool failed = fail_alloc_has_failed(&memory);
        fail_alloc_at(&memory, 0);
        assert_int_equal(err, failed ? INSIST_ENOMEM : INSIST_OK);
        if (!failed)
            break;
    }
    assert_int_equal(lines.count, 43);
}

#define LINES_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        LINES_TEST(test_bare),    LINES_TEST(test_what_is_left_out), LINES_TEST(test_user_agent),
        LINES_TEST(test_overlay), LINES_TEST(test_the_users_own),    LINES_TEST(test_no_memory),
        LINES_TEST(test_what_stays_behind_is_not_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
