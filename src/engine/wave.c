/* Starting attempts: the first, a retry whose wait is over, a hedge whose delay is over.
 *
 * A wave begins with one attempt, or with a retry when nothing is in flight, and lasts until nothing of it is in
 * flight. */
#include "engine/wave.h"
#include "base/time_math.h"
#include "engine/events.h"
#include "engine/finish.h"
#include "engine/held.h"
#include "engine/learn.h"
#include "engine/pending.h"

struct start {
    insist_kind kind;
    insist_why_started why;
    int64_t wait_us;
    unsigned charged;
    int64_t charged_at_ns;
};

static bool make_room(struct execution *execution) {
    if (execution->count < execution->capacity)
        return true;
    bool few = execution->attempts == execution->few;
    size_t capacity = execution->capacity * 2;
    struct attempt **attempts =
        env_resize(execution->env, few ? NULL : execution->attempts, capacity * sizeof *attempts);
    if (attempts == NULL)
        return false;
    for (size_t i = 0; few && i < execution->count; i++)
        attempts[i] = execution->few[i];
    execution->attempts = attempts;
    execution->capacity = capacity;
    return true;
}

static struct attempt *append_attempt(struct execution *execution) {
    if (!make_room(execution))
        return NULL;
    struct attempt *attempt = execution->count == 0 ? &execution->first : env_alloc(execution->env, sizeof *attempt);
    if (attempt == NULL)
        return NULL;
    outcome_init(&attempt->outcome, execution->env, execution->rules.body_limit);
    headers_init(&attempt->own_headers, execution->env);
    attempt->progress.reactor = -1;
    attempt->index = (unsigned)execution->count;
    execution->attempts[execution->count++] = attempt;
    list_append(&execution->held, &attempt->place);
    return attempt;
}

/* This attempt and those that a bound allows behind it. */
static uint32_t left_of(uint32_t started, uint32_t bound) {
    if (bound == RETRY_UNBOUNDED)
        return RETRY_UNBOUNDED;
    return started >= bound ? 1 : bound - started + 1;
}

static uint32_t attempts_left(const struct execution *execution) {
    const struct insist_retry_policy *retry = execution->rules.retry;
    const uint32_t by_retries = left_of(execution->view.retries, retry->retry_bound);
    const uint32_t by_attempts = left_of(execution->view.attempts_started, retry->attempt_bound);
    return by_retries < by_attempts ? by_retries : by_attempts;
}

/* Under the default timeout an attempt may take all that is left when none could replace it: because it is the last,
 * or because it is on the wire and may not be sent twice. Hedges never get this. */
static void set_limit(struct execution *execution, struct attempt *attempt) {
    const struct insist_timeout_policy *policy = execution->rules.timeout;
    int64_t deadline_ns = execution->rules.deadline_ns;
    execution->view.attempts_left = attempts_left(execution);
    int64_t timeout_us = policy->timeout(policy->ctx, &execution->view);
    int64_t limit_ns = time_add(execution->view.now_ns, time_from_us(time_max(timeout_us, 0)));
    attempt->limit_ns = attempt->limit_once_sent_ns = time_min(limit_ns, deadline_ns);
    if (!policy->takes_the_rest || attempt->kind == INSIST_HEDGE)
        return;
    if (execution->view.attempts_left == 1)
        attempt->limit_ns = attempt->limit_once_sent_ns = deadline_ns;
    else if (!execution->view.request->repeatable && !execution->rules.repeat_unsafe)
        attempt->limit_once_sent_ns = deadline_ns;
}

/* The delay counts from the moment the newest attempt's request is on the wire; until then another, from its start,
 * is what counts. */
static void schedule_hedge(struct execution *execution, struct attempt *newest) {
    const struct insist_race_policy *race = execution->rules.race;
    execution->hedge.set = false;
    if (race == NULL)
        return;
    int64_t delay_us = race->scheduler.schedule(race->scheduler.ctx, &execution->view, execution->wave_hedges);
    bool at_once = delay_us == INSIST_AT_ONCE;
    int64_t delay_ns = at_once ? 0 : time_from_us(delay_us);
    if (delay_us <= INSIST_NO_HEDGE || time_add(execution->view.now_ns, delay_ns) >= newest->limit_ns)
        return;
    execution->hedge = (struct pending_hedge){.set = true, .at_once = at_once, .newest = newest, .delay_ns = delay_ns};
    if (newest->state == ATTEMPT_WAITING)
        execution->hedge.due_ns = TIME_NEVER;
    else
        pending_running(execution, newest);
}

/* What was charged for an attempt that is not started. */
static void take_back(struct execution *execution, insist_kind kind, unsigned charged, int64_t charged_at_ns) {
    pending_give_back(execution, charged, charged_at_ns);
    if (kind == INSIST_HEDGE)
        starter_take_back(&execution->rules.race->starter, &execution->view);
}

/* It is not handed over: a hedge is left out, anything else ends the call. A cancel will do that by itself, once the
 * answers that are here have gone before it. */
static void refuse(struct execution *execution, struct attempt *attempt, insist_err err, insist_why_ended why) {
    attempt->outcome.err = err;
    take_back(execution, attempt->kind, attempt->charged, attempt->charged_at_ns);
    attempt->charged = 0;
    if (attempt->kind == INSIST_HEDGE) { /* no count ends the call for it */
        execution->view.attempts_started--;
        execution->wave_hedges--;
    }
    finish_attempt(execution, attempt);
    attempt->why_ended = why;
    if (execution->handler_number != 0)
        finish_at_once(execution, INSIST_HANDLER, INSIST_EHANDLER, NULL);
    else if (why == INSIST_ENDED_REJECTED && attempt->kind != INSIST_HEDGE)
        finish_close(execution, INSIST_REJECTED, err, NULL);
}

static void begin_wave_if_idle(struct execution *execution) {
    if (execution->in_flight > 0 || execution->count == 0)
        return;
    execution->view.wave++;
    execution->view.waves_timed_out = execution->wave_timed_out ? execution->view.waves_timed_out + 1 : 0;
    execution->wave_timed_out = false;
    execution->wave_hedges = 0;
    execution->wave_retry_after_us = -1;
    execution->wave_best = (struct most_useful){.attempt = NULL};
}

static void start_attempt(struct execution *execution, const struct start *start) {
    begin_wave_if_idle(execution);
    held_let_go(execution);
    struct attempt *attempt = append_attempt(execution);
    if (attempt == NULL) {
        take_back(execution, start->kind, start->charged, start->charged_at_ns);
        if (start->kind != INSIST_HEDGE)
            finish_close(execution, INSIST_REJECTED, INSIST_ENOMEM, NULL);
        return;
    }
    attempt->kind = start->kind;
    attempt->why_started = start->why;
    attempt->wait_us = start->wait_us;
    attempt->charged = start->charged;
    attempt->charged_at_ns = start->charged_at_ns;
    attempt->wave = execution->view.wave;
    attempt->progress.queued_ns = execution->view.now_ns;
    if (start->kind == INSIST_RETRIED)
        headers_move(&attempt->own_headers, &execution->prepared);
    execution->view.attempts_started++;
    if (start->kind == INSIST_RETRIED)
        execution->view.retries++;
    execution->wave_hedges += start->kind == INSIST_HEDGE;
    execution->view.racing = ++execution->in_flight;
    execution->view.current = attempt;

    set_limit(execution, attempt); /* before the handlers: what they take counts */
    execution->view.own_headers = &attempt->own_headers;
    events_fire(execution, INSIST_BEFORE_ATTEMPT, attempt);
    execution->view.own_headers = NULL;
    if (execution->handler_number != 0) {
        refuse(execution, attempt, INSIST_EHANDLER, INSIST_ENDED_HANDLER);
        return;
    }
    insist_err err = events_interruption(execution);
    if (err != INSIST_OK) {
        refuse(execution, attempt, err, INSIST_ENDED_CANCELLED);
        return;
    }
    bool waits = false;
    err = execution->ports->start(execution->ctx, attempt, &waits);
    if (err != INSIST_OK) {
        refuse(execution, attempt, err, INSIST_ENDED_REJECTED);
        return;
    }
    attempt->started = true;
    attempt->state = waits ? ATTEMPT_WAITING : ATTEMPT_RUNNING;
    if (start->kind == INSIST_FIRST && execution->ports->charge != NULL)
        execution->ports->first_begun(execution->ctx, execution->view.now_ns);
    schedule_hedge(execution, attempt);
}

void wave_start_first(struct execution *execution) {
    start_attempt(execution, &(struct start){.kind = INSIST_FIRST, .why = INSIST_START_FIRST});
}

/* False: user code has ended the call. */
static bool prepare(struct execution *execution, struct attempt *about) {
    const insist_preparer *preparer = &execution->rules.preparer;
    if (preparer->prepare == NULL)
        return true;
    execution->view.current = about;
    execution->view.own_headers = &execution->prepared;
    execution->handler_number = preparer->prepare(preparer->ctx, &execution->view, (unsigned)execution->count);
    execution->view.own_headers = NULL;
    if (execution->handler_number != 0)
        finish_at_once(execution, INSIST_HANDLER, INSIST_EHANDLER, NULL);
    return execution->handler_number == 0;
}

/* Its record tells why it comes before its wait is over, and how long it did wait. */
static void tell_early(const struct execution *execution, struct pending_retry *retry) {
    if (retry->due_ns <= execution->view.now_ns)
        return;
    retry->why = INSIST_START_HEDGE;
    retry->wait_us = (execution->view.now_ns - retry->decided_ns) / 1000;
}

static void start_retry(struct execution *execution) {
    struct pending_retry retry = execution->retry;
    if (!prepare(execution, retry.about))
        return;
    tell_early(execution, &retry);
    execution->retry.set = false;
    execution->hedge.set = false;
    start_attempt(execution, &(struct start){.kind = INSIST_RETRIED,
                                             .why = retry.why,
                                             .wait_us = retry.wait_us,
                                             .charged = retry.charged,
                                             .charged_at_ns = retry.charged_at_ns});
}

/* Budget, then starter. A no only leaves the hedge out, and the scheduler is not asked before the next start. */
static void start_hedge(struct execution *execution) {
    const struct insist_race_policy *race = execution->rules.race;
    int64_t now_ns = execution->view.now_ns;
    unsigned charged = 0;
    execution->view.current = execution->hedge.newest;
    execution->hedge.set = false;
    learn_slow(execution, execution->hedge.newest);
    if (execution->ports->charge != NULL) {
        charged = execution->ports->charge(execution->ctx, false, now_ns);
        if (charged == 0)
            return;
    }
    execution->view.starter_asked_ns = now_ns;
    if (!starter_ask(&race->starter, &execution->view)) {
        pending_give_back(execution, charged, now_ns);
        return;
    }
    start_attempt(execution, &(struct start){.kind = INSIST_HEDGE,
                                             .why = INSIST_START_HEDGE,
                                             .wait_us = execution->hedge.delay_ns / 1000,
                                             .charged = charged,
                                             .charged_at_ns = now_ns});
}

/* A hedge that falls due while a retry is pending becomes that retry: there is one only while a sibling is in flight. */
void wave_start_due(struct execution *execution) {
    while (execution->phase == EXECUTION_OPEN && pending_due_ns(execution) <= execution->view.now_ns) {
        if (execution->retry.set)
            start_retry(execution);
        else
            start_hedge(execution);
    }
}
