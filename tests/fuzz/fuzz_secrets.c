/* A secret as password, fragment, value of a hidden key, header and body of a call, with any texts around it: flags, then user NUL
 * host NUL path NUL query NUL before NUL behind NUL. Whatever comes of the call, the secret is in no message of the log, no
 * explanation, no failure and no problem. One client for all, whose transport is the target's own. */
#include "fuzz.h"
#include "input.h"

#include <insist/insist.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "S3cReT"
#define KEY "api-token"

/* What the first byte says. */
enum { USER = 1, QUERY = 2, FRAGMENT = 4, HEADERS = 8, FAILS = 16, SEMICOLON = 32, PLAIN = 64, BODY = 128 };

struct parts {
    unsigned flags;
    uint8_t spelling;
    char *user, *host, *path, *query, *before, *behind;
};

static void has_no_secret(const char *text) {
    must(text == NULL || strcasestr(text, SECRET) == NULL, "the secret is not told");
}

/* ---- what is told ------------------------------------------------------------------------------------------------ */

static void note(void *ctx, insist_log_level level, const char *message, const insist_log_pair *pairs, size_t n) {
    (void)ctx;
    must(level >= INSIST_LOG_ERROR && level <= INSIST_LOG_DEBUG, "a message has a level");
    has_no_secret(message);
    for (size_t i = 0; i < n; i++) {
        has_no_secret(pairs[i].value);
        must(strpbrk(pairs[i].value, "\r\n") == NULL, "a message is one line");
    }
}

static void check_result(const insist_result *result) {
    has_no_secret(insist_result_explain(result));
    has_no_secret(insist_result_giving_up(result));
    has_no_secret(insist_result_failure_log(result));
    for (size_t i = 0; i < insist_result_failures(result); i++) {
        has_no_secret(insist_result_failure(result, i)->url);
        has_no_secret(insist_result_failure(result, i)->method);
    }
}

/* ---- the call ---------------------------------------------------------------------------------------------------- */

/* Fails, or asks for another attempt, as the body of the request says; else is well. */
static void start(void *ctx, insist_exchange *exchange) {
    (void)ctx;
    bool fails = strcmp(insist_exchange_method(exchange), "PUT") == 0;
    insist_exchange_send(exchange);
    insist_exchange_add_header(exchange, "X-Secret", SECRET);
    insist_exchange_end(exchange, fails ? 503 : 200, INSIST_OK, INSIST_NOT_TRANSIENT);
}

static insist_client *client_new(void) {
    static const char *const keys[] = {KEY, NULL};
    insist_client *client = NULL;
    insist_retry_policy *retry = NULL;
    insist_transport transport = {.start = start};
    insist_logger logger = {.log = note};
    must(insist_retry_policy_new(insist_retry_and(insist_retry_times(2), insist_retry_standard()),
                                 insist_wait_constant_ms(0), NULL, &retry) == INSIST_OK,
         "there is a policy");
    must(insist_client_new(INSIST_CLIENT_OPTIONS(.transport = &transport, .retry = retry, .logger = &logger,
                                                 .hidden_query_keys = keys, .failures_kept = 2,
                                                 .budget = insist_budget_none()),
                           NULL, &client) == INSIST_OK,
         "there is a client");
    insist_retry_policy_free(retry);
    return client;
}

static insist_plan *plan_new(const char *url, unsigned flags) {
    insist_plan *plan = NULL;
    insist_problem problem = {.err = INSIST_OK};
    if (insist_plan_new(flags & FAILS ? "PUT" : "GET", url, &problem, &plan) != INSIST_OK) {
        has_no_secret(problem.text);
        return NULL;
    }
    if (flags & HEADERS) {
        (void)!insist_plan_set_header(plan, "Authorization", "Bearer " SECRET);
        (void)!insist_plan_set_basic_auth(plan, "user", SECRET);
        (void)!insist_plan_add_cookie(plan, "session", SECRET);
        (void)!insist_plan_set_idempotency_key(plan, SECRET);
    }
    if (flags & BODY) {
        (void)!insist_plan_set_body(plan, SECRET, sizeof SECRET - 1);
    }
    return plan;
}

static void call(insist_client *client, const char *url, unsigned flags) {
    insist_result *result = NULL;
    if (flags & PLAIN) {
        (void)!insist_get(client, url, &result);
    } else {
        insist_plan *plan = plan_new(url, flags);
        if (plan != NULL) {
            insist_err err = insist_execute(client, plan, NULL, &result);
            must(err == INSIST_OK, "an attempt is answered");
        }
        insist_plan_free(plan);
    }
    check_result(result);
    insist_result_free(result);
}

/* ---- the URL ----------------------------------------------------------------------------------------------------- */

/* Where they stand, none of these is to begin anything new. */
static void take_out(char *text, const char *what) {
    for (char *at = text; (at = strpbrk(at, what)) != NULL;) {
        *at = '_';
    }
}

/* libFuzzer learns the secret's letters, and writes them where all may read. */
static void hide_own(char *text) {
    for (char *at = text; (at = strcasestr(at, SECRET)) != NULL;) {
        *at = '_';
    }
}

/* The hidden key, each letter as it is, in the other case, or percent-encoded. */
static size_t spell(char *out, uint8_t how) {
    size_t length = 0;
    for (const char *letter = KEY; *letter != '\0'; letter++, how = (uint8_t)(how << 2 | how >> 6)) {
        char other = *letter == '-' ? *letter : (char)(*letter ^ 0x20);
        switch (how & 3) {
        case 0: out[length++] = *letter; break;
        case 1: out[length++] = other; break;
        case 2: length += (size_t)sprintf(out + length, "%%%02x", (unsigned char)*letter); break;
        default: length += (size_t)sprintf(out + length, "%%%02X", (unsigned char)other); break;
        }
    }
    out[length] = '\0';
    return length;
}

static char *make_url(const struct parts *parts) {
    char key[4 * sizeof KEY];
    char *url = NULL;
    unsigned flags = parts->flags;
    spell(key, parts->spelling);
    int length = asprintf(
        &url, "http%s://%s%s%s%s/%s?%s%s%s=%s%s%s%s%s", parts->spelling & 1 ? "s" : "", flags & USER ? parts->user : "",
        flags & USER ? ":" SECRET "@" : "", parts->host, flags & FAILS ? ":81" : "", parts->path, parts->query,
        flags & SEMICOLON ? ";" : "&", key, parts->before, flags & QUERY ? SECRET : "", parts->behind,
        flags & FRAGMENT ? "#" : "", flags & FRAGMENT ? SECRET : "");
    must(length > 0, "there is memory");
    return url;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static insist_client *client;
    struct input input = {data, size};
    struct parts parts = {.flags = input_byte(&input), .spelling = input_byte(&input)};
    char **texts[] = {&parts.user, &parts.host, &parts.path, &parts.query, &parts.before, &parts.behind};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        *texts[i] = input_text(&input);
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        hide_own(*texts[i]);
    }
    take_out(parts.user, "/?#");
    take_out(parts.host, "?#%"); /* decoded there, an encoded letter would complete what hide_own() looks for */
    take_out(parts.before, "&#");
    client = client ? client : client_new();

    char *url = make_url(&parts);
    call(client, url, parts.flags);
    free(url);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        free(*texts[i]);
    }
    return 0;
}
