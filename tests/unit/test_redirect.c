/* Where an answer leads, rule by rule, and what goes along. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/fail_alloc.h"
#include "wire/redirect.h"
#include <string.h>

struct row {
    const char *method, *from;
    int status;
    const char *location;
    bool may_repeat;
    insist_err err;
    const char *to;       /* "METHOD url"; NULL: not followed */
    const char *sentence; /* that says why not; NULL: there is nothing to follow */
};

#define BACK "the redirect leads back to where the attempt has been"
#define TWICE "the redirect is not followed, for the request may not be sent twice"
#define SPENT "the redirect is not followed, for the request's body cannot be read again"
#define UNUSABLE "the redirect's Location cannot be used"

static const struct row rows[] = {
    {"GET", "http://a.test/x/y", 301, "/z", true, INSIST_OK, "GET http://a.test/z", NULL},
    {"GET", "http://a.test/x/y", 302, "z?q", true, INSIST_OK, "GET http://a.test/x/z?q", NULL},
    {"GET", "http://a.test/x", 303, "//b.test/", true, INSIST_OK, "GET http://b.test/", NULL},
    {"HEAD", "http://a.test/x", 303, "/z", true, INSIST_OK, "HEAD http://a.test/z", NULL},
    {"HEAD", "http://a.test/x", 301, "/z", true, INSIST_OK, "HEAD http://a.test/z", NULL},
    {"POST", "http://a.test/x", 301, "/z", false, INSIST_OK, "GET http://a.test/z", NULL},
    {"POST", "http://a.test/x", 302, "/z", true, INSIST_OK, "GET http://a.test/z", NULL},
    {"PUT", "http://a.test/x", 303, "/z", true, INSIST_OK, "GET http://a.test/z", NULL},
    {"DELETE", "http://a.test/x", 302, "/z", true, INSIST_OK, "GET http://a.test/z", NULL},
    {"PUT", "http://a.test/x", 307, "/z", true, INSIST_OK, "PUT http://a.test/z", NULL},
    {"POST", "http://a.test/x", 308, "/z", true, INSIST_OK, "POST http://a.test/z", NULL},
    {"POST", "http://a.test/x", 307, "/z", false, INSIST_OK, NULL, TWICE},
    {"POST", "http://a.test/x", 308, "/z", false, INSIST_OK, NULL, TWICE},
    {"GET", "http://a.test/x", 307, "/z", false, INSIST_OK, "GET http://a.test/z", NULL}, /* a POST that was turned */
    {"GET", "http://a.test/x", 300, "/z", true, INSIST_OK, NULL, NULL},
    {"GET", "http://a.test/x", 304, "/z", true, INSIST_OK, NULL, NULL},
    {"GET", "http://a.test/x", 305, "/z", true, INSIST_OK, NULL, NULL},
    {"GET", "http://a.test/x", 200, "/z", true, INSIST_OK, NULL, NULL},
    {"GET", "http://a.test/x", 201, "/z", true, INSIST_OK, NULL, NULL},
    {"GET", "http://a.test/x", 302, NULL, true, INSIST_OK, NULL, NULL},
    {"GET", "http://a.test/x", 302, "", true, INSIST_EREDIRECT, NULL, UNUSABLE},
    {"GET", "http://a.test/x", 302, "/x", true, INSIST_EREDIRECT, NULL, BACK},
    {"GET", "http://a.test/x", 302, "HTTP://A.test:80/x#part", true, INSIST_EREDIRECT, NULL, BACK},
    {"POST", "http://a.test/x", 302, "/x", true, INSIST_OK, "GET http://a.test/x", NULL}, /* another method: no loop */
    {"GET", "http://a.test/x", 302, "ftp://a.test/", true, INSIST_EREDIRECT, NULL, UNUSABLE},
    {"GET", "http://a.test/x", 302, "javascript:alert(1)", true, INSIST_EREDIRECT, NULL, UNUSABLE},
    {"GET", "http://a.test/x", 302, "https://a.test/x", true, INSIST_OK, "GET https://a.test/x", NULL},
    {"GET", "https://a.test/x", 302, "http://a.test/x", true, INSIST_EREDIRECT, NULL,
     "the redirect leads from https to http"},
    {"GET", "https://a.test/x", 302, "//b.test/x", true, INSIST_OK, "GET https://b.test/x", NULL},
};

static const struct redirect_rules usual = {.follow = true, .may_repeat = true, .max = 10};

static struct url *make_url(const char *text) {
    struct url *url;
    assert_int_equal(url_new(&env_standard, text, NULL, &url), INSIST_OK);
    return url;
}

static void expect_sentence(const struct cause *cause, const char *sentence) {
    if (!sentence)
        assert_null(cause->sentence);
    else
        assert_string_equal(cause->sentence, sentence);
    assert_int_equal(cause->detail != NULL, sentence != NULL && strcmp(sentence, UNUSABLE) == 0);
}

static void test_rules(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct redirect_rules rules = usual;
        struct url *from = make_url(row->from);
        struct hop hop = {.url = from, .method = row->method};
        struct redirect next;
        struct trail trail;
        trail_init(&trail, &env_standard);
        rules.may_repeat = row->may_repeat;
        assert_int_equal(redirect_judge(&rules, &trail, &hop, row->status, row->location, &next), row->err);
        assert_int_equal(next.url != NULL, row->to != NULL);
        expect_sentence(&next.cause, row->sentence);
        if (row->to) {
            size_t method = strlen(next.hop.method);
            assert_ptr_equal(next.hop.url, next.url);
            assert_memory_equal(next.hop.method, row->to, method);
            assert_string_equal(next.url->text, row->to + method + 1);
            assert_int_equal(next.hop.turned, strcmp(next.hop.method, row->method) != 0);
            assert_int_equal(next.hop.abroad, strcmp(from->origin, next.url->origin) != 0);
        }
        url_free(next.url);
        url_free(from);
        trail_fini(&trail);
    }
}

/* Where the body would have to go along once more, the redirect is the answer. */
static void test_spent_body(void **state) {
    (void)state;
    static const struct {
        const char *method;
        int status;
        bool turned, follows;
    } cases[] = {
        {"PUT", 307, false, false}, {"PUT", 302, false, true},  {"GET", 301, false, false}, {"GET", 302, false, false},
        {"GET", 303, false, false}, {"GET", 308, false, false}, {"GET", 302, true, true},   {"GET", 307, true, true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct redirect_rules rules = usual;
        struct url *from = make_url("http://a.test/x");
        struct hop hop = {.url = from, .method = cases[i].method, .turned = cases[i].turned};
        struct redirect next;
        struct trail trail;
        trail_init(&trail, &env_standard);
        rules.body_is_spent = true;
        assert_int_equal(redirect_judge(&rules, &trail, &hop, cases[i].status, "/z", &next), INSIST_OK);
        assert_int_equal(next.url != NULL, cases[i].follows);
        expect_sentence(&next.cause, cases[i].follows ? NULL : SPENT);
        url_free(next.url);
        url_free(from);
        trail_fini(&trail);
    }
}

static void test_off(void **state) {
    struct redirect_rules rules = usual;
    struct url *from = make_url("http://a.test/");
    struct hop hop = {.url = from, .method = "GET"};
    struct redirect next;
    struct trail trail;
    (void)state;
    trail_init(&trail, &env_standard);
    rules.follow = false;
    assert_int_equal(redirect_judge(&rules, &trail, &hop, 302, "/b", &next), INSIST_OK);
    assert_null(next.url);
    assert_null(next.cause.sentence); /* nobody wanted it to be */
    url_free(from);
    trail_fini(&trail);
}

/* Follows locations from one URL until one is refused; returns how many were followed, and *last says why no more. */
static unsigned walk(unsigned max, const char *const *locations, insist_err *err, struct cause *last) {
    struct redirect_rules rules = usual;
    struct url *at = make_url("http://a.test/0");
    struct hop hop = {.url = at, .method = "GET"};
    struct redirect next;
    struct trail trail;
    unsigned followed = 0;
    trail_init(&trail, &env_standard);
    rules.max = max;
    for (;; locations++) {
        *err = redirect_judge(&rules, &trail, &hop, 302, *locations, &next);
        if (!next.url)
            break;
        url_free(at);
        at = next.url;
        hop = next.hop;
        followed++;
    }
    *last = next.cause;
    url_free(at);
    trail_fini(&trail);
    return followed;
}

static void test_count(void **state) {
    static const char *const locations[] = {"/1", "/2", "/3", "/4", NULL};
    insist_err err;
    struct cause cause;
    (void)state;
    assert_int_equal(walk(10, locations, &err, &cause), 4);
    assert_int_equal(err, INSIST_OK);
    assert_int_equal(walk(3, locations, &err, &cause), 3);
    assert_int_equal(err, INSIST_EREDIRECT);
    expect_sentence(&cause, "there are more redirects than max_redirects");
    assert_int_equal(cause.limit, 3);
    assert_int_equal(walk(0, locations, &err, &cause), 0);
    assert_int_equal(err, INSIST_EREDIRECT);
}

static void test_loops(void **state) {
    static const char *const back[] = {"/1", "/2", "/1", NULL}, *const near[] = {"/01", "/1", "/0/", NULL};
    insist_err err;
    struct cause cause;
    (void)state;
    assert_int_equal(walk(10, back, &err, &cause), 2);
    assert_int_equal(err, INSIST_EREDIRECT);
    expect_sentence(&cause, BACK);
    assert_int_equal(cause.limit, 0);
    assert_int_equal(walk(10, near, &err, &cause), 3); /* parts of each other are not the same */
    assert_int_equal(err, INSIST_OK);
}

/* Once abroad, always abroad: neither another step there nor the way back home makes it trusted again. */
static void test_abroad_for_good(void **state) {
    static const struct {
        const char *location;
        bool abroad;
    } steps[] = {
        {"/home", false},
        {"http://a.test:81/", true},
        {"/further", true},
        {"http://a.test/back", true},
        {"http://a.test/again", true},
    };
    struct url *at = make_url("http://a.test/");
    struct hop hop = {.url = at, .method = "GET"};
    struct trail trail;
    (void)state;
    trail_init(&trail, &env_standard);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct redirect next;
        assert_int_equal(redirect_judge(&usual, &trail, &hop, 302, steps[i].location, &next), INSIST_OK);
        assert_int_equal(next.hop.abroad, steps[i].abroad);
        url_free(at);
        at = next.url;
        hop = next.hop;
    }
    url_free(at);
    trail_fini(&trail);
}

static void test_what_goes_along(void **state) {
    static const struct {
        const char *name;
        bool abroad, turned;
    } fields[] = {
        {"Authorization", false, true},
        {"authorization", false, true},
        {"Cookie", false, true},
        {"COOKIE", false, true},
        {"Proxy-Authorization", false, true},
        {"Host", false, true},
        {"Content-Type", true, false},
        {"content-md5", true, false},
        {"Transfer-Encoding", true, false},
        {"Expect", true, false},
        {"X-Any", true, true},
        {"Accept", true, true},
        {"Contents", true, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        const char *name = fields[i].name;
        assert_true(redirect_carries(&(struct hop){.abroad = false}, name));
        assert_int_equal(redirect_carries(&(struct hop){.abroad = true}, name), fields[i].abroad);
        assert_int_equal(redirect_carries(&(struct hop){.turned = true}, name), fields[i].turned);
    }
}

static void test_no_memory(void **state) {
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    (void)state;
    for (size_t n = 1;; n++) {
        struct url *from;
        fail_alloc_at(&memory, 0);
        assert_int_equal(url_new(&env, "http://a.test/", NULL, &from), INSIST_OK);
        struct hop hop = {.url = from, .method = "GET"};
        struct redirect next;
        struct trail trail;
        trail_init(&trail, &env);
        fail_alloc_at(&memory, n);
        insist_err err = redirect_judge(&usual, &trail, &hop, 302, "/b", &next);
        bool failed = fail_alloc_has_failed(&memory);
        assert_int_equal(err, failed ? INSIST_ENOMEM : INSIST_OK);
        assert_int_equal(next.url != NULL, !failed);
        assert_null(next.cause.sentence);
        url_free(next.url);
        url_free(from);
        trail_fini(&trail);
        assert_int_equal(fail_alloc_outstanding(&memory), 0);
        if (!failed)
            break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),           cmocka_unit_test(test_off),
        cmocka_unit_test(test_spent_body),      cmocka_unit_test(test_count),
        cmocka_unit_test(test_loops),           cmocka_unit_test(test_abroad_for_good),
        cmocka_unit_test(test_what_goes_along), cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
