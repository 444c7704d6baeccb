/* The list of header fields: order, names, what happens to the others, and every allocation that may fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "base/headers.h"
#include "support/fail_alloc.h"
#include <stdio.h>
#include <string.h>

struct fixture {
    struct fail_alloc memory;
    struct env env;
    struct headers headers;
};

static void begin(struct fixture *fixture) {
    fixture->env = fail_alloc_env(&fixture->memory, &env_standard);
    headers_init(&fixture->headers, &fixture->env);
}

static void end(struct fixture *fixture) {
    headers_fini(&fixture->headers);
    assert_int_equal(fail_alloc_outstanding(&fixture->memory), 0);
}

/* expected: name, value, name, value … */
static void assert_fields(const struct headers *headers, size_t count, const char *const *expected) {
    assert_int_equal(headers_count(headers), count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(headers_name_at(headers, i), expected[2 * i]);
        assert_string_equal(headers_value_at(headers, i), expected[2 * i + 1]);
    }
}

#define ASSERT_FIELDS(headers, count, ...) assert_fields(headers, count, (const char *const[]){__VA_ARGS__})

static void add(struct headers *headers, const char *name, const char *value) {
    assert_int_equal(headers_add(headers, name, value), INSIST_OK);
}

static void starts_empty_without_memory(void **state) {
    (void)state;
    struct fixture f;
    begin(&f);
    assert_int_equal(headers_count(&f.headers), 0);
    assert_null(headers_get(&f.headers, "A"));
    headers_remove(&f.headers, "A");
    headers_clear(&f.headers);
    assert_int_equal(fail_alloc_requests(&f.memory), 0);
    end(&f);
}

static void keeps_order_spelling_and_repetition(void **state) {
    (void)state;
    struct fixture f;
    begin(&f);
    add(&f.headers, "Via", "1.1 a");
    add(&f.headers, "X-Empty", "");
    add(&f.headers, "vIA", "1.1 b");
    ASSERT_FIELDS(&f.headers, 3, "Via", "1.1 a", "X-Empty", "", "vIA", "1.1 b");
    end(&f);
}

static void blanks_around_a_value_are_none_of_it(void **state) {
    (void)state;
    struct fixture f;
    begin(&f);
    add(&f.headers, "A", " \tone two \t");
    add(&f.headers, "B", " \t ");
    assert_int_equal(headers_set(&f.headers, "C", "\tthree"), INSIST_OK);
    ASSERT_FIELDS(&f.headers, 3, "A", "one two", "B", "", "C", "three");
    end(&f);
}

static void finds_the_first_whatever_the_case(void **state) {
    (void)state;
    struct fixture f;
    begin(&f);
    add(&f.headers, "Via", "1.1 a");
    add(&f.headers, "VIA", "1.1 b");
    assert_string_equal(headers_get(&f.headers, "via"), "1.1 a");
    assert_null(headers_get(&f.headers, "vi"));
    assert_null(headers_get(&f.headers, "viaa"));
    assert_null(headers_get(&f.headers, ""));
    end(&f);
}

static void adds_parts_of_a_line(void **state) {
    (void)state;
    struct fixture f;
    const char line[] = "Retry-After: 120\r\n";
    begin(&f);
    assert_int_equal(headers_add_bytes(&f.headers, line, 11, line + 13, 3), INSIST_OK);
    assert_int_equal(headers_add_bytes(&f.headers, "E", 1, NULL, 0), INSIST_OK);
    ASSERT_FIELDS(&f.headers, 2, "Retry-After", "120", "E", "");
    end(&f);
}

static void setting_replaces_all_of_the_name(void **state) {
    (void)state;
    struct fixture f;
    begin(&f);
    assert_int_equal(headers_set(&f.headers, "A", "1"), INSIST_OK);
    add(&f.headers, "B", "22");
    add(&f.headers, "a", "333");
    add(&f.headers, "C", "4444");
    assert_int_equal(headers_set(&f.headers, "A", "new"), INSIST_OK);
    ASSERT_FIELDS(&f.headers, 3, "B", "22", "C", "4444", "A", "new");
    assert_int_equal(headers_set(&f.headers, "D", "5"), INSIST_OK);
    ASSERT_FIELDS(&f.headers, 4, "B", "22", "C", "4444", "A", "new", "D", "5");
    end(&f);
}

static void removing_closes_the_gaps(void **state) {
    (void)state;
    struct fixture f;
    begin(&f);
    add(&f.headers, "A", "1");
    add(&f.headers, "B", "22");
    add(&f.headers, "a", "333");
    add(&f.headers, "C", "");
    add(&f.headers, "A", "55555");
    headers_remove(&f.headers, "nothing");
    assert_int_equal(headers_count(&f.headers), 5);
    headers_remove(&f.headers, "A");
    ASSERT_FIELDS(&f.headers, 2, "B", "22", "C", "");
    add(&f.headers, "D", "666666");
    ASSERT_FIELDS(&f.headers, 3, "B", "22", "C", "", "D", "666666");
    headers_remove(&f.headers, "d");
    headers_remove(&f.headers, "b");
    headers_remove(&f.headers, "c");
    assert_int_equal(headers_count(&f.headers), 0);
    end(&f);
}

static void a_name_may_be_empty(void **state) {
    (void)state;
    struct fixture f;
    begin(&f);
    add(&f.headers, "", "");
    add(&f.headers, "A", "1");
    add(&f.headers, "", "2");
    ASSERT_FIELDS(&f.headers, 3, "", "", "A", "1", "", "2");
    headers_remove(&f.headers, "");
    ASSERT_FIELDS(&f.headers, 1, "A", "1");
    end(&f);
}

/* The memory moves several times meanwhile. */
static void adds_its_own_parts(void **state) {
    (void)state;
    struct fixture f;
    begin(&f);
    add(&f.headers, "Name", "value");
    for (size_t i = 0; i < 500; i++)
        add(&f.headers, headers_name_at(&f.headers, i), headers_value_at(&f.headers, i / 2));
    for (size_t i = 0; i < 501; i++) {
        assert_string_equal(headers_name_at(&f.headers, i), "Name");
        assert_string_equal(headers_value_at(&f.headers, i), "value");
    }
    end(&f);
}

static void sets_and_removes_by_its_own_parts(void **state) {
    (void)state;
    struct fixture f;
    char filler[250];
    memset(filler, 'x', sizeof(filler) - 1);
    filler[sizeof(filler) - 1] = '\0';
    begin(&f);
    add(&f.headers, "A", "old");
    add(&f.headers, "B", "wanted");
    add(&f.headers, "a", "older");
    assert_int_equal(headers_set(&f.headers, headers_name_at(&f.headers, 0), headers_get(&f.headers, "B")), INSIST_OK);
    ASSERT_FIELDS(&f.headers, 2, "B", "wanted", "A", "wanted");
    add(&f.headers, "F", filler); /* the next one has to grow */
    assert_int_equal(headers_set(&f.headers, headers_name_at(&f.headers, 2), headers_get(&f.headers, "F")), INSIST_OK);
    ASSERT_FIELDS(&f.headers, 3, "B", "wanted", "A", "wanted", "F", filler);
    add(&f.headers, "b", "2");
    headers_remove(&f.headers, headers_name_at(&f.headers, 0));
    ASSERT_FIELDS(&f.headers, 2, "A", "wanted", "F", filler);
    headers_remove(&f.headers, headers_name_at(&f.headers, 1));
    ASSERT_FIELDS(&f.headers, 1, "A", "wanted");
    end(&f);
}

static void two_blocks_whatever_the_number(void **state) {
    (void)state;
    struct fixture f;
    char name[32], value[32];
    begin(&f);
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof(name), "X-%d", i);
        snprintf(value, sizeof(value), "value %d", i);
        add(&f.headers, name, value);
    }
    assert_int_equal(fail_alloc_outstanding(&f.memory), 2);
    assert_in_range(fail_alloc_requests(&f.memory), 2, 25);
    for (int i = 0; i < 5000; i += 7) {
        snprintf(name, sizeof(name), "x-%d", i);
        snprintf(value, sizeof(value), "value %d", i);
        assert_string_equal(headers_get(&f.headers, name), value);
    }
    end(&f);
}

static void clearing_keeps_the_memory(void **state) {
    (void)state;
    struct fixture f;
    begin(&f);
    add(&f.headers, "A", "1");
    size_t requests = fail_alloc_requests(&f.memory);
    headers_clear(&f.headers);
    assert_int_equal(headers_count(&f.headers), 0);
    add(&f.headers, "B", "2");
    ASSERT_FIELDS(&f.headers, 1, "B", "2");
    assert_int_equal(fail_alloc_requests(&f.memory), requests);
    end(&f);
}

static void moving_leaves_an_empty_list(void **state) {
    (void)state;
    struct fixture f;
    struct headers to;
    begin(&f);
    add(&f.headers, "A", "1");
    headers_move(&to, &f.headers);
    assert_int_equal(headers_count(&f.headers), 0);
    add(&f.headers, "B", "2");
    ASSERT_FIELDS(&to, 1, "A", "1");
    ASSERT_FIELDS(&f.headers, 1, "B", "2");
    headers_fini(&to);
    end(&f);
}

static void copies_are_apart(void **state) {
    (void)state;
    struct fixture f;
    struct headers to;
    begin(&f);
    headers_init(&to, &f.env);
    assert_int_equal(headers_copy(&to, &f.headers), INSIST_OK); /* nothing, to nothing */
    assert_int_equal(headers_count(&to), 0);
    add(&to, "Dropped", "yes");
    add(&f.headers, "A", "1");
    add(&f.headers, "B", "2");
    assert_int_equal(headers_copy(&to, &f.headers), INSIST_OK);
    ASSERT_FIELDS(&to, 2, "A", "1", "B", "2");
    headers_remove(&f.headers, "A");
    ASSERT_FIELDS(&to, 2, "A", "1", "B", "2");
    assert_int_equal(headers_copy(&to, &to), INSIST_OK);
    ASSERT_FIELDS(&to, 2, "A", "1", "B", "2");
    headers_clear(&f.headers);
    assert_int_equal(headers_copy(&to, &f.headers), INSIST_OK);
    assert_int_equal(headers_count(&to), 0);
    headers_fini(&to);
    end(&f);
}

static void out_of_memory_when_adding_changes_nothing(void **state) {
    (void)state;
    for (size_t n = 1; n <= 2; n++) {
        struct fixture f;
        begin(&f);
        fail_alloc_at(&f.memory, n);
        assert_int_equal(headers_add(&f.headers, "A", "1"), INSIST_ENOMEM);
        assert_true(fail_alloc_has_failed(&f.memory));
        assert_int_equal(headers_count(&f.headers), 0);
        add(&f.headers, "A", "1");
        ASSERT_FIELDS(&f.headers, 1, "A", "1");
        end(&f);
    }
}

/* Eight fields fill the first places; the text fills with the value. Both must grow for the ninth. */
static void out_of_memory_when_setting_changes_nothing(void **state) {
    (void)state;
    char value[400];
    memset(value, 'x', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    size_t n = 1;
    for (bool failed = true; failed; n++) {
        struct fixture f;
        begin(&f);
        for (int i = 0; i < 8; i++)
            add(&f.headers, i % 2 ? "A" : "B", "1");
        fail_alloc_at(&f.memory, n);
        insist_err err = headers_set(&f.headers, "A", value);
        failed = fail_alloc_has_failed(&f.memory);
        assert_int_equal(err, failed ? INSIST_ENOMEM : INSIST_OK);
        if (failed)
            ASSERT_FIELDS(&f.headers, 8, "B", "1", "A", "1", "B", "1", "A", "1", "B", "1", "A", "1", "B", "1", "A",
                          "1");
        else
            ASSERT_FIELDS(&f.headers, 5, "B", "1", "B", "1", "B", "1", "B", "1", "A", value);
        end(&f);
    }
    assert_int_equal(n, 4); /* two allocations failed, the third was never asked for */
}

static void out_of_memory_when_copying_changes_nothing(void **state) {
    (void)state;
    for (size_t n = 1; n <= 2; n++) {
        struct fixture f;
        struct headers to;
        char value[400];
        memset(value, 'x', sizeof(value) - 1);
        value[sizeof(value) - 1] = '\0';
        begin(&f);
        headers_init(&to, &f.env);
        add(&to, "Kept", "yes");
        for (int i = 0; i < 9; i++)
            add(&f.headers, "A", value);
        fail_alloc_at(&f.memory, n);
        assert_int_equal(headers_copy(&to, &f.headers), INSIST_ENOMEM);
        assert_true(fail_alloc_has_failed(&f.memory));
        ASSERT_FIELDS(&to, 1, "Kept", "yes");
        assert_int_equal(headers_copy(&to, &f.headers), INSIST_OK);
        assert_int_equal(headers_count(&to), 9);
        assert_string_equal(headers_value_at(&to, 8), value);
        headers_fini(&to);
        end(&f);
    }
}

/* Offsets have 32 bits. None of these lengths is ever read from. */
static void sizes_that_no_offset_can_tell(void **state) {
    (void)state;
    struct fixture f;
    begin(&f);
    assert_int_equal(headers_add_bytes(&f.headers, "A", 1, "", UINT32_MAX - 2), INSIST_ENOMEM); /* 1 too many */
    assert_int_equal(headers_add_bytes(&f.headers, "A", 1, "", SIZE_MAX), INSIST_ENOMEM);
    assert_int_equal(headers_add_bytes(&f.headers, "A", SIZE_MAX - 1, "", 0), INSIST_ENOMEM);
    assert_int_equal(headers_add_bytes(&f.headers, "A", SIZE_MAX / 2, "", SIZE_MAX / 2 + 1), INSIST_ENOMEM);
    assert_true(fail_alloc_largest(&f.memory) < 4096); /* memory for the text was not even asked for */
    fail_alloc_at(&f.memory, 1);
    assert_int_equal(headers_add_bytes(&f.headers, "A", 1, "", UINT32_MAX - 3), INSIST_ENOMEM);
    assert_true(fail_alloc_largest(&f.memory) == UINT32_MAX);
    assert_int_equal(headers_count(&f.headers), 0);
    end(&f);
}

static void lent_memory_is_used_until_it_is_outgrown(void **state) {
    (void)state;
    struct fixture f;
    struct headers moved;
    struct header_place places[2];
    char text[8];
    begin(&f);
    headers_init_in(&f.headers, &f.env, places, 2, text, sizeof text);
    assert_int_equal(headers_count(&f.headers), 0);
    add(&f.headers, "A", "1");
    add(&f.headers, "B", "2");
    headers_move(&moved, &f.headers);
    ASSERT_FIELDS(&moved, 2, "A", "1", "B", "2");
    assert_ptr_equal(headers_name_at(&moved, 0), text);
    assert_int_equal(fail_alloc_requests(&f.memory), 0);

    for (size_t n = 1; n <= 2; n++) { /* for the places, and for the text */
        fail_alloc_at(&f.memory, n);
        assert_int_equal(headers_add(&moved, "C", "3"), INSIST_ENOMEM);
        ASSERT_FIELDS(&moved, 2, "A", "1", "B", "2");
    }
    fail_alloc_at(&f.memory, 0);
    add(&moved, "C", "3");
    ASSERT_FIELDS(&moved, 3, "A", "1", "B", "2", "C", "3");
    assert_int_equal(headers_extend_last(&moved, "4", 1), INSIST_OK);
    assert_string_equal(headers_get(&moved, "C"), "3 4");
    assert_memory_equal(text, "A\0001\0B\0002", 8); /* it was left as it was */
    headers_fini(&moved);
    end(&f);
}

static void lent_memory_of_one_kind_may_be_left_alone(void **state) {
    (void)state;
    struct fixture f;
    struct header_place places[2];
    char text[8];
    begin(&f);
    headers_init_in(&f.headers, &f.env, places, 2, text, sizeof text);
    add(&f.headers, "Name", "longer than the room");
    assert_int_equal(fail_alloc_requests(&f.memory), 1);
    assert_ptr_equal(f.headers.places, places);
    ASSERT_FIELDS(&f.headers, 1, "Name", "longer than the room");
    end(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_empty_without_memory),
        cmocka_unit_test(keeps_order_spelling_and_repetition),
        cmocka_unit_test(blanks_around_a_value_are_none_of_it),
        cmocka_unit_test(finds_the_first_whatever_the_case),
        cmocka_unit_test(adds_parts_of_a_line),
        cmocka_unit_test(setting_replaces_all_of_the_name),
        cmocka_unit_test(removing_closes_the_gaps),
        cmocka_unit_test(a_name_may_be_empty),
        cmocka_unit_test(adds_its_own_parts),
        cmocka_unit_test(sets_and_removes_by_its_own_parts),
        cmocka_unit_test(two_blocks_whatever_the_number),
        cmocka_unit_test(clearing_keeps_the_memory),
        cmocka_unit_test(moving_leaves_an_empty_list),
        cmocka_unit_test(copies_are_apart),
        cmocka_unit_test(out_of_memory_when_adding_changes_nothing),
        cmocka_unit_test(out_of_memory_when_setting_changes_nothing),
        cmocka_unit_test(out_of_memory_when_copying_changes_nothing),
        cmocka_unit_test(sizes_that_no_offset_can_tell),
        cmocka_unit_test(lent_memory_is_used_until_it_is_outgrown),
        cmocka_unit_test(lent_memory_of_one_kind_may_be_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
