/* Latencies, for races whose scheduler may ask for them. A first attempt or a retry that was on the wire leaves one
 * entry: how long its answer took, or that it was given up and would have taken longer. A hedge leaves none: it is
 * a second look at a request that is known to be slow. Nor do failures. */
#include "engine/learn.h"

static void tell(struct execution *execution, struct attempt *attempt, int64_t until_ns, struct latency_entry entry) {
    const struct insist_race_policy *race = execution->rules.race;
    const int64_t sent_ns = attempt->progress.sent_ns;
    if (execution->ports->latency == NULL || race == NULL || !race->learns)
        return;
    if (attempt->learnt || attempt->kind == INSIST_HEDGE || sent_ns == 0)
        return;
    entry.us = until_ns > sent_ns ? (until_ns - sent_ns) / 1000 : 0;
    entry.told = attempt->told_slow;
    execution->ports->latency(execution->ctx, &entry, execution->view.now_ns);
    attempt->learnt = !entry.under_way;
    attempt->told_slow = true;
}

/* What goes to a sink may have ended when its headers are seen. */
static int64_t end_of(const struct execution *execution, const struct attempt *attempt) {
    const struct progress *progress = &attempt->progress;
    if (attempt->committed && progress->first_byte_ns != 0)
        return progress->first_byte_ns;
    return progress->ended_ns != 0 ? progress->ended_ns : execution->view.now_ns;
}

void learn_accepted(struct execution *execution, struct attempt *attempt) {
    tell(execution, attempt, end_of(execution, attempt), (struct latency_entry){.longer = false});
}

void learn_given_up(struct execution *execution, struct attempt *attempt) {
    tell(execution, attempt, end_of(execution, attempt), (struct latency_entry){.longer = true});
}

void learn_slow(struct execution *execution, struct attempt *attempt) {
    if (attempt->state != ATTEMPT_ENDED && !attempt->told_slow)
        tell(execution, attempt, execution->view.now_ns, (struct latency_entry){.longer = true, .under_way = true});
}
