/* Which web pages may change something in the test server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver/foreign.h"

static void without_an_origin_it_is_no_page(void **state) {
    (void)state;
    assert_false(foreign_origin(NULL, "anything:1"));
    assert_false(foreign_origin(NULL, NULL));
}

static void its_own_page_is_not_foreign(void **state) {
    (void)state;
    assert_false(foreign_origin("http://127.0.0.1:8080", "127.0.0.1:8080"));
    assert_false(foreign_origin("https://127.0.0.1", "127.0.0.1"));
    assert_false(foreign_origin("http://[::1]:8080", "[::1]:8080"));
    assert_false(foreign_origin("http://localhost:8080", "LOCALHOST:8080"));
    assert_false(foreign_origin("http://shop.localhost:8080", "shop.localhost:8080"));
}

static void others_are(void **state) {
    (void)state;
    assert_true(foreign_origin("http://127.0.0.1:8081", "127.0.0.1:8080"));
    assert_true(foreign_origin("http://127.0.0.1", "127.0.0.1:8080"));
    assert_true(foreign_origin("http://example.com", "127.0.0.1:8080"));
    assert_true(foreign_origin("null", "127.0.0.1:8080"));
    assert_true(foreign_origin("", ""));
    assert_true(foreign_origin("file://127.0.0.1:8080", "127.0.0.1:8080"));
    assert_true(foreign_origin("http://127.0.0.1:8080", NULL));
}

/* A name of somebody else's that has been made to mean this machine. */
static void a_name_that_was_made_to_point_here_is(void **state) {
    (void)state;
    assert_true(foreign_origin("http://evil.example:8080", "evil.example:8080"));
    assert_true(foreign_origin("http://localhost.evil.example:8080", "localhost.evil.example:8080"));
    assert_true(foreign_origin("http://127.0.0.1.evil.example", "127.0.0.1.evil.example"));
    assert_true(foreign_origin("http://notlocalhost", "notlocalhost"));
    assert_true(foreign_origin("http://[evil]", "[evil]"));
}

static void requests_of_other_pages_tell_their_site(void **state) {
    (void)state;
    assert_false(foreign_request(NULL, "127.0.0.1:8080", NULL));
    assert_false(foreign_request(NULL, "127.0.0.1:8080", "none")); /* typed by somebody */
    assert_false(foreign_request("http://127.0.0.1:8080", "127.0.0.1:8080", "same-origin"));
    assert_true(foreign_request(NULL, "127.0.0.1:8080", "cross-site"));
    assert_true(foreign_request(NULL, "127.0.0.1:8080", "same-site")); /* another port of this machine */
    assert_true(foreign_request("http://example.com", "127.0.0.1:8080", NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_an_origin_it_is_no_page),
        cmocka_unit_test(its_own_page_is_not_foreign),
        cmocka_unit_test(others_are),
        cmocka_unit_test(requests_of_other_pages_tell_their_site),
        cmocka_unit_test(a_name_that_was_made_to_point_here_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
