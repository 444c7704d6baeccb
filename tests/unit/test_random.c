/* The random stream, against the published values of splitmix64. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "base/random.h"
#include <insist/policy.h>

#define GAMMA UINT64_C(0x9e3779b97f4a7c15)

static void assert_stream(uint64_t seed, const uint64_t *expected, size_t count) {
    struct insist_random random = {.state = seed};
    for (size_t i = 0; i < count; i++)
        assert_true(random_next(&random) == expected[i]);
}

static void gives_the_published_numbers(void **state) {
    (void)state;
    assert_stream(1234567,
                  (const uint64_t[]){UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
                                     UINT64_C(9817491932198370423), UINT64_C(4593380528125082431),
                                     UINT64_C(16408922859458223821)},
                  5);
    assert_stream(0,
                  (const uint64_t[]){UINT64_C(0xe220a8397b1dcdaf), UINT64_C(0x6e789e6aa1b965f4),
                                     UINT64_C(0x06c45d188009454f), UINT64_C(0xf88bb8a8724c81ec)},
                  4);
}

/* The stream with number n starts where the n-th number after the seed's first says. */
static void a_seed_and_a_number_make_a_stream(void **state) {
    (void)state;
    for (uint64_t stream = 1; stream < 100; stream++) {
        struct insist_random random, seeds = {.state = 42};
        random_init(&random, 42, stream);
        struct insist_random starts = {.state = random_next(&seeds)};
        uint64_t start = 0;
        for (uint64_t i = 0; i < stream; i++)
            start = random_next(&starts);
        assert_true(random.state == start);
    }
}

static void streams_are_replayed_and_differ(void **state) {
    (void)state;
    struct insist_random one, same, other_stream, other_seed;
    random_init(&one, 7, 1);
    random_init(&same, 7, 1);
    random_init(&other_stream, 7, 2);
    random_init(&other_seed, 8, 1);
    for (int i = 0; i < 100; i++) {
        uint64_t number = random_next(&one);
        assert_true(number == random_next(&same));
        assert_true(number != random_next(&other_stream));
        assert_true(number != random_next(&other_seed));
    }
}

static void no_stream_is_its_neighbour_shifted(void **state) {
    (void)state;
    for (uint64_t stream = 0; stream < 20; stream++) {
        struct insist_random one, next;
        random_init(&one, 99, stream);
        random_init(&next, 99, stream + 1);
        uint64_t first = random_next(&next);
        for (int i = 0; i < 1000; i++)
            assert_true(random_next(&one) != first);
    }
}

/* x ^ (x >> shift), undone. */
static uint64_t unshift(uint64_t y, unsigned shift) {
    uint64_t x = y;
    for (unsigned bits = shift; bits < 64; bits += shift)
        x = y ^ (x >> shift);
    return x;
}

/* 1 / odd modulo 2^64, by Newton's method. */
static uint64_t inverse(uint64_t odd) {
    uint64_t x = odd;
    for (int i = 0; i < 6; i++)
        x *= 2 - odd * x;
    return x;
}

static struct insist_random about_to_give(uint64_t number) {
    uint64_t z = unshift(number, 31);
    z = unshift(z * inverse(UINT64_C(0x94d049bb133111eb)), 27);
    z = unshift(z * inverse(UINT64_C(0xbf58476d1ce4e5b9)), 30);
    return (struct insist_random){.state = z - GAMMA};
}

static void the_unit_is_from_0_to_below_1(void **state) {
    (void)state;
    struct insist_random lowest = about_to_give(0), highest = about_to_give(UINT64_MAX);
    struct insist_random middle = about_to_give(UINT64_C(1) << 63);
    assert_true(insist_random_unit(&lowest) == 0.0);
    assert_true(insist_random_unit(&middle) == 0.5);
    double most = insist_random_unit(&highest);
    assert_true(most < 1.0);
    assert_true(most == 1.0 - 0x1.0p-53);
}

static void the_unit_is_the_number_of_the_stream(void **state) {
    (void)state;
    struct insist_random random = {.state = 1234567};
    assert_true(insist_random_unit(&random) == (double)(UINT64_C(6457827717110365317) >> 11) / 9007199254740992.0);
    assert_true(random.state == 1234567 + GAMMA); /* one number was used */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_published_numbers),     cmocka_unit_test(a_seed_and_a_number_make_a_stream),
        cmocka_unit_test(streams_are_replayed_and_differ), cmocka_unit_test(no_stream_is_its_neighbour_shifted),
        cmocka_unit_test(the_unit_is_from_0_to_below_1),   cmocka_unit_test(the_unit_is_the_number_of_the_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
