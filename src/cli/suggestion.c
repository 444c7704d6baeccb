#include "cli/suggestion.h"
#include "cli/option_table.h"
#include "cli/refuse.h"
#include "spelling/spelling.h"
#include <stdio.h>
#include <string.h>

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

static const char *option_name(size_t number) {
    const struct option_entry *entry = option_table_entry(number);
    return entry != NULL ? entry->name : NULL;
}

static bool refuse_with_hint(insist_problem *problem, const struct hint *hint) {
    return refuse_value(problem, "there is no such option; %s", hint->sentence);
}

static bool is_hint(const struct hint *hint, const char *name) {
    size_t length = strlen(hint->name);
    return strcspn(name, "=") == length && strncmp(name, hint->name, length) == 0;
}

bool suggestion_refuse_name(insist_problem *problem, const char *typed) {
    const char *name = typed + strspn(typed, "-");
    snprintf(problem->field, sizeof(problem->field), "%.*s", (int)strcspn(typed, "="), typed);
    for (size_t i = 0; i < HINTS; i++) {
        if (is_hint(&hints[i], name)) {
            return refuse_with_hint(problem, &hints[i]);
        }
    }
    const char *nearest = spelling_nearest(name, option_name);
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
