/* Sinks. The decider is asked at the headers, with an empty body: an answer that it accepts is committed, which means that it has won. From
 * there on its bytes flow, no sibling runs, and only the deadline limits it. A failure after the first byte ends the call, unless the sink can
 * forget what it took. */
#include "engine/stream.h"
#include "engine/events.h"
#include "engine/finish.h"
#include "engine/judge.h"
#include "engine/learn.h"

static void commit(struct execution *execution, struct attempt *attempt) {
    attempt->committed = true;
    attempt->limit_ns = attempt->limit_once_sent_ns = execution->rules.deadline_ns;
    learn_accepted(execution, attempt);
    finish_siblings(execution, attempt);
}

void stream_begin(struct execution *execution, struct attempt *attempt) {
    insist_err fail = INSIST_OK;
    insist_verdict verdict = INSIST_RETRY;
    execution->view.current = attempt;
    if (attempt->sink.write != NULL)
        verdict = decider_ask(&execution->rules.retry->decider, &execution->view, &fail);
    if (verdict == INSIST_FAIL) {
        finish_at_once(execution, INSIST_STOPPED, fail, attempt);
        return;
    }
    attempt->rejected = verdict == INSIST_ACCEPT && !judge_validates(execution, attempt);
    if (verdict == INSIST_ACCEPT && !attempt->rejected)
        commit(execution, attempt);
    if (execution->handler_number != 0) /* a loser's */
        finish_at_once(execution, INSIST_HANDLER, INSIST_EHANDLER, NULL);
    else
        execution->ports->read_on(execution->ctx, attempt);
}

void stream_chunk(struct execution *execution, struct attempt *attempt) {
    insist_err err = execution->ports->deliver(execution->ctx, attempt);
    if (err == INSIST_OK)
        execution->ports->read_on(execution->ctx, attempt);
    else if (err == INSIST_ESINK)
        finish_at_once(execution, INSIST_STOPPED, err, attempt);
    else
        finish_at_once(execution, err == INSIST_EDEADLINE ? INSIST_DEADLINE : INSIST_CANCELLED, err, NULL);
}

bool stream_end(struct execution *execution, struct attempt *attempt) {
    if (attempt->outcome.err == INSIST_OK) {
        finish_accepted(execution, attempt);
        return true;
    }
    attempt->committed = false;
    if (attempt->delivered == 0 || execution->ports->rewind(execution->ctx, attempt))
        return false;
    attempt->why_ended = attempt->timed_out ? INSIST_ENDED_TIMEOUT : INSIST_ENDED_FINAL;
    finish_given_up(execution, INSIST_NOT_REPEATABLE, attempt->outcome.err, attempt);
    return true;
}
