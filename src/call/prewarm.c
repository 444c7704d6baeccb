/* Connections opened before they are needed, all at once: the client is entered and left a single time, as whoever frees it relies
 * upon. The calling thread; libcurl only keeps a connection that has carried a request. */
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
    const insist_plan *plans[CONNECTIONS_MOST];
    insist_result *results[CONNECTIONS_MOST] = {NULL};
    for (unsigned i = 0; i < n; i++)
        plans[i] = plan;
    err = insist_execute_all(client, plans, n, INSIST_CALL_OPTIONS(.deadline_at_ns = deadline_ns), results);
    for (unsigned i = 0; i < n; i++)
        insist_result_free(results[i]);
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
