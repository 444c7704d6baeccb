/* What makes two requests to the test server the same one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver/identity.h"

#include <stdlib.h>
#include <string.h>

static char *made(const char *method, const char *path, const char *key, const char *digest) {
    const insist_testserver_field fields[] = {{"Host", "h"}, {"idempotency-KEY", key}};
    const insist_testserver_entry entry = {
        .method = method, .path = path, .body_sha256 = digest, .field_count = key ? 2 : 1, .fields = fields};
    char *identity;
    assert_true(identity_make(&entry, &identity));
    return identity;
}

static void check(bool same, char *one, char *other) {
    assert_non_null(one);
    assert_non_null(other);
    assert_int_equal(strcmp(one, other) == 0, same);
    free(one);
    free(other);
}

static void method_path_and_key_or_body_decide(void **state) {
    (void)state;
    check(true, made("POST", "/a", "k", "d1"), made("POST", "/a", "k", "d2"));
    check(true, made("POST", "/a", NULL, "d1"), made("POST", "/a", NULL, "d1"));
    check(true, made("POST", "/a", "", "d1"), made("POST", "/a", NULL, "d1"));
    check(false, made("POST", "/a", "k", "d1"), made("PUT", "/a", "k", "d1"));
    check(false, made("POST", "/a", "k", "d1"), made("POST", "/b", "k", "d1"));
    check(false, made("POST", "/a", "k", "d1"), made("POST", "/a", "l", "d1"));
    check(false, made("POST", "/a", NULL, "d1"), made("POST", "/a", NULL, "d2"));
    check(false, made("POST", "/a", "d1", ""), made("POST", "/a", NULL, "d1"));
}

static void without_key_and_body_there_is_none(void **state) {
    (void)state;
    assert_null(made("GET", "/a", NULL, ""));
    assert_null(made("POST", "/a", "", ""));
}

static void the_parts_come_back(void **state) {
    (void)state;
    char *text = made("POST", "/a b\nc k", "a key", "");
    struct identity identity = identity_split(text);
    assert_int_equal(identity.method_length, 4);
    assert_memory_equal(identity.method, "POST", 4);
    assert_true(identity.by_key);
    assert_int_equal(identity.token_length, 5);
    assert_memory_equal(identity.token, "a key", 5);
    assert_string_equal(identity.path, "/a b\nc k");
    free(text);
    text = made("PUT", "/", NULL, "0123");
    identity = identity_split(text);
    assert_false(identity.by_key);
    assert_int_equal(identity.token_length, 4);
    assert_string_equal(identity.path, "/");
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(method_path_and_key_or_body_decide),
        cmocka_unit_test(without_key_and_body_there_is_none),
        cmocka_unit_test(the_parts_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
