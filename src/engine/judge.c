/* What an attempt's end means for the call: the decider is asked, and after a RETRY the questions that may still
 * forbid another attempt, in the order of semantics "Closing": the method gate, the waiter, Retry-After, the
 * deadline, the budget. The first no closes the call. */
#include "engine/judge.h"
#include "base/time_math.h"
#include "engine/events.h"
#include "engine/finish.h"

/* However far the request got decides, whatever the decider says: what may have been carried out is not sent again. */
static bool may_be_repeated(const struct execution *execution, const struct outcome *outcome) {
    bool allowed =
        execution->view.request->repeatable || execution->rules.repeat_unsafe || outcome->sent == INSIST_NOT_SENT;
    return allowed && (execution->ports->can_send_again == NULL || execution->ports->can_send_again(execution->ctx));
}

/* A connection that had died while it was idle says nothing about the server: its request goes out again at once,
 * once a call. */
static bool ask_wait(struct execution *execution, const struct outcome *outcome, struct pending_retry *retry) {
    if (outcome->stale && !execution->stale_replaced) {
        execution->stale_replaced = true;
        retry->why = INSIST_START_STALE;
        return true;
    }
    execution->view.retries++; /* while it is asked: the number of the retry to come */
    retry->why = INSIST_START_BACKOFF;
    retry->draw_us = waiter_ask(&execution->rules.retry->waiter, &execution->view, &execution->view.random);
    execution->view.retries--;
    retry->wait_us = retry->draw_us;
    return retry->wait_us >= 0;
}

/* What the answer asks for, in microseconds, as far as the policy listens to it; -1: nothing. */
static int64_t asked_for_us(const struct execution *execution, const struct outcome *outcome) {
    const struct insist_retry_policy *policy = execution->rules.retry;
    if (policy->retry_after_cap_us < 0)
        return -1;
    if (policy->retry_after_listed && !status_set_has(&policy->retry_after_statuses, outcome->status))
        return -1;
    return outcome->retry_after_us;
}

/* What the server asked for holds for every further start of the call; the waiter's draw comes on top and spreads
 * the herd, unless the policy wants the server's word alone. */
static bool ask_retry_after(struct execution *execution, const struct outcome *outcome, struct pending_retry *retry) {
    const struct insist_retry_policy *policy = execution->rules.retry;
    int64_t asked_us = time_max(asked_for_us(execution, outcome), execution->wave_retry_after_us);
    if (asked_us < 0)
        return true;
    int64_t until_ns = time_add(execution->view.now_ns, time_from_us(asked_us));
    if (asked_us > policy->retry_after_cap_us || until_ns >= execution->rules.deadline_ns)
        return false;
    execution->not_before_ns = time_max(execution->not_before_ns, until_ns);
    retry->wait_us = policy->retry_after_replaces ? asked_us : time_add(retry->draw_us, asked_us);
    retry->why = INSIST_START_RETRY_AFTER;
    return true;
}

static bool ask_deadline(const struct execution *execution, struct pending_retry *retry) {
    int64_t due_ns = time_add(execution->view.now_ns, time_from_us(retry->wait_us));
    retry->due_ns = time_max(due_ns, execution->not_before_ns);
    return retry->due_ns < execution->rules.deadline_ns;
}

static bool ask_budget(struct execution *execution, const struct outcome *outcome, struct pending_retry *retry) {
    if (execution->ports->charge == NULL)
        return true;
    retry->charged_at_ns = execution->view.now_ns;
    retry->charged = execution->ports->charge(execution->ctx, outcome_is_throttled(outcome), execution->view.now_ns);
    return retry->charged != 0;
}

static void set_retry(struct execution *execution, const struct pending_retry *retry) {
    execution->retry = *retry;
    execution->retry.decided_ns = execution->view.now_ns;
    execution->view.last_wait_us = retry->wait_us;
    execution->view.wait_source = retry->why;
}

static void schedule_retry(struct execution *execution, struct attempt *about) {
    const struct outcome *outcome = &about->outcome;
    struct pending_retry retry = {.set = true, .about = about};
    execution->view.current = about;

    if (!may_be_repeated(execution, outcome)) {
        finish_close(execution, INSIST_NOT_REPEATABLE, INSIST_OK, NULL);
    } else if (!ask_wait(execution, outcome, &retry)) {
        finish_close(execution, INSIST_COUNT, INSIST_OK, NULL);
    } else if (!ask_retry_after(execution, outcome, &retry)) {
        finish_close(execution, INSIST_RETRY_AFTER, INSIST_OK, NULL);
    } else if (!ask_deadline(execution, &retry)) {
        finish_close(execution, INSIST_NO_TIME, INSIST_OK, NULL);
    } else if (!ask_budget(execution, outcome, &retry)) {
        finish_close(execution, INSIST_BUDGET, INSIST_OK, NULL);
    } else {
        set_retry(execution, &retry);
        events_fire(execution, INSIST_RETRY_SCHEDULED, about);
        if (execution->handler_number != 0)
            finish_at_once(execution, INSIST_HANDLER, INSIST_EHANDLER, NULL);
    }
}

/* A retry is pending already; it only comes later where this answer asks for that. */
static void put_off(struct execution *execution, const struct outcome *outcome) {
    struct pending_retry later = execution->retry;
    if (asked_for_us(execution, outcome) < 0)
        return;
    if (!ask_retry_after(execution, outcome, &later))
        finish_close(execution, INSIST_RETRY_AFTER, INSIST_OK, NULL);
    else if (!ask_deadline(execution, &later))
        finish_close(execution, INSIST_NO_TIME, INSIST_OK, NULL);
    else if (later.due_ns > execution->retry.due_ns)
        set_retry(execution, &later);
}

/* INSIST_REFILL replaces a retryable end while its siblings go on; three that fail together cost one retry.
 * INSIST_CLOSE waits for the last of the wave and asks about the most useful outcome. */
static void another(struct execution *execution, struct attempt *attempt) {
    if (execution->phase != EXECUTION_OPEN)
        return;
    if (execution->retry.set) {
        put_off(execution, &attempt->outcome);
        return;
    }
    if (execution->rules.race == NULL || execution->rules.race->mode == INSIST_REFILL) {
        schedule_retry(execution, attempt);
        return;
    }
    execution->hedge.set = false;
    execution->wave_retry_after_us =
        time_max(execution->wave_retry_after_us, asked_for_us(execution, &attempt->outcome));
    if (execution->in_flight == 0)
        schedule_retry(execution, execution->wave_best.attempt);
}

bool judge_validates(struct execution *execution, const struct attempt *attempt) {
    const insist_validator *validator = &execution->rules.validator;
    if (validator->validate == NULL || !outcome_is_answer(&attempt->outcome))
        return true;
    return validator->validate(validator->ctx, &execution->view);
}

/* The validator is asked about what the decider accepts, and then the decider about what the validator rejects. What
 * was rejected at its headers stays so: its sink got nothing of it. */
static insist_verdict ask(struct execution *execution, struct attempt *attempt, insist_err *fail) {
    const insist_decider *decider = &execution->rules.retry->decider;
    if (!attempt->rejected || !outcome_is_answer(&attempt->outcome)) {
        insist_verdict verdict = decider_ask(decider, &execution->view, fail);
        if (verdict != INSIST_ACCEPT || judge_validates(execution, attempt))
            return verdict;
    }
    finish_rejected(execution, attempt);
    return decider_ask(decider, &execution->view, fail);
}

void judge_attempt(struct execution *execution, struct attempt *attempt) {
    insist_err fail = INSIST_OK;
    execution->view.current = attempt;
    attempt->why_ended = attempt->timed_out ? INSIST_ENDED_TIMEOUT : INSIST_ENDED_FINAL;
    switch (ask(execution, attempt, &fail)) {
    case INSIST_ACCEPT:
        if (outcome_is_answer(&attempt->outcome))
            finish_accepted(execution, attempt);
        else
            finish_close(execution, INSIST_STOPPED, attempt->outcome.err, attempt);
        break;
    case INSIST_RETRY:
        if (!attempt->timed_out)
            attempt->why_ended = INSIST_ENDED_RETRYABLE;
        another(execution, attempt);
        if (execution->phase == EXECUTION_CLOSED && !attempt->timed_out)
            attempt->why_ended = INSIST_ENDED_FINAL;
        break;
    case INSIST_EXHAUSTED: finish_close(execution, INSIST_COUNT, INSIST_OK, NULL); break;
    case INSIST_FAIL: finish_at_once(execution, INSIST_STOPPED, fail, attempt); break;
    }
}
