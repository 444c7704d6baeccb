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

static uint64_t hit_of(struct rulebook *rules, struct rule *rule, const char *key, const char *target) {
    uint64_t hit = UINT64_MAX;
    assert_true(rulebook_hit(rules, rule, key, target, &hit));
    return hit;
}

static void a_path_script_counts_by_key_or_all_together(void **state) {
    (void)state;
    struct rulebook rules;
    assert_true(rulebook_init(&rules));
    assert_int_equal(rulebook_set(&rules, "/p", parse("404,200")), INSIST_OK);
    assert_null(rulebook_find(&rules, "/q"));
    struct rule *rule = rulebook_find(&rules, "/p");
    assert_int_equal(hit_of(&rules, rule, NULL, "/p?x"), 0);
    assert_int_equal(hit_of(&rules, rule, NULL, "/p?y"), 1);
    assert_int_equal(hit_of(&rules, rule, "k", "/p"), 0);
    assert_int_equal(hit_of(&rules, rule, "k", "/p"), 1);
    assert_int_equal(hit_of(&rules, rule, "/p", "/p"), 0); /* a key that looks like a path */
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
    assert_int_equal(hit_of(&rules, one, "k", "/p?do=404,200&key=k"), 0);
    assert_int_equal(hit_of(&rules, other, "k", "/other?do=404,200&key=k"), 1);
    assert_int_equal(hit_of(&rules, one, NULL, "/p?do=404,200"), 0);
    assert_int_equal(hit_of(&rules, other, NULL, "/p?do=404,200"), 1);
    assert_int_equal(hit_of(&rules, other, NULL, "/q?do=404,200"), 0);
    assert_string_equal(rule_draw_key(one, NULL, "/p?do=1"), "/p?do=1");
    rulebook_reset(&rules);
    assert_int_equal(hit_of(&rules, one, "k", "/p"), 0);
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
    hit_of(&rules, before, NULL, "/p");
    assert_int_equal(rulebook_set(&rules, "/p", parse("200")), INSIST_OK);
    struct rule *after = rulebook_find(&rules, "/p");
    assert_false(atomic_load(&after->replaced));
    assert_int_equal(hit_of(&rules, after, NULL, "/p"), 0);
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

/* One limit over the keys of all scripts; what is not counted is said to be so. */
static void all_scripts_share_the_room_for_keys(void **state) {
    (void)state;
    struct rulebook rules;
    uint64_t hit;
    assert_true(rulebook_init(&rules));
    rules.keys.limit = 2;
    assert_int_equal(rulebook_set(&rules, "/p", parse("404,200")), INSIST_OK);
    assert_int_equal(rulebook_set(&rules, "/q", parse("404,200")), INSIST_OK);
    struct rule *p = rulebook_find(&rules, "/p"), *q = rulebook_find(&rules, "/q"), *asked = rule_new(parse("200"));
    assert_int_equal(hit_of(&rules, p, "a", "/p"), 0);
    assert_int_equal(hit_of(&rules, q, "a", "/q"), 0);
    assert_false(rulebook_hit(&rules, p, "b", "/p", &hit));
    assert_false(rulebook_hit(&rules, q, NULL, "/q", &hit));
    assert_false(rulebook_hit(&rules, asked, NULL, "/r?do=200", &hit));
    assert_int_equal(hit_of(&rules, p, "a", "/p"), 1); /* those that are known are counted on */

    assert_int_equal(rulebook_set(&rules, "/q", NULL), INSIST_OK);
    assert_false(rulebook_hit(&rules, p, "b", "/p", &hit)); /* still held */
    rule_release(q);
    assert_int_equal(hit_of(&rules, p, "b", "/p"), 0);
    rulebook_reset(&rules);
    assert_int_equal(hit_of(&rules, p, "c", "/p"), 0);
    assert_int_equal(hit_of(&rules, asked, NULL, "/r?do=200"), 0);
    rule_release(asked);
    rule_release(p);
    rulebook_fini(&rules);
}

/* "k" and the key, and a byte behind it: three each. */
static void their_texts_share_room_too(void **state) {
    (void)state;
    struct rulebook rules;
    uint64_t hit;
    assert_true(rulebook_init(&rules));
    rules.keys.bytes_limit = 8;
    struct rule *asked = rule_new(parse("200"));
    assert_int_equal(hit_of(&rules, asked, "a", "/"), 0);
    assert_int_equal(hit_of(&rules, asked, "b", "/"), 0);
    assert_false(rulebook_hit(&rules, asked, "c", "/", &hit));
    rule_release(asked);
    rulebook_fini(&rules);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_script_counts_by_key_or_all_together),
        cmocka_unit_test(a_script_in_the_query_counts_by_key_or_target),
        cmocka_unit_test(setting_again_begins_again),
        cmocka_unit_test(all_scripts_share_the_room_for_keys),
        cmocka_unit_test(their_texts_share_room_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
