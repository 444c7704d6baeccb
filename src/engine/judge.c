/* What an attempt's end means for the call: the decider is asked, and after a RETRY the questions that may still forbid another attempt, in the
 * order of semantics "Closing": the method gate, the waiter, Retry-After, the deadline, the budget. The first no closes the call. */
#include "engine/parts.h"

/* However far the request got decides, whatever the decider says: what may have been carried out is not sent again. */
static bool may_be_repeated(const struct execution *execution, const struct outcome *outcome) {
    return execution->view.request->repeatable || execution->rules.repeat_unsafe || outcome->sent == INSIST_NOT_SENT;
}

static int64_t ask_waiter(struct execution *execution) {
    const insist_waiter *waiter = &execution->rules.retry->waiter;
    execution->view.retries++; /* while it is asked: the number of the retry to come */
    int64_t wait_us = waiter->wait(waiter->ctx, &execution->view, &execution->view.random);
    execution->view.retries--;
    return wait_us;
}

static int64_t retry_after_us(const struct execution *execution, const struct outcome *outcome) {
    if (execution->rules.retry->retry_after_cap_us < 0)
        return -1;
    return time_max(outcome->retry_after_us, execution->wave_retry_after_us);
}

static void schedule_retry(struct execution *execution, struct attempt *about) {
    const struct outcome *outcome = &about->outcome;
    int64_t now_ns = execution->view.now_ns;
    struct pending_retry retry = {.set = true, .why = INSIST_START_BACKOFF};
    execution->view.current = about;

    if (!may_be_repeated(execution, outcome)) {
        finish_close(execution, INSIST_NOT_REPEATABLE, INSIST_OK, NULL);
        return;
    }
    if (outcome->stale && !execution->stale_replaced) {
        execution->stale_replaced = true;
        retry.why = INSIST_START_STALE;
    } else {
        retry.wait_us = ask_waiter(execution);
    }
    if (retry.wait_us < 0) {
        finish_close(execution, INSIST_COUNT, INSIST_OK, NULL);
        return;
    }
    int64_t asked_us = retry_after_us(execution, outcome);
    if (asked_us >= 0) {
        int64_t asked_until_ns = time_add(now_ns, time_from_us(asked_us));
        if (asked_us > execution->rules.retry->retry_after_cap_us || asked_until_ns >= execution->rules.deadline_ns) {
            finish_close(execution, INSIST_RETRY_AFTER, INSIST_OK, NULL);
            return;
        }
        execution->not_before_ns = time_max(execution->not_before_ns, asked_until_ns);
        retry.wait_us = time_add(retry.wait_us, asked_us);
        retry.why = INSIST_START_RETRY_AFTER;
    }
    retry.due_ns = time_max(time_add(now_ns, time_from_us(retry.wait_us)), execution->not_before_ns);
    if (retry.due_ns >= execution->rules.deadline_ns) {
        finish_close(execution, INSIST_NO_TIME, INSIST_OK, NULL);
        return;
    }
    if (execution->ports->charge != NULL) {
        retry.charged_at_ns = now_ns;
        retry.charged = execution->ports->charge(execution->ctx, outcome_is_throttled(outcome), now_ns);
        if (retry.charged == 0) {
            finish_close(execution, INSIST_BUDGET, INSIST_OK, NULL);
            return;
        }
    }
    execution->retry = retry;
    execution->view.last_wait_us = retry.wait_us;
    execution_fire(execution, INSIST_RETRY_SCHEDULED, about);
    if (execution->handler_number != 0)
        finish_at_once(execution, INSIST_HANDLER, INSIST_EHANDLER);
}

/* RACE_REFILL replaces a retryable end while its siblings go on; three that fail together cost one retry. RACE_CLOSE waits for the last of the
 * wave and asks about the most useful outcome. */
static void another(struct execution *execution, struct attempt *attempt) {
    if (execution->phase != EXECUTION_OPEN || execution->retry.set)
        return;
    if (execution->rules.race == NULL || execution->rules.race->mode == RACE_REFILL) {
        schedule_retry(execution, attempt);
        return;
    }
    execution->wave_failed = true;
    execution->hedge.set = false;
    execution->wave_retry_after_us = time_max(execution->wave_retry_after_us, attempt->outcome.retry_after_us);
    if (execution->in_flight == 0)
        schedule_retry(execution, execution->best);
}

void judge_attempt(struct execution *execution, struct attempt *attempt) {
    const insist_decider *decider = &execution->rules.retry->decider;
    insist_err fail = INSIST_EINVAL; /* in case the decider fails the call without saying why */
    execution->view.current = attempt;
    attempt->why_ended = attempt->timed_out ? INSIST_ENDED_TIMEOUT : INSIST_ENDED_FINAL;
    switch (decider->decide(decider->ctx, &execution->view, &fail)) {
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
        break;
    case INSIST_FAIL:
        execution->reported = attempt;
        finish_at_once(execution, INSIST_STOPPED, fail == INSIST_OK ? INSIST_EINVAL : fail);
        break;
    case INSIST_EXHAUSTED:
    default: /* nonsense from user code must not keep the call going */
        finish_close(execution, INSIST_COUNT, INSIST_OK, NULL);
        break;
    }
}
