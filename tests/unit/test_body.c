/* The growing block: its limit, its NUL, and every allocation that may fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "base/body.h"
#include "support/fail_alloc.h"
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

struct fixture {
    struct fail_alloc memory;
    struct env env;
    struct body body;
};

static void begin(struct fixture *fixture, uint64_t limit) {
    fixture->env = fail_alloc_env(&fixture->memory, &env_standard);
    body_init(&fixture->body, &fixture->env, limit);
}

static void end(struct fixture *fixture) {
    body_fini(&fixture->body);
    assert_int_equal(fail_alloc_outstanding(&fixture->memory), 0);
}

static void assert_body(const struct body *body, const char *expected) {
    assert_int_equal(body->length, strlen(expected));
    assert_string_equal(body_text(body), expected);
}

static void starts_empty_without_memory(void **state) {
    (void)state;
    struct fixture f;
    begin(&f, 10);
    assert_body(&f.body, "");
    assert_null(f.body.data);
    assert_int_equal(body_append(&f.body, NULL, 0), INSIST_OK);
    assert_int_equal(body_append_text(&f.body, ""), INSIST_OK);
    assert_body(&f.body, "");
    assert_int_equal(fail_alloc_requests(&f.memory), 0);
    end(&f);
}

static void appends_bytes_and_text(void **state) {
    (void)state;
    struct fixture f;
    begin(&f, 100);
    assert_int_equal(body_append_text(&f.body, "ab"), INSIST_OK);
    assert_int_equal(body_append(&f.body, "c\0d", 3), INSIST_OK);
    assert_int_equal(f.body.length, 5);
    assert_memory_equal(body_text(&f.body), "abc\0d", 6);
    end(&f);
}

static void a_nul_is_behind_every_length(void **state) {
    (void)state;
    struct fixture f;
    begin(&f, 3000);
    for (size_t length = 1; length <= 3000; length++) {
        assert_int_equal(body_append(&f.body, "x", 1), INSIST_OK);
        assert_int_equal(strlen(body_text(&f.body)), length);
        assert_true(f.body.capacity > length);
    }
    end(&f);
}

static void grows_geometrically(void **state) {
    (void)state;
    struct fixture f;
    begin(&f, UINT64_MAX);
    for (size_t i = 0; i < 1024 * 1024; i++)
        assert_int_equal(body_append(&f.body, "x", 1), INSIST_OK);
    assert_in_range(fail_alloc_requests(&f.memory), 1, 20);
    assert_true(fail_alloc_largest(&f.memory) <= 2 * 1024 * 1024);
    end(&f);
}

static void the_limit_is_met_and_not_passed(void **state) {
    (void)state;
    struct fixture f;
    begin(&f, 5);
    assert_int_equal(body_append_text(&f.body, "abcdef"), INSIST_ETOOLARGE);
    assert_body(&f.body, "");
    assert_int_equal(body_append_text(&f.body, "abc"), INSIST_OK);
    assert_int_equal(body_append_text(&f.body, "def"), INSIST_ETOOLARGE);
    assert_body(&f.body, "abc");
    assert_int_equal(body_append_text(&f.body, "de"), INSIST_OK);
    assert_int_equal(body_append_text(&f.body, "f"), INSIST_ETOOLARGE);
    assert_int_equal(body_append_text(&f.body, ""), INSIST_OK);
    assert_body(&f.body, "abcde");
    end(&f);
}

static void a_limit_of_nothing_takes_nothing(void **state) {
    (void)state;
    struct fixture f;
    begin(&f, 0);
    assert_int_equal(body_append_text(&f.body, "a"), INSIST_ETOOLARGE);
    assert_int_equal(body_append_text(&f.body, ""), INSIST_OK);
    assert_int_equal(fail_alloc_requests(&f.memory), 0);
    end(&f);
}

static void memory_never_passes_the_limit_and_its_nul(void **state) {
    (void)state;
    struct fixture f;
    begin(&f, 1000);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(body_append(&f.body, "x", 1), INSIST_OK);
    assert_int_equal(fail_alloc_largest(&f.memory), 1001);
    end(&f);
}

static void sizes_that_no_memory_can_have(void **state) {
    (void)state;
    struct fixture f;
    begin(&f, UINT64_MAX);
    assert_int_equal(body_append(&f.body, "", SIZE_MAX), INSIST_ENOMEM);
    assert_int_equal(body_append_text(&f.body, "a"), INSIST_OK);
    assert_int_equal(body_append(&f.body, "", SIZE_MAX), INSIST_ETOOLARGE); /* past 2^64 - 1 */
    assert_int_equal(body_append(&f.body, "", SIZE_MAX - 1), INSIST_ENOMEM);
    assert_body(&f.body, "a");
    end(&f);
}

static void appends_itself_while_it_moves(void **state) {
    (void)state;
    struct fixture f;
    begin(&f, UINT64_MAX);
    assert_int_equal(body_append_text(&f.body, "0123456789"), INSIST_OK);
    for (size_t length = 10; length < 10 << 12; length *= 2)
        assert_int_equal(body_append(&f.body, f.body.data, f.body.length), INSIST_OK);
    assert_int_equal(f.body.length, 10 << 12);
    for (size_t i = 0; i < f.body.length; i++)
        assert_int_equal(f.body.data[i], '0' + (int)(i % 10));
    assert_int_equal(body_append_text(&f.body, f.body.data + f.body.length - 3), INSIST_OK);
    assert_string_equal(f.body.data + f.body.length - 6, "789789");
    end(&f);
}

static void formats_of_any_length(void **state) {
    (void)state;
    static const size_t lengths[] = {0, 1, 254, 255, 256, 257, 511, 512, 100000};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct fixture f;
        size_t length = lengths[i];
        char *text = malloc(length + 1);
        assert_non_null(text);
        memset(text, 'x', length);
        text[length] = '\0';
        begin(&f, UINT64_MAX);
        assert_int_equal(body_append_format(&f.body, "%s", text), INSIST_OK);
        assert_body(&f.body, text);
        assert_int_equal(body_append_format(&f.body, "<%d%s>", 42, text), INSIST_OK);
        assert_int_equal(f.body.length, 2 * length + 4);
        assert_memory_equal(f.body.data + length, "<42", 3);
        assert_int_equal(f.body.data[f.body.length - 1], '>');
        end(&f);
        free(text);
    }
}

static void formats_that_contain_the_body(void **state) {
    (void)state;
    struct fixture f;
    begin(&f, UINT64_MAX);
    assert_int_equal(body_append_text(&f.body, "ab"), INSIST_OK);
    for (size_t length = 2; length < 4096; length = 2 * length + 2) {
        assert_int_equal(body_append_format(&f.body, "[%s]", body_text(&f.body)), INSIST_OK);
        assert_int_equal(f.body.length, 2 * length + 2);
        assert_memory_equal(f.body.data + length + 1, f.body.data, length);
        assert_int_equal(f.body.data[length], '[');
        assert_int_equal(f.body.data[f.body.length - 1], ']');
    }
    end(&f);
}

static void formats_keep_to_the_limit(void **state) {
    (void)state;
    struct fixture f;
    char text[1001];
    memset(text, 'x', 1000);
    text[1000] = '\0';
    begin(&f, 1000);
    assert_int_equal(body_append_format(&f.body, "%s!", text), INSIST_ETOOLARGE);
    assert_body(&f.body, "");
    assert_int_equal(fail_alloc_requests(&f.memory), 0);
    assert_int_equal(body_append_format(&f.body, "%s", text), INSIST_OK);
    assert_int_equal(body_append_format(&f.body, "%d", 1), INSIST_ETOOLARGE);
    assert_body(&f.body, text);
    end(&f);
}

static void formats_that_cannot_be_carried_out(void **state) {
    (void)state;
    struct fixture f;
    begin(&f, UINT64_MAX);
    assert_int_equal(body_append_format(&f.body, "%lc", (wint_t)0x4e2d), INSIST_ETOOLARGE); /* not in the C locale */
    assert_body(&f.body, "");
    end(&f);
}

static void out_of_memory_changes_nothing(void **state) {
    (void)state;
    struct fixture f;
    char text[600];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    begin(&f, UINT64_MAX);
    fail_alloc_at(&f.memory, 1);
    assert_int_equal(body_append_text(&f.body, "abc"), INSIST_ENOMEM);
    assert_body(&f.body, "");
    assert_int_equal(body_append_text(&f.body, "abc"), INSIST_OK);
    for (size_t n = 1; n <= 2; n++) { /* the text's own memory, then the body's */
        fail_alloc_at(&f.memory, n);
        assert_int_equal(body_append_format(&f.body, "%s", text), INSIST_ENOMEM);
        assert_true(fail_alloc_has_failed(&f.memory));
        assert_body(&f.body, "abc");
        assert_int_equal(fail_alloc_outstanding(&f.memory), 1);
    }
    fail_alloc_at(&f.memory, 3);
    assert_int_equal(body_append_format(&f.body, "%s", text), INSIST_OK);
    assert_false(fail_alloc_has_failed(&f.memory));
    assert_int_equal(f.body.length, 3 + sizeof(text) - 1);
    end(&f);
}

static void clearing_keeps_the_memory(void **state) {
    (void)state;
    struct fixture f;
    begin(&f, 100);
    body_clear(&f.body);
    assert_body(&f.body, "");
    assert_int_equal(body_append_text(&f.body, "abc"), INSIST_OK);
    size_t requests = fail_alloc_requests(&f.memory);
    body_clear(&f.body);
    assert_body(&f.body, "");
    assert_int_equal(body_append_text(&f.body, "defg"), INSIST_OK);
    assert_body(&f.body, "defg");
    assert_int_equal(fail_alloc_requests(&f.memory), requests);
    end(&f);
}

static void moving_leaves_an_empty_body(void **state) {
    (void)state;
    struct fixture f;
    struct body to;
    begin(&f, 100);
    assert_int_equal(body_append_text(&f.body, "abc"), INSIST_OK);
    body_move(&to, &f.body);
    assert_body(&to, "abc");
    assert_body(&f.body, "");
    assert_int_equal(body_append_text(&f.body, "still of use"), INSIST_OK);
    assert_body(&to, "abc");
    assert_int_equal(body_append_text(&to, "d"), INSIST_OK);
    assert_int_equal(to.limit, 100);
    assert_int_equal(f.body.limit, 100);
    body_fini(&to);
    end(&f);
}

static void taking_hands_the_memory_over(void **state) {
    (void)state;
    struct fixture f;
    size_t length = 99;
    begin(&f, 100);
    assert_int_equal(body_append_text(&f.body, "abc"), INSIST_OK);
    const char *memory = f.body.data;
    char *data = body_take(&f.body, &length);
    assert_ptr_equal(data, memory);
    assert_int_equal(length, 3);
    assert_string_equal(data, "abc");
    assert_body(&f.body, "");
    body_fini(&f.body);
    assert_int_equal(fail_alloc_outstanding(&f.memory), 1);
    env_release(&f.env, data);
    end(&f);
}

static void taking_nothing_still_gives_memory(void **state) {
    (void)state;
    struct fixture f;
    size_t length = 99;
    begin(&f, 100);
    fail_alloc_at(&f.memory, 1);
    assert_null(body_take(&f.body, &length));
    char *data = body_take(&f.body, &length);
    assert_non_null(data);
    assert_int_equal(length, 0);
    assert_string_equal(data, "");
    env_release(&f.env, data);
    end(&f);
}

static void lent_memory_is_used_until_it_is_outgrown(void **state) {
    (void)state;
    struct fixture f;
    struct body moved;
    char room[8] = "xxxxxxx";
    begin(&f, 100);
    body_init_in(&f.body, &f.env, 100, room, sizeof room);
    assert_body(&f.body, "");
    assert_int_equal(body_append_text(&f.body, "abcdefg"), INSIST_OK);
    assert_string_equal(room, "abcdefg");
    body_move(&moved, &f.body);
    assert_int_equal(fail_alloc_requests(&f.memory), 0);

    fail_alloc_at(&f.memory, 1);
    assert_int_equal(body_append_text(&moved, "h"), INSIST_ENOMEM);
    assert_body(&moved, "abcdefg");
    assert_int_equal(body_append_text(&moved, "h"), INSIST_OK);
    assert_int_equal(body_append(&moved, moved.data, moved.length), INSIST_OK);
    assert_body(&moved, "abcdefghabcdefgh");
    assert_string_equal(room, "abcdefg");
    body_fini(&moved);
    end(&f);
}

static void lent_memory_does_not_widen_the_limit(void **state) {
    (void)state;
    struct fixture f;
    char room[8];
    begin(&f, 3);
    body_init_in(&f.body, &f.env, 3, room, sizeof room);
    assert_int_equal(body_append_text(&f.body, "abcd"), INSIST_ETOOLARGE);
    assert_int_equal(body_append_text(&f.body, "abc"), INSIST_OK);
    assert_int_equal(body_append_text(&f.body, "d"), INSIST_ETOOLARGE);
    assert_body(&f.body, "abc");
    end(&f);
}

static void what_is_taken_from_lent_memory_is_a_copy(void **state) {
    (void)state;
    struct fixture f;
    char room[8];
    size_t length = 99;
    begin(&f, 100);
    body_init_in(&f.body, &f.env, 100, room, sizeof room);
    assert_int_equal(body_append(&f.body, "a\0b", 3), INSIST_OK);
    fail_alloc_at(&f.memory, 1);
    assert_null(body_take(&f.body, &length));
    assert_int_equal(f.body.length, 3);
    char *data = body_take(&f.body, &length);
    assert_ptr_not_equal(data, room);
    assert_int_equal(length, 3);
    assert_memory_equal(data, "a\0b", 4);
    assert_body(&f.body, "");
    env_release(&f.env, data);
    end(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_empty_without_memory),
        cmocka_unit_test(appends_bytes_and_text),
        cmocka_unit_test(a_nul_is_behind_every_length),
        cmocka_unit_test(grows_geometrically),
        cmocka_unit_test(the_limit_is_met_and_not_passed),
        cmocka_unit_test(a_limit_of_nothing_takes_nothing),
        cmocka_unit_test(memory_never_passes_the_limit_and_its_nul),
        cmocka_unit_test(sizes_that_no_memory_can_have),
        cmocka_unit_test(appends_itself_while_it_moves),
        cmocka_unit_test(formats_of_any_length),
        cmocka_unit_test(formats_that_contain_the_body),
        cmocka_unit_test(formats_keep_to_the_limit),
        cmocka_unit_test(formats_that_cannot_be_carried_out),
        cmocka_unit_test(out_of_memory_changes_nothing),
        cmocka_unit_test(clearing_keeps_the_memory),
        cmocka_unit_test(moving_leaves_an_empty_body),
        cmocka_unit_test(taking_hands_the_memory_over),
        cmocka_unit_test(taking_nothing_still_gives_memory),
        cmocka_unit_test(lent_memory_is_used_until_it_is_outgrown),
        cmocka_unit_test(lent_memory_does_not_widen_the_limit),
        cmocka_unit_test(what_is_taken_from_lent_memory_is_a_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
