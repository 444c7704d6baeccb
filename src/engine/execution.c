/* The inputs of an execution. A turn hands in its news, a cancel, then the time: only the time starts what is due, so
 * that three attempts whose ends come together cost one retry, and none that an answer of the same turn makes needless. */
#include "engine/execution.h"
#include "base/time_math.h"
#include "engine/events.h"
#include "engine/finish.h"
#include "engine/held.h"
#include "engine/judge.h"
#include "engine/pending.h"
#include "engine/stream.h"
#include "engine/wave.h"
#include <string.h>

void execution_init(struct execution *execution, const struct env *env, const struct request *request,
                    const struct execution_rules *rules, const struct execution_ports *ports, void *ctx, uint64_t seed,
                    uint64_t stream) {
    memset(execution, 0, sizeof *execution);
    execution->env = env;
    execution->rules = *rules;
    execution->ports = ports;
    execution->ctx = ctx;
    execution->attempts = execution->few;
    execution->capacity = sizeof execution->few / sizeof execution->few[0];
    list_init(&execution->held);
    execution->not_before_ns = INT64_MIN;
    execution->wave_retry_after_us = -1;
    execution->view.request = request;
    execution->view.deadline_ns = rules->deadline_ns;
    execution->view.event = INSIST_EVENTS;
    execution->view.latencies = ports->latencies;
    execution->view.latencies_ctx = ctx;
    random_init(&execution->view.random, seed, stream);
    headers_init(&execution->prepared, env);
    bag_init(&execution->view.bag, env);
}

void execution_fini(struct execution *execution) {
    for (size_t i = 0; i < execution->count; i++) {
        outcome_fini(&execution->attempts[i]->outcome);
        headers_fini(&execution->attempts[i]->own_headers);
        if (execution->attempts[i] != &execution->first)
            env_release(execution->env, execution->attempts[i]);
    }
    headers_fini(&execution->prepared);
    bag_fini(&execution->view.bag);
    if (execution->attempts != execution->few)
        env_release(execution->env, execution->attempts);
    execution->attempts = NULL;
    execution->count = 0;
}

/* Whoever carries it out may have moved the time on while user code ran; it never goes back. */
static void move_to(struct execution *execution, int64_t now_ns) {
    execution->view.now_ns = time_max(execution->view.now_ns, now_ns);
}

bool execution_is_over(const struct execution *execution) {
    return execution->phase == EXECUTION_OVER;
}

/* Starting one thing may make the next due, an attempt at once for instance. */
static void start_due(struct execution *execution) {
    if (execution->phase == EXECUTION_OPEN && execution->view.now_ns < execution->rules.deadline_ns)
        wave_start_due(execution);
    finish_if_closed(execution);
}

void execution_begin(struct execution *execution, insist_err interrupted, int64_t now_ns) {
    execution->view.start_ns = execution->view.now_ns = now_ns;
    events_fire(execution, INSIST_BEFORE_EXECUTION_START, NULL);
    if (interrupted == INSIST_OK)
        interrupted = events_interruption(execution);
    if (execution->handler_number != 0)
        finish_at_once(execution, INSIST_HANDLER, INSIST_EHANDLER, NULL);
    else if (interrupted != INSIST_OK)
        finish_at_once(execution, INSIST_CANCELLED, interrupted, NULL);
    else if (execution->view.now_ns >= execution->rules.deadline_ns) /* a handler may have taken its time */
        finish_at_once(execution, INSIST_DEADLINE, INSIST_EDEADLINE, NULL);
    else
        wave_start_first(execution);
    start_due(execution);
}

static bool in_flight(const struct execution *execution, const struct attempt *attempt) {
    return execution->phase != EXECUTION_OVER && attempt->state != ATTEMPT_ENDED;
}

void execution_left_queue(struct execution *execution, struct attempt *attempt, int64_t now_ns) {
    move_to(execution, now_ns);
    if (!in_flight(execution, attempt) || attempt->state != ATTEMPT_WAITING)
        return;
    attempt->state = ATTEMPT_RUNNING;
    pending_running(execution, attempt);
    finish_if_closed(execution);
}

void execution_sent(struct execution *execution, struct attempt *attempt, int64_t now_ns) {
    move_to(execution, now_ns);
    if (!in_flight(execution, attempt) || attempt->state == ATTEMPT_SENT)
        return;
    attempt->state = ATTEMPT_SENT;
    attempt->limit_ns = attempt->limit_once_sent_ns;
    pending_sent(execution, attempt);
    finish_if_closed(execution);
}

void execution_headers(struct execution *execution, struct attempt *attempt, int64_t now_ns) {
    move_to(execution, now_ns);
    if (!in_flight(execution, attempt))
        return;
    attempt->headers_told = true;
    events_fire(execution, INSIST_BEFORE_READ_BODY, attempt);
    if (execution->handler_number != 0)
        finish_at_once(execution, INSIST_HANDLER, INSIST_EHANDLER, NULL);
    else
        stream_begin(execution, attempt);
    finish_if_closed(execution);
}

void execution_chunk(struct execution *execution, struct attempt *attempt, int64_t now_ns) {
    move_to(execution, now_ns);
    if (!in_flight(execution, attempt))
        return;
    stream_chunk(execution, attempt);
    finish_if_closed(execution);
}

/* An answer without a body never pauses at its headers. */
static void tell_headers(struct execution *execution, struct attempt *attempt) {
    if (!execution->rules.reads_headers || attempt->headers_told || !outcome_has_headers(&attempt->outcome))
        return;
    attempt->headers_told = true;
    events_fire(execution, INSIST_BEFORE_READ_BODY, attempt);
}

static void end_attempt(struct execution *execution, struct attempt *attempt) {
    tell_headers(execution, attempt);
    finish_attempt(execution, attempt);
    if (execution->handler_number != 0) {
        attempt->why_ended = INSIST_ENDED_HANDLER;
        finish_at_once(execution, INSIST_HANDLER, INSIST_EHANDLER, NULL);
    } else if (attempt->outcome.err == INSIST_EDEADLINE) {
        attempt->why_ended = INSIST_ENDED_DEADLINE;
        finish_at_once(execution, INSIST_DEADLINE, INSIST_EDEADLINE, NULL);
    } else if (!attempt->committed || !stream_end(execution, attempt)) {
        judge_attempt(execution, attempt);
    }
}

void execution_ended(struct execution *execution, struct attempt *attempt, int64_t now_ns) {
    move_to(execution, now_ns);
    if (!in_flight(execution, attempt))
        return;
    end_attempt(execution, attempt);
    finish_if_closed(execution);
}

void execution_failed(struct execution *execution, struct attempt *attempt, insist_err err, int64_t now_ns) {
    move_to(execution, now_ns);
    if (in_flight(execution, attempt))
        finish_at_once(execution, INSIST_STOPPED, err, attempt);
}

void execution_interrupt(struct execution *execution, insist_err err, int64_t now_ns) {
    move_to(execution, now_ns);
    if (execution->phase != EXECUTION_OVER)
        finish_at_once(execution, INSIST_CANCELLED, err, NULL);
}

/* An attempt whose limit has passed is given up, unless going on the wire has earned it a later one. */
static void end_if_late(struct execution *execution, struct attempt *attempt) {
    if (attempt->limit_once_sent_ns > execution->view.now_ns && !execution->ports->shut(execution->ctx, attempt)) {
        attempt->limit_ns = attempt->limit_once_sent_ns;
        return;
    }
    if (!execution->ports->give_up(execution->ctx, attempt)) {
        attempt->outcome.err = INSIST_ETIMEOUT;
        attempt->outcome.transience = INSIST_TIMEOUT;
    }
    end_attempt(execution, attempt);
}

void execution_time(struct execution *execution, int64_t now_ns) {
    move_to(execution, now_ns);
    if (execution->phase == EXECUTION_OVER)
        return;
    if (execution->view.now_ns >= execution->rules.deadline_ns) {
        finish_at_once(execution, INSIST_DEADLINE, INSIST_EDEADLINE, NULL);
        return;
    }
    for (struct attempt *attempt = NULL; (attempt = held_next(execution, attempt)) != NULL;) {
        if (in_flight(execution, attempt) && attempt->limit_ns <= execution->view.now_ns)
            end_if_late(execution, attempt);
    }
    start_due(execution);
}

int64_t execution_due_ns(const struct execution *execution) {
    int64_t due_ns = time_min(execution->rules.deadline_ns, pending_due_ns(execution));
    for (struct attempt *attempt = NULL; (attempt = held_next(execution, attempt)) != NULL;)
        if (in_flight(execution, attempt))
            due_ns = time_min(due_ns, attempt->limit_ns);
    return due_ns;
}
