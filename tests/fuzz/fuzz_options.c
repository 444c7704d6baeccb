/* Any line as the command's arguments, a line feed between them. What is accepted is complete and within its limits; what is
 * refused names the option and says why; the same line means the same twice. */
#include "fuzz.h"
#include "input.h"
#include "cli/options.h"

#include <stdlib.h>
#include <string.h>

enum { ARGUMENTS = 60 };

struct line {
    char *arguments[ARGUMENTS + 2];
    int count;
};

/* Cuts text up. */
static void split(struct line *line, char *text) {
    static char program[] = "insist";
    *line = (struct line){.arguments = {program}, .count = 1};
    while (text != NULL && line->count <= ARGUMENTS) {
        line->arguments[line->count++] = strsep(&text, "\n");
    }
}

static bool is_limit(int64_t ms) {
    return ms >= 0;
}

static bool is_argument(const struct line *line, const char *text) {
    for (int i = 1; i < line->count; i++) {
        const char *argument = line->arguments[i];
        if (text >= argument && text <= argument + strlen(argument)) {
            return true;
        }
    }
    return false;
}

static void check_texts(const struct line *line, const struct texts *texts) {
    must(texts->count < (size_t)line->count, "no more than was given");
    for (size_t i = 0; i < texts->count; i++) {
        must(is_argument(line, texts->items[i]), "every text is an argument's");
    }
}

static void check_settings(const struct line *line, const struct settings *settings) {
    must(settings->url != NULL && is_argument(line, settings->url), "there is a URL");
    must(settings->count >= 1 && settings->count <= MOST_CALLS, "the number of calls is in its range");
    must(settings->parallel >= 1 && settings->parallel <= settings->count, "so is that of threads");
    must(is_limit(settings->timeout_ms) && is_limit(settings->deadline_ms), "no limit is negative");
    must(is_limit(settings->connect.timeout_ms), "nor that of connecting");
    must(settings->retry_after_cap_ms >= 0 || settings->retry_after_cap_ms == RETRY_AFTER_IGNORED, "nor the cap");
    must(settings->max_redirects >= -1 && settings->max_redirects <= 100, "redirects are counted");
    must(settings->timeout_ms == 0 || settings->deadline_ms == 0 || settings->timeout_ms == INSIST_FOREVER ||
             settings->timeout_ms <= settings->deadline_ms,
         "an attempt is no longer than its call");
    check_texts(line, &settings->data);
    check_texts(line, &settings->headers);
    check_texts(line, &settings->cookies);
    check_texts(line, &settings->connect.resolve);
    check_texts(line, &settings->connect.connect_to);
}

static void check_problem(const insist_problem *problem) {
    must(problem->err == INSIST_EINVAL, "what is refused is invalid");
    must(problem->field[0] != '\0' && strnlen(problem->field, sizeof problem->field) < sizeof problem->field,
         "the option is named");
    must(strnlen(problem->text, sizeof problem->text) < sizeof problem->text && strlen(problem->text) > 5,
         "there is a sentence");
}

static bool same_text(const char *a, const char *b) {
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same(const struct settings *a, const struct settings *b) {
    return same_text(a->url, b->url) && same_text(a->method, b->method) && a->retries == b->retries &&
           a->timeout_ms == b->timeout_ms && a->deadline_ms == b->deadline_ms && a->preset == b->preset &&
           a->race.shape == b->race.shape && a->backoff.base_ms == b->backoff.base_ms && a->count == b->count &&
           a->headers.count == b->headers.count && a->data.count == b->data.count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = {data, size};
    char *text = input_text(&input);
    char *copy = strdup(text);
    must(copy != NULL, "there is memory");
    struct line line;
    struct line second;
    split(&line, text);
    split(&second, copy);

    struct settings settings;
    struct settings again;
    insist_problem problem;
    insist_problem repeated;
    enum request request = options_parse(line.count, line.arguments, &settings, &problem);
    must(options_parse(second.count, second.arguments, &again, &repeated) == request, "the same line is taken or refused");
    if (request == REQUEST_CALL) {
        check_settings(&line, &settings);
        must(same(&settings, &again), "and means the same");
    } else if (request == REQUEST_REFUSED) {
        check_problem(&problem);
        must(strcmp(problem.text, repeated.text) == 0, "for the same reason");
    }
    settings_fini(&settings);
    settings_fini(&again);
    free(text);
    free(copy);
    return 0;
}
