/* Counts and percentiles of repeated calls. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "cli/summary.h"
#include <stdlib.h>

static void quantiles_are_values_that_occurred(void **state) {
    (void)state;
    int64_t values[100];
    for (int i = 0; i < 100; i++) {
        values[i] = i + 1;
    }
    assert_true(summary_quantile(values, 100, 0.5) == 50);
    assert_true(summary_quantile(values, 100, 0.99) == 99);
    assert_true(summary_quantile(values, 100, 0.999) == 100);
    assert_true(summary_quantile(values, 100, 1) == 100);
    assert_true(summary_quantile(values, 100, 0) == 1);
    assert_true(summary_quantile(values, 1, 0.5) == 1);
    assert_true(summary_quantile(values, 0, 0.5) == 0);
}

static void outcomes_are_counted(void **state) {
    (void)state;
    struct summary summary;
    assert_true(summary_init(&summary, 4));
    summary_add(&summary, INSIST_OK, 200, 3, 3000);
    summary_add(&summary, INSIST_EDEADLINE, 503, 4, 9000);
    summary_add(&summary, INSIST_OK, 200, 1, 1000);
    summary_add(&summary, INSIST_OK, 503, 4, 2000);
    summary_add(&summary, INSIST_OK, 200, 1, 1000); /* one too many: no room, not counted */
    char *text = summary_text(&summary, 2000000, 2);
    assert_string_equal(text, "4 calls in 2.00s, 2 at a time: 2 a second, 12 attempts\n"
                              "  200          2\n"
                              "  503          1\n"
                              "  EDEADLINE    1\n"
                              "latency  p50 2.0ms  p90 9.0ms  p99 9.0ms  p99.9 9.0ms  max 9.0ms\n");
    free(text);
    summary_fini(&summary);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_values_that_occurred),
        cmocka_unit_test(outcomes_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
