/* HTTP dates: the three forms, every field's range, the century of a two-digit year, the whole calendar, and any bytes
 * at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/random.h"
#include "policy/http_date.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define RFC_EXAMPLE INT64_C(784111777) /* Sun, 06 Nov 1994 08:49:37 GMT */
#define WALL INT64_C(1700000000)       /* 14 November 2023 */
#define YEAR_0 INT64_C(-62167219200)
#define YEAR_10000 INT64_C(253402300800)
#define UNTOUCHED INT64_C(-4711)

static int64_t parsed_at(const char *text, int64_t wall_s) {
    int64_t seconds = UNTOUCHED;
    if (!http_date_parse(text, wall_s, &seconds))
        assert_int_equal(seconds, UNTOUCHED);
    return seconds;
}

static int64_t parsed(const char *text) {
    return parsed_at(text, WALL);
}

static void test_three_forms(void **state) {
    (void)state;
    assert_int_equal(parsed("Sun, 06 Nov 1994 08:49:37 GMT"), RFC_EXAMPLE);
    assert_int_equal(parsed("Sunday, 06-Nov-94 08:49:37 GMT"), RFC_EXAMPLE);
    assert_int_equal(parsed("Sun Nov  6 08:49:37 1994"), RFC_EXAMPLE);
    assert_int_equal(parsed("Sun Nov 06 08:49:37 1994"), RFC_EXAMPLE);
    assert_int_equal(parsed("Wed Nov 16 08:49:37 1994"), RFC_EXAMPLE + 10 * 86400);
    assert_int_equal(parsed(" \tSun, 06 Nov 1994 08:49:37 GMT \t"), RFC_EXAMPLE);
}

static void test_weekdays_are_not_compared_with_the_date(void **state) {
    (void)state;
    assert_int_equal(parsed("Mon, 06 Nov 1994 08:49:37 GMT"), RFC_EXAMPLE);
    assert_int_equal(parsed("Friday, 06-Nov-94 08:49:37 GMT"), RFC_EXAMPLE);
    assert_int_equal(parsed("Sat Nov  6 08:49:37 1994"), RFC_EXAMPLE);
}

static void test_strictness(void **state) {
    static const char *const wrong[] = {
        "",
        " ",
        "0",
        "soon",
        "784111777",
        "Sun",
        "Sun, ",
        "GMT",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 Nov 1994 08:49:37 GMTx",
        "Sun, 06 Nov 1994 08:49:37 GMT, x",
        "Sun, 06 Nov 1994 08:49:37GMT",
        "sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 gmt",
        "Xyz, 06 Nov 1994 08:49:37 GMT",
        "Sun 06 Nov 1994 08:49:37 GMT",
        "Sun,06 Nov 1994 08:49:37 GMT",
        "Sun,  06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun,  6 Nov 1994 08:49:37 GMT",
        "Sun, 006 Nov 1994 08:49:37 GMT",
        "Sun, 06 November 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06 Nov 01994 08:49:37 GMT",
        "Sun, 06 Nov -994 08:49:37 GMT",
        "Sun, 06 Nov +994 08:49:37 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 06 Nov 1994 08:49:37.5 GMT",
        "Sun, 06-Nov-1994 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sunday, 06 Nov 94 08:49:37 GMT",
        "Sunday, 6-Nov-94 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37",
        "Sunday Nov  6 08:49:37 1994",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov   6 08:49:37 1994",
        "Sun Nov  6 08:49:37 94",
        "Sun Nov  6 08:49:37 1994 GMT",
        "Sun Nov  6 08:49:37 GMT 1994",
        "Sun, 06 Nov 1994\n08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT\n",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        if (parsed(wrong[i]) != UNTOUCHED)
            fail_msg("taken for a date: \"%s\"", wrong[i]);
    }
}

static void test_ranges(void **state) {
    (void)state;
    assert_int_equal(parsed("Fri, 32 Dec 1999 00:00:00 GMT"), UNTOUCHED);
    assert_int_equal(parsed("Fri, 00 Dec 1999 00:00:00 GMT"), UNTOUCHED);
    assert_int_equal(parsed("Fri, 31 Apr 1999 00:00:00 GMT"), UNTOUCHED);
    assert_int_equal(parsed("Fri, 29 Feb 1999 00:00:00 GMT"), UNTOUCHED);
    assert_int_equal(parsed("Fri, 29 Feb 1900 00:00:00 GMT"), UNTOUCHED);
    assert_int_equal(parsed("Tue, 29 Feb 2000 00:00:00 GMT"), 951782400);
    assert_int_equal(parsed("Thu, 29 Feb 2024 00:00:00 GMT"), 1709164800);
    assert_int_equal(parsed("Fri Feb 30 00:00:00 2000"), UNTOUCHED);
    assert_int_equal(parsed("Fri, 01 Dec 1999 24:00:00 GMT"), UNTOUCHED);
    assert_int_equal(parsed("Fri, 01 Dec 1999 00:60:00 GMT"), UNTOUCHED);
    assert_int_equal(parsed("Fri, 01 Dec 1999 00:00:61 GMT"), UNTOUCHED);
    assert_int_equal(parsed("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
    assert_int_equal(parsed("Wed, 31 Dec 1969 23:59:59 GMT"), -1);
    assert_int_equal(parsed("Sat, 01 Jan 0000 00:00:00 GMT"), YEAR_0);
    assert_int_equal(parsed("Fri, 31 Dec 9999 23:59:60 GMT"), YEAR_10000);
}

static void test_leap_seconds(void **state) {
    (void)state;
    assert_int_equal(parsed("Sat, 31 Dec 2016 23:59:60 GMT"), parsed("Sun, 01 Jan 2017 00:00:00 GMT"));
    assert_int_equal(parsed("Saturday, 31-Dec-16 23:59:60 GMT"), parsed("Sun Jan  1 00:00:00 2017"));
}

/* RFC 9110 section 5.6.7: what appears to be more than 50 years ahead is of the past. */
static void test_two_digit_years(void **state) {
    const int64_t wall_s = parsed("Tue, 14 Nov 2023 12:00:00 GMT");
    (void)state;
    assert_int_equal(parsed_at("Monday, 01-Jan-24 00:00:00 GMT", wall_s), parsed("Mon, 01 Jan 2024 00:00:00 GMT"));
    assert_int_equal(parsed_at("Monday, 01-Jan-73 00:00:00 GMT", wall_s), parsed("Sun, 01 Jan 2073 00:00:00 GMT"));
    assert_int_equal(parsed_at("Monday, 14-Nov-73 12:00:00 GMT", wall_s), parsed("Tue, 14 Nov 2073 12:00:00 GMT"));
    assert_int_equal(parsed_at("Monday, 14-Nov-73 12:00:01 GMT", wall_s), parsed("Wed, 14 Nov 1973 12:00:01 GMT"));
    assert_int_equal(parsed_at("Monday, 01-Jan-74 00:00:00 GMT", wall_s), parsed("Tue, 01 Jan 1974 00:00:00 GMT"));
    assert_int_equal(parsed_at("Monday, 01-Jan-99 00:00:00 GMT", wall_s), parsed("Fri, 01 Jan 1999 00:00:00 GMT"));
    assert_int_equal(parsed_at("Monday, 01-Jan-00 00:00:00 GMT", wall_s), parsed("Sat, 01 Jan 2000 00:00:00 GMT"));
    /* across a century: 1999 sees 05 ahead of it, 2051 sees 2100 */
    assert_int_equal(parsed_at("Monday, 01-Jan-05 00:00:00 GMT", parsed("Fri, 01 Jan 1999 00:00:00 GMT")),
                     parsed("Sat, 01 Jan 2005 00:00:00 GMT"));
    assert_int_equal(parsed_at("Monday, 01-Jan-00 00:00:00 GMT", parsed("Sun, 01 Jan 2051 00:00:00 GMT")),
                     parsed("Fri, 01 Jan 2100 00:00:00 GMT"));
    /* 29 February in a year that has none once its century is known */
    assert_int_equal(parsed_at("Monday, 29-Feb-00 00:00:00 GMT", wall_s), 951782400);
    assert_int_equal(parsed_at("Monday, 29-Feb-00 00:00:00 GMT", parsed("Sun, 01 Jan 2051 00:00:00 GMT")), UNTOUCHED);
}

/* In every year: the same instant fifty years on is ahead, a second later is of the past. */
static void check_fifty_years(int year, const char *day, const char *month, const char *time,
                              const char *a_second_later) {
    char wall[64], text[64], ahead[64], past[64];
    snprintf(wall, sizeof wall, "Mon, %s %s %04d %s GMT", day, month, year, time);
    snprintf(text, sizeof text, "Monday, %s-%s-%02d %s GMT", day, month, (year + 50) % 100, time);
    snprintf(ahead, sizeof ahead, "Mon, %s %s %04d %s GMT", day, month, year + 50, time);
    assert_int_equal(parsed_at(text, parsed(wall)), parsed(ahead));
    snprintf(text, sizeof text, "Monday, %s-%s-%02d %s GMT", day, month, (year + 50) % 100, a_second_later);
    snprintf(past, sizeof past, "Mon, %s %s %04d %s GMT", day, month, year - 50, a_second_later);
    assert_int_equal(parsed_at(text, parsed(wall)), parsed(past));
}

static void test_two_digit_years_at_the_turn_of_any_year(void **state) {
    (void)state;
    for (int year = 50; year < 9950; year++) {
        check_fifty_years(year, "01", "Jan", "00:00:00", "00:00:01");
        check_fifty_years(year, "31", "Dec", "23:59:58", "23:59:59");
    }
}

static void test_a_mad_clock_does_no_harm(void **state) {
    static const int64_t walls[] = {INT64_MIN, INT64_MIN + 1, INT64_MAX, INT64_MAX - 1, 0, -1, YEAR_0, YEAR_10000};
    (void)state;
    for (size_t i = 0; i < COUNT(walls); i++) {
        const int64_t fifty_years = INT64_C(50) * 366 * 86400;
        int64_t seconds;
        assert_true(http_date_parse("Monday, 01-Jan-70 00:00:00 GMT", walls[i], &seconds));
        assert_true(seconds <= walls[i] || seconds - walls[i] <= fifty_years);
        assert_true(seconds >= walls[i] || walls[i] - seconds <= 2 * fifty_years);
        assert_int_equal(parsed_at("Sun, 06 Nov 1994 08:49:37 GMT", walls[i]), RFC_EXAMPLE);
    }
}

/* ---- written by somebody else's calendar, read by ours ----------------------------------------------------------- */

static void check_round_trip(int64_t seconds) {
    static const char *const days[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const time_t time = (time_t)seconds;
    struct tm tm;
    char text[96];
    assert_non_null(gmtime_r(&time, &tm));
    const char *const day = days[tm.tm_wday], *const month = months[tm.tm_mon];
    const int year = tm.tm_year + 1900;
    snprintf(text, sizeof text, "%.3s, %02d %s %04d %02d:%02d:%02d GMT", day, tm.tm_mday, month, year, tm.tm_hour,
             tm.tm_min, tm.tm_sec);
    assert_int_equal(parsed(text), seconds);
    snprintf(text, sizeof text, "%.3s %s %2d %02d:%02d:%02d %04d", day, month, tm.tm_mday, tm.tm_hour, tm.tm_min,
             tm.tm_sec, year);
    assert_int_equal(parsed(text), seconds);
    snprintf(text, sizeof text, "%s, %02d-%s-%02d %02d:%02d:%02d GMT", day, tm.tm_mday, month, year % 100, tm.tm_hour,
             tm.tm_min, tm.tm_sec);
    assert_int_equal(parsed_at(text, seconds), seconds);
    assert_int_equal(parsed_at(text, seconds - INT64_C(49) * 365 * 86400), seconds);
    assert_int_equal(parsed_at(text, seconds + INT64_C(49) * 365 * 86400), seconds);
}

static void test_every_day_of_a_leap_cycle(void **state) {
    (void)state;
    for (int64_t day = 0; day < 146097 + 366; day++)
        check_round_trip(951782400 - 200 * INT64_C(31556952) / 86400 * 86400 + day * 86400 + day % 86400);
}

static void test_round_trips_of_random_instants(void **state) {
    struct insist_random random;
    (void)state;
    random_init(&random, 3, 0);
    for (int i = 0; i < 50000; i++)
        check_round_trip(YEAR_0 + (int64_t)(random_next(&random) % (uint64_t)(YEAR_10000 - YEAR_0)));
    check_round_trip(YEAR_0);
    check_round_trip(YEAR_10000 - 1);
}

/* ---- any bytes --------------------------------------------------------------------------------------------------- */

static void check_bytes(const char *text, int64_t wall_s) {
    int64_t seconds = UNTOUCHED, again = 0;
    if (!http_date_parse(text, wall_s, &seconds)) {
        assert_int_equal(seconds, UNTOUCHED);
        return;
    }
    assert_true(strlen(text) >= 24);
    assert_true(seconds >= YEAR_0 - INT64_C(100) * 366 * 86400 && seconds <= YEAR_10000);
    assert_true(http_date_parse(text, wall_s, &again)); /* nothing is remembered */
    assert_int_equal(again, seconds);
}

static void test_random_bytes(void **state) {
    struct insist_random random;
    (void)state;
    random_init(&random, 4, 0);
    for (int i = 0; i < 100000; i++) {
        char text[48];
        const size_t length = random_next(&random) % sizeof text;
        for (size_t at = 0; at < length; at++)
            text[at] = (char)(random_next(&random) & 0xff);
        text[length] = '\0';
        check_bytes(text, WALL);
    }
}

/* Dates with a few bytes changed, cut off or doubled: these get past the first character. */
static void test_damaged_dates(void **state) {
    static const char *const good[] = {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                                       "Sun Nov  6 08:49:37 1994"};
    static const char likely[] = "0123456789 :,-GMTSunNovFebDec\t";
    struct insist_random random;
    unsigned accepted = 0;
    (void)state;
    random_init(&random, 5, 0);
    for (int i = 0; i < 200000; i++) {
        char text[48];
        strcpy(text, good[random_next(&random) % COUNT(good)]);
        for (uint64_t changes = random_next(&random) % 4; changes > 0; changes--) {
            const uint64_t draw = random_next(&random);
            text[draw % strlen(text)] =
                draw >> 60 ? likely[(draw >> 32) % (sizeof likely - 1)] : (char)(draw >> 32 & 0xff);
            if (text[0] == '\0')
                break;
        }
        int64_t seconds;
        accepted += http_date_parse(text, WALL, &seconds);
        check_bytes(text, WALL);
    }
    assert_in_range(accepted, 50001, 199999); /* the undamaged quarter, and some whose damage makes another date */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_three_forms),
        cmocka_unit_test(test_weekdays_are_not_compared_with_the_date),
        cmocka_unit_test(test_strictness),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_leap_seconds),
        cmocka_unit_test(test_two_digit_years),
        cmocka_unit_test(test_two_digit_years_at_the_turn_of_any_year),
        cmocka_unit_test(test_a_mad_clock_does_no_harm),
        cmocka_unit_test(test_every_day_of_a_leap_cycle),
        cmocka_unit_test(test_round_trips_of_random_instants),
        cmocka_unit_test(test_random_bytes),
        cmocka_unit_test(test_damaged_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
