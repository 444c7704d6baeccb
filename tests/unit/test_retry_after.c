/* Retry-After: seconds, dates against the answer's own clock, what makes no sense, and any bytes at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/random.h"
#include "policy/retry_after.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define S INT64_C(1000000) /* microseconds */
#define WALL INT64_C(784111777)
#define NOW "Sun, 06 Nov 1994 08:49:37 GMT"
#define IN_30_S "Sun, 06 Nov 1994 08:50:07 GMT"
#define NO_DELAY INT64_C(-1)

static int64_t delay_us(const char *value) {
    return retry_after_us(value, NULL, WALL);
}

/* R8 */
static void test_seconds(void **state) {
    (void)state;
    assert_int_equal(delay_us("0"), 0);
    assert_int_equal(delay_us("2"), 2 * S);
    assert_int_equal(delay_us("120"), 120 * S);
    assert_int_equal(delay_us("007"), 7 * S);
    assert_int_equal(delay_us(" \t3\t "), 3 * S);
    assert_int_equal(retry_after_us("5", "garbage", INT64_MIN), 5 * S); /* no clock is asked */
}

/* R8: its model overflows to a negative wait. */
static void test_huge_numbers_saturate(void **state) {
    static const char *const huge[] = {"9223372036854",        "9223372036855",
                                       "9223372036854775807",  "9223372036854775808",
                                       "18446744073709551616", "99999999999999999999999999999999999999999999999999"};
    (void)state;
    assert_int_equal(delay_us(huge[0]), INT64_C(9223372036854) * S);
    for (size_t i = 1; i < COUNT(huge); i++)
        assert_int_equal(delay_us(huge[i]), INT64_MAX);
    assert_int_equal(delay_us("00000000000000000000000000000000000000000000000000000000000001"), S);
    assert_int_equal(delay_us("99999999999999999999999999999999999999999999999999 x"), NO_DELAY);
}

/* R8 */
static void test_what_makes_no_sense(void **state) {
    static const char *const wrong[] = {"",
                                        " ",
                                        "\t",
                                        "-2",
                                        "-0",
                                        "+2",
                                        "1.5",
                                        "1,5",
                                        "1e3",
                                        "0x10",
                                        "2 s",
                                        "2s",
                                        "1 2",
                                        "2,",
                                        "soon",
                                        "Fri, 32 Dec 1999 00:00:00 GMT",
                                        "Sun, 06 Nov 1994 08:50:07",
                                        "\xd9\xa3",
                                        "2\n",
                                        "2\r\nX: y",
                                        "\n2",
                                        "NaN",
                                        "inf"};
    (void)state;
    assert_int_equal(delay_us(NULL), NO_DELAY);
    for (size_t i = 0; i < COUNT(wrong); i++) {
        if (delay_us(wrong[i]) != NO_DELAY)
            fail_msg("taken for a delay: \"%s\"", wrong[i]);
    }
}

/* R8: RFC 1123 dates, and here RFC 850 and asctime too. */
static void test_dates(void **state) {
    (void)state;
    assert_int_equal(delay_us(IN_30_S), 30 * S);
    assert_int_equal(delay_us("Sunday, 06-Nov-94 08:50:07 GMT"), 30 * S);
    assert_int_equal(delay_us("Sun Nov  6 08:50:07 1994"), 30 * S);
    assert_int_equal(delay_us("  " IN_30_S " "), 30 * S);
    assert_int_equal(delay_us(NOW), 0);
    assert_int_equal(delay_us("Sun, 06 Nov 1994 08:49:36 GMT"), 0);
    assert_int_equal(delay_us("Thu, 01 Jan 0000 00:00:00 GMT"), 0);
}

/* Measured against the answer's own Date, so that neither clock has to be right. */
static void test_skewed_clocks(void **state) {
    static const int64_t walls[] = {0, WALL - 3600, WALL, WALL + 86400, INT64_MIN, INT64_MAX};
    (void)state;
    for (size_t i = 0; i < COUNT(walls); i++) {
        assert_int_equal(retry_after_us(IN_30_S, NOW, walls[i]), 30 * S);
        assert_int_equal(retry_after_us(IN_30_S, "Sun Nov  6 08:49:37 1994", walls[i]), 30 * S);
        assert_int_equal(retry_after_us(NOW, IN_30_S, walls[i]), 0);
    }
    assert_int_equal(retry_after_us(IN_30_S, "Sunday, 06-Nov-94 08:49:37 GMT", WALL + 86400), 30 * S);
    assert_int_equal(retry_after_us(IN_30_S, "yesterday", WALL + 10), 20 * S); /* a Date that makes no sense is none */
    assert_int_equal(retry_after_us(IN_30_S, "", WALL + 10), 20 * S);
    assert_int_equal(retry_after_us(IN_30_S, NULL, WALL + 10), 20 * S);
}

static void test_far_dates_saturate(void **state) {
    (void)state;
    assert_int_equal(retry_after_us(IN_30_S, NULL, INT64_MIN), INT64_MAX);
    assert_int_equal(retry_after_us(IN_30_S, NULL, INT64_MAX), 0);
    assert_int_equal(retry_after_us("Fri, 31 Dec 9999 23:59:60 GMT", "Sat, 01 Jan 0000 00:00:00 GMT", 0),
                     INT64_C(315569520000) * S);
}

/* ---- any bytes --------------------------------------------------------------------------------------------------- */

static void fill(struct insist_random *random, char *text, size_t size, const char *alphabet) {
    const size_t length = random_next(random) % size;
    for (size_t i = 0; i < length; i++) {
        const uint64_t draw = random_next(random);
        text[i] = alphabet ? alphabet[draw % strlen(alphabet)] : (char)(draw & 0xff);
    }
    text[length] = '\0';
}

static void test_any_bytes(void **state) {
    static const char *const alphabets[] = {NULL, "0123456789", "0123456789 -+.", "0123456789 ,:-SunMoNovFebGT"};
    struct insist_random random;
    (void)state;
    random_init(&random, 11, 0);
    for (int i = 0; i < 200000; i++) {
        char value[40], date[40];
        const int64_t wall_s = (int64_t)random_next(&random);
        fill(&random, value, sizeof value, alphabets[random_next(&random) % COUNT(alphabets)]);
        fill(&random, date, sizeof date, alphabets[random_next(&random) % COUNT(alphabets)]);
        const int64_t us = retry_after_us(value, date, wall_s);
        assert_true(us >= NO_DELAY);
        assert_int_equal(retry_after_us(value, date, wall_s), us);
        if (value[0] != '\0' && value[strspn(value, "0123456789")] == '\0')
            assert_true(us >= 0);
    }
}

/* Every number of seconds comes back as it was written. */
static void test_numbers_round_trip(void **state) {
    struct insist_random random;
    (void)state;
    random_init(&random, 12, 0);
    for (int i = 0; i < 100000; i++) {
        const uint64_t draw = random_next(&random);
        const int64_t seconds = (int64_t)(draw >> (1 + draw % 63));
        char value[40];
        snprintf(value, sizeof value, "%lld", (long long)seconds);
        assert_int_equal(delay_us(value), seconds > INT64_MAX / S ? INT64_MAX : seconds * S);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seconds),
        cmocka_unit_test(test_huge_numbers_saturate),
        cmocka_unit_test(test_what_makes_no_sense),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_skewed_clocks),
        cmocka_unit_test(test_far_dates_saturate),
        cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_numbers_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
