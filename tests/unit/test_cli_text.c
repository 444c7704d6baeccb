/* Durations for people, and what must not be shown. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "cli/text.h"
#include <insist/policy.h>
#include <string.h>

static void durations_fit_their_column(void **state) {
    (void)state;
    static const struct {
        int64_t us;
        const char *text;
    } rows[] = {{0, "0.00ms"},       {250, "0.25ms"},
                {1500, "1.5ms"},     {41200, "41.2ms"},
                {412000, "412ms"},   {1500000, "1.50s"},
                {12345678, "12.3s"}, {599000000, "599.0s"},
                {900000000, "15m"},  {INSIST_FOREVER, "forever"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[TEXT_DURATION];
        text_duration_us(text, rows[i].us);
        assert_string_equal(text, rows[i].text);
        assert_true(strlen(text) <= 6 || rows[i].us == INSIST_FOREVER);
    }
    char text[TEXT_DURATION];
    text_duration_ms(text, 500);
    assert_string_equal(text, "500ms");
    text_duration_ms(text, INSIST_FOREVER);
    assert_string_equal(text, "forever");
}

static void user_and_password_are_found(void **state) {
    (void)state;
    size_t offset = 0;
    assert_int_equal(text_url_secret("http://user:pass@host/x", &offset), strlen("user:pass@"));
    assert_int_equal(offset, strlen("http://"));
    assert_int_equal(text_url_secret("https://a@b@host", &offset), strlen("a@b@"));
    assert_int_equal(text_url_secret("http://host/user@example", &offset), 0);
    assert_int_equal(text_url_secret("http://host?mail=a@b", &offset), 0);
    assert_int_equal(text_url_secret("u:p@host/", &offset), strlen("u:p@"));
    assert_int_equal(offset, 0);
    assert_int_equal(text_url_secret("", &offset), 0);
}

static void secret_headers_are_known(void **state) {
    (void)state;
    static const char *const secret[] = {"Authorization", "authorization", "COOKIE", "Set-Cookie",
                                         "Proxy-Authorization"};
    static const char *const open[] = {"Accept", "Cookies", "", "X-Authorization"};
    for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++) {
        assert_true(text_header_is_secret(secret[i], strlen(secret[i])));
    }
    for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
        assert_false(text_header_is_secret(open[i], strlen(open[i])));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_fit_their_column),
        cmocka_unit_test(user_and_password_are_found),
        cmocka_unit_test(secret_headers_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
