/* Two things that daemons hook into a client: a token that is renewed when the server no longer takes it, and counters
 * for their metrics page. Handlers and hooks run on the calling threads, so what they share is locked or atomic. */
#include <insist/insist.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static struct {
    pthread_mutex_t lock;
    char token[128];       /* "Bearer ..."; "": none yet */
    insist_client *client; /* fetches tokens: one of its own, without these hooks */
    const char *url;
} auth = {.lock = PTHREAD_MUTEX_INITIALIZER};

static atomic_ulong attempts, failures;

/* Before each attempt: 0 goes on, any other number ends the call. */
static int add_token(void *ctx, insist_event event, insist_execution *execution) {
    char token[sizeof auth.token];
    (void)ctx;
    (void)event;
    pthread_mutex_lock(&auth.lock);
    memcpy(token, auth.token, sizeof token);
    pthread_mutex_unlock(&auth.lock);
    return token[0] && insist_execution_set_header(execution, "Authorization", token) != INSIST_OK;
}

/* Between an attempt and its retry: what has ended can still be read. */
static int renew_token(void *ctx, insist_execution *execution, unsigned next_attempt) {
    insist_result *result = NULL;
    (void)ctx;
    (void)next_attempt;
    if (insist_execution_status(execution) != 401) {
        return 0;
    }
    bool ok = insist_get(auth.client, auth.url, &result) == INSIST_OK && insist_result_ok(result);
    if (ok) {
        pthread_mutex_lock(&auth.lock);
        snprintf(auth.token, sizeof auth.token, "Bearer %s", (const char *)insist_result_body(result, NULL));
        pthread_mutex_unlock(&auth.lock);
    }
    insist_result_free(result);
    return ok ? 0 : 1;
}

static int count(void *ctx, insist_event event, insist_execution *execution) {
    (void)ctx;
    (void)event;
    atomic_fetch_add(&attempts, 1);
    atomic_fetch_add(&failures,
                     insist_execution_error(execution) != INSIST_OK || insist_execution_status(execution) >= 400);
    return 0;
}

int main(int argc, char **argv) {
    const insist_preparer preparer = {.prepare = renew_token};
    insist_retry_policy *retry = NULL;
    insist_handlers *handlers = NULL;
    insist_client *client = NULL;
    insist_result *result = NULL;
    insist_problem problem = {.text = "no memory"};
    if (argc != 3) {
        fprintf(stderr, "usage: handlers URL TOKEN_URL\n");
        return 2;
    }
    auth.url = argv[2];
    insist_decider again = insist_retry_or(insist_retry_standard(), insist_retry_on_status((const int[]){401}, 1));
    again = insist_retry_and(insist_retry_times(2), again);
    if (insist_retry_policy_new(again, insist_wait_standard(), &problem, &retry) || insist_handlers_new(&handlers) ||
        insist_handlers_push(handlers, INSIST_BEFORE_ATTEMPT, add_token, NULL) ||
        insist_handlers_push(handlers, INSIST_AFTER_ATTEMPT, count, NULL) ||
        insist_client_new(NULL, &problem, &auth.client) ||
        insist_client_new(INSIST_CLIENT_OPTIONS(.retry = retry, .handlers = handlers, .prepare_retry = &preparer),
                          &problem, &client)) {
        fprintf(stderr, "handlers: %s\n", problem.text);
    } else if (insist_get(client, argv[1], &result) == INSIST_OK) {
        printf("status %d\n# TYPE http_attempts_total counter\nhttp_attempts_total %lu\n"
               "# TYPE http_attempt_failures_total counter\nhttp_attempt_failures_total %lu\n",
               insist_result_status(result), atomic_load(&attempts), atomic_load(&failures));
    }
    bool ok = result && insist_result_ok(result);
    insist_result_free(result);
    insist_client_free(client);
    insist_client_free(auth.client);
    insist_handlers_free(handlers); /* after the client that uses them */
    insist_retry_policy_free(retry);
    return ok ? 0 : 1;
}
