/* Ends: of an attempt, with the events that it is owed, and of the call, with everything that is owed then.
 *
 * When a call ends its losers are given up by snapshot: nobody waits for them, and their events fire from what is
 * known at that instant. */
#include "engine/finish.h"
#include "engine/events.h"
#include "engine/held.h"
#include "engine/learn.h"
#include "engine/pending.h"

static bool is_more_useful(const struct attempt *attempt, const struct attempt *best) {
    if (best == NULL)
        return true;
    return outcome_is_answer(&attempt->outcome) || !outcome_is_answer(&best->outcome);
}

static void consider(struct most_useful *best, struct attempt *attempt) {
    best->before = best->attempt;
    if (attempt->started && attempt->outcome.err != INSIST_EREDUNDANT && is_more_useful(attempt, best->attempt))
        best->attempt = attempt;
}

/* The last that was considered has become an error. */
static void consider_again(struct most_useful *best, struct attempt *attempt) {
    best->attempt = is_more_useful(attempt, best->before) ? attempt : best->before;
}

static bool is_timeout(insist_err err) {
    return err == INSIST_ETIMEOUT || err == INSIST_EDEADLINE;
}

/* The wire's own timer may see the deadline before the call does: an attempt that may take all that is left ends
 * with the call. A timeout that comes earlier is another's: the system's, for one, that gave up connecting. */
static void name_the_deadline(const struct execution *execution, struct attempt *attempt) {
    const int64_t deadline_ns = execution->rules.deadline_ns;
    bool may_take_all = attempt->limit_ns >= deadline_ns && execution->view.now_ns >= deadline_ns;
    if (attempt->outcome.err == INSIST_ETIMEOUT && may_take_all)
        attempt->outcome.err = INSIST_EDEADLINE;
}

void finish_attempt(struct execution *execution, struct attempt *attempt) {
    name_the_deadline(execution, attempt);
    attempt->state = ATTEMPT_ENDED;
    if (attempt->progress.ended_ns == 0)
        attempt->progress.ended_ns = execution->view.now_ns;
    if (is_timeout(attempt->outcome.err)) {
        learn_given_up(execution, attempt);
        attempt->timed_out = execution->wave_timed_out = true;
        execution->view.attempt_timeouts++;
        events_fire(execution, INSIST_AFTER_ATTEMPT_TIMEOUT, attempt);
    }
    events_fire(execution, INSIST_AFTER_ATTEMPT, attempt);
    execution->view.racing = --execution->in_flight;
    pending_ended(execution, attempt);
    execution->view.attempt_ends++;
    consider(&execution->best, attempt);
    consider(&execution->wave_best, attempt);
}

void finish_rejected(struct execution *execution, struct attempt *attempt) {
    attempt->rejected = true;
    attempt->outcome.err = INSIST_EREJECTED;
    attempt->outcome.cause = (struct cause){.sentence = NULL};
    attempt->outcome.transience = INSIST_NOT_TRANSIENT;
    consider_again(&execution->best, attempt);
    consider_again(&execution->wave_best, attempt);
}

static void refund(struct execution *execution, struct attempt *attempt) {
    if (attempt->charged == 0)
        return;
    execution->ports->refund(execution->ctx, attempt->charged, execution->view.now_ns);
    attempt->charged = 0;
}

/* How an attempt ends that is given up for a reason: its error unless it had ended by itself, unnoticed so far. */
static insist_err error_of_given_up(insist_reason reason, insist_err err) {
    if (reason == INSIST_DEADLINE || reason == INSIST_CANCELLED)
        return err;
    return reason == INSIST_HANDLER ? INSIST_ECANCELED : INSIST_EREDUNDANT;
}

static insist_why_ended why_given_up(insist_reason reason) {
    switch (reason) {
    case INSIST_DEADLINE: return INSIST_ENDED_DEADLINE;
    case INSIST_CANCELLED: return INSIST_ENDED_CANCELLED;
    case INSIST_HANDLER: return INSIST_ENDED_HANDLER;
    default: return INSIST_ENDED_LOST;
    }
}

static void give_up(struct execution *execution, struct attempt *attempt, insist_reason reason, insist_err err) {
    bool reported = attempt == execution->reported; /* the call ends because of it */
    bool ended = execution->ports->give_up(execution->ctx, attempt);
    if (!ended || attempt->outcome.err == INSIST_OK)
        learn_given_up(execution, attempt);
    if (!ended) {
        attempt->outcome.err = reported ? err : error_of_given_up(reason, err);
        attempt->outcome.transience = reason == INSIST_DEADLINE ? INSIST_TIMEOUT : INSIST_NOT_TRANSIENT;
    }
    attempt->why_ended = reported ? INSIST_ENDED_FINAL : why_given_up(reason);
    if (attempt->why_ended == INSIST_ENDED_LOST)
        refund(execution, attempt);
    finish_attempt(execution, attempt);
}

/* What the call returns when no answer was accepted and no rule names an error: the most useful outcome speaks. */
static insist_err error_of_best(const struct execution *execution) {
    if (execution->best.attempt == NULL)
        return execution->err;
    return execution->best.attempt->outcome.err;
}

static void give_up_all_but(struct execution *execution, const struct attempt *kept, insist_reason reason,
                            insist_err err) {
    for (struct attempt *attempt = NULL; (attempt = held_next(execution, attempt)) != NULL;)
        if (attempt != kept && attempt->state != ATTEMPT_ENDED)
            give_up(execution, attempt, reason, err);
}

static void end(struct execution *execution, insist_reason reason, insist_err err) {
    execution->settled = true;
    execution->reason = reason;
    pending_drop(execution);
    give_up_all_but(execution, NULL, reason, err);
    if (execution->reported == NULL)
        execution->reported = execution->best.attempt;
    execution->err = err;
    if (reason == INSIST_DEADLINE)
        events_fire(execution, INSIST_AFTER_PLAN_TIMEOUT, execution->reported);
    events_fire(execution, INSIST_AFTER_EXECUTION_END, execution->reported);
    execution->phase = EXECUTION_OVER;
}

void finish_accepted(struct execution *execution, struct attempt *winner) {
    winner->why_ended = INSIST_ENDED_WON;
    learn_accepted(execution, winner);
    refund(execution, winner);
    if (winner->kind == INSIST_FIRST && execution->ports->charge != NULL)
        execution->ports->first_accepted(execution->ctx, execution->view.now_ns);
    execution->reported = winner;
    end(execution, INSIST_DONE, INSIST_OK);
}

void finish_siblings(struct execution *execution, const struct attempt *winner) {
    pending_drop(execution);
    give_up_all_but(execution, winner, INSIST_DONE, INSIST_OK);
}

void finish_close(struct execution *execution, insist_reason reason, insist_err err, struct attempt *about) {
    if (execution->phase != EXECUTION_OPEN)
        return;
    execution->phase = EXECUTION_CLOSED;
    execution->reason = reason;
    execution->err = err;
    execution->reported = about;
    pending_drop(execution);
}

/* The call's last word: user code may turn it into another error, but not an error into an answer. */
static insist_err last_word(struct execution *execution, insist_reason reason, insist_err err,
                            struct attempt *reported) {
    const insist_on_exhausted *hook = &execution->rules.on_exhausted;
    if (hook->replace == NULL || reason == INSIST_REJECTED)
        return err;
    execution->view.current = reported;
    insist_err replaced = hook->replace(hook->ctx, &execution->view, reason, err);
    return replaced != INSIST_OK ? replaced : err;
}

void finish_if_closed(struct execution *execution) {
    if (execution->phase != EXECUTION_CLOSED || execution->in_flight > 0)
        return;
    if (execution->reported == NULL)
        execution->reported = execution->best.attempt;
    insist_err err = execution->reason == INSIST_STOPPED ? execution->err : error_of_best(execution);
    end(execution, execution->reason, last_word(execution, execution->reason, err, execution->reported));
}

void finish_given_up(struct execution *execution, insist_reason reason, insist_err err, struct attempt *about) {
    finish_at_once(execution, reason, last_word(execution, reason, err, about), about);
}

void finish_at_once(struct execution *execution, insist_reason reason, insist_err err, struct attempt *about) {
    execution->reported = about;
    end(execution, reason, err);
}
