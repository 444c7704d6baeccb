/* As the library's presets have it, spelt out so that an option can take the place of a part, and -v can show the rest. */
#include "cli/preset.h"
#include "cli/refuse.h"
#include <string.h>

struct entry {
    const char *name;
    unsigned retries;
    struct backoff backoff;
    int64_t retry_after_cap_ms;
    int64_t timeout_ms;
    const char *retried;
};

static const struct entry entries[] = {
    [PRESET_NONE] = {.retried = "408 425 429 500 502 503 504 transient"},
    [PRESET_HTTPX] = {.name = "httpx",
                      .retries = 5,
                      .backoff = {BACKOFF_EXPONENTIAL, 50, 2, 1000, JITTER_FULL, 0, 0},
                      .retry_after_cap_ms = RETRY_AFTER_IGNORED,
                      .timeout_ms = 5000,
                      .retried = "429 502 503 504, timeouts, refused and reset connections, early ends"},
    [PRESET_PESTER] = {.name = "pester",
                       .retries = 2,
                       .backoff = {BACKOFF_CONSTANT, 1000, 1, INSIST_FOREVER, JITTER_NONE, 0, 0},
                       .retry_after_cap_ms = RETRY_AFTER_IGNORED,
                       .timeout_ms = INSIST_FOREVER,
                       .retried = "500 and above, any error until the headers"},
    [PRESET_RETRYABLEHTTP] = {.name = "retryablehttp",
                              .retries = 4,
                              .backoff = {BACKOFF_EXPONENTIAL, 1000, 2, 30000, JITTER_NONE, 0, 0},
                              .retry_after_cap_ms = INSIST_FOREVER,
                              .timeout_ms = INSIST_FOREVER,
                              .retried = "429, 500 and above but 501, errors until the headers but those that stay"},
};

bool preset_by_name(const char *name, enum preset *preset, insist_problem *problem) {
    for (size_t i = PRESET_HTTPX; i < sizeof(entries) / sizeof(entries[0]); i++) {
        if (strcmp(name, entries[i].name) == 0) {
            *preset = (enum preset)i;
            return true;
        }
    }
    return refuse_value(problem, "\"%.30s\" is no preset; there are httpx, pester and retryablehttp", name);
}

static void fill_in_times(struct settings *settings, const struct entry *entry) {
    if (settings->deadline_ms == 0) {
        settings->deadline_ms = INSIST_FOREVER;
    }
    if (settings->timeout_ms == 0) {
        settings->timeout_ms = entry->timeout_ms < settings->deadline_ms ? entry->timeout_ms : settings->deadline_ms;
    }
}

void preset_fill_in(struct settings *settings) {
    const struct entry *entry = &entries[settings->preset];
    if (settings->preset == PRESET_NONE) {
        return;
    }
    fill_in_times(settings, entry);
    if (!settings->given.retries) {
        settings->retries = entry->retries;
    }
    if (!settings->given.backoff) {
        settings->backoff = entry->backoff;
    }
    if (!settings->given.retry_after_cap) {
        settings->retry_after_cap_ms = entry->retry_after_cap_ms;
    }
    if (!settings->given.budget) {
        settings->budget_off = true;
    }
}

const char *preset_retried(enum preset preset) {
    return entries[preset].retried;
}
