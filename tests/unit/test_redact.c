/* What is shown of a URL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "call/redact.h"
#include "support/fail_alloc.h"

static struct headers hidden;

static int begin(void **state) {
    (void)state;
    headers_init(&hidden, &env_standard);
    assert_int_equal(headers_add(&hidden, "token", ""), INSIST_OK);
    assert_int_equal(headers_add(&hidden, "api key", ""), INSIST_OK);
    return 0;
}

static int end(void **state) {
    (void)state;
    headers_fini(&hidden);
    return 0;
}

static void assert_shown(const char *url, const char *expected) {
    struct body text;
    body_init(&text, &env_standard, UINT64_MAX);
    assert_int_equal(redact_url(&text, url, &hidden), INSIST_OK);
    assert_string_equal(body_text(&text), expected);
    body_fini(&text);
}

static void what_is_not_secret_is_shown(void **state) {
    (void)state;
    assert_shown("http://h/p", "http://h/p");
    assert_shown("http://h:81/p?a=1&b=2;c=3", "http://h:81/p?a=1&b=2;c=3");
    assert_shown("http://h/p?", "http://h/p?");
    assert_shown("http://h/p?&&a", "http://h/p?&&a");
    assert_shown("", "");
}

static void user_and_password_are_not(void **state) { /* M82, R22 */
    (void)state;
    assert_shown("http://user:secret@h/p", "http://h/p");
    assert_shown("http://user:se@cret@h?a", "http://h?a");
    assert_shown("http://secret@h", "http://h");
    assert_shown("http://h/user@path", "http://h/user@path");
    assert_shown("http://h?user@query", "http://h?user@query");
}

static void fragment_is_not(void **state) {
    (void)state;
    assert_shown("http://h/p?a=1#token=secret", "http://h/p?a=1");
    assert_shown("http://h#secret?a=1", "http://h");
    assert_shown("h#://user:secret@h", "h");
}

static void values_of_hidden_keys_are_masked(void **state) { /* M82 */
    (void)state;
    assert_shown("http://h/p?token=secret", "http://h/p?token=xxxxx");
    assert_shown("http://h/p?a=1&token=s=e=c&b=2", "http://h/p?a=1&token=xxxxx&b=2");
    assert_shown("http://h/p?a=1;token=secret&b=2;c=3", "http://h/p?a=1;token=xxxxx&b=2;c=3");
    assert_shown("http://h/p?token=se;cret&b=2", "http://h/p?token=xxxxx&b=2");
    assert_shown("http://h/p?token=one;token=two", "http://h/p?token=xxxxx");
    assert_shown("http://h/p?token=", "http://h/p?token=xxxxx");
    assert_shown("http://h/p?token", "http://h/p?token");
    assert_shown("http://h/p?tokens=1&toke=2", "http://h/p?tokens=1&toke=2");
}

static void hidden_keys_are_known_however_they_are_written(void **state) {
    (void)state;
    assert_shown("http://h/p?ToKeN=secret", "http://h/p?ToKeN=xxxxx");
    assert_shown("http://h/p?%74oke%6E=secret", "http://h/p?%74oke%6E=xxxxx");
    assert_shown("http://h/p?api+key=secret&API%20KEY=secret", "http://h/p?api+key=xxxxx&API%20KEY=xxxxx");
    assert_shown("http://h/p?toke%6=1&token%=2&%zz=3", "http://h/p?toke%6=1&token%=2&%zz=3");
}

static void nothing_is_hidden_without_a_list(void **state) {
    (void)state;
    struct body text;
    body_init(&text, &env_standard, UINT64_MAX);
    assert_int_equal(redact_url(&text, "http://u:p@h/?token=1", NULL), INSIST_OK);
    assert_string_equal(body_text(&text), "http://h/?token=1");
    body_fini(&text);
}

static void memory_may_run_out(void **state) {
    (void)state;
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    struct body text;
    body_init(&text, &env, UINT64_MAX);
    fail_alloc_at(&memory, 1);
    assert_int_equal(redact_url(&text, "http://u:p@h/?token=1", &hidden), INSIST_ENOMEM);
    body_fini(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_secret_is_shown),
        cmocka_unit_test(user_and_password_are_not),
        cmocka_unit_test(fragment_is_not),
        cmocka_unit_test(values_of_hidden_keys_are_masked),
        cmocka_unit_test(hidden_keys_are_known_however_they_are_written),
        cmocka_unit_test(nothing_is_hidden_without_a_list),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
