#include "cli/race_spec.h"
#include "cli/refuse.h"
#include "cli/specs.h"
#include <insist/policy.h>
#include <stdlib.h>
#include <string.h>

#define HEDGES_MOST 1000
#define DIGITS "0123456789"

/* Of what stands before the separator, or of all. */
static bool delay(const char *text, size_t len, int64_t *ms, insist_problem *problem) {
    char *copy = strndup(text, len);
    if (copy == NULL) {
        return refuse_value(problem, "out of memory");
    }
    bool read = spec_duration_ms(copy, ms, problem);
    free(copy);
    if (!read) {
        return false;
    }
    if (*ms == INSIST_FOREVER) {
        return refuse_value(problem, "a hedge that is never started is none");
    }
    return *ms > 0 || refuse_value(problem, "a delay has to be longer than 0; at-once=2 starts two together");
}

static bool delays(const char *text, struct race *race, insist_problem *problem) {
    race->shape = RACE_DELAYS;
    bool more = true;
    while (more) {
        size_t len = strcspn(text, ",");
        if (race->delay_count == RACE_DELAYS_MOST) {
            return refuse_value(problem, "more than %d delays", RACE_DELAYS_MOST);
        }
        if (!delay(text, len, &race->delays_ms[race->delay_count++], problem)) {
            return false;
        }
        more = text[len] == ',';
        text += len + more;
    }
    return true;
}

static bool every(const char *text, struct race *race, insist_problem *problem) {
    size_t len = strcspn(text, "*");
    race->shape = RACE_EVERY;
    race->delay_count = 1;
    if (text[len] == '\0') {
        return refuse_value(problem, "\"%.30s\" does not say how many: every=20ms*3 does", text);
    }
    return delay(text, len, &race->delays_ms[0], problem) &&
           spec_number(text + len + 1, 1, HEDGES_MOST, &race->times, problem);
}

/* Digits, perhaps with a point between them; *rest is what follows. */
static bool percent(const char *text, double *share, const char **rest) {
    size_t whole = strspn(text, DIGITS);
    size_t part = text[whole] == '.' ? strspn(text + whole + 1, DIGITS) : 0;
    if (whole == 0 || (text[whole] == '.' && part == 0)) {
        return false;
    }
    *rest = text + whole + (part > 0 ? part + 1 : 0);
    *share = strtod(text, NULL) / 100;
    return true;
}

/* Nothing, or *N. */
static bool times(const char *text, struct race *race, insist_problem *problem) {
    race->times = 1;
    return *text == '\0' || spec_number(text + 1, 1, HEDGES_MOST, &race->times, problem);
}

static bool quantile(const char *text, struct race *race, insist_problem *problem) {
    const char *rest = NULL;
    race->shape = RACE_QUANTILE;
    if (!percent(text, &race->learnt, &rest) || (*rest != '\0' && *rest != '*')) {
        return refuse_value(problem, "\"p%.30s\" is no percentile: p95, p99.9 and p95*2 are", text);
    }
    if (!(race->learnt > 0 && race->learnt < 1)) {
        return refuse_value(problem, "\"p%.30s\": a percentile lies above 0 and below 100", text);
    }
    return times(rest, race, problem);
}

static bool best_within(const char *text, struct race *race, insist_problem *problem) {
    const char *rest = NULL;
    race->shape = RACE_AUTO;
    if (!percent(text, &race->learnt, &rest) || rest[0] != '%' || (rest[1] != '\0' && rest[1] != '*')) {
        return refuse_value(problem, "\"%.30s\" is no share of extra requests: auto=2%% and auto=0.5%%*2 have one",
                            text);
    }
    if (!(race->learnt > 0 && race->learnt <= 1)) {
        return refuse_value(problem, "\"%.30s\": a share of extra requests is above 0%% and at most 100%%", text);
    }
    return times(rest + 1, race, problem);
}

/* What stands behind the prefix, or NULL. */
static const char *behind(const char *text, const char *prefix) {
    size_t len = strlen(prefix);
    return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

bool race_spec(const char *text, struct race *race, insist_problem *problem) {
    bool closes_wave = race->closes_wave;
    const char *rest = NULL;
    *race = (struct race){.closes_wave = closes_wave};
    if ((rest = behind(text, "every=")) != NULL) {
        return every(rest, race, problem);
    }
    if ((rest = behind(text, "at-once=")) != NULL) {
        race->shape = RACE_AT_ONCE;
        return spec_number(rest, 1, HEDGES_MOST, &race->times, problem);
    }
    if ((rest = behind(text, "auto=")) != NULL) {
        return best_within(rest, race, problem);
    }
    if (text[0] == 'p' && text[1] >= '0' && text[1] <= '9') {
        return quantile(text + 1, race, problem);
    }
    if (text[0] < '0' || text[0] > '9') {
        return refuse_value(
            problem, "\"%.30s\" is no race: 50ms, 50ms,200ms, every=20ms*3, at-once=3, p95 and auto=2%% are", text);
    }
    return delays(text, race, problem);
}

int64_t race_longest_ms(const struct race *race) {
    int64_t longest_ms = 0;
    for (size_t i = 0; i < race->delay_count; i++) {
        longest_ms = race->delays_ms[i] > longest_ms ? race->delays_ms[i] : longest_ms;
    }
    return longest_ms;
}
