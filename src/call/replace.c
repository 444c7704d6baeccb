/* What a handler puts in another's place. A plan in BEFORE_EXECUTION_START: what the execution and its ports know of the
 * plan changes at once, and nothing has been started yet. The call keeps the new one alive; the one that it was given is
 * its caller's. A sink in BEFORE_READ_BODY: of that attempt. The calling thread. */
#include "call/replace.h"
#include "call/feed.h"
#include "call/plan.h"
#include "call/result.h"
#include "call/rules.h"

void replace_end(struct carrier *carrier) {
    const insist_plan *plan = carrier->replacement;
    if (plan == NULL)
        return;
    if (plan->feed != NULL)
        feed_leave(plan->feed);
    request_release(&plan->request);
    carrier->replacement = NULL;
}

static void use(struct execution *execution, const insist_plan *plan) {
    struct carrier *carrier = execution->ctx;
    carrier->request = execution->view.request = &plan->request;
    carrier->feed = plan->feed;
    call_rules_use_plan(&execution->rules, carrier->client, plan, carrier->options);
}

insist_err insist_execution_set_plan(insist_execution *view, const insist_plan *plan) {
    if (view == NULL || plan == NULL || view->event != INSIST_BEFORE_EXECUTION_START)
        return INSIST_EINVAL;
    if (plan->problem.err != INSIST_OK)
        return plan->problem.err;
    struct execution *execution = (struct execution *)(void *)view;
    struct carrier *carrier = execution->ctx;
    if (plan == carrier->replacement)
        return INSIST_OK;
    if (call_rules_check(carrier->client, plan, carrier->options, NULL) != INSIST_OK)
        return INSIST_EINVAL;
    insist_result *result = result_new(carrier->client->env, &plan->request);
    if (result == NULL)
        return INSIST_ENOMEM;
    if (plan != carrier->plan && plan->feed != NULL && !feed_take(plan->feed)) {
        insist_result_free(result);
        return INSIST_EINVAL;
    }
    insist_result_free(carrier->result);
    carrier->result = result;
    replace_end(carrier);
    if (plan != carrier->plan) {
        plan_freeze(plan);
        request_retain(&plan->request);
        carrier->replacement = plan;
    }
    use(execution, plan);
    return INSIST_OK;
}

insist_err insist_execution_set_sink(insist_execution *view, const insist_sink *sink) {
    bool now = view != NULL && view->event == INSIST_BEFORE_READ_BODY && view->current != NULL;
    if (!now || sink == NULL || sink->write == NULL)
        return INSIST_EINVAL;
    const struct carrier *carrier = ((struct execution *)(void *)view)->ctx;
    if (client_has_own_transport(carrier->client))
        return INSIST_EINVAL;
    view->current->sink = *sink;
    return INSIST_OK;
}
