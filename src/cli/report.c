#include "cli/report.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/preset.h"
#include "cli/request.h"
#include "cli/text.h"
#include "cli/timeline.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void report_problem(const insist_problem *problem) {
    if (problem->field[0] == '\0') {
        fprintf(stderr, "insist: %s\n", problem->text);
    } else {
        fprintf(stderr, "insist: %s: %s\n", problem->field, problem->text);
    }
}

/* ---- with -v --------------------------------------------------------------------------------------------------- */

/* A URL with a user, and perhaps a password, in it. */
static bool holds_user(const char *value) {
    const char *authority = strstr(value, "://");
    return authority != NULL && strchr(authority, '@') != NULL;
}

static void put_header(char mark, const char *name, size_t len, const char *value) {
    bool secret = text_header_is_secret(name, len) || holds_user(value);
    fprintf(stderr, "%c %.*s: %s\n", mark, (int)len, name, secret ? "(not shown)" : value);
}

static void put_backoff(const struct backoff *backoff) {
    static const char *const jitters[] = {[JITTER_NONE] = "no jitter",
                                          [JITTER_FULL] = "full jitter",
                                          [JITTER_EQUAL] = "equal jitter",
                                          [JITTER_SPREAD] = "jitter spread by"};
    char base[TEXT_DURATION];
    char step[TEXT_DURATION];
    char most[TEXT_DURATION];
    text_duration_ms(base, backoff->base_ms);
    text_duration_ms(step, backoff->step_ms < 0 ? -backoff->step_ms : backoff->step_ms);
    text_duration_ms(most, backoff->max_ms);
    switch (backoff->shape) {
    case BACKOFF_STANDARD: fputs("* backoff: standard, 50ms doubling up to 20s, full jitter\n", stderr); return;
    case BACKOFF_CONSTANT: fprintf(stderr, "* backoff: constant, %s", base); break;
    case BACKOFF_LINEAR:
        fprintf(stderr, "* backoff: linear, %s %s %s up to %s", base, backoff->step_ms < 0 ? "less" : "plus", step,
                most);
        break;
    case BACKOFF_EXPONENTIAL:
        fprintf(stderr, "* backoff: exponential, %s times %g up to %s", base, backoff->factor, most);
        break;
    }
    fprintf(stderr, ", %s", jitters[backoff->jitter]);
    if (backoff->jitter == JITTER_SPREAD) {
        fprintf(stderr, " %g", backoff->spread);
    }
    fputc('\n', stderr);
}

static void put_retries(const struct settings *settings) {
    char cap[TEXT_DURATION];
    text_duration_ms(cap, settings->retry_after_cap_ms);
    fprintf(stderr, "* retries: at most %u, ", settings->retries);
    if (settings->retry_after_cap_ms == RETRY_AFTER_IGNORED) {
        fputs("Retry-After ignored", stderr);
    } else {
        fprintf(stderr, "Retry-After up to %s", cap);
    }
    fprintf(stderr, ", budget %s\n", settings->budget_off ? "none" : "default");
    put_backoff(&settings->backoff);
}

static void put_retry_list(const struct settings *settings) {
    const struct retry_list *list = &settings->retry_on;
    fputs("* retried:", stderr);
    if (!list->replaces) {
        fprintf(stderr, " %s", preset_retried(settings->preset));
    }
    for (size_t i = 0; i < list->status_count; i++) {
        fprintf(stderr, " %d", list->statuses[i]);
    }
    for (int digit = 1; digit <= 9; digit++) {
        if (list->classes[digit]) {
            fprintf(stderr, " %dxx", digit);
        }
    }
    fprintf(stderr, "%s%s\n", list->transient ? " transient" : "", list->any ? " any" : "");
}

static void put_race(const struct race *race) {
    char delay[TEXT_DURATION];
    text_duration_ms(delay, race->delays_ms[0]);
    switch (race->shape) {
    case RACE_NONE: return;
    case RACE_AT_ONCE: fprintf(stderr, "* race: %u at once", race->times); break;
    case RACE_EVERY: fprintf(stderr, "* race: a hedge after every %s, %u at most", delay, race->times); break;
    case RACE_QUANTILE:
        fprintf(stderr, "* race: a hedge after p%g, %u at most", race->learnt * 100, race->times);
        break;
    case RACE_AUTO:
        fprintf(stderr, "* race: hedges for %g%% extra requests, %u at most", race->learnt * 100, race->times);
        break;
    case RACE_DELAYS:
        fputs("* race: a hedge after", stderr);
        for (size_t i = 0; i < race->delay_count; i++) {
            text_duration_ms(delay, race->delays_ms[i]);
            fprintf(stderr, " %s", delay);
        }
        break;
    }
    fprintf(stderr, ", a failure is %s\n", race->closes_wave ? "waited with" : "replaced");
}

void report_request(const struct settings *settings) {
    char timeout[TEXT_DURATION] = "standard";
    char deadline[TEXT_DURATION];
    if (settings->timeout_ms != 0) {
        text_duration_ms(timeout, settings->timeout_ms);
    }
    text_duration_ms(deadline, settings->deadline_ms == 0 ? DEFAULT_DEADLINE_MS : settings->deadline_ms);
    fprintf(stderr, "* deadline: %s, timeout of an attempt: %s\n", deadline, timeout);
    put_retries(settings);
    put_retry_list(settings);
    put_race(&settings->race);

    size_t offset = 0;
    size_t secret = text_url_secret(settings->url, &offset);
    fprintf(stderr, "> %s %.*s%s\n", request_method(settings), (int)offset, settings->url,
            settings->url + offset + secret);
    if (settings->user_agent != NULL) {
        fprintf(stderr, "> User-Agent: %s\n", settings->user_agent);
    }
    for (size_t i = 0; i < settings->headers.count; i++) {
        const char *line = settings->headers.items[i];
        size_t len = strcspn(line, ":");
        const char *value = line + len + strspn(line + len, ": \t");
        put_header('>', line, len, value);
    }
}

void report_headers(const insist_result *result) {
    const char *name = NULL;
    const char *value = NULL;
    if (insist_result_status(result) != 0) {
        fprintf(stderr, "< HTTP %d\n", insist_result_status(result));
    }
    for (size_t i = 0; insist_result_header_at(result, i, &name, &value); i++) {
        put_header('<', name, strlen(name), value);
    }
}

/* ---- the call -------------------------------------------------------------------------------------------------- */

static bool draws_timeline(const struct settings *settings, const struct terminal *terminal) {
    if (settings->timeline != WHEN_TERMINAL) {
        return settings->timeline == WHEN_ALWAYS;
    }
    return terminal->present && !settings->json && !settings->silent && settings->count == 1;
}

static bool says_sentence(const struct settings *settings, const struct account *account) {
    if (settings->silent || settings->json || settings->count > 1) {
        return false;
    }
    return settings->verbose || exit_code_of_call(account->error, account->status, settings->fail) != EXIT_ANSWERED;
}

static bool put_text(char *text) {
    if (text == NULL) {
        return false;
    }
    fputs(text, stderr);
    free(text);
    return true;
}

bool report_call(const struct settings *settings, const struct terminal *terminal, const insist_result *result) {
    struct account account;
    if (!account_init(&account, result, request_method(settings))) {
        return false;
    }
    bool complete = true;
    if (settings->json) {
        complete = put_text(json_of_account(&account));
    }
    if (draws_timeline(settings, terminal)) {
        complete = put_text(timeline_of_account(&account, terminal->style)) && complete;
    } else if (says_sentence(settings, &account)) {
        fprintf(stderr, "insist: %s\n", account.explain);
    }
    account_fini(&account);
    return complete;
}

/* ---- the answer ------------------------------------------------------------------------------------------------ */

static void put_answer(FILE *out, const struct settings *settings, const insist_result *result) {
    if (settings->include) {
        const char *name = NULL;
        const char *value = NULL;
        fprintf(out, "HTTP %d\r\n", insist_result_status(result));
        for (size_t i = 0; insist_result_header_at(result, i, &name, &value); i++) {
            fprintf(out, "%s: %s\r\n", name, value);
        }
        fputs("\r\n", out);
    }
    size_t len = 0;
    const void *body = insist_result_body(result, &len);
    fwrite(body, 1, len, out);
}

static bool close_output(FILE *out, bool to_file) {
    if (to_file) {
        return fclose(out) == 0;
    }
    return fflush(out) == 0;
}

bool report_answer(const struct settings *settings, const insist_result *result) {
    bool to_file = settings->output != NULL && strcmp(settings->output, "-") != 0;
    FILE *out = to_file ? fopen(settings->output, "wbe") : stdout;
    bool written = out != NULL;
    if (written) {
        put_answer(out, settings, result);
        written = !ferror(out);
        written = close_output(out, to_file) && written;
    }
    if (!written) {
        fprintf(stderr, "insist: cannot write %s: %s\n", to_file ? settings->output : "standard output",
                strerror(errno));
    }
    return written;
}
