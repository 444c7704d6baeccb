/* Connections opened before they are needed: one, which tells whether it is worth while, then the others together, as
 * many at a time as may be in flight. The client is entered around all of them, as whoever frees it relies upon. The
 * calling thread; libcurl only keeps a connection that has carried a request. */
#include "base/sync.h"
#include "base/time_math.h"
#include "call/client.h"
#include "call/plan.h"
#include "policy/retry.h"

#define CONNECTIONS_MOST 64

/* A connection is worth neither retries nor hedges, nor what they take from the budget. */
static insist_err make_plan(insist_client *client, const char *url, uint64_t *opened_on, insist_plan **plan) {
    insist_err err = plan_new(client->env, "HEAD", url, NULL, plan);
    if (err != INSIST_OK)
        return err;
    (*plan)->request.opened_on = opened_on;
    (*plan)->request.raceable = false;
    return retry_policy_new(client->env, insist_retry_never(), insist_wait_standard(), NULL, &(*plan)->retry);
}

static insist_err open_together(insist_client *client, const insist_plan *plan, int64_t deadline_ns, unsigned n) {
    const insist_plan *plans[CONNECTIONS_MOST] = {NULL};
    insist_result *results[CONNECTIONS_MOST] = {NULL};
    for (unsigned i = 0; i < n; i++)
        plans[i] = plan;
    insist_err err = insist_execute_all(client, plans, n, INSIST_CALL_OPTIONS(.deadline_at_ns = deadline_ns), results);
    for (unsigned i = 0; i < n; i++)
        insist_result_free(results[i]);
    return err;
}

static insist_err open_all(insist_client *client, const insist_plan *plan, int64_t deadline_ns, unsigned n) {
    insist_err err = open_together(client, plan, deadline_ns, 1);
    for (unsigned left = n - 1, together; left > 0 && err == INSIST_OK; left -= together) {
        together = left < client->in_flight_origin ? left : client->in_flight_origin;
        err = open_together(client, plan, deadline_ns, together);
    }
    return err;
}

static insist_err prewarm(insist_client *client, const char *url, unsigned n, int64_t timeout_ms) {
    struct running running;
    insist_plan *plan = NULL;
    uint64_t opened_on = 0;
    insist_err err = client_enter(client, &running, NULL, 0);
    if (err != INSIST_OK)
        return err;
    const int64_t deadline_ns = time_add(env_now_ns(client->env), time_from_ms(timeout_ms));
    err = make_plan(client, url, &opened_on, &plan);
    if (err == INSIST_OK)
        err = open_all(client, plan, deadline_ns, n);
    insist_plan_free(plan);
    if (!client_is_forked(client)) /* a handler may have forked, and this be the child */
        client_leave(client, &running);
    return err;
}

insist_err insist_client_prewarm(insist_client *client, const char *url, unsigned n, int64_t timeout_ms) {
    if (client == NULL || url == NULL || n == 0 || n > CONNECTIONS_MOST || timeout_ms < 1)
        return INSIST_EINVAL;
    int before = thread_shield();
    insist_err err = prewarm(client, url, n, timeout_ms);
    thread_unshield(before);
    return err;
}
