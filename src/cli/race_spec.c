#include "cli/race_spec.h"
#include "cli/refuse.h"
#include "cli/specs.h"
#include <insist/policy.h>
#include <stdlib.h>
#include <string.h>

#define HEDGES_MOST 1000

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
    if (behind(text, "auto") != NULL || (text[0] == 'p' && text[1] >= '0' && text[1] <= '9')) {
        return refuse_value(problem, "\"%.30s\": delays that are learnt come with a later version; 50ms is a fixed one",
                            text);
    }
    if (text[0] < '0' || text[0] > '9') {
        return refuse_value(problem, "\"%.30s\" is no race: 50ms, 50ms,200ms, every=20ms*3 and at-once=3 are", text);
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
