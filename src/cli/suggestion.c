#include "cli/suggestion.h"
#include "cli/option_table.h"
#include "cli/refuse.h"
#include <stdio.h>
#include <string.h>

enum { LONGEST_NAME = 40, SHORTEST_BEGINNING = 3, MOST_DIFFERENT = 3 };

/* Options of curl's that have another name here, or need none. */
static const struct hint {
    const char *name;
    int letter; /* curl's, where it is none of insist's; 0: none */
    const char *sentence;
} hints[] = {
    {"max-time", 'm', "the time of the whole call is --deadline, that of an attempt --timeout"},
    {"retry", 0, "the number of retries is --retries"},
    {"retry-delay", 0, "the wait before a retry is --backoff, such as --backoff constant:1s"},
    {"retry-max-time", 0, "the time of the whole call is --deadline"},
    {"retry-all-errors", 0, "what is retried is told by --retry-on"},
    {"compressed", 0, "compressed answers are asked for and unpacked by themselves"},
    {"url", 0, "the URL needs none: insist [options] URL"},
    {"head", 'I', "a HEAD request is --request HEAD"},
};

enum { HINTS = sizeof(hints) / sizeof(hints[0]) };

static size_t least(size_t first, size_t second) {
    return first < second ? first : second;
}

/* Levenshtein's distance; what goes beyond LONGEST_NAME letters is left out. */
static size_t distance(const char *first, const char *second) {
    size_t rows = least(strlen(first), LONGEST_NAME);
    size_t columns = least(strlen(second), LONGEST_NAME);
    size_t row[LONGEST_NAME + 1];
    for (size_t j = 0; j <= columns; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= rows; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= columns; j++) {
            size_t replaced = diagonal + (first[i - 1] != second[j - 1]);
            diagonal = row[j];
            row[j] = least(replaced, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[columns];
}

/* At most a third of the letters may differ: beyond that a guess misleads. */
static bool is_likely(const char *typed, const char *name) {
    size_t len = strlen(typed);
    bool begins = len >= SHORTEST_BEGINNING && strncmp(typed, name, len) == 0;
    return begins || distance(typed, name) <= least(len / 3, MOST_DIFFERENT);
}

static void copy_name(char name[LONGEST_NAME + 1], const char *typed) {
    size_t len = least(strcspn(typed, "="), LONGEST_NAME);
    memcpy(name, typed, len);
    name[len] = '\0';
}

const char *suggestion_nearest(const char *typed) {
    char name[LONGEST_NAME + 1];
    copy_name(name, typed);
    const char *best = NULL;
    const struct option_entry *entry = NULL;
    for (size_t i = 0; (entry = option_table_entry(i)) != NULL; i++) {
        bool better = best == NULL || distance(name, entry->name) < distance(name, best);
        if (better && is_likely(name, entry->name)) {
            best = entry->name;
        }
    }
    return best;
}

static bool refuse_with_hint(insist_problem *problem, const struct hint *hint) {
    return refuse_value(problem, "there is no such option; %s", hint->sentence);
}

bool suggestion_refuse_name(insist_problem *problem, const char *typed) {
    char name[LONGEST_NAME + 1];
    copy_name(name, typed + strspn(typed, "-"));
    snprintf(problem->field, sizeof(problem->field), "%.*s", (int)strcspn(typed, "="), typed);
    for (size_t i = 0; i < HINTS; i++) {
        if (strcmp(name, hints[i].name) == 0) {
            return refuse_with_hint(problem, &hints[i]);
        }
    }
    const char *nearest = suggestion_nearest(name);
    if (nearest == NULL) {
        return refuse_value(problem, "there is no such option; see insist --help");
    }
    return refuse_value(problem, "there is no such option; did you mean --%s?", nearest);
}

bool suggestion_refuse_letter(insist_problem *problem, int typed) {
    char field[] = {'-', (char)typed, '\0'};
    refuse_field(problem, field, "there is no such option; see insist --help");
    for (size_t i = 0; i < HINTS; i++) {
        if (hints[i].letter == typed) {
            return refuse_with_hint(problem, &hints[i]);
        }
    }
    const struct option_entry *entry = NULL;
    for (size_t i = 0; (entry = option_table_entry(i)) != NULL; i++) {
        if (entry->key < 256 && (entry->key | 0x20) == (typed | 0x20)) {
            refuse_value(problem, "there is no such option; did you mean -%c (--%s)?", entry->key, entry->name);
        }
    }
    return false;
}
