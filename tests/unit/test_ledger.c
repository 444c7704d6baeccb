/* The test server's ledger: entries in their order, the limit, counts, gauges; and the hash table that it counts
 * with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver/ledger.h"

#include <stdio.h>
#include <string.h>

static uint64_t hit(struct ledger *ledger, const char *path, const char *key) {
    const insist_testserver_field fields[] = {{"Host", "h"}, {"X-Empty", ""}};
    const insist_testserver_entry entry = {.method = "GET",
                                           .path = path,
                                           .query = "q",
                                           .key = key,
                                           .body_sha256 = "",
                                           .field_count = 2,
                                           .fields = fields,
                                           .status = 503,
                                           .connection = 4,
                                           .place = 2};
    uint64_t hits;
    ledger_hit(ledger, &entry, &hits);
    return hits;
}

static void entries_come_back_as_they_went_in(void **state) {
    (void)state;
    struct ledger ledger;
    insist_testserver_entry entry;
    assert_true(ledger_init(&ledger, 10));
    assert_int_equal(hit(&ledger, "/a", "k"), 1);
    assert_int_equal(hit(&ledger, "/a", NULL), 2);
    struct record *record = ledger_read(&ledger, 0, &entry);
    assert_int_equal(entry.number, 1);
    assert_int_equal(entry.ended_us, -1);
    assert_int_equal(entry.status, 503);
    assert_int_equal(entry.connection, 4);
    assert_int_equal(entry.place, 2);
    assert_string_equal(entry.path, "/a");
    assert_string_equal(entry.key, "k");
    assert_int_equal(entry.field_count, 2);
    assert_string_equal(entry.fields[0].name, "Host");
    assert_string_equal(entry.fields[1].value, "");
    ledger_reset_journal(&ledger);
    assert_string_equal(entry.path, "/a"); /* the copy holds its texts */
    record_release(record);
    assert_null(ledger_read(&ledger, 0, &entry));
    ledger_fini(&ledger);
}

static void ends_are_noted(void **state) {
    (void)state;
    struct ledger ledger;
    insist_testserver_entry entry;
    assert_true(ledger_init(&ledger, 10));
    hit(&ledger, "/a", NULL);
    hit(&ledger, "/b", NULL);
    ledger_end(&ledger, 2, true, 77);
    record_release(ledger_read(&ledger, 2, &entry));
    assert_true(entry.client_gone);
    assert_int_equal(entry.gone_bytes, 77);
    assert_true(entry.ended_us >= entry.read_us);
    record_release(ledger_read(&ledger, 1, &entry));
    assert_false(entry.client_gone);
    assert_int_equal(entry.ended_us, -1);
    assert_false(ledger_wait_idle(&ledger, 0));
    ledger_end(&ledger, 1, false, 0);
    assert_true(ledger_wait_idle(&ledger, 0));
    ledger_fini(&ledger);
}

static void the_oldest_are_dropped_and_counted(void **state) {
    (void)state;
    enum { LIMIT = 1500, HITS = 4000 }; /* the ring grows twice */
    struct ledger ledger;
    insist_testserver_entry entry;
    insist_testserver_stats stats;
    char path[16];
    assert_true(ledger_init(&ledger, LIMIT));
    for (int i = 1; i <= HITS; i++) {
        snprintf(path, sizeof path, "/%d", i);
        hit(&ledger, path, NULL);
    }
    ledger_end(&ledger, 1, true, 1); /* no longer there: nothing happens to others */
    uint64_t from = 0;
    int expected = HITS - LIMIT;
    struct record *record;
    while ((record = ledger_read(&ledger, from, &entry)) != NULL) {
        expected++;
        snprintf(path, sizeof path, "/%d", expected);
        assert_string_equal(entry.path, path);
        assert_int_equal(entry.number, expected);
        assert_false(entry.client_gone);
        from = entry.number + 1;
        record_release(record);
    }
    assert_int_equal(expected, HITS);
    ledger_stats(&ledger, &stats);
    assert_int_equal(stats.journal_dropped, HITS - LIMIT);
    assert_int_equal(stats.requests, HITS);
    assert_int_equal(ledger_path_hits(&ledger, "/1"), 1); /* counts do not forget */
    ledger_fini(&ledger);
}

static void counts_by_path_and_by_key(void **state) {
    (void)state;
    struct ledger ledger;
    assert_true(ledger_init(&ledger, 10));
    hit(&ledger, "/a", "k");
    hit(&ledger, "/b", "k");
    hit(&ledger, "/b", NULL);
    assert_int_equal(ledger_path_hits(&ledger, "/a"), 1);
    assert_int_equal(ledger_path_hits(&ledger, "/b"), 2);
    assert_int_equal(ledger_path_hits(&ledger, "k"), 0);
    assert_int_equal(ledger_key_hits(&ledger, "k"), 2);
    assert_true(ledger_wait_hits(&ledger, "/b", 2, 0));
    assert_false(ledger_wait_hits(&ledger, "/b", 3, 0));
    ledger_reset_counts(&ledger);
    assert_int_equal(ledger_path_hits(&ledger, "/b"), 0);
    assert_int_equal(ledger_key_hits(&ledger, "k"), 0);
    ledger_fini(&ledger);
}

static void gauges(void **state) {
    (void)state;
    struct ledger ledger;
    insist_testserver_stats stats;
    assert_true(ledger_init(&ledger, 10));
    ledger_connection(&ledger, true);
    ledger_connection(&ledger, true);
    ledger_connection(&ledger, false);
    ledger_held(&ledger, true);
    ledger_held(&ledger, true);
    ledger_held(&ledger, false);
    ledger_stats(&ledger, &stats);
    assert_int_equal(stats.connections_accepted, 2);
    assert_int_equal(stats.connections_open, 1);
    assert_int_equal(stats.held, 1);
    assert_int_equal(stats.held_peak, 2);
    ledger_reset_counts(&ledger);
    ledger_stats(&ledger, &stats);
    assert_int_equal(stats.held_peak, 1);
    ledger_fini(&ledger);
}

static void a_table_finds_removes_and_has_a_limit(void **state) {
    (void)state;
    enum { LIMIT = 1000 };
    struct table table;
    char key[16];
    table_init(&table, LIMIT);
    assert_null(table_find(&table, "none"));
    table_remove(&table, "none");
    for (int i = 0; i < LIMIT; i++) {
        snprintf(key, sizeof key, "k%d", i);
        assert_non_null(table_make(&table, key));
        table_find(&table, key)->number = (uint64_t)i;
    }
    assert_null(table_make(&table, "one too many"));
    assert_non_null(table_make(&table, "k7"));
    size_t count = 0;
    for (const struct table_entry *entry = NULL; (entry = table_next(&table, entry)) != NULL;) {
        count++;
    }
    assert_int_equal(count, LIMIT);
    for (int i = 0; i < LIMIT; i += 2) {
        snprintf(key, sizeof key, "k%d", i);
        table_remove(&table, key);
    }
    assert_null(table_find(&table, "k8"));
    assert_int_equal(table_find(&table, "k9")->number, 9);
    assert_int_equal(table.count, LIMIT / 2);
    table_clear(&table, NULL);
    assert_null(table_find(&table, "k9"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_come_back_as_they_went_in),
        cmocka_unit_test(ends_are_noted),
        cmocka_unit_test(the_oldest_are_dropped_and_counted),
        cmocka_unit_test(counts_by_path_and_by_key),
        cmocka_unit_test(gauges),
        cmocka_unit_test(a_table_finds_removes_and_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
