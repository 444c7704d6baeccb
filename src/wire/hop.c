/* One hop of a job: where its request goes. In: the plan's URL, or where an answer leads, and the resolver's answers. Out:
 * a request to the first of the addresses, or the job's end. Whoever drives the reactor; a lookup's end comes from a
 * resolver thread. */
#include "wire/transfer.h"

#include "base/time_math.h"
#include "wire/mailbox.h"
#include <string.h>

/* A resolver thread: the lookup is ours again once the host has called `resolved`. */
static void lookup_done(struct lookup *lookup) {
    struct transfer *transfer = LIST_ENTRY(lookup, struct transfer, lookup);
    const struct transport_host *host = &transfer->transport->host;
    host->push(host->ctx, transfer->job, JOB_RESOLVED);
}

void hop_take_addresses(struct transfer *transfer) {
    struct lookup *lookup = &transfer->lookup;
    const struct job *job = transfer->job;
    struct verdict verdict = verdict_of_refusal(transfer, lookup->err);
    if (lookup->addresses) {
        uint64_t taken = address_find(lookup->addresses, transfer->route.port, body_text(&job->taken_addresses));
        address_walk_begin(&transfer->walk, lookup->addresses, job->attempt_index, taken);
    }
    lookup->addresses = NULL;
    insist_ip_version version = transfer->transport->network->ip_version;
    bool any = transfer->walk.addresses && transfer->walk.count > 0;
    if (any && version != INSIST_IP_ANY)
        any = address_walk_keep(&transfer->walk, version == INSIST_IPV6);
    if (verdict.err == INSIST_OK && !any)
        verdict = verdict_of_refusal(transfer, INSIST_ERESOLVE);
    if (verdict.err == INSIST_OK) {
        transfer_request(transfer);
        return;
    }
    if (lookup->again)
        verdict.transience = INSIST_RESOLVE_AGAIN;
    transfer_end(transfer, verdict);
}

/* An answer without a lookup: a pinned one, or the same literal as last time. */
static bool is_known(struct transfer *transfer) {
    const struct addresses *literal = transfer->literal;
    transfer->lookup.addresses = network_pinned(transfer->transport->network, &transfer->route);
    if (!transfer->lookup.addresses && literal && strcmp(literal->text[0], transfer->route.host) == 0)
        transfer->lookup.addresses = addresses_retain(transfer->literal);
    return transfer->lookup.addresses != NULL;
}

/* What needed no lookup and names its own host needs none the next time. */
static void keep_literal(struct transfer *transfer) {
    struct addresses *found = transfer->lookup.addresses;
    if (!found || found->count != 1 || strcmp(found->text[0], transfer->route.host) != 0)
        return;
    addresses_release(transfer->literal);
    transfer->literal = addresses_retain(found);
}

static void look_up(struct transfer *transfer) {
    struct resolver *resolver = transfer->transport->settings->resolver;
    transfer->lookup = (struct lookup){.done = lookup_done};
    list_init(&transfer->lookup.link);
    transfer->stage = STAGE_LOOKUP;
    transfer->patience_ns = TIME_NEVER;
    transfer_set_timer(transfer);
    if (is_known(transfer)) {
        hop_take_addresses(transfer);
    } else if (resolver_ask(resolver, &transfer->lookup, transfer->route.host)) {
        keep_literal(transfer);
        hop_take_addresses(transfer);
    }
}

void hop_begin(struct transfer *transfer) {
    transfer->fresh = transfer->job->fresh;
    address_walk_end(&transfer->walk);
    transfer->walk = (struct address_walk){.count = 0};
    transfer->place = sizes_place(transfer->hop.url->text);
    transfer->route = network_route(transfer->transport->network, transfer->hop.url->host, transfer->hop.url->port);
    limits_begin(transfer);
    if (transfer->route.local)
        transfer_request(transfer);
    else
        look_up(transfer);
}

void hop_follow(struct transfer *transfer) {
    url_free(transfer->redirected);
    transfer->redirected = transfer->next.url;
    transfer->next.url = NULL;
    transfer->hop = transfer->next.hop;
    transfer_forget(transfer);
    mailbox_post(transfer->job->mailbox, transfer->job, 0); /* if it is given up from here on, it has no status */
    hop_begin(transfer);
}

bool hop_forget_lookup(struct transfer *transfer) {
    return transfer->stage != STAGE_LOOKUP ||
           resolver_forget(transfer->transport->settings->resolver, &transfer->lookup);
}
