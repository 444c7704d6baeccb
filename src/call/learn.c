/* Latencies between executions and the client that keeps them. The child of user code that has forked learns nothing and
 * is told nothing: the lock is the parent's. */
#include "call/learn.h"
#include "call/carry.h"
#include "origin/latencies.h"
#include "wire/url.h"

void learn_latency(void *ctx, const struct latency_entry *entry, int64_t now_ns) {
    const struct carrier *carrier = ctx;
    if (client_is_forked(carrier->client))
        return;
    latencies_enter(carrier->client->latencies, carrier->request->origin, entry, now_ns);
}

static bool plan(void *ctx, const struct hedge_wish *wish, int64_t now_ns, struct hedge_plan *found) {
    const struct carrier *carrier = ctx;
    return !client_is_forked(carrier->client) &&
           latencies_plan(carrier->client->latencies, carrier->request->origin, wish, now_ns, found);
}

static int64_t quantile_us(void *ctx, double quantile, int64_t now_ns) {
    const struct carrier *carrier = ctx;
    if (client_is_forked(carrier->client))
        return -1;
    return latencies_quantile_us(carrier->client->latencies, carrier->request->origin, quantile, now_ns);
}

const struct latency_source learn_source = {.plan = plan, .quantile_us = quantile_us};

int64_t insist_client_latency_us(insist_client *client, const char *url, double quantile) {
    struct url *parsed = NULL;
    if (client == NULL || url == NULL || !(quantile > 0 && quantile < 1) || client_is_forked(client))
        return -1;
    if (url_new(client->env, url, NULL, &parsed) != INSIST_OK)
        return -1;
    int64_t us = latencies_quantile_us(client->latencies, parsed->origin, quantile, env_now_ns(client->env));
    url_free(parsed);
    return us;
}
