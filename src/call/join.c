/* The turns of a join. It sleeps in its mailbox until news come or a call falls due. All news go to their calls first,
 * then a cancel to all, then the time to those that it is for: an answer that is here beats both. What falls due while
 * user code runs waits for the next turn, so that the answers which came meanwhile go before it. */
#include "call/join.h"
#include "base/time_math.h"

/* A single call needs no memory for it: its caller's stack holds the join. */
bool join_init(struct join *join, insist_client *client, const insist_call_options *options, size_t room) {
    const size_t size_of_one = sizeof(struct call) + sizeof(struct timer *);
    *join = (struct join){.client = client, .env = client->env, .options = options, .calls = &join->only};
    timers_init_in(&join->timers, &join->only_timer, 1);
    if (room <= 1)
        return true;
    join->calls = room <= SIZE_MAX / size_of_one ? env_alloc(join->env, room * size_of_one) : NULL;
    if (join->calls == NULL)
        return false;
    timers_init_in(&join->timers, (struct timer **)(void *)&join->calls[room], room);
    return true;
}

void join_fini(struct join *join) {
    if (join->calls != &join->only)
        env_release(join->env, join->calls);
}

void join_add(struct join *join, const insist_plan *plan, insist_result **result) {
    call_take(&join->calls[join->count++], join->client, plan, join->options, result);
}

/* A call has had an input, and user code may have run: it may have forked, taken its time, and ended the call. False:
 * this is the child. */
static bool settle(struct join *join, struct call *call) {
    if (client_is_forked(join->client))
        return false;
    join->now_ns = env_now_ns(join->env);
    if (!execution_is_over(&call->execution)) {
        timers_set(&join->timers, &call->timer, execution_due_ns(&call->execution));
        return true;
    }
    timers_clear(&join->timers, &call->timer);
    call_end(call, join->now_ns);
    join->open--;
    return !client_is_forked(join->client);
}

/* The deadline of all counts from one instant. A cancel that comes while the first are begun keeps the others from
 * starting an attempt. */
static bool begin_all(struct join *join, insist_err interrupted) {
    const int64_t entered_ns = join->now_ns = env_now_ns(join->env);
    join->open = join->count;
    join->calls[0].carrier.leads = join->count == 1 && join->client->leads;
    for (size_t i = 0; i < join->count; i++) {
        if (i > 0 && interrupted == INSIST_OK)
            interrupted = mailbox_interruption(join->mailbox);
        if (!call_begin(&join->calls[i], join->mailbox, entered_ns, interrupted, join->now_ns))
            join->open--;
        else if (!settle(join, &join->calls[i]))
            return false;
    }
    return true;
}

static bool hand_in_all(struct join *join, struct list *taken) {
    struct progress progress;
    unsigned news;
    for (struct job *job; join->open > 0 && (job = mailbox_read(join->mailbox, taken, &news, &progress)) != NULL;) {
        struct call *call = call_of(job); /* which may let the job go */
        call_hand_in(call, job, news, &progress, join->now_ns);
        if (!settle(join, call))
            return false;
    }
    return true;
}

static bool interrupt_all(struct join *join, insist_err err) {
    for (size_t i = 0; i < join->count; i++) {
        struct call *call = &join->calls[i];
        if (call_has_ended(call))
            continue;
        execution_interrupt(&call->execution, err, join->now_ns);
        if (!settle(join, call))
            return false;
    }
    return true;
}

static bool tell_time(struct join *join, int64_t due_ns) {
    for (struct timer *timer; (timer = timers_take_due(&join->timers, due_ns)) != NULL;) {
        struct call *call = LIST_ENTRY(timer, struct call, timer);
        execution_time(&call->execution, join->now_ns);
        if (!settle(join, call))
            return false;
    }
    return true;
}

/* A call that is alone may do the work itself meanwhile. False: this is the child of a fork. */
static bool wait_for_news(struct join *join, struct list *taken, insist_err *interrupted) {
    const int64_t due_ns = timers_next_ns(&join->timers);
    if (!carry_lead(&join->calls[0].carrier, due_ns) || client_is_forked(join->client))
        return false;
    mailbox_take(join->mailbox, due_ns, taken, interrupted);
    return !client_is_forked(join->client);
}

static bool turn(struct join *join) {
    insist_err interrupted = INSIST_OK;
    struct list taken;
    if (!wait_for_news(join, &taken, &interrupted))
        return false;
    const int64_t woken_ns = join->now_ns = env_now_ns(join->env);
    if (!hand_in_all(join, &taken))
        return false;
    if (interrupted != INSIST_OK && !interrupt_all(join, interrupted))
        return false;
    return tell_time(join, woken_ns);
}

/* False: user code has forked, and this is the child. */
static bool run(struct join *join) {
    const long process_id = join->client->birthmark.process_id;
    bool cancelled = !cancel_add(join->options->cancel, &join->cancel, join->mailbox, process_id);
    bool here = begin_all(join, cancelled ? INSIST_ECANCELED : INSIST_OK);
    while (here && join->open > 0)
        here = turn(join);
    return here;
}

static void refuse_the_rest(struct join *join, insist_err err) {
    for (size_t i = 0; i < join->count; i++)
        if (!call_has_ended(&join->calls[i]))
            call_refuse(&join->calls[i], err);
}

void join_run(struct join *join) {
    join->mailbox = mailbox_new(join->env);
    insist_err err = INSIST_ENOMEM;
    if (join->mailbox != NULL)
        err = client_enter(join->client, &join->running, join->mailbox, join->count);
    if (err != INSIST_OK) {
        refuse_the_rest(join, err);
        mailbox_release(join->mailbox);
        return;
    }
    if (!run(join)) {
        refuse_the_rest(join, INSIST_EFORKED); /* the child touches nothing that the parent's threads may hold */
        return;
    }
    cancel_remove(join->options->cancel, &join->cancel);
    mailbox_close(join->mailbox);
    client_leave(join->client, &join->running);
    mailbox_release(join->mailbox); /* last: until then whoever frees the client may reach it */
}
