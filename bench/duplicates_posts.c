/* See duplicates_posts.h. insist is as keen as can be: 200 retries, 2 ms apart, without a budget. libcurl is one easy
 * handle a caller, and nobody tries again but itself. */
#include "duplicates_posts.h"
#include "instant.h"
#include "bench/yardstick/easy.h"
#include <insist/insist.h>
#include <stdio.h>
#include <string.h>

static char large_body[8 * 1024 * 1024]; /* nobody writes */

/* ---- insist ----------------------------------------------------------------------------------------------------- */

static void *open_insist(void) {
    insist_problem problem = {.text = "out of memory"};
    insist_client *client = NULL;
    insist_retry_policy *retry = NULL;
    insist_decider decider = insist_retry_and(insist_retry_times(200), insist_retry_standard());
    if (insist_retry_policy_new(decider, insist_wait_constant_ms(2), &problem, &retry) != INSIST_OK ||
        insist_client_new(INSIST_CLIENT_OPTIONS(.retry = retry, .budget = insist_budget_none(),
                                                .tls = INSIST_TLS_OPTIONS(.insecure = true)),
                          &problem, &client) != INSIST_OK) {
        fprintf(stderr, "insist-bench: insist: %s\n", problem.text);
    }
    insist_retry_policy_free(retry);
    return client;
}

static void close_insist(void *client) {
    insist_client_free(client);
}

static void *enter_insist(void *client, const char *url) {
    (void)url;
    return client;
}

static void leave_insist(void *client) {
    (void)client;
}

static void note_attempts(const insist_result *result, struct post *post) {
    for (size_t i = 0; result != NULL && i < insist_result_attempts(result); i++) {
        const insist_attempt_record *record = insist_result_attempt(result, i);
        post->sent += record->sent != INSIST_NOT_SENT;
        post->failed |= record->error != INSIST_OK;
        post->refused |= record->error == INSIST_ECONNECT;
    }
}

static bool get_by_insist(void *client, void *caller, const char *url) {
    struct post noted = {0};
    insist_result *result = NULL;
    (void)caller;
    insist_err err = insist_get(client, url, &result);
    (void)err;
    note_attempts(result, &noted);
    insist_result_free(result);
    return noted.refused;
}

static insist_err post_large(insist_client *client, const char *url, insist_result **result) {
    insist_plan *plan = NULL;
    insist_err err = insist_plan_new("POST", url, NULL, &plan);
    if (err == INSIST_OK) {
        err = insist_plan_set_body_ref(plan, large_body, sizeof large_body, NULL, NULL);
    }
    if (err == INSIST_OK) {
        err = insist_execute(client, plan, NULL, result);
    }
    insist_plan_free(plan);
    return err;
}

static void post_by_insist(void *client, void *caller, const char *url, const char *text, struct post *post) {
    insist_result *result = NULL;
    (void)caller;
    int64_t begun_ns = instant_now_ns();
    insist_err err = text != NULL ? insist_post(client, url, "text/plain", text, strlen(text), &result)
                                  : post_large(client, url, &result);
    post->answered = err == INSIST_OK;
    post->took_ns = instant_now_ns() - begun_ns;
    note_attempts(result, post);
    insist_result_free(result);
}

/* ---- libcurl ---------------------------------------------------------------------------------------------------- */

static void *open_libcurl(void) {
    static int nothing;
    return &nothing;
}

static void close_libcurl(void *nothing) {
    (void)nothing;
}

static void *enter_libcurl(void *state, const char *url) {
    (void)state;
    struct easy *easy = easy_open(url);
    if (easy != NULL) {
        easy_trust_all(easy);
    }
    return easy;
}

static void leave_libcurl(void *easy) {
    easy_close(easy);
}

static bool get_by_libcurl(void *state, void *easy, const char *url) {
    (void)state;
    easy_fetch(easy, url);
    return easy_found_nobody(easy);
}

static void post_by_libcurl(void *state, void *easy, const char *url, const char *text, struct post *post) {
    (void)state;
    int64_t begun_ns = instant_now_ns();
    post->answered =
        text != NULL ? easy_post(easy, url, text, strlen(text)) : easy_post(easy, url, large_body, sizeof large_body);
    post->took_ns = instant_now_ns() - begun_ns;
    post->failed = !post->answered;
    post->refused = easy_found_nobody(easy);
}

const struct poster poster_insist = {.name = "insist",
                                     .tells = true,
                                     .open = open_insist,
                                     .close = close_insist,
                                     .enter = enter_insist,
                                     .leave = leave_insist,
                                     .get = get_by_insist,
                                     .post = post_by_insist};
const struct poster poster_libcurl = {.name = "libcurl",
                                      .open = open_libcurl,
                                      .close = close_libcurl,
                                      .enter = enter_libcurl,
                                      .leave = leave_libcurl,
                                      .get = get_by_libcurl,
                                      .post = post_by_libcurl};
