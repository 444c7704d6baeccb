/* Scripts in force: what replaces what, and by what the hits are counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver/rulebook.h"

static struct script *parse(const char *text) {
    struct script *script;
    size_t column;
    char expected[160];
    assert_int_equal(script_parse(text, &script, &column, expected), INSIST_OK);
    return script;
}

static void a_path_script_counts_by_key_or_all_together(void **state) {
    (void)state;
    struct rulebook rules;
    assert_true(rulebook_init(&rules));
    assert_int_equal(rulebook_set(&rules, "/p", parse("404,200")), INSIST_OK);
    assert_null(rulebook_find(&rules, "/q"));
    struct rule *rule = rulebook_find(&rules, "/p");
    assert_int_equal(rulebook_hit(&rules, rule, NULL, "/p?x"), 0);
    assert_int_equal(rulebook_hit(&rules, rule, NULL, "/p?y"), 1);
    assert_int_equal(rulebook_hit(&rules, rule, "k", "/p"), 0);
    assert_int_equal(rulebook_hit(&rules, rule, "k", "/p"), 1);
    assert_int_equal(rulebook_hit(&rules, rule, "/p", "/p"), 0); /* a key that looks like a path */
    assert_string_equal(rule_draw_key(rule, NULL, "/p?x"), "/p");
    assert_string_equal(rule_draw_key(rule, "k", "/p?x"), "k");
    rule_release(rule);
    rulebook_fini(&rules);
}

static void a_script_in_the_query_counts_by_key_or_target(void **state) {
    (void)state;
    struct rulebook rules;
    assert_true(rulebook_init(&rules));
    struct rule *one = rule_new(parse("404,200"));
    struct rule *other = rule_new(parse("404,200"));
    assert_int_equal(rulebook_hit(&rules, one, "k", "/p?do=404,200&key=k"), 0);
    assert_int_equal(rulebook_hit(&rules, other, "k", "/other?do=404,200&key=k"), 1);
    assert_int_equal(rulebook_hit(&rules, one, NULL, "/p?do=404,200"), 0);
    assert_int_equal(rulebook_hit(&rules, other, NULL, "/p?do=404,200"), 1);
    assert_int_equal(rulebook_hit(&rules, other, NULL, "/q?do=404,200"), 0);
    assert_string_equal(rule_draw_key(one, NULL, "/p?do=1"), "/p?do=1");
    rulebook_reset(&rules);
    assert_int_equal(rulebook_hit(&rules, one, "k", "/p"), 0);
    rule_release(one);
    rule_release(other);
    rulebook_fini(&rules);
}

static void setting_again_begins_again(void **state) {
    (void)state;
    struct rulebook rules;
    assert_true(rulebook_init(&rules));
    assert_int_equal(rulebook_set(&rules, "/p", parse("404")), INSIST_OK);
    struct rule *before = rulebook_find(&rules, "/p");
    rulebook_hit(&rules, before, NULL, "/p");
    assert_int_equal(rulebook_set(&rules, "/p", parse("200")), INSIST_OK);
    struct rule *after = rulebook_find(&rules, "/p");
    assert_false(atomic_load(&after->replaced));
    assert_int_equal(rulebook_hit(&rules, after, NULL, "/p"), 0);
    assert_int_equal(before->script->steps[0].choices[0].status, 404); /* held, still whole */
    assert_int_equal(rulebook_set(&rules, "/p", NULL), INSIST_OK);
    assert_int_equal(rulebook_set(&rules, "/p", NULL), INSIST_OK);
    assert_null(rulebook_find(&rules, "/p"));
    assert_true(atomic_load(&before->replaced));
    assert_true(atomic_load(&after->replaced));
    rule_release(before);
    rule_release(after);
    rulebook_fini(&rules);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_script_counts_by_key_or_all_together),
        cmocka_unit_test(a_script_in_the_query_counts_by_key_or_target),
        cmocka_unit_test(setting_again_begins_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
