#include "cli/options.h"
#include "cli/connect.h"
#include "cli/option_table.h"
#include "cli/preset.h"
#include "cli/refuse.h"
#include "cli/suggestion.h"
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

/* ---- what getopt_long wants to know ---------------------------------------------------------------------------- */

struct getopt_tables {
    struct option longs[OPTION_TABLE_MOST + 1];
    char shorts[2 * OPTION_TABLE_MOST + 2];
};

static void getopt_tables_init(struct getopt_tables *tables) {
    memset(tables, 0, sizeof(*tables));
    char *letter = tables->shorts;
    *letter++ = ':'; /* a missing argument is told apart from an unknown option */
    const struct option_entry *entry = NULL;
    for (size_t i = 0; (entry = option_table_entry(i)) != NULL; i++) {
        struct option *option = &tables->longs[i];
        option->name = entry->name;
        option->val = entry->key;
        option->has_arg = no_argument;
        if (entry->argument != NULL) {
            option->has_arg = entry->argument[0] == '[' ? optional_argument : required_argument;
        }
        if (entry->key < 256) {
            *letter++ = (char)entry->key;
            if (entry->argument != NULL) {
                *letter++ = ':';
            }
        }
    }
}

/* ---- refusing -------------------------------------------------------------------------------------------------- */

static const struct option_entry *entry_of_key(int key) {
    const struct option_entry *entry = NULL;
    for (size_t i = 0; (entry = option_table_entry(i)) != NULL && entry->key != key; i++) {
    }
    return entry;
}

static void name_field(insist_problem *problem, int key) {
    snprintf(problem->field, sizeof(problem->field), "--%s", entry_of_key(key)->name);
}

/* getopt_long takes a name's beginning for the name. Here only names count: what is short now may be another's later. */
static bool is_abbreviated(const char *typed) {
    size_t len = strcspn(typed + 2, "=");
    const struct option_entry *entry = NULL;
    for (size_t i = 0; (entry = option_table_entry(i)) != NULL; i++) {
        if (strlen(entry->name) == len && strncmp(entry->name, typed + 2, len) == 0) {
            return false;
        }
    }
    return true;
}

/* What getopt_long did not take: optopt is 0 for an unknown name, else the key or letter at fault. */
static void refuse_parsed(insist_problem *problem, int verdict, const char *typed) {
    if (optopt != 0 && entry_of_key(optopt) == NULL) {
        suggestion_refuse_letter(problem, optopt);
    } else if (optopt == 0 || (strncmp(typed, "--", 2) == 0 && is_abbreviated(typed))) {
        suggestion_refuse_name(problem, typed);
    } else {
        name_field(problem, optopt);
        refuse_value(problem, verdict == ':' ? "its argument is missing" : "it takes no argument");
    }
}

/* ---- one option ------------------------------------------------------------------------------------------------ */

static bool add_text(struct texts *texts, const char *text) {
    texts->items[texts->count++] = text;
    return true;
}

static bool take_name(const char **place, const char *text, insist_problem *problem) {
    *place = text;
    return text[0] != '\0' || refuse_value(problem, "it is empty");
}

static bool one_of(const char *text, const char *first, const char *second, bool *is_first, insist_problem *problem) {
    *is_first = strcmp(text, first) == 0;
    if (*is_first || strcmp(text, second) == 0) {
        return true;
    }
    return refuse_value(problem, "\"%.30s\" is neither %s nor %s", text, first, second);
}

static bool timeline_mode(const char *text, enum when *when, insist_problem *problem) {
    bool always = true;
    if (text != NULL && !one_of(text, "always", "never", &always, problem)) {
        return false;
    }
    *when = always ? WHEN_ALWAYS : WHEN_NEVER;
    return true;
}

/* What the request consists of, and how it is reported. */
static bool apply_request(struct settings *settings, int key, const char *text, insist_problem *problem) {
    switch (key) {
    case 'X': return take_name(&settings->method, text, problem);
    case 'd': return add_text(&settings->data, text);
    case 'H': return add_text(&settings->headers, text);
    case 'o': return take_name(&settings->output, text, problem);
    case 'A': settings->user_agent = text; return true;
    case 'i': settings->include = true; return true;
    case 's': settings->silent = true; return true;
    case 'v': settings->verbose = true; return true;
    case 'f': settings->fail = true; return true;
    case 'b': return add_text(&settings->cookies, text);
    case 'u': settings->user = text; return true;
    case KEY_IDEMPOTENCY_KEY:
        settings->keyed = true;
        settings->idempotency_key = text;
        return true;
    case KEY_HTTP2: settings->http2 = true; return true;
    case KEY_JSON: settings->json = true; return true;
    case KEY_TIMELINE: return timeline_mode(text, &settings->timeline, problem);
    case KEY_COUNT: return spec_number(text, 1, MOST_CALLS, &settings->count, problem);
    case KEY_PARALLEL: return spec_number(text, 1, MOST_THREADS, &settings->parallel, problem);
    case 'L': return true;
    default: return connect_option(settings, key, text, problem);
    }
}

/* How it insists. */
static bool apply(struct settings *settings, int key, const char *text, insist_problem *problem) {
    unsigned redirects = 0;
    switch (key) {
    case KEY_RETRIES:
        settings->retry_given = settings->given.retries = true;
        return spec_number(text, 0, 1000000, &settings->retries, problem);
    case KEY_RETRY_ON: settings->retry_given = true; return spec_retry_list(text, &settings->retry_on, problem);
    case KEY_BACKOFF:
        settings->retry_given = settings->given.backoff = true;
        return spec_backoff(text, &settings->backoff, problem);
    case KEY_RETRY_AFTER_CAP:
        settings->retry_given = settings->given.retry_after_cap = true;
        return spec_duration_ms(text, &settings->retry_after_cap_ms, problem);
    case KEY_RACE: return race_spec(text, &settings->race, problem);
    case KEY_WAVE:
        settings->wave_given = true;
        return one_of(text, "close", "refill", &settings->race.closes_wave, problem);
    case KEY_PRESET: return preset_by_name(text, &settings->preset, problem);
    case KEY_TIMEOUT: return spec_positive_duration_ms(text, &settings->timeout_ms, problem);
    case KEY_DEADLINE: return spec_positive_duration_ms(text, &settings->deadline_ms, problem);
    case KEY_IDEMPOTENT: settings->idempotent = true; return true;
    case KEY_BUDGET:
        settings->given.budget = true;
        return one_of(text, "none", "default", &settings->budget_off, problem);
    case KEY_MAX_REDIRECTS:
        if (!spec_number(text, 0, 100, &redirects, problem)) {
            return false;
        }
        settings->max_redirects = (int)redirects;
        return true;
    default: return apply_request(settings, key, text, problem);
    }
}

/* ---- all of them ----------------------------------------------------------------------------------------------- */

enum { LISTS = 5 };

static void lists_of(struct settings *settings, struct texts **lists) {
    lists[0] = &settings->data;
    lists[1] = &settings->headers;
    lists[2] = &settings->cookies;
    lists[3] = &settings->connect.resolve;
    lists[4] = &settings->connect.connect_to;
}

static bool settings_init(struct settings *settings, size_t argc) {
    *settings = (struct settings){
        .max_redirects = -1,
        .retries = DEFAULT_RETRIES,
        .retry_after_cap_ms = DEFAULT_RETRY_AFTER_CAP_MS,
    };
    struct texts *lists[LISTS];
    lists_of(settings, lists);
    bool made = true;
    for (size_t i = 0; i < LISTS; i++) {
        lists[i]->items = calloc(argc, sizeof(*lists[i]->items));
        made = made && lists[i]->items != NULL;
    }
    return made;
}

void settings_fini(struct settings *settings) {
    struct texts *lists[LISTS];
    lists_of(settings, lists);
    for (size_t i = 0; i < LISTS; i++) {
        free(lists[i]->items);
    }
}

/* Options that say something about another one, or that repeated calls have no use for. */
static bool settings_agree(const struct settings *settings, insist_problem *problem) {
    const struct connect *connect = &settings->connect;
    bool both = settings->timeout_ms != 0 && settings->deadline_ms != 0;
    if (both && settings->timeout_ms != INSIST_FOREVER && settings->timeout_ms > settings->deadline_ms) {
        return refuse_field(problem, "--timeout", "longer than --deadline gives the whole call");
    }
    if (settings->wave_given && settings->race.shape == RACE_NONE) {
        return refuse_field(problem, "--wave", "there is no --race that it could be about");
    }
    if (settings->timeout_ms != 0 && race_longest_ms(&settings->race) >= settings->timeout_ms) {
        return refuse_field(problem, "--race", "a delay is not below the --timeout of an attempt");
    }
    if (connect->certificate_file == NULL && connect->key_file != NULL) {
        return refuse_field(problem, "--key", "there is no --cert that it could be for");
    }
    if (connect->certificate_file == NULL && connect->key_password != NULL) {
        return refuse_field(problem, "--pass", "there is no --cert that it could be for");
    }
    if (settings->parallel > settings->count) {
        return refuse_field(problem, "--parallel", "there would be more threads than calls; raise --count, too");
    }
    if (settings->count > 1 && (settings->output != NULL || settings->include)) {
        const char *field = settings->output != NULL ? "--output" : "--include";
        return refuse_field(problem, field, "repeated calls write no body and no headers");
    }
    return true;
}

/* What one option alone cannot tell. */
static bool settings_complete(struct settings *settings, int given, char **urls, insist_problem *problem) {
    if (given == 0) {
        return refuse_field(problem, "URL", "one is wanted; see insist --help");
    }
    if (given > 1) {
        return refuse_field(problem, "URL", "only one is wanted, but there are more arguments that are no options");
    }
    settings->url = urls[0];
    if (settings->count == 0) {
        settings->count = settings->parallel == 0 ? 1 : settings->parallel;
    }
    if (settings->parallel == 0) {
        settings->parallel = 1;
    }
    if (!settings_agree(settings, problem)) {
        return false;
    }
    preset_fill_in(settings);
    return true;
}

enum request options_parse(int argc, char **argv, struct settings *settings, insist_problem *problem) {
    *problem = (insist_problem){.err = INSIST_OK};
    if (!settings_init(settings, (size_t)argc)) {
        refuse_field(problem, "options", "out of memory");
        return REQUEST_REFUSED;
    }
    struct getopt_tables tables;
    getopt_tables_init(&tables);
    optind = 0; /* begin anew */
    opterr = 0;
    int key = 0;
    int longs_index = -1;
    while ((key = getopt_long(argc, argv, tables.shorts, tables.longs, &longs_index)) != -1) {
        /* The option's word: the last one that was taken, unless that is its argument. */
        const char *typed = argv[optind - 1];
        if (optarg == typed) {
            typed = argv[optind - 2];
        }
        if (longs_index >= 0 && is_abbreviated(typed)) {
            suggestion_refuse_name(problem, typed);
            return REQUEST_REFUSED;
        }
        longs_index = -1;
        if (key == 'h') {
            return REQUEST_HELP;
        }
        if (key == KEY_VERSION) {
            return REQUEST_VERSION;
        }
        if (key == '?' || key == ':') {
            refuse_parsed(problem, key, typed);
            return REQUEST_REFUSED;
        }
        if (!apply(settings, key, optarg, problem)) {
            name_field(problem, key);
            return REQUEST_REFUSED;
        }
    }
    return settings_complete(settings, argc - optind, argv + optind, problem) ? REQUEST_CALL : REQUEST_REFUSED;
}
