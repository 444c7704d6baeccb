/* The pending retry and hedge. A hedge's delay counts from the moment the newest attempt's request is on the wire; until then another,
 * from its start, is what counts, and while it waits for room none does. Where nothing is left in flight there is nothing to hedge: a
 * retry that is pending then has its whole wait, and the scheduler is asked anew once it has started. */
#include "engine/pending.h"
#include "base/time_math.h"

static bool waits_for(const struct execution *execution, const struct attempt *attempt) {
    return execution->hedge.set && execution->hedge.newest == attempt;
}

void pending_running(struct execution *execution, const struct attempt *attempt) {
    int64_t delay_ns = execution->hedge.at_once ? 0 : execution->rules.connect_delay_ns;
    if (waits_for(execution, attempt))
        execution->hedge.due_ns = time_add(execution->view.now_ns, delay_ns);
}

void pending_sent(struct execution *execution, const struct attempt *attempt) {
    if (waits_for(execution, attempt))
        execution->hedge.due_ns = time_add(attempt->progress.sent_ns, execution->hedge.delay_ns);
}

void pending_ended(struct execution *execution, const struct attempt *attempt) {
    bool on_the_wire = attempt->state == ATTEMPT_SENT || attempt->progress.sent_ns != 0;
    if (execution->in_flight == 0 || (waits_for(execution, attempt) && !on_the_wire))
        execution->hedge.set = false;
}

static int64_t hedge_due_ns(const struct execution *execution) {
    if (!execution->hedge.set)
        return TIME_NEVER;
    return time_max(execution->hedge.due_ns, execution->not_before_ns);
}

int64_t pending_due_ns(const struct execution *execution) {
    if (execution->phase != EXECUTION_OPEN)
        return TIME_NEVER;
    int64_t retry_ns = execution->retry.set ? execution->retry.due_ns : TIME_NEVER;
    return time_min(retry_ns, hedge_due_ns(execution));
}

void pending_give_back(struct execution *execution, unsigned charged, int64_t charged_at_ns) {
    if (charged != 0)
        execution->ports->give_back(execution->ctx, charged, charged_at_ns, execution->view.now_ns);
}

void pending_drop(struct execution *execution) {
    if (execution->retry.set)
        pending_give_back(execution, execution->retry.charged, execution->retry.charged_at_ns);
    execution->retry.set = false;
    execution->hedge.set = false;
}
