/* A call: the blocking loop on the caller's thread. It sleeps in its mailbox until news come or something falls due,
 * hands what came to the execution, and lets the execution act through its ports. User code runs from in here, one
 * thing at a time, with no lock held. */
#include "base/problem.h"
#include "base/time_math.h"
#include "call/cancel.h"
#include "call/carry.h"
#include "call/feed.h"
#include "call/handlers.h"
#include "call/options.h"
#include "call/plan.h"
#include "call/replace.h"
#include "call/result.h"
#include "call/rules.h"

struct call {
    struct carrier carrier;
    struct execution execution;
    struct running running;
    struct cancel_entry cancel;
};

/* One job's news, in the order in which they can have happened. What an earlier piece leads to may have ended the
 * call, and given the job up. */
static void hand_in(struct call *call, struct job *job, unsigned news, const struct progress *progress,
                    int64_t now_ns) {
    struct execution *execution = &call->execution;
    struct attempt *attempt = job->tag;
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

/* News first, then cancel, then time: an answer that is here beats both. */
static void turn(struct call *call) {
    struct execution *execution = &call->execution;
    const struct env *env = call->carrier.client->env;
    struct mailbox *mailbox = call->carrier.mailbox;
    insist_err interrupted = INSIST_OK;
    struct progress progress;
    struct list taken;
    unsigned news;
    list_init(&taken);
    mailbox_take(mailbox, execution_due_ns(execution), &taken, &interrupted);
    if (client_is_forked(call->carrier.client))
        return;
    int64_t now_ns = env_now_ns(env);
    for (struct job *job; (job = mailbox_read(mailbox, &taken, &news, &progress)) != NULL;)
        hand_in(call, job, news, &progress, now_ns);
    if (interrupted != INSIST_OK)
        execution_interrupt(execution, interrupted, now_ns);
    execution_time(execution, env_now_ns(env)); /* once more: user code may have taken its time */
}

/* False: user code has forked, and this is the child. */
static bool run(struct call *call, insist_err interrupted) {
    const struct insist_client *client = call->carrier.client;
    execution_begin(&call->execution, interrupted, env_now_ns(client->env));
    while (!client_is_forked(client)) {
        if (execution_is_over(&call->execution))
            return true;
        turn(call);
    }
    return false;
}

static void count_end(insist_client *client, const struct execution *execution) {
    if (execution->reason == INSIST_DONE)
        counter_add(&client->counters.calls_done);
    else if (execution->reason == INSIST_DEADLINE)
        counter_add(&client->counters.deadlines);
}

static insist_result *refuse(const insist_client *client, const struct request *request, insist_err err,
                             const char *sentence) {
    return result_of_refusal(client->env, &client->hidden, request->method, request->shown_url, err, sentence);
}

static insist_result *execute(struct call *call, const insist_plan *plan, const insist_call_options *options) {
    insist_client *client = call->carrier.client;
    const struct env *env = client->env;
    struct execution *execution = &call->execution;
    struct execution_rules rules;
    uint64_t number = atomic_fetch_add(&client->next_call, 1);
    counter_add(&client->counters.calls);
    call_rules_init(&rules, client, plan, options, env_now_ns(env));
    execution_init(execution, env, &plan->request, &rules, &carry_ports, &call->carrier, client->seed, number);

    bool cancelled = !cancel_add(options->cancel, &call->cancel, call->carrier.mailbox);
    if (!run(call, cancelled ? INSIST_ECANCELED : INSIST_OK))
        return refuse(client, call->carrier.request, INSIST_EFORKED, insist_strerror(INSIST_EFORKED));
    cancel_remove(options->cancel, &call->cancel);
    mailbox_close(call->carrier.mailbox);
    execution->view.now_ns = env_now_ns(env);
    count_end(client, execution);
    size_t kept = options->failures_kept != 0 ? options->failures_kept : client->failures_kept;
    insist_result *result = result_of_execution(env, &client->hidden, execution, kept);
    execution_fini(execution);
    replace_end(&call->carrier);
    return result;
}

/* Enters the client, executes, leaves. The client may be gone once it is left: freed from inside this call. */
static insist_result *enter_and_execute(insist_client *client, const insist_plan *plan,
                                        const insist_call_options *options) {
    const struct env *env = client->env;
    const struct request *request = &plan->request;
    insist_result *result = NULL;
    struct mailbox *mailbox = mailbox_new(env);
    struct call *call = env_alloc(env, sizeof *call);
    if (mailbox != NULL && call != NULL) {
        call->carrier = (struct carrier){.client = client,
                                         .request = request,
                                         .options = options,
                                         .handlers = options->handlers,
                                         .plan = plan,
                                         .feed = plan->feed,
                                         .mailbox = mailbox,
                                         .execution = &call->execution};
        insist_err err = client_enter(client, &call->running, mailbox);
        if (options->sink != NULL)
            call->carrier.sink = *options->sink;
        if (err != INSIST_OK) {
            result = refuse(client, request, err, insist_strerror(err));
        } else {
            result = execute(call, plan, options);
            if (client_is_forked(client))
                return result; /* the child touches nothing that the parent's threads may hold */
            client_leave(client, &call->running);
        }
    }
    if (mailbox != NULL)
        mailbox_release(mailbox);
    env_release(env, call);
    return result;
}

static insist_err take_options(insist_call_options *options, const insist_call_options *given,
                               insist_problem *problem) {
    insist_call_options_init(options);
    if (given == NULL)
        return INSIST_OK;
    insist_err err = options_copy(options, sizeof *options, given, problem);
    return err != INSIST_OK ? err : options_check_call(options, problem);
}

insist_err insist_execute(insist_client *client, const insist_plan *plan, const insist_call_options *given,
                          insist_result **result) {
    insist_problem problem = {0};
    insist_call_options options;
    if (result != NULL)
        *result = NULL;
    if (client == NULL || plan == NULL || result == NULL)
        return INSIST_EINVAL;
    plan_freeze(plan);
    request_retain(&plan->request); /* whoever owns it may give it up meanwhile */
    insist_err err = plan->problem.err;
    if (err != INSIST_OK)
        problem = plan->problem;
    else
        err = take_options(&options, given, &problem);
    if (err == INSIST_OK)
        err = call_rules_check_race(plan, &options, &problem);
    if (err == INSIST_OK && client->custom.transport.start != NULL && (options.sink != NULL || plan->feed != NULL))
        err = problem_set(&problem, INSIST_EINVAL, options.sink != NULL ? "sink" : "reader",
                          "a client with a transport of its own takes neither sinks nor body readers");
    if (err == INSIST_OK && plan->feed != NULL && !feed_take(plan->feed))
        err = problem_set(&problem, INSIST_EINVAL, "plan", "another call is reading the body of this plan");
    if (err != INSIST_OK)
        *result = refuse(client, &plan->request, err, problem.text);
    else
        *result = enter_and_execute(client, plan, &options);
    if (err == INSIST_OK && plan->feed != NULL)
        feed_leave(plan->feed);
    request_release(&plan->request);
    return *result == NULL ? INSIST_ENOMEM : (*result)->err;
}
