/* The waterfall: to scale, countable by a script, plain where it has to be. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "cli_example.h"
#include "cli/timeline.h"
#include <stdlib.h>
#include <string.h>

static void a_call_is_drawn_to_scale(void **state) {
    (void)state;
    struct example example;
    example_init(&example);
    char *text = timeline_of_account(&example.account, (struct timeline_style){.width = 88});
    assert_string_equal(text,
                        "  . wait  - connect  = first byte  # receive  |1.00s in all, 50.0ms a column|\n"
                        "#0 first 127.0.0.1:8080 new    |--====##            |  400ms 404 retryable\n"
                        "#1 retry 127.0.0.1:8080 reused |        ..====      |  200ms ERESET maybe_sent retryable\n"
                        "#2 retry 127.0.0.1:8080 new    |              ..-=##|  200ms 200 won\n"
                        "GET http://127.0.0.1:8080/x: 200 after 3 attempts\n");
    free(text);
}

/* Two hedges beside the first attempt: winner and losers stand below each other, on the same scale. */
static void a_race_is_drawn_side_by_side(void **state) {
    (void)state;
    static insist_attempt_record records[3];
    static const int64_t begun_us[] = {0, 200000, 400000};
    for (unsigned i = 0; i < 3; i++) {
        records[i] = (insist_attempt_record){.index = i,
                                             .kind = i == 0 ? INSIST_FIRST : INSIST_HEDGE,
                                             .connection = 1,
                                             .address = "127.0.0.1:80",
                                             .queued_us = begun_us[i],
                                             .started_us = begun_us[i],
                                             .connected_us = begun_us[i],
                                             .sent_us = begun_us[i],
                                             .first_byte_us = -1,
                                             .ended_us = 800000,
                                             .error = INSIST_EREDUNDANT,
                                             .sent = INSIST_MAYBE_SENT,
                                             .why_started = i == 0 ? INSIST_START_FIRST : INSIST_START_HEDGE,
                                             .wait_us = i == 0 ? 0 : 200000,
                                             .why_ended = INSIST_ENDED_LOST};
    }
    records[1].first_byte_us = 600000;
    records[1].error = INSIST_OK;
    records[1].status = 200;
    records[1].sent = INSIST_ANSWERED;
    records[1].why_ended = INSIST_ENDED_WON;
    const struct account race = {.method = "GET",
                                 .url = "http://127.0.0.1/",
                                 .status = 200,
                                 .reason = INSIST_DONE,
                                 .explain = "GET http://127.0.0.1/: 200 after 3 attempts",
                                 .elapsed_us = 800000,
                                 .attempts = records,
                                 .attempt_count = 3};
    char *text = timeline_of_account(&race, (struct timeline_style){.width = 80});
    assert_string_equal(text, "  . wait  - connect  = first byte  # receive  |800ms in all, 53.3ms a column|\n"
                              "#0 first 127.0.0.1:80 new    |===============|  800ms EREDUNDANT maybe_sent lost\n"
                              "#1 hedge 127.0.0.1:80 new    |...========####|  600ms 200 won\n"
                              "#2 hedge 127.0.0.1:80 new    |   ....========|  400ms EREDUNDANT maybe_sent lost\n"
                              "GET http://127.0.0.1/: 200 after 3 attempts\n");
    free(text);
}

static size_t lines_that_begin_with(const char *text, const char *prefix) {
    size_t n = 0;
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        n += strncmp(line, prefix, strlen(prefix)) == 0;
    }
    return n;
}

static void attempts_can_be_counted_whatever_the_style(void **state) {
    (void)state;
    struct example example;
    example_init(&example);
    for (unsigned bits = 0; bits < 4; bits++) {
        static const unsigned widths[] = {0, 1, 40, 80, 300, 100000};
        for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
            struct timeline_style style = {.width = widths[i], .utf8 = bits & 1, .colour = bits & 2};
            char *text = timeline_of_account(&example.account, style);
            assert_non_null(text);
            assert_int_equal(lines_that_begin_with(text, "#"), 3);
            assert_int_equal(lines_that_begin_with(text, "#2 "), 1);
            free(text);
        }
    }
}

static void plain_text_is_ascii_without_escapes(void **state) {
    (void)state;
    struct example example;
    example_init(&example);
    char *text = timeline_of_account(&example.account, (struct timeline_style){.width = 80});
    for (const char *byte = text; *byte != '\0'; byte++) {
        assert_true(*byte == '\n' || (*byte >= ' ' && *byte <= '~'));
    }
    free(text);
}

static void a_terminal_gets_blocks_and_colour(void **state) {
    (void)state;
    struct example example;
    example_init(&example);
    char *text =
        timeline_of_account(&example.account, (struct timeline_style){.width = 80, .utf8 = true, .colour = true});
    assert_non_null(strstr(text, "\u2588"));
    assert_non_null(strstr(text, "\033[32m"));
    free(text);
    text = timeline_of_account(&example.account, (struct timeline_style){.width = 80, .utf8 = true});
    assert_null(strchr(text, '\033'));
    free(text);
}

static void a_common_width_is_kept(void **state) {
    (void)state;
    struct example example;
    example_init(&example);
    for (int i = 0; i < 3; i++) {
        example.records[i].address = "127.0.0.1:65535";
    }
    char *text = timeline_of_account(&example.account, (struct timeline_style){.width = 80});
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        assert_true(strcspn(line, "\n") <= 80);
    }
    free(text);
}

/* The longest there is; where it begins and its port are still seen. */
static void a_long_address_is_shortened_in_its_middle(void **state) {
    (void)state;
    static const char longest[] = "[2001:db8:1111:2222:3333:4444:255.255.255.255%ab]:65535";
    assert_int_equal(strlen(longest), 55);
    struct example example;
    example_init(&example);
    for (int i = 0; i < 3; i++) {
        example.records[i].address = longest;
    }
    example.records[1].error = INSIST_ETIMEOUT;
    struct timeline_style style = {.width = 80};
    char *text = timeline_of_account(&example.account, style);
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        assert_true(strcspn(line, "\n") <= 80);
    }
    assert_int_equal(lines_that_begin_with(text, "#0 first [200"), 1);
    assert_non_null(strstr(text, "..b]:65535 new"));
    free(text);
    style.width = 140; /* room for all of it */
    text = timeline_of_account(&example.account, style);
    assert_non_null(strstr(text, longest));
    free(text);
}

/* What never got anywhere has no times to draw. */
static void an_attempt_without_times_is_drawn(void **state) {
    (void)state;
    struct example example;
    example_init(&example);
    example.records[0] = (insist_attempt_record){.queued_us = -1,
                                                 .started_us = -1,
                                                 .connected_us = -1,
                                                 .sent_us = -1,
                                                 .first_byte_us = -1,
                                                 .ended_us = -1,
                                                 .address = "",
                                                 .reactor = -1,
                                                 .error = INSIST_EQUEUEFULL,
                                                 .why_ended = INSIST_ENDED_REJECTED};
    example.account.attempt_count = 1;
    example.account.elapsed_us = 0;
    char *text = timeline_of_account(&example.account, (struct timeline_style){.width = 80});
    assert_non_null(strstr(text, "#0 first - none   |-"));
    assert_non_null(strstr(text, "EQUEUEFULL not_sent rejected\n"));
    free(text);
}

static void a_call_without_attempts_is_one_line(void **state) {
    (void)state;
    struct example example;
    example_init(&example);
    example.account.attempt_count = 0;
    char *text = timeline_of_account(&example.account, (struct timeline_style){.width = 80});
    assert_string_equal(text, "GET http://127.0.0.1:8080/x: 200 after 3 attempts\n");
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_drawn_to_scale),
        cmocka_unit_test(a_race_is_drawn_side_by_side),
        cmocka_unit_test(attempts_can_be_counted_whatever_the_style),
        cmocka_unit_test(plain_text_is_ascii_without_escapes),
        cmocka_unit_test(a_terminal_gets_blocks_and_colour),
        cmocka_unit_test(a_common_width_is_kept),
        cmocka_unit_test(a_long_address_is_shortened_in_its_middle),
        cmocka_unit_test(an_attempt_without_times_is_drawn),
        cmocka_unit_test(a_call_without_attempts_is_one_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
