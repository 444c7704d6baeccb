/* What the engine asks for is told to the books, then done: attempts by the transport, charges by the real budget. */
#include "simulation/ports.h"
#include "base/time_math.h"
#include "policy/budget.h"
#include "simulation/fleet.h"
#include "simulation/generator.h"

/* ---- the wire ---- */

static insist_err start(void *ctx, struct attempt *attempt, bool *waits) {
    struct call *call = ctx;
    struct job *job = NULL;
    insist_err err = transport_start(call, attempt, &job, waits);
    attempt->job = job;
    if (*waits)
        call->covered |= 1U << COVER_QUEUED;
    if (err == INSIST_EQUEUEFULL)
        call->covered |= 1U << COVER_QUEUE_FULL;
    books_started(call, attempt, job, err, *waits);
    return err;
}

static bool shut(void *ctx, struct attempt *attempt) {
    const bool shut = transport_shut(attempt->job);
    books_shut(ctx, attempt, shut);
    return shut;
}

static bool give_up(void *ctx, struct attempt *attempt) {
    struct call *call = ctx;
    struct job *job = attempt->job;
    if (job == NULL)
        books_fail(call, "attempt %u is given up, but is not in flight", attempt->index);
    const bool had_ended = transport_give_up(job);
    if (job->gate == GATE_SENT && !had_ended && attempt->state != ATTEMPT_SENT)
        call->covered |= 1U << COVER_GATE_LOST;
    attempt->progress = job->progress;
    if (had_ended) {
        transport_collect(job, attempt);
    } else {
        attempt->outcome.status = job->status;
        attempt->outcome.sent = transport_how_far(job);
    }
    attempt->job = NULL;
    books_given_up(call, attempt, had_ended);
    return had_ended;
}

static void read_on(void *ctx, struct attempt *attempt) {
    (void)ctx;
    transport_read_on(attempt->job);
}

static int swallow(void *ctx, const void *data, size_t len) {
    (void)ctx;
    (void)data;
    (void)len;
    return 0;
}

void ports_show_headers(const struct call *call, struct attempt *attempt) {
    const struct job *job = attempt->job;
    attempt->sink.write = call->scene->has_sink ? swallow : NULL; /* never called: deliver() stands for it */
    attempt->outcome.status = job->status;
}

/* User code runs for so long: the handler of an event, or the sink (INSIST_EVENTS). Somebody may cancel the call
 * meanwhile. Who looks waits no longer than until then, or the deadline. */
static void pass_time(struct call *call, insist_event in, int64_t takes_ns, bool looks) {
    const struct call_scene *scene = call->scene;
    const bool was_cancelled = call_is_cancelled(call);
    struct fleet *fleet = call->fleet;
    int64_t until_ns = fleet->now_ns + takes_ns;
    if (scene->cancel == CANCEL_INSIDE && in == scene->cancel_event && call->cancel_calls++ == scene->cancel_skip)
        call->cancel_ns = draw_percent(&fleet->random, 50) ? fleet->now_ns : until_ns;
    if (looks)
        until_ns = time_min(until_ns, time_max(fleet->now_ns, time_min(call->cancel_ns, scene->deadline_ns)));
    fleet->now_ns = until_ns;
    if (call_is_cancelled(call) && !was_cancelled && call->books.phase < BOOKS_ENDING)
        call->covered |= 1U << COVER_CANCEL_INSIDE;
}

/* What became of a piece. */
static insist_err offer(struct call *call, unsigned piece) {
    const struct call_scene *scene = call->scene;
    struct fleet *fleet = call->fleet;
    const bool waits = scene->sink_is_slow && draw_percent(&fleet->random, 70);
    const int64_t takes_ns = waits ? draw_ns(&fleet->random, 200) : 0, until_ns = fleet->now_ns + takes_ns;
    pass_time(call, INSIST_EVENTS, takes_ns, scene->sink_looks);
    if (fleet->now_ns == until_ns)
        return piece == scene->sink_fails_at ? INSIST_ESINK : INSIST_OK;
    call->covered |= 1U << COVER_SINK_STOPPED;
    return call_is_cancelled(call) ? scene->cancel_err : INSIST_EDEADLINE;
}

static insist_err deliver(void *ctx, struct attempt *attempt) {
    struct call *call = ctx;
    const insist_err err = offer(call, books_entry(call, attempt)->delivered + 1);
    if (err != INSIST_OK)
        call->execution.view.now_ns = call->fleet->now_ns;
    books_delivered(call, attempt, err);
    attempt->delivered += err == INSIST_OK;
    return err;
}

static bool rewind_sink(void *ctx, struct attempt *attempt) {
    const struct call *call = ctx;
    books_rewound(ctx, attempt, call->scene->sink_rewinds);
    return call->scene->sink_rewinds;
}

static bool can_send_again(void *ctx) {
    const struct call *call = ctx;
    return call->scene->body == BODY_KEPT || !call->body_was_read;
}

/* ---- user code ---- */

/* A slow handler; often until the deadline, where that is near. */
static int64_t takes_ns(const struct call *call) {
    struct insist_random *random = &call->fleet->random;
    const int64_t left_ns = call->scene->deadline_ns - call->fleet->now_ns;
    return left_ns > 0 && left_ns < 200 * MS && draw_percent(random, 50) ? left_ns : draw_ns(random, 60);
}

static int fire(void *ctx, insist_event event) {
    struct call *call = ctx;
    struct fleet *fleet = call->fleet;
    const struct call_scene *scene = call->scene;
    int number = 0;
    books_fire(call, event);
    const bool is_slow = scene->handlers_are_slow && draw_percent(&fleet->random, 40);
    pass_time(call, event, is_slow ? takes_ns(call) : 0, false);
    if (is_slow)
        call->execution.view.now_ns = fleet->now_ns;
    if (scene->handler_fails && event == scene->handler_event && call->handler_calls++ == scene->handler_skip)
        number = scene->handler_number;
    books_fired(call, event, number);
    return number;
}

static bool validate(void *ctx, const insist_execution *view) {
    struct call *call = call_of_view(view);
    const struct entry *entry = books_entry(call, view->current);
    (void)ctx;
    const bool wanted = !entry->job->unwanted;
    books_validated(call, wanted);
    return wanted;
}

static int prepare(void *ctx, insist_execution *view, unsigned next_attempt) {
    struct call *call = call_of_view(view);
    (void)ctx;
    if (next_attempt != call->books.count)
        books_fail(call, "attempt %u is made ready, and ought to be %u", next_attempt, call->books.count);
    const int number = call->books.retries + 1 == call->scene->preparer_fails_at ? 77 : 0;
    books_prepared(call, number);
    return number;
}

static insist_err last_word(void *ctx, const insist_execution *view, insist_reason reason, insist_err err) {
    (void)ctx;
    return books_exhausted(call_of_view(view), reason, err, err == INSIST_OK ? INSIST_EGAVEUP : INSIST_OK);
}

static insist_err interruption(void *ctx) {
    const struct call *call = ctx;
    return call_is_cancelled(call) ? call->scene->cancel_err : INSIST_OK;
}

/* ---- the budget and the latencies ---- */

static struct ledger *ledger_of(const struct call *call) {
    return &call->fleet->ledgers[call->scene->origin];
}

static unsigned charge(void *ctx, bool throttled, int64_t now_ns) {
    struct call *call = ctx;
    const unsigned cost = throttled ? BUDGET_COST_THROTTLED : BUDGET_COST;
    const bool allowed = budgets_charge(call->fleet->budget, fleet_origin_name(call->scene->origin), cost, now_ns);
    books_require(call, ledger_charge(ledger_of(call), cost, allowed, call->fleet->now_ns));
    books_charged(call, throttled, allowed ? cost : 0);
    return allowed ? cost : 0;
}

static void give_back(void *ctx, unsigned charged, int64_t charged_at_ns, int64_t now_ns) {
    struct call *call = ctx;
    call->books.given_back += charged;
    call->books.given_back_ns += charged_at_ns;
    books_require(call, ledger_give_back(ledger_of(call), charged, charged_at_ns, call->fleet->now_ns));
    budgets_give_back(call->fleet->budget, fleet_origin_name(call->scene->origin), charged, charged_at_ns, now_ns);
}

static void refund(void *ctx, unsigned charged, int64_t now_ns) {
    struct call *call = ctx;
    call->books.refunded += charged;
    ledger_return(ledger_of(call), charged, call->fleet->now_ns);
    budgets_return_cost(call->fleet->budget, fleet_origin_name(call->scene->origin), charged, now_ns);
}

static void first_begun(void *ctx, int64_t now_ns) {
    struct call *call = ctx;
    call->books.firsts++;
    ledger_first_begun(ledger_of(call), call->fleet->now_ns);
    budgets_first_begun(call->fleet->budget, fleet_origin_name(call->scene->origin), now_ns);
}

static void first_accepted(void *ctx, int64_t now_ns) {
    struct call *call = ctx;
    call->books.accepted++;
    ledger_first_accepted(ledger_of(call), call->fleet->now_ns);
    budgets_first_accepted(call->fleet->budget, fleet_origin_name(call->scene->origin), now_ns);
}

static void latency(void *ctx, const struct latency_entry *entry, int64_t now_ns) {
    struct call *call = ctx;
    books_latency(call, entry);
    latencies_enter(call->fleet->latencies, fleet_origin_name(call->scene->origin), entry, now_ns);
}

static bool plan(void *ctx, const struct hedge_wish *wish, int64_t now_ns, struct hedge_plan *found) {
    const struct call *call = ctx;
    return latencies_plan(call->fleet->latencies, fleet_origin_name(call->scene->origin), wish, now_ns, found);
}

static int64_t quantile_us(void *ctx, double quantile, int64_t now_ns) {
    const struct call *call = ctx;
    return latencies_quantile_us(call->fleet->latencies, fleet_origin_name(call->scene->origin), quantile, now_ns);
}

static const struct latency_source source = {.plan = plan, .quantile_us = quantile_us};

#define PORTS(of_budget)                                                                                               \
    {                                                                                                                  \
        .start = start, .shut = shut, .give_up = give_up, .read_on = read_on, .deliver = deliver,                      \
        .rewind = rewind_sink, .can_send_again = can_send_again, .fire = fire, .interruption = interruption,           \
        .charge = (of_budget), .give_back = give_back, .refund = refund, .first_begun = first_begun,                   \
        .first_accepted = first_accepted, .latency = latency, .latencies = &source                                     \
    }

const struct execution_ports *ports_of(const struct call *call) {
    static const struct execution_ports with_budget = PORTS(charge), without_budget = PORTS(NULL);
    return call->scene->has_budget ? &with_budget : &without_budget;
}

void ports_rules(const struct call *call, struct execution_rules *rules) {
    const struct call_scene *scene = call->scene;
    const struct policies *policies = call->policies;
    const bool races = policies->race != NULL && call->request.raceable;
    *rules = (struct execution_rules){.retry = &policies->watched_retry,
                                      .timeout = &policies->watched_timeout,
                                      .race = races ? &policies->watched_race : NULL,
                                      .deadline_ns = scene->deadline_ns,
                                      .connect_delay_ns = call->fleet->scene.connect_delay_ns,
                                      .body_limit = 1 << 20,
                                      .reads_headers = scene->has_sink || scene->listens_to_headers,
                                      .repeat_unsafe = scene->repeat_unsafe};
    if (scene->validates)
        rules->validator.validate = validate;
    if (scene->prepares)
        rules->preparer.prepare = prepare;
    if (scene->exhausted_is_error)
        rules->on_exhausted.replace = last_word;
}
