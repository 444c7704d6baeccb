/* The rules of a call: what it was given goes before what its plan has, and this before what its client has. */
#include "call/rules.h"
#include "base/problem.h"
#include "base/time_math.h"
#include "call/handlers.h"

static void use_race(struct execution_rules *rules, const insist_client *client, const insist_plan *plan,
                     const insist_call_options *options) {
    const insist_race_policy *race = options->race != NULL ? options->race : plan->race;
    if (race == NULL)
        race = client->race;
    rules->race = plan->request.raceable ? race : NULL;
    rules->race_not_allowed = race != NULL && rules->race == NULL;
}

void call_rules_use_plan(struct execution_rules *rules, const insist_client *client, const insist_plan *plan,
                         const insist_call_options *options) {
    const insist_retry_policy *retry = options->retry != NULL ? options->retry : plan->retry;
    const insist_timeout_policy *timeout = options->timeout != NULL ? options->timeout : plan->timeout;
    rules->retry = retry != NULL ? retry : client->retry;
    rules->timeout = timeout != NULL ? timeout : client->timeout;
    use_race(rules, client, plan, options);
}

insist_err call_rules_check(const insist_client *client, const insist_plan *plan, const insist_call_options *options,
                            insist_problem *problem) {
    if (!plan->request.raceable && (plan->race != NULL || options->race != NULL))
        return problem_set(problem, INSIST_EINVAL, "race", "%s", PLAN_NOT_RACEABLE);
    if (client_has_own_transport(client) && (options->sink != NULL || plan->feed != NULL))
        return problem_set(problem, INSIST_EINVAL, options->sink != NULL ? "sink" : "reader",
                           "a client with a transport of its own takes neither sinks nor body readers");
    return INSIST_OK;
}

void call_rules_init(struct execution_rules *rules, const insist_client *client, const insist_plan *plan,
                     const insist_call_options *options, int64_t now_ns) {
    *rules = (struct execution_rules){
        .connect_delay_ns = EXECUTION_CONNECT_DELAY_NS,
        .body_limit = client->wire.max_body_bytes,
        .reads_headers = handlers_listen(client->handlers, INSIST_BEFORE_READ_BODY) ||
                         handlers_listen(options->handlers, INSIST_BEFORE_READ_BODY) || options->sink != NULL,
        .repeat_unsafe = client->repeat_unsafe,
        .validator = options->validator != NULL ? *options->validator : client->validator,
        .preparer = options->prepare_retry != NULL ? *options->prepare_retry : client->preparer,
        .on_exhausted = options->on_exhausted != NULL ? *options->on_exhausted : client->on_exhausted,
    };
    if (plan->request.opened_on != NULL) { /* a connection is opened whatever the answer is worth */
        rules->validator = (insist_validator){0};
        rules->on_exhausted = (insist_on_exhausted){0};
    }
    call_rules_use_plan(rules, client, plan, options);
    if (options->deadline_at_ns != 0)
        rules->deadline_ns = options->deadline_at_ns;
    else if (options->deadline_ms != 0)
        rules->deadline_ns = time_add(now_ns, time_from_ms(options->deadline_ms));
    else
        rules->deadline_ns = time_add(now_ns, client->deadline_ns);
}
