/* Lists whose links are part of their members. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "base/list.h"

struct member {
    int number;
    struct list link;
};

static void assert_members(struct list *list, size_t count, const int *numbers) {
    struct list *link = list->next;
    for (size_t i = 0; i < count; i++, link = link->next) {
        assert_ptr_not_equal(link, list);
        assert_int_equal(LIST_ENTRY(link, struct member, link)->number, numbers[i]);
        assert_ptr_equal(link->next->previous, link);
        assert_ptr_equal(link->previous->next, link);
    }
    assert_ptr_equal(link, list);
}

static void fill(struct list *list, struct member *members, size_t count, int first) {
    list_init(list);
    for (size_t i = 0; i < count; i++) {
        members[i].number = first + (int)i;
        list_init(&members[i].link);
        list_append(list, &members[i].link);
    }
}

static void keeps_the_order_of_appending(void **state) {
    (void)state;
    struct list list;
    struct member members[3];
    fill(&list, members, 3, 1);
    assert_false(list_empty(&list));
    assert_members(&list, 3, (const int[]){1, 2, 3});
}

static void takes_from_the_front_until_empty(void **state) {
    (void)state;
    struct list list;
    struct member members[2];
    fill(&list, members, 2, 1);
    assert_ptr_equal(list_take_first(&list), &members[0].link);
    assert_true(list_empty(&members[0].link)); /* on no list any more */
    assert_members(&list, 1, (const int[]){2});
    assert_ptr_equal(list_take_first(&list), &members[1].link);
    assert_true(list_empty(&list));
    assert_null(list_take_first(&list));
}

static void removes_from_anywhere_and_twice(void **state) {
    (void)state;
    struct list list;
    struct member members[3];
    fill(&list, members, 3, 1);
    list_remove(&members[1].link);
    assert_members(&list, 2, (const int[]){1, 3});
    list_remove(&members[1].link);
    assert_members(&list, 2, (const int[]){1, 3});
    list_append(&list, &members[1].link);
    assert_members(&list, 3, (const int[]){1, 3, 2});
}

static void moves_all_to_the_end_of_another(void **state) {
    (void)state;
    struct list from, to;
    struct member old[2], fresh[2];
    fill(&to, old, 2, 1);
    fill(&from, fresh, 2, 11);
    list_move_all(&from, &to);
    assert_true(list_empty(&from));
    assert_members(&to, 4, (const int[]){1, 2, 11, 12});
    list_move_all(&from, &to); /* nothing to move */
    assert_members(&to, 4, (const int[]){1, 2, 11, 12});
    list_move_all(&to, &from); /* to an empty one */
    assert_true(list_empty(&to));
    assert_members(&from, 4, (const int[]){1, 2, 11, 12});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_order_of_appending),
        cmocka_unit_test(takes_from_the_front_until_empty),
        cmocka_unit_test(removes_from_anywhere_and_twice),
        cmocka_unit_test(moves_all_to_the_end_of_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
