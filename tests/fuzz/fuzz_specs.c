/* Any text as a value of --timeout, --retry-on, --backoff, --race and of options with numbers; the first byte says which.
 * What is accepted lies in its range and reads the same when it is written out; what is refused has a sentence. */
#include "fuzz.h"
#include "input.h"
#include "cli/race_spec.h"
#include "cli/specs.h"

#include <insist/policy.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t longest_ms = INT64_C(1000000000000);

/* A problem before anybody has touched it. */
static insist_problem fresh(void) {
    return (insist_problem){.err = INSIST_OK, .field = "--field"};
}

static void check_problem(bool taken, const insist_problem *problem) {
    must(strcmp(problem->field, "--field") == 0, "the field is the caller's");
    if (taken) {
        must(problem->err == INSIST_OK && problem->text[0] == '\0', "what is accepted has no problem");
        return;
    }
    must(problem->err == INSIST_EINVAL, "what is refused is invalid");
    must(strnlen(problem->text, sizeof problem->text) < sizeof problem->text, "the sentence ends");
    must(strlen(problem->text) > 10, "there is a sentence");
}

static bool is_duration(int64_t ms) {
    return (ms >= 0 && ms <= longest_ms) || ms == INSIST_FOREVER;
}

static void check_duration(const char *text) {
    int64_t ms = -1;
    insist_problem problem = fresh();
    bool taken = spec_duration_ms(text, &ms, &problem);
    check_problem(taken, &problem);
    if (!taken) {
        return;
    }
    must(is_duration(ms), "a duration is in its range");
    must(strcmp(text, "forever") == 0 || text[strspn(text, "0123456789.smh")] == '\0', "it has digits and a unit only");
    char written[40];
    int64_t again = -1;
    snprintf(written, sizeof written, ms == INSIST_FOREVER ? "forever" : "%lldms", (long long)ms);
    must(spec_duration_ms(written, &again, &problem) && again == ms, "written out it is the same");
}

static void check_number(const char *text) {
    unsigned number = 77;
    insist_problem problem = fresh();
    bool taken = spec_number(text, 1, 1000, &number, &problem);
    check_problem(taken, &problem);
    if (taken) {
        must(number >= 1 && number <= 1000, "a number is in its range");
        must(strtoul(text, NULL, 10) == number && text[strspn(text, "0123456789")] == '\0', "and what the digits say");
    } else {
        must(number == 77, "what is refused is left alone");
    }
}

static void check_retry_list(const char *text) {
    struct retry_list list;
    insist_problem problem = fresh();
    bool taken = spec_retry_list(text, &list, &problem);
    check_problem(taken, &problem);
    must(list.status_count <= sizeof list.statuses / sizeof list.statuses[0], "there is room for the statuses");
    for (size_t i = 0; i < list.status_count; i++) {
        must(list.statuses[i] >= 100 && list.statuses[i] <= 999, "a status has three digits");
    }
    must(!list.classes[0], "there is no class 0");
    if (taken) {
        must(list.replaces == (text[0] == '='), "= replaces");
        must(strlen(text) > list.replaces, "an empty list is none");
    }
}

static bool same_backoff(const struct backoff *a, const struct backoff *b) {
    return a->shape == b->shape && a->base_ms == b->base_ms && a->factor == b->factor && a->max_ms == b->max_ms &&
           a->jitter == b->jitter && a->step_ms == b->step_ms && a->spread == b->spread;
}

static void write_backoff(char *out, size_t size, const struct backoff *backoff) {
    static const char *const shapes[] = {"", "constant", "linear", "exp"};
    static const char *const jitters[] = {",none", ",full", ",equal", ",spread"};
    size_t length = (size_t)snprintf(out, size, "%s:%lldms", shapes[backoff->shape], (long long)backoff->base_ms);
    if (backoff->shape == BACKOFF_LINEAR) {
        length += (size_t)snprintf(out + length, size - length, "%+lldms", (long long)backoff->step_ms);
    }
    if (backoff->shape == BACKOFF_EXPONENTIAL) {
        length += (size_t)snprintf(out + length, size - length, "*%.17f", backoff->factor);
    }
    if (backoff->max_ms != INSIST_FOREVER) {
        length += (size_t)snprintf(out + length, size - length, "..%lldms", (long long)backoff->max_ms);
    }
    length += (size_t)snprintf(out + length, size - length, "%s", jitters[backoff->jitter]);
    if (backoff->jitter == JITTER_SPREAD) {
        snprintf(out + length, size - length, "=%.17f", backoff->spread);
    }
}

/* A number that is written with so few digits that it is read back as it was. */
static bool is_short(double number) {
    return number < 1000 && number * 1000000 == floor(number * 1000000);
}

static void check_backoff(const char *text) {
    struct backoff backoff;
    struct backoff again;
    insist_problem problem = fresh();
    bool taken = spec_backoff(text, &backoff, &problem);
    check_problem(taken, &problem);
    if (!taken) {
        return;
    }
    must(backoff.shape != BACKOFF_STANDARD, "a backoff has a shape");
    must(is_duration(backoff.base_ms) && backoff.base_ms != INSIST_FOREVER, "a first wait is in its range");
    must(is_duration(backoff.max_ms) && backoff.max_ms > 0 && backoff.max_ms >= backoff.base_ms, "so is the longest");
    must(backoff.step_ms >= -longest_ms && backoff.step_ms <= longest_ms, "so is a step");
    must(isfinite(backoff.factor) && backoff.factor >= 0, "a factor is a number");
    must(backoff.spread >= 0 && backoff.spread < 1, "a spread is below 1");
    char written[200];
    if (is_short(backoff.factor) && is_short(backoff.spread)) {
        write_backoff(written, sizeof written, &backoff);
        must(spec_backoff(written, &again, &problem) && same_backoff(&backoff, &again), "written out it is the same");
    }
}

static void check_race(const char *text) {
    struct race race = {.closes_wave = true};
    insist_problem problem = fresh();
    bool taken = race_spec(text, &race, &problem);
    check_problem(taken, &problem);
    must(race.closes_wave, "the wave's mode is another option's");
    must(race.delay_count <= RACE_DELAYS_MOST, "there is room for the delays");
    if (!taken) {
        return;
    }
    int64_t longest = 0;
    for (size_t i = 0; i < race.delay_count; i++) {
        must(race.delays_ms[i] > 0 && race.delays_ms[i] <= longest_ms, "a delay is in its range");
        longest = race.delays_ms[i] > longest ? race.delays_ms[i] : longest;
    }
    must(race_longest_ms(&race) == longest, "the longest delay is known");
    bool counted = race.shape != RACE_DELAYS;
    must(counted ? race.times >= 1 && race.times <= 1000 : race.times == 0, "a number of hedges is in its range");
    must((race.shape == RACE_DELAYS || race.shape == RACE_EVERY) == (race.delay_count > 0), "delays stand in some only");
    if (race.shape == RACE_QUANTILE) {
        must(race.learnt > 0 && race.learnt < 1, "a percentile is below 100");
    }
    if (race.shape == RACE_AUTO) {
        must(race.learnt > 0 && race.learnt <= 1, "a share is at most 100 %");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = {data, size};
    uint8_t which = input_byte(&input);
    char *text = input_text(&input);
    switch (which) {
    case 'd': check_duration(text); break;
    case 'n': check_number(text); break;
    case 'l': check_retry_list(text); break;
    case 'b': check_backoff(text); break;
    case 'r': check_race(text); break;
    default: break;
    }
    free(text);
    return 0;
}
