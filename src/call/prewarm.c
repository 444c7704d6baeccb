/* Connections opened before they are needed. The calling thread; libcurl only keeps a connection that has carried a request. */
#include "base/sync.h"
#include "base/time_math.h"
#include "call/client.h"
#include "call/plan.h"

#define CONNECTIONS_MOST 64

static insist_err open_connections(insist_client *client, const char *url, unsigned n, int64_t timeout_ms) {
    insist_plan *plan = NULL;
    insist_err err = plan_new(client->env, "HEAD", url, NULL, &plan);
    if (err != INSIST_OK)
        return err;
    plan->request.opens_connections = true;
    int64_t deadline_ns = time_add(env_now_ns(client->env), time_from_ms(timeout_ms));
    for (unsigned i = 0; i < n && err == INSIST_OK; i++) {
        insist_result *result = NULL;
        err = insist_execute(client, plan, INSIST_CALL_OPTIONS(.deadline_at_ns = deadline_ns), &result);
        insist_result_free(result);
    }
    insist_plan_free(plan);
    return err;
}

insist_err insist_client_prewarm(insist_client *client, const char *url, unsigned n, int64_t timeout_ms) {
    if (client == NULL || url == NULL || n == 0 || n > CONNECTIONS_MOST || timeout_ms < 1)
        return INSIST_EINVAL;
    int before = thread_shield();
    insist_err err = open_connections(client, url, n, timeout_ms);
    thread_unshield(before);
    return err;
}
