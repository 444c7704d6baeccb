/* One call's inputs: its plan, its jobs' news, its end. User code runs from in here, one thing at a time, with no lock
 * held. */
#include "call/call.h"
#include "call/feed.h"
#include "call/plan.h"
#include "call/replace.h"
#include "call/result.h"
#include "call/rules.h"

void call_take(struct call *call, insist_client *client, const insist_plan *plan, const insist_call_options *options,
               insist_result **result) {
    request_retain(&plan->request); /* whoever owns it may give it up meanwhile */
    call->result = result;
    call->carrier = (struct carrier){.client = client,
                                     .request = &plan->request,
                                     .options = options,
                                     .handlers = options->handlers,
                                     .plan = plan,
                                     .feed = plan->feed,
                                     .execution = &call->execution};
    if (options->sink != NULL)
        call->carrier.sink = *options->sink;
}

static void leave(struct call *call, insist_result *result) {
    const insist_plan *plan = call->carrier.plan;
    *call->result = result;
    call->result = NULL;
    if (plan->feed != NULL)
        feed_leave(plan->feed);
    request_release(&plan->request);
}

bool call_begin(struct call *call, struct mailbox *mailbox, int64_t entered_ns, insist_err interrupted,
                int64_t now_ns) {
    struct carrier *carrier = &call->carrier;
    insist_client *client = carrier->client;
    struct execution_rules rules;
    uint64_t number = counter_add(&client->counters.calls);
    carrier->mailbox = mailbox;
    carrier->result = result_new(client->env, carrier->request);
    if (carrier->result == NULL) { /* whatever user code or the server is told of, the result can tell */
        leave(call, NULL);
        return false;
    }
    call_rules_init(&rules, client, carrier->plan, carrier->options, entered_ns);
    execution_init(&call->execution, client->env, carrier->request, &rules, &carry_ports, carrier, client->seed,
                   number);
    execution_begin(&call->execution, interrupted, now_ns);
    return true;
}

/* In the order in which they can have happened. What an earlier piece leads to may have ended the call, and given the
 * job up. */
void call_hand_in(struct call *call, struct job *job, unsigned news, const struct progress *progress, int64_t now_ns) {
    struct execution *execution = &call->execution;
    struct attempt *attempt = execution->attempts[job->attempt_index];
    attempt->progress = *progress;
    if (news & NEWS_STARTED)
        execution_left_queue(execution, attempt, now_ns);
    if ((news & NEWS_SENT) && attempt->job != NULL)
        execution_sent(execution, attempt, now_ns);
    if ((news & NEWS_ROOM) && attempt->job != NULL) {
        insist_err err = carry_feed(&call->carrier, attempt);
        if (err != INSIST_OK)
            execution_failed(execution, attempt, err, now_ns);
    }
    if ((news & NEWS_HEADERS) && attempt->job != NULL) {
        if (carry_show_headers(&call->carrier, attempt) == INSIST_OK)
            execution_headers(execution, attempt, now_ns);
        else
            execution_interrupt(execution, INSIST_ENOMEM, now_ns);
    }
    if ((news & NEWS_CHUNK) && attempt->job != NULL)
        execution_chunk(execution, attempt, now_ns);
    if ((news & NEWS_END) && attempt->job != NULL) {
        carry_collect(&call->carrier, attempt);
        execution_ended(execution, attempt, now_ns);
    }
}

static void count_end(insist_client *client, const struct execution *execution) {
    if (execution->reason == INSIST_DONE)
        counter_add(&client->counters.calls_done);
    else if (execution->reason == INSIST_DEADLINE)
        counter_add(&client->counters.deadlines);
}

void call_refuse(struct call *call, insist_err err) {
    const insist_client *client = call->carrier.client;
    const struct request *request = call->carrier.request;
    insist_result *result = NULL;
    insist_result_free(call->carrier.result);
    if (err != INSIST_ENOMEM)
        result = result_of_refusal(client->env, &client->hidden, request->method, request->shown_url, err,
                                   insist_strerror(err));
    leave(call, result);
}

void call_end(struct call *call, int64_t now_ns) {
    struct carrier *carrier = &call->carrier;
    struct execution *execution = &call->execution;
    insist_client *client = carrier->client;
    unsigned kept = carrier->options->failures_kept != 0 ? carrier->options->failures_kept : client->failures_kept;
    execution->view.now_ns = now_ns;
    count_end(client, execution);
    result_fill(carrier->result, &client->hidden, execution, kept);
    execution_fini(execution); /* destroys the values that were kept: user code, which may fork */
    carrier->request = &carrier->plan->request;
    replace_end(carrier);
    if (client_is_forked(client))
        call_refuse(call, INSIST_EFORKED);
    else
        leave(call, carrier->result);
}
