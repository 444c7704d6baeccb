#include "cli/specs.h"
#include "cli/refuse.h"
#include <insist/policy.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_MS 1e12 /* 31 years; whoever wants more wants forever */

/* A part of a specification: not terminated. */
struct part {
    const char *start;
    size_t len;
};

/* For "%.*s": parts are cut so that the sentence keeps its end. */
static int shown(struct part part) {
    return (int)(part.len < 30 ? part.len : 30);
}

static struct part part_of(const char *text) {
    return (struct part){text, strlen(text)};
}

static bool part_is(struct part part, const char *word) {
    return part.len == strlen(word) && memcmp(part.start, word, part.len) == 0;
}

/* Cuts what stands before the separator off the front. Without one: takes all and returns false. */
static bool part_cut(struct part *rest, const char *separator, struct part *front) {
    size_t width = strlen(separator);
    const char *found = memmem(rest->start, rest->len, separator, width);
    if (found == NULL) {
        *front = *rest;
        *rest = (struct part){rest->start + rest->len, 0};
        return false;
    }
    *front = (struct part){rest->start, (size_t)(found - rest->start)};
    *rest = (struct part){found + width, rest->len - front->len - width};
    return true;
}

/* Reads digits with at most one point at the front of *rest. */
static bool part_decimal(struct part *rest, double *value) {
    char digits[32];
    size_t n = 0;
    bool point = false;
    while (n < rest->len && (isdigit((unsigned char)rest->start[n]) || (rest->start[n] == '.' && !point))) {
        point = point || rest->start[n] == '.';
        n++;
    }
    if (n == 0 || n >= sizeof(digits) || !isdigit((unsigned char)rest->start[0])) {
        return false;
    }
    memcpy(digits, rest->start, n);
    digits[n] = '\0';
    *value = strtod(digits, NULL);
    *rest = (struct part){rest->start + n, rest->len - n};
    return true;
}

static double unit_ms(struct part unit) {
    if (part_is(unit, "ms")) {
        return 1;
    }
    if (part_is(unit, "s")) {
        return 1000;
    }
    if (part_is(unit, "m")) {
        return 60 * 1000;
    }
    if (part_is(unit, "h")) {
        return 60 * 60 * 1000;
    }
    return 0;
}

static bool part_duration_ms(struct part text, int64_t *ms, insist_problem *problem) {
    struct part unit = text;
    double number = 0;
    if (!part_decimal(&unit, &number) || unit_ms(unit) == 0) {
        return refuse_value(problem,
                            "\"%.*s\" is no duration: a number and its unit are wanted, such as 500ms, 1.5s, 2m or 1h",
                            shown(text), text.start);
    }
    double value = number * unit_ms(unit);
    if (value > LONGEST_MS) {
        return refuse_value(problem, "\"%.*s\" is too long", shown(text), text.start);
    }
    int64_t whole = (int64_t)(value + 0.5);
    double rest = value - (double)whole;
    if (rest > 1e-6 || rest < -1e-6) {
        return refuse_value(problem, "\"%.*s\" is finer than a millisecond", shown(text), text.start);
    }
    *ms = whole;
    return true;
}

bool spec_duration_ms(const char *text, int64_t *ms, insist_problem *problem) {
    if (strcmp(text, "forever") == 0) {
        *ms = INSIST_FOREVER;
        return true;
    }
    return part_duration_ms(part_of(text), ms, problem);
}

bool spec_positive_duration_ms(const char *text, int64_t *ms, insist_problem *problem) {
    if (!spec_duration_ms(text, ms, problem)) {
        return false;
    }
    return *ms > 0 || refuse_value(problem, "it has to be longer than 0");
}

bool spec_number(const char *text, unsigned min, unsigned max, unsigned *number, insist_problem *problem) {
    size_t digits = strspn(text, "0123456789");
    unsigned long long value = digits > 0 && digits < 18 ? strtoull(text, NULL, 10) : 0;
    if (digits == 0 || digits >= 18 || text[digits] != '\0' || value < min || value > max) {
        return refuse_value(problem, "\"%.*s\" is no whole number from %u to %u", shown(part_of(text)), text, min, max);
    }
    *number = (unsigned)value;
    return true;
}

static bool all_digits(struct part part) {
    for (size_t i = 0; i < part.len; i++) {
        if (!isdigit((unsigned char)part.start[i])) {
            return false;
        }
    }
    return part.len > 0;
}

static bool retry_item(struct part item, struct retry_list *list, insist_problem *problem) {
    if (part_is(item, "transient")) {
        list->transient = true;
        return true;
    }
    if (part_is(item, "any")) {
        list->any = true;
        return true;
    }
    bool numbered = item.len == 3 && item.start[0] >= '1' && item.start[0] <= '9';
    if (numbered && (item.start[1] == 'x' && item.start[2] == 'x')) {
        list->classes[item.start[0] - '0'] = true;
        return true;
    }
    if (!numbered || !all_digits(item)) {
        return refuse_value(problem,
                            "\"%.*s\" is neither a status (404) nor a class of them (5xx), nor transient or any",
                            shown(item), item.start);
    }
    size_t most = sizeof(list->statuses) / sizeof(list->statuses[0]);
    if (list->status_count == most) {
        return refuse_value(problem, "more than %zu statuses", most);
    }
    list->statuses[list->status_count++] = (int)strtol(item.start, NULL, 10);
    return true;
}

bool spec_retry_list(const char *text, struct retry_list *list, insist_problem *problem) {
    *list = (struct retry_list){.replaces = text[0] == '='};
    struct part rest = part_of(list->replaces ? text + 1 : text);
    if (rest.len == 0) {
        return refuse_value(problem, "the list is empty");
    }
    bool more = true;
    while (more) {
        struct part item;
        more = part_cut(&rest, ",", &item);
        if (!retry_item(item, list, problem)) {
            return false;
        }
    }
    return true;
}

static bool backoff_spread(struct part number, struct backoff *backoff, insist_problem *problem) {
    struct part rest = number;
    if (!part_decimal(&rest, &backoff->spread) || rest.len > 0 || backoff->spread >= 1) {
        return refuse_value(problem, "\"%.*s\" is no spread: a number below 1 is wanted, such as 0.33", shown(number),
                            number.start);
    }
    backoff->jitter = JITTER_SPREAD;
    return true;
}

static bool backoff_jitter(struct part jitter, struct backoff *backoff, insist_problem *problem) {
    static const char *const names[] = {[JITTER_NONE] = "none", [JITTER_FULL] = "full", [JITTER_EQUAL] = "equal"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (part_is(jitter, names[i])) {
            backoff->jitter = (enum jitter)i;
            return true;
        }
    }
    struct part rest = jitter;
    struct part name;
    if (part_cut(&rest, "=", &name) && part_is(name, "spread")) {
        return backoff_spread(rest, backoff, problem);
    }
    return refuse_value(problem, "\"%.*s\" is no jitter; there are full, equal, none and spread=0.33", shown(jitter),
                        jitter.start);
}

/* BASE..MAX, the base read already. */
static bool backoff_max(struct part max, struct part base, struct backoff *backoff, insist_problem *problem) {
    if (!part_duration_ms(max, &backoff->max_ms, problem)) {
        return false;
    }
    if (backoff->max_ms == 0) {
        return refuse_value(problem, "the longest wait is 0; constant:0ms means no waits");
    }
    if (backoff->max_ms < backoff->base_ms) {
        return refuse_value(problem, "the longest wait (%.*s) is below the first (%.*s)", shown(max), max.start,
                            shown(base), base.start);
    }
    return true;
}

/* BASE[*FACTOR][..MAX] */
static bool backoff_exponential(struct part curve, struct backoff *backoff, insist_problem *problem) {
    struct part rest = curve;
    struct part growth;
    bool capped = part_cut(&rest, "..", &growth);
    struct part base;
    bool multiplied = part_cut(&growth, "*", &base);

    if (!part_duration_ms(base, &backoff->base_ms, problem)) {
        return false;
    }
    if (multiplied) {
        struct part factor = growth;
        if (!part_decimal(&growth, &backoff->factor) || growth.len > 0) {
            return refuse_value(problem, "\"%.*s\" is no factor: a number is wanted, such as 2 or 1.5", shown(factor),
                                factor.start);
        }
    }
    return !capped || backoff_max(rest, base, backoff, problem);
}

/* BASE[+STEP|-STEP][..MAX] */
static bool backoff_linear(struct part curve, struct backoff *backoff, insist_problem *problem) {
    struct part rest = curve;
    struct part growth;
    bool capped = part_cut(&rest, "..", &growth);
    bool shrinks = memchr(growth.start, '-', growth.len) != NULL;
    struct part base;
    bool stepped = part_cut(&growth, shrinks ? "-" : "+", &base);

    if (!part_duration_ms(base, &backoff->base_ms, problem)) {
        return false;
    }
    if (stepped && !part_duration_ms(growth, &backoff->step_ms, problem)) {
        return false;
    }
    backoff->step_ms = shrinks ? -backoff->step_ms : backoff->step_ms;
    return !capped || backoff_max(rest, base, backoff, problem);
}

bool spec_backoff(const char *text, struct backoff *backoff, insist_problem *problem) {
    *backoff = (struct backoff){.factor = 2, .max_ms = INSIST_FOREVER};
    struct part rest = part_of(text);
    struct part shape;
    struct part curve;
    if (!part_cut(&rest, ":", &shape)) {
        return refuse_value(problem, "\"%.*s\" is no backoff: constant:1s, linear:100ms+50ms or exp:50ms..20s are",
                            shown(shape), shape.start);
    }
    bool jittered = part_cut(&rest, ",", &curve);

    if (part_is(shape, "constant")) {
        backoff->shape = BACKOFF_CONSTANT;
        if (!part_duration_ms(curve, &backoff->base_ms, problem)) {
            return false;
        }
    } else if (part_is(shape, "linear")) {
        backoff->shape = BACKOFF_LINEAR;
        if (!backoff_linear(curve, backoff, problem)) {
            return false;
        }
    } else if (part_is(shape, "exp")) {
        backoff->shape = BACKOFF_EXPONENTIAL;
        backoff->jitter = JITTER_FULL;
        if (!backoff_exponential(curve, backoff, problem)) {
            return false;
        }
    } else {
        return refuse_value(problem, "\"%.*s\" is no backoff; there are constant, linear and exp", shown(shape),
                            shape.start);
    }
    return !jittered || backoff_jitter(rest, backoff, problem);
}
