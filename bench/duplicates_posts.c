/* See duplicates_posts.h. insist is as keen as can be: 200 retries, 2 ms apart, without a budget. libcurl is one easy
 * handle a caller, and nobody tries again but itself. */
#include "duplicates_posts.h"
#include "instant.h"
#include "bench/yardstick/easy.h"
#include <insist/insist.h>
#include <stdio.h>
#include <string.h>

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

static void get_by_insist(void *client, void *caller, const char *url) {
    insist_result *result = NULL;
    (void)caller;
    insist_err err = insist_get(client, url, &result);
    (void)err;
    insist_result_free(result);
}

static bool any_sent(const insist_result *result) {
    for (size_t i = 0; i < insist_result_attempts(result); i++) {
        if (insist_result_attempt(result, i)->sent != INSIST_NOT_SENT) {
            return true;
        }
    }
    return false;
}

static struct post post_by_insist(void *client, void *caller, const char *url, const char *text) {
    insist_result *result = NULL;
    (void)caller;
    int64_t begun_ns = instant_now_ns();
    insist_err err = insist_post(client, url, "text/plain", text, strlen(text), &result);
    struct post post = {.took_ns = instant_now_ns() - begun_ns, .answered = err == INSIST_OK};
    post.told_sent = result != NULL && any_sent(result);
    insist_result_free(result);
    return post;
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

static void get_by_libcurl(void *state, void *easy, const char *url) {
    (void)state;
    easy_fetch(easy, url);
}

static struct post post_by_libcurl(void *state, void *easy, const char *url, const char *text) {
    (void)state;
    int64_t begun_ns = instant_now_ns();
    bool answered = easy_post(easy, url, text);
    return (struct post){.took_ns = instant_now_ns() - begun_ns, .answered = answered};
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
