/* The client: calls counted in and out, what it counts told, and the end of it all.
 *
 * Closing interrupts the running calls and waits until the last has left; from inside one of its own calls it only
 * marks, and the last call to leave does the rest. In a forked child nothing is touched: its locks may be held by
 * threads that do not exist there. */
#include "call/client.h"
#include "wire/resolver.h"
#include <string.h>

void client_destroy(insist_client *client) {
    pool_free(client->pool);
    if (client->wire.resolver != NULL)
        resolver_free(client->wire.resolver);
    network_free(client->network);
    insist_budget_free(client->budget);
    latencies_free(client->latencies);
    insist_retry_policy_free(client->retry);
    insist_timeout_policy_free(client->timeout);
    insist_race_policy_free(client->race);
    env_release(client->env, client->user_agent);
    env_release(client->env, client->thread_name);
    env_release(client->env, client->ca_file);
    headers_fini(&client->hidden);
    condition_fini(&client->shared.left);
    mutex_fini(&client->shared.lock);
    birthmark_fini(&client->birthmark);
    env_release(client->env, client);
}

bool client_has_own_transport(const insist_client *client) {
    return client->custom.transport.start != NULL;
}

bool client_is_forked(const insist_client *client) {
    return birthmark_is_inherited(&client->birthmark);
}

insist_err client_enter(insist_client *client, struct running *running, struct mailbox *mailbox, size_t calls) {
    if (client_is_forked(client))
        return INSIST_EFORKED;
    running->mailbox = mailbox;
    running->thread = pthread_self();
    running->calls = calls;
    mutex_lock(&client->shared.lock);
    bool closing = client->shared.closing;
    if (!closing) {
        list_append(&client->shared.running, &running->link);
        client->shared.count += calls;
    }
    mutex_unlock(&client->shared.lock);
    return closing ? INSIST_ESHUTDOWN : INSIST_OK;
}

void client_leave(insist_client *client, struct running *running) {
    mutex_lock(&client->shared.lock);
    list_remove(&running->link);
    client->shared.count -= running->calls;
    bool last = client->shared.closing && list_empty(&client->shared.running);
    bool free_it = last && client->shared.free_with_last;
    if (last)
        condition_broadcast(&client->shared.left);
    mutex_unlock(&client->shared.lock);
    if (free_it)
        client_destroy(client);
}

/* True: the calling thread is inside one of the client's calls. */
static bool interrupt_all_locked(insist_client *client) {
    bool inside = false;
    for (struct list *link = client->shared.running.next; link != &client->shared.running; link = link->next) {
        struct running *running = LIST_ENTRY(link, struct running, link);
        inside = inside || pthread_equal(running->thread, pthread_self());
        if (running->mailbox != NULL)
            mailbox_interrupt(running->mailbox, INSIST_ESHUTDOWN);
    }
    return inside;
}

static void close_and_wait(insist_client *client) {
    mutex_lock(&client->shared.lock);
    client->shared.closing = true;
    bool inside = interrupt_all_locked(client);
    if (inside)
        client->shared.free_with_last = true;
    while (!inside && !list_empty(&client->shared.running))
        condition_wait(&client->shared.left, &client->shared.lock);
    mutex_unlock(&client->shared.lock);
    if (!inside)
        client_destroy(client);
}

void insist_client_free(insist_client *client) {
    if (client == NULL || client_is_forked(client))
        return;
    int before = thread_shield();
    close_and_wait(client);
    thread_unshield(before);
}

insist_err insist_client_close_idle(insist_client *client) {
    if (client == NULL)
        return INSIST_EINVAL;
    if (client_is_forked(client))
        return INSIST_EFORKED;
    int before = thread_shield();
    pool_close_idle(client->pool);
    thread_unshield(before);
    return INSIST_OK;
}

static void count_running(insist_client *client, insist_stats *stats) {
    pool_count(client->pool, &stats->in_flight, &stats->waiting);
    mutex_lock(&client->shared.lock);
    stats->running = client->shared.count;
    mutex_unlock(&client->shared.lock);
}

insist_err insist_client_stats(insist_client *client, insist_stats *out) {
    if (client == NULL || out == NULL || out->size < sizeof out->size)
        return INSIST_EINVAL;
    if (client_is_forked(client))
        return INSIST_EFORKED;
    struct counters *counters = &client->counters;
    insist_stats stats = {
        .calls = atomic_load(&counters->calls),
        .calls_done = atomic_load(&counters->calls_done),
        .attempts = atomic_load(&counters->attempts),
        .retries = atomic_load(&counters->retries),
        .hedges = atomic_load(&counters->hedges),
        .attempt_timeouts = atomic_load(&counters->attempt_timeouts),
        .deadlines = atomic_load(&counters->deadlines),
        .budget_refusals = atomic_load(&counters->budget_refusals),
        .queue_refusals = atomic_load(&counters->queue_refusals),
        .resends_blocked = atomic_load(&counters->resends_blocked),
        .stale_connections = atomic_load(&counters->stale_connections),
    };
    count_running(client, &stats);
    stats.size = out->size < sizeof stats ? out->size : sizeof stats;
    memcpy(out, &stats, stats.size);
    return INSIST_OK;
}
