/* The examples of RFC 4648 section 10, and what is no such text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "base/base64.h"
#include "support/fail_alloc.h"
#include <string.h>

static void examples_of_the_rfc(void **state) {
    (void)state;
    static const char *const examples[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\xff\xfe\xfd", "//79"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        struct body text;
        body_init(&text, &env_standard, UINT64_MAX);
        assert_int_equal(base64_append(&text, examples[i][0], strlen(examples[i][0])), INSIST_OK);
        assert_string_equal(body_text(&text), examples[i][1]);
        assert_true(base64_is_of(examples[i][1], strlen(examples[i][1]), strlen(examples[i][0])));
        body_fini(&text);
    }
}

static void what_is_no_base64_of_that_many_bytes(void **state) {
    (void)state;
    static const char *const wrong[] = {"Zm8", "Zm8==", "Zm9v", "Zm=8", "Z-8=", "====", "Zm8\n", ""};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(base64_is_of(wrong[i], strlen(wrong[i]), 2));
    assert_false(base64_is_of("Zm\0=", 4, 2));
}

static void runs_out_of_memory(void **state) {
    (void)state;
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    struct body text;
    body_init(&text, &env, UINT64_MAX);
    fail_alloc_at(&memory, 1);
    assert_int_equal(base64_append(&text, "abc", 3), INSIST_ENOMEM);
    body_fini(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_of_the_rfc),
        cmocka_unit_test(what_is_no_base64_of_that_many_bytes),
        cmocka_unit_test(runs_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
