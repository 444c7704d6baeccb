/* The ports of an execution: starting an attempt hands a job over, giving one up is the careful part of the
 * hand-over.
 *
 * Any user code may fork, and the child goes on from where it is until its join looks. What it would reach from here
 * belongs to the parent: locks that a thread held which is no more, descriptors and files that both have. So a child
 * is stopped at each port: it starts nothing, takes nothing, gives nothing, and calls no handler. */
#include "call/carry.h"
#include "call/feed.h"
#include "call/handlers.h"
#include "call/learn.h"
#include "call/log.h"
#include "call/sink.h"
#include "engine/held.h"
#include "origin/budgets.h"
#include "policy/budget.h"
#include "policy/retry_after.h"

static bool is_in_child(const struct carrier *carrier) {
    return client_is_forked(carrier->client);
}

/* Its job while it is in flight; NULL. */
static struct job *job_in_flight(const struct attempt *attempt) {
    return attempt->state != ATTEMPT_ENDED ? attempt->job : NULL;
}

/* Attempts of a wave share no reactor as long as there is another … True: this thread is to lead. */
static bool assign(struct carrier *carrier, struct job *job) {
    const struct execution *execution = carrier->execution;
    const insist_client *client = carrier->client;
    uint64_t taken = 0;
    for (struct attempt *other = NULL; (other = held_next(execution, other)) != NULL;)
        if (job_in_flight(other) != NULL)
            taken |= (uint64_t)1 << (other->progress.reactor & 63);
    /* Whatever user code an attempt's start has is over, but for a scheduler, which comes with races only. A connection
     * that is opened before it is needed is for calls that will lead, one on each reactor. */
    uint64_t *opened_on = carrier->request->opened_on;
    const bool for_leaders = opened_on != NULL ? client->leads && client->race == NULL : carrier->leads;
    if (opened_on != NULL)
        taken |= *opened_on;
    const bool claimed = pool_assign(client->pool, job, taken, for_leaders && execution->rules.race == NULL);
    if (opened_on != NULL && claimed)
        *opened_on |= (uint64_t)1 << (job->progress.reactor & 63);
    return claimed && carrier->leads;
}

/* … and never a connection: neither the later one with the earlier, nor the earlier, at its next request, with it. */
static void keep_apart(const struct execution *execution, struct job *job) {
    for (struct attempt *other = NULL; (other = held_next(execution, other)) != NULL;) {
        struct job *sibling = job_in_flight(other);
        if (sibling == NULL || sibling->reactor != job->reactor)
            continue;
        atomic_store(&sibling->apart, true);
        atomic_store(&job->apart, true);
    }
}

/* One a call, whatever the number of its attempts; what a plan or a handler has set comes first. */
static insist_err add_idempotency_key(struct carrier *carrier, struct headers *own) {
    static const char name[] = "Idempotency-Key";
    const struct request *request = carrier->request;
    bool has_one = headers_get(own, name) != NULL || headers_get(&request->headers, name) != NULL;
    if (!request->makes_key || has_one)
        return INSIST_OK;
    if (carrier->idempotency_key[0] == '\0')
        idempotency_key_make(carrier->client->env, carrier->idempotency_key);
    return headers_set(own, name, carrier->idempotency_key);
}

/* What is in flight has walked on from where its index let it begin, perhaps. INSIST_OK or INSIST_ENOMEM. */
static insist_err note_taken_addresses(struct carrier *carrier, struct job *job) {
    struct progress progress;
    insist_err err = INSIST_OK;
    const struct attempt *other = NULL;
    while (err == INSIST_OK && (other = held_next(carrier->execution, other)) != NULL) {
        const struct job *sibling = job_in_flight(other);
        if (sibling == NULL)
            continue;
        mailbox_look(carrier->mailbox, sibling, &progress);
        if (progress.address[0] != '\0')
            err = body_append_format(&job->taken_addresses, "%s\n", progress.address);
    }
    return err;
}

static struct job *make_job(struct carrier *carrier, struct attempt *attempt) {
    const struct request *request = carrier->request;
    const struct execution_rules *rules = &carrier->execution->rules;
    struct job *job = job_new(carrier->client->env, request, carrier->mailbox, rules->body_limit);
    if (job == NULL)
        return NULL;
    headers_move(&job->own_headers, &attempt->own_headers);
    if (add_idempotency_key(carrier, &job->own_headers) != INSIST_OK ||
        note_taken_addresses(carrier, job) != INSIST_OK) {
        job_release(job);
        return NULL;
    }
    job->tag = carrier;
    job->deadline_ns = attempt->limit_ns;
    job->deadline_once_sent_ns = attempt->limit_once_sent_ns;
    job->deadline_streaming_ns = rules->deadline_ns;
    job->attempt_index = attempt->index;
    job->hedge = attempt->kind == INSIST_HEDGE;
    job->fresh = attempt->why_started == INSIST_START_STALE || request->opened_on != NULL;
    job->races = job->wants_sent = rules->race != NULL;
    job->pauses_at_headers = rules->reads_headers;
    job->may_repeat = request->repeatable || rules->repeat_unsafe;
    job->progress.queued_ns = attempt->progress.queued_ns;
    return job;
}

static void count_start(struct counters *counters, insist_kind kind) {
    counter_add(&counters->attempts);
    if (kind == INSIST_RETRIED)
        counter_add(&counters->retries);
    else if (kind == INSIST_HEDGE)
        counter_add(&counters->hedges);
}

static insist_err start(void *ctx, struct attempt *attempt, bool *waits) {
    struct carrier *carrier = ctx;
    if (is_in_child(carrier))
        return INSIST_EFORKED;
    struct job *job = make_job(carrier, attempt);
    if (job == NULL)
        return INSIST_ENOMEM;
    const bool leads = assign(carrier, job);
    keep_apart(carrier->execution, job);
    insist_err err = pool_submit(carrier->client->pool, job, leads, waits);
    if (err != INSIST_OK) {
        job_release(job);
        return err;
    }
    attempt->job = job;
    attempt->progress.reactor = job->progress.reactor;
    carrier->untold = leads && !*waits;
    count_start(&carrier->client->counters, attempt->kind);
    return INSIST_OK;
}

bool carry_lead(struct carrier *carrier, int64_t until_ns) {
    if (!carrier->untold)
        return true;
    carrier->untold = false;
    const struct attempt *only = held_next(carrier->execution, NULL);
    while (only != NULL && job_in_flight(only) == NULL)
        only = held_next(carrier->execution, only);
    return only == NULL || pool_lead(carrier->client->pool, only->job, until_ns);
}

static bool shut(void *ctx, struct attempt *attempt) {
    (void)ctx;
    return job_shut_gate(attempt->job);
}

insist_err carry_show_headers(struct carrier *carrier, struct attempt *attempt) {
    struct job *job = attempt->job;
    attempt->sink = carrier->sink;
    attempt->outcome.status = attempt->progress.status;
    return headers_copy(&attempt->outcome.headers, &job->outcome.headers);
}

insist_err carry_feed(struct carrier *carrier, struct attempt *attempt) {
    struct job *job = attempt->job;
    size_t length = 0;
    insist_err err = is_in_child(carrier) ? INSIST_EFORKED : INSIST_OK;
    if (err == INSIST_OK && job->upload.restart)
        err = feed_restart(carrier->feed);
    if (err == INSIST_OK)
        err = feed_read(carrier->feed, job->upload.bytes, UPLOAD_BYTES, &length);
    if (err == INSIST_OK && is_in_child(carrier)) /* since it was read */
        err = INSIST_EFORKED;
    if (err != INSIST_OK)
        return err;
    atomic_store(&job->can_restart, feed_can_restart(carrier->feed));
    job->upload.restart = false;
    job->upload.used = 0;
    job->upload.length = length;
    job->upload.ended = length == 0;
    pool_feed(carrier->client->pool, job);
    return INSIST_OK;
}

void carry_collect(struct carrier *carrier, struct attempt *attempt) {
    struct job *job = attempt->job;
    if (attempt->committed) /* a piece that its sink did not get, or refused, is nobody's body */
        body_clear(&job->outcome.body);
    outcome_move(&attempt->outcome, &job->outcome);
    const struct headers *headers = &attempt->outcome.headers;
    const char *asked = headers_get(headers, "Retry-After");
    if (asked != NULL)
        attempt->outcome.retry_after_us =
            retry_after_us(asked, headers_get(headers, "Date"), env_wall_s(carrier->client->env));
    attempt->job = NULL;
    job_release(job);
}

/* The gate first: it proves what was not sent. Then the mailbox: from there on the job's news are dropped, and what
 * is known now is the record. Nothing waits for the reactor, which buries the job later. */
static bool give_up(void *ctx, struct attempt *attempt) {
    struct carrier *carrier = ctx;
    struct job *job = attempt->job;
    if (is_in_child(carrier))
        return false;
    job_shut_gate(job);
    if (mailbox_detach(carrier->mailbox, job, &attempt->progress)) {
        carry_collect(carrier, attempt);
        return true;
    }
    attempt->outcome.status = attempt->progress.status;
    attempt->outcome.head_open = attempt->progress.head_open;
    attempt->outcome.sent = attempt->progress.answered ? INSIST_ANSWERED : job_how_far(job);
    attempt->progress.ended_ns = 0;
    pool_give_up(carrier->client->pool, job);
    attempt->job = NULL;
    job_release(job);
    return false;
}

static void read_on(void *ctx, struct attempt *attempt) {
    struct carrier *carrier = ctx;
    struct job *job = attempt->job;
    if (is_in_child(carrier))
        return;
    if (attempt->committed)
        atomic_store(&job->streams, true);
    pool_read_on(carrier->client->pool, job);
}

/* The piece lies in the job's body, and is the call's until it reads on. */
static insist_err deliver(void *ctx, struct attempt *attempt) {
    struct carrier *carrier = ctx;
    struct job *job = attempt->job;
    struct body *piece = &job->outcome.body;
    const struct sink_patience patience = {
        .env = carrier->client->env, .mailbox = carrier->mailbox, .deadline_ns = carrier->execution->rules.deadline_ns};
    if (is_in_child(carrier))
        return INSIST_EFORKED;
    insist_err err = sink_deliver(&attempt->sink, body_text(piece), piece->length, &patience);
    if (err != INSIST_OK) {
        carrier->execution->view.now_ns = env_now_ns(carrier->client->env); /* it may have taken its time */
        return err;
    }
    attempt->delivered += piece->length;
    body_clear(piece);
    return INSIST_OK;
}

static bool rewind_sink(void *ctx, struct attempt *attempt) {
    return !is_in_child(ctx) && attempt->sink.rewind != NULL && attempt->sink.rewind(attempt->sink.ctx) == 0;
}

static bool can_send_again(void *ctx) {
    const struct carrier *carrier = ctx;
    return carrier->feed == NULL || feed_can_restart(carrier->feed);
}

static int fire(void *ctx, insist_event event) {
    struct carrier *carrier = ctx;
    if (is_in_child(carrier))
        return 0;
    if (event == INSIST_AFTER_ATTEMPT_TIMEOUT)
        counter_add(&carrier->client->counters.attempt_timeouts);
    if (carrier->client->logger.log != NULL)
        log_event(&carrier->client->logger, &carrier->client->hidden, carrier->execution, event);
    if (carrier->client->handlers == NULL && carrier->handlers == NULL)
        return 0;
    int of_client = handlers_fire(carrier->client->handlers, event, &carrier->execution->view);
    int of_call = handlers_fire(carrier->handlers, event, &carrier->execution->view);
    if (handlers_listen(carrier->client->handlers, event) || handlers_listen(carrier->handlers, event))
        carrier->execution->view.now_ns = env_now_ns(carrier->client->env); /* they may have taken their time */
    return of_client != 0 ? of_client : of_call;
}

static insist_err interruption(void *ctx) {
    const struct carrier *carrier = ctx;
    return is_in_child(carrier) ? INSIST_EFORKED : mailbox_interruption(carrier->mailbox);
}

static unsigned charge(void *ctx, bool throttled, int64_t now_ns) {
    struct carrier *carrier = ctx;
    unsigned cost = throttled ? BUDGET_COST_THROTTLED : BUDGET_COST;
    if (is_in_child(carrier))
        return 0;
    if (budgets_charge(carrier->client->budget, carrier->request->origin, cost, now_ns))
        return cost;
    counter_add(&carrier->client->counters.budget_refusals);
    return 0;
}

static void give_back(void *ctx, unsigned charged, int64_t charged_at_ns, int64_t now_ns) {
    struct carrier *carrier = ctx;
    if (!is_in_child(carrier))
        budgets_give_back(carrier->client->budget, carrier->request->origin, charged, charged_at_ns, now_ns);
}

static void refund(void *ctx, unsigned charged, int64_t now_ns) {
    struct carrier *carrier = ctx;
    if (!is_in_child(carrier))
        budgets_return_cost(carrier->client->budget, carrier->request->origin, charged, now_ns);
}

static void first_begun(void *ctx, int64_t now_ns) {
    struct carrier *carrier = ctx;
    if (!is_in_child(carrier))
        budgets_first_begun(carrier->client->budget, carrier->request->origin, now_ns);
}

static void first_accepted(void *ctx, int64_t now_ns) {
    struct carrier *carrier = ctx;
    if (!is_in_child(carrier))
        budgets_first_accepted(carrier->client->budget, carrier->request->origin, now_ns);
}

const struct execution_ports carry_ports = {
    .start = start,
    .shut = shut,
    .give_up = give_up,
    .read_on = read_on,
    .deliver = deliver,
    .rewind = rewind_sink,
    .can_send_again = can_send_again,
    .fire = fire,
    .interruption = interruption,
    .charge = charge,
    .give_back = give_back,
    .refund = refund,
    .first_begun = first_begun,
    .first_accepted = first_accepted,
    .latency = learn_latency,
    .latencies = &learn_source,
};
