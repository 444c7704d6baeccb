/* The test server's ledger: entries in their order, the limit, counts, gauges; and the hash table that it counts
 * with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver/ledger.h"

#include <stdio.h>
#include <stdlib.h>
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

static void the_oldest_make_room_by_their_size_too(void **state) {
    (void)state;
    enum { LIMIT = 1024, HITS = 50 };
    struct ledger ledger;
    struct ledger_totals totals;
    char path[2 * LIMIT];
    assert_true(ledger_init(&ledger, 1000));
    ledger.journal.bytes_limit = LIMIT;
    for (int i = 0; i < HITS; i++) {
        hit(&ledger, "/a", NULL);
        ledger_totals(&ledger, &totals);
        assert_true(totals.journal_bytes <= LIMIT);
    }
    assert_true(totals.journal_entries >= 1 && totals.journal_entries < HITS);
    assert_int_equal(totals.stats.journal_dropped, HITS - totals.journal_entries);
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    hit(&ledger, path, NULL); /* larger than all may be together: it is kept alone */
    ledger_totals(&ledger, &totals);
    assert_int_equal(totals.journal_entries, 1);
    assert_int_equal(totals.stats.journal_dropped, HITS);
    assert_int_equal(ledger_newest(&ledger, path), HITS + 1);
    hit(&ledger, "/a", NULL);
    ledger_totals(&ledger, &totals);
    assert_true(totals.journal_bytes <= LIMIT);
    assert_int_equal(totals.journal_entries, 1);
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

/* A request with a status, and a body or none. */
static void deliver(struct ledger *ledger, const char *method, const char *path, int status, const char *digest) {
    const insist_testserver_entry entry = {
        .method = method, .path = path, .query = "", .body_sha256 = digest, .status = status};
    uint64_t hits;
    ledger_hit(ledger, &entry, &hits);
}

static void counts_by_status(void **state) {
    (void)state;
    struct ledger ledger;
    assert_true(ledger_init(&ledger, 2)); /* the journal drops; the counts do not */
    for (int i = 0; i < 3; i++) {
        deliver(&ledger, "GET", "/a", 503, "");
    }
    deliver(&ledger, "GET", "/a", 200, "");
    deliver(&ledger, "GET", "/b", 503, "");
    deliver(&ledger, "GET", "/b", 0, "");
    assert_int_equal(ledger_status_hits(&ledger, "/a", 503), 3);
    assert_int_equal(ledger_status_hits(&ledger, "/a", 200), 1);
    assert_int_equal(ledger_status_hits(&ledger, "/a", 0), 0);
    assert_int_equal(ledger_status_hits(&ledger, "/b", 0), 1);
    assert_int_equal(ledger_status_hits(&ledger, "/none", 200), 0);
    assert_int_equal(ledger_status_hits(&ledger, NULL, 503), 4);
    assert_int_equal(ledger_status_hits(&ledger, NULL, 0), 1);
    assert_int_equal(ledger_status_hits(&ledger, NULL, 1000), 0);
    assert_int_equal(ledger_status_hits(&ledger, NULL, -1), 0);
    ledger_reset_counts(&ledger);
    assert_int_equal(ledger_status_hits(&ledger, "/a", 503), 0);
    assert_int_equal(ledger_status_hits(&ledger, NULL, 503), 0);
    ledger_fini(&ledger);
}

static void duplicates_are_deliveries_beyond_the_first(void **state) {
    (void)state;
    struct ledger ledger;
    insist_testserver_entry entry;
    insist_testserver_stats stats;
    assert_true(ledger_init(&ledger, 10));
    deliver(&ledger, "POST", "/a", 200, "d1");
    deliver(&ledger, "POST", "/a", 200, "d2");
    deliver(&ledger, "GET", "/a", 200, "");
    deliver(&ledger, "GET", "/a", 200, ""); /* nothing tells these two apart, or that they are one */
    assert_int_equal(ledger_duplicates(&ledger, NULL), 0);
    deliver(&ledger, "POST", "/a", 200, "d1");
    deliver(&ledger, "POST", "/a", 200, "d1");
    deliver(&ledger, "POST", "/b", 200, "d1");
    deliver(&ledger, "POST", "/b", 200, "d1");
    assert_int_equal(ledger_duplicates(&ledger, "/a"), 2);
    assert_int_equal(ledger_duplicates(&ledger, "/b"), 1);
    assert_int_equal(ledger_duplicates(&ledger, "/c"), 0);
    assert_int_equal(ledger_duplicates(&ledger, NULL), 3);
    ledger_stats(&ledger, &stats);
    assert_int_equal(stats.duplicates, 3);
    assert_int_equal(stats.uncounted, 0);
    const uint64_t expected[] = {1, 1, 0, 0, 2, 3, 1, 2};
    for (uint64_t i = 0; i < 8; i++) {
        record_release(ledger_read(&ledger, i + 1, &entry));
        assert_int_equal(entry.delivery, expected[i]);
    }
    ledger_reset_counts(&ledger);
    assert_int_equal(ledger_duplicates(&ledger, NULL), 0);
    deliver(&ledger, "POST", "/a", 200, "d1");
    assert_int_equal(ledger_duplicates(&ledger, NULL), 0);
    ledger_fini(&ledger);
}

static void peaks_aborts_and_changes(void **state) {
    (void)state;
    struct ledger ledger;
    struct ledger_totals totals;
    assert_true(ledger_init(&ledger, 10));
    hit(&ledger, "/a", NULL);
    hit(&ledger, "/a", NULL);
    ledger_end(&ledger, 1, true, 5);
    ledger_incomplete(&ledger);
    ledger_listening(&ledger, true);
    ledger_connection(&ledger, true);
    ledger_totals(&ledger, &totals);
    assert_int_equal(totals.stats.in_flight, 1);
    assert_int_equal(totals.stats.in_flight_peak, 2);
    assert_int_equal(totals.stats.client_aborts, 1);
    assert_int_equal(totals.stats.incomplete, 1);
    assert_int_equal(totals.journal_entries, 2);
    assert_true(totals.journal_bytes > 2 * sizeof(struct record));
    uint64_t before = totals.revision;
    ledger_totals(&ledger, &totals);
    assert_int_equal(totals.revision, before); /* reading changes nothing */
    ledger_end(&ledger, 2, false, 0);
    ledger_totals(&ledger, &totals);
    assert_true(totals.revision > before);
    before = totals.revision;
    ledger_reset_counts(&ledger);
    ledger_totals(&ledger, &totals);
    assert_true(totals.revision > before);
    assert_int_equal(totals.stats.in_flight_peak, 0);
    assert_int_equal(totals.stats.client_aborts, 0);
    assert_int_equal(totals.stats.incomplete, 0);
    assert_int_equal(totals.statuses[503], 0);
    assert_true(totals.stats.listening); /* what is so stays so */
    assert_int_equal(totals.stats.connections_open, 1);
    ledger_fini(&ledger);
}

static void the_newest_are_found_from_the_end(void **state) {
    (void)state;
    struct ledger ledger;
    const struct filter all = {0};
    const struct filter only_a = {.path = "/a"};
    const struct filter with_key = {.key = "k"};
    const struct filter containing = {.contains = "b"};
    assert_true(ledger_init(&ledger, 100));
    hit(&ledger, "/a", "k");
    hit(&ledger, "/b", NULL);
    hit(&ledger, "/a", NULL);
    hit(&ledger, "/bc", NULL);
    assert_int_equal(ledger_newest(&ledger, NULL), 4);
    assert_int_equal(ledger_newest(&ledger, "/a"), 3);
    assert_int_equal(ledger_newest(&ledger, "/c"), 0);
    assert_int_equal(ledger_start(&ledger, &all, 1), 4);
    assert_int_equal(ledger_start(&ledger, &all, 3), 2);
    assert_int_equal(ledger_start(&ledger, &all, 30), 1);
    assert_int_equal(ledger_start(&ledger, &all, 0), 5);
    assert_int_equal(ledger_start(&ledger, &only_a, 1), 3);
    assert_int_equal(ledger_start(&ledger, &only_a, 2), 1);
    assert_int_equal(ledger_start(&ledger, &with_key, 1), 1);
    assert_int_equal(ledger_start(&ledger, &containing, 2), 2);
    ledger_fini(&ledger);
}

/* A few texts of sixteen megabytes each. */
static void a_table_has_a_limit_in_bytes(void **state) {
    (void)state;
    enum { SIZE = 16 << 20, FIT = 15 }; /* with its NUL each is a little larger */
    struct table table;
    char *key = malloc(SIZE + 1);
    assert_non_null(key);
    memset(key, 'x', SIZE);
    key[SIZE] = '\0';
    table_init(&table, 1000);
    for (int i = 0; i < FIT; i++) {
        key[0] = (char)('a' + i);
        assert_non_null(table_make(&table, key));
    }
    key[0] = '!';
    assert_null(table_make(&table, key));
    key[0] = 'a';
    table_remove(&table, key);
    key[0] = '!';
    assert_non_null(table_make(&table, key));
    table_clear(&table, NULL);
    assert_int_equal(table.bytes, 0);
    free(key);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_come_back_as_they_went_in),
        cmocka_unit_test(ends_are_noted),
        cmocka_unit_test(the_oldest_are_dropped_and_counted),
        cmocka_unit_test(the_oldest_make_room_by_their_size_too),
        cmocka_unit_test(counts_by_path_and_by_key),
        cmocka_unit_test(gauges),
        cmocka_unit_test(counts_by_status),
        cmocka_unit_test(duplicates_are_deliveries_beyond_the_first),
        cmocka_unit_test(peaks_aborts_and_changes),
        cmocka_unit_test(the_newest_are_found_from_the_end),
        cmocka_unit_test(a_table_has_a_limit_in_bytes),
        cmocka_unit_test(a_table_finds_removes_and_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
