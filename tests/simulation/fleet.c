/* Playing a fleet: alarms ring in the order of their instants; what is due at one instant is collected first, then
 * each call that has something to do has its turn: all news in order, then a cancel, then the time. */
#include "simulation/fleet.h"
#include "base/time_math.h"
#include "simulation/generator.h"
#include "simulation/ports.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define TURNS_MOST 2000
#define MEMORY_OF_LATENCIES 240 /* entries: enough to hedge by */

void fleet_trace(const struct call *call, const char *format, ...) {
    va_list arguments;
    printf("%12.3f ms  call %-3u ", (double)(call->fleet->now_ns - SCENE_START_NS) / 1e6, call->number);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

const char *fleet_origin_name(unsigned origin) {
    static const char *const names[SCENE_ORIGINS] = {"http://one.test:80", "http://two.test:80"};
    return names[origin];
}

/* ---- what jobs tell ---- */

struct job *fleet_new_job(struct call *call) {
    struct fleet *fleet = call->fleet;
    if (fleet->job_count == FLEET_JOBS)
        books_fail(call, "there are more attempts than calls may make");
    return &fleet->jobs[fleet->job_count++];
}

static void wake(struct call *call, int64_t at_ns) {
    struct timer *timer = &call->alarm.timer;
    if (timer->place == 0 || at_ns < timer->due_ns)
        timers_set(&call->fleet->timers, timer, at_ns);
}

/* The caller's thread may come late. */
static int64_t lag_ns(struct fleet *fleet) {
    return draw_percent(&fleet->random, fleet->scene.lags) ? draw_ns(&fleet->random, 20) : 0;
}

void fleet_post(struct job *job) {
    struct call *call = job->call;
    TRACE(call, "news of attempt %u: %u", job->attempt->index, job->news);
    if (!job->in_mail)
        call->mail[call->mail_count++] = job;
    job->in_mail = true;
    wake(call, call->fleet->now_ns + lag_ns(call->fleet));
}

void fleet_sent(struct job *job) {
    job->call->body_was_read = true;
    books_sent(job->call, job);
}

void fleet_attempt_ended(struct call *call) {
    if (call->scene->cancel == CANCEL_WITH_END && ++call->ends == call->scene->cancel_end)
        call->cancel_ns = call->fleet->now_ns;
}

void fleet_count_room(const struct job *job, int by) {
    struct fleet *fleet = job->call->fleet;
    const unsigned origin = job->call->scene->origin;
    fleet->room[origin] += (unsigned)by;
    if (job->permit.hedge)
        fleet->hedge_room[origin] += (unsigned)by;
}

void fleet_count_waiting(const struct job *job, int by) {
    job->call->fleet->waiting += (unsigned)by;
}

/* Is there room for it, by these counts? Hedges take half of each limit at most. */
static bool has_room(const struct job *job) {
    const struct fleet *fleet = job->call->fleet;
    const struct fleet_scene *scene = &fleet->scene;
    const unsigned origin = job->call->scene->origin, hedges = fleet->hedge_room[0] + fleet->hedge_room[1];
    if (fleet->room[0] + fleet->room[1] >= scene->in_flight || fleet->room[origin] >= scene->in_flight_origin)
        return false;
    return !job->permit.hedge ||
           (hedges < scene->in_flight / 2 && fleet->hedge_room[origin] < scene->in_flight_origin / 2);
}

void fleet_check_permit(const struct job *job, insist_err err, bool waits) {
    const struct fleet *fleet = job->call->fleet;
    const bool room = has_room(job), may_wait = !job->permit.hedge && fleet->waiting < fleet->scene.waiting;
    if ((err == INSIST_OK && !waits) != room || (waits != (!room && may_wait)))
        books_fail(job->call, "there is %s for it, and it %s", room ? "room" : "no room",
                   err != INSIST_OK ? "is refused"
                   : waits          ? "waits"
                                    : "goes on");
}

/* ---- turns ---- */

static void begin(struct call *call) {
    struct fleet *fleet = call->fleet;
    struct execution_rules rules;
    call->begun = true;
    call->begun_ns = fleet->now_ns;
    books_open(call);
    ports_rules(call, &rules);
    execution_init(&call->execution, &call->env, &call->request, &rules, ports_of(call), call, fleet->seed,
                   call->number);
    books_input(call, INPUT_BEGIN, NULL);
    execution_begin(&call->execution, call->scene->cancel == CANCEL_BEFORE ? call->scene->cancel_err : INSIST_OK,
                    fleet->now_ns);
    books_check(call);
}

static bool over(const struct call *call) {
    return call->books.phase == BOOKS_OVER;
}

static void hand_in(struct call *call, struct attempt *attempt, enum books_input input) {
    struct execution *execution = &call->execution;
    const int64_t now_ns = call->fleet->now_ns;
    if (over(call) || attempt->job == NULL)
        return;
    books_input(call, input, attempt);
    switch (input) {
    case INPUT_ROOM: execution_left_queue(execution, attempt, now_ns); break;
    case INPUT_SENT: execution_sent(execution, attempt, now_ns); break;
    case INPUT_FAILED: execution_failed(execution, attempt, INSIST_EBODY, now_ns); break;
    case INPUT_HEADERS:
        ports_show_headers(call, attempt);
        execution_headers(execution, attempt, now_ns);
        break;
    case INPUT_CHUNK: execution_chunk(execution, attempt, now_ns); break;
    default:
        transport_collect(attempt->job, attempt);
        attempt->job = NULL;
        execution_ended(execution, attempt, now_ns);
        break;
    }
    books_check(call);
}

static void hand_in_all(struct call *call, bool cancelled) {
    static const struct {
        unsigned news;
        enum books_input input;
    } pieces[] = {{NEWS_ROOM, INPUT_ROOM},       {NEWS_SENT, INPUT_SENT},   {NEWS_BODY_FAILS, INPUT_FAILED},
                  {NEWS_HEADERS, INPUT_HEADERS}, {NEWS_CHUNK, INPUT_CHUNK}, {NEWS_END, INPUT_END}};
    for (unsigned i = 0; i < call->mail_count && !over(call); i++) {
        struct job *job = call->mail[i];
        const unsigned news = job->news;
        job->news = 0;
        job->in_mail = false;
        if (job->given_up)
            continue;
        job->attempt->progress = job->progress;
        if ((news & NEWS_END) != 0 && cancelled)
            call->covered |= 1U << COVER_CANCEL_WITH_END;
        for (size_t k = 0; k < sizeof pieces / sizeof pieces[0]; k++)
            if ((news & pieces[k].news) != 0)
                hand_in(call, job->attempt, pieces[k].input);
    }
    call->mail_count = 0;
}

static void finish(struct call *call, struct coverage *coverage) {
    coverage_add(coverage, call->covered, call->execution.reason, call->books.count, call->turns);
    timers_clear(&call->fleet->timers, &call->alarm.timer);
    for (unsigned i = 0; i < call->books.count; i++) {
        struct job *job = call->books.entries[i].job;
        if (job != NULL && job->stage != STAGE_DONE)
            books_fail(call, "attempt %u is still on its way when the call is over", i);
    }
    execution_fini(&call->execution);
    call->over = true;
    call->fleet->live--;
}

static void turn(struct call *call, struct coverage *coverage) {
    struct fleet *fleet = call->fleet;
    if (++call->turns > TURNS_MOST)
        books_fail(call, "it does not end");
    if (!call->begun)
        begin(call);
    const bool cancelled = call_is_cancelled(call); /* what comes while user code runs is for the next turn */
    if (!over(call))
        hand_in_all(call, cancelled);
    if (!over(call) && cancelled) {
        books_input(call, INPUT_INTERRUPT, NULL);
        execution_interrupt(&call->execution, call->scene->cancel_err, fleet->now_ns);
        books_check(call);
    }
    if (!over(call)) {
        books_input(call, INPUT_TIME, NULL);
        execution_time(&call->execution, fleet->now_ns);
        books_check(call);
    }
    if (over(call)) {
        finish(call, coverage);
        return;
    }
    int64_t due_ns = time_min(execution_due_ns(&call->execution), call->cancel_ns);
    if (due_ns == TIME_NEVER && call->books.in_flight == 0)
        books_fail(call, "it waits for nothing");
    if (due_ns != TIME_NEVER)
        wake(call, time_max(due_ns, fleet->now_ns) + lag_ns(fleet));
}

static void take_due(struct fleet *fleet) {
    struct timer *timer;
    fleet->ready_count = 0;
    while ((timer = timers_take_due(&fleet->timers, fleet->now_ns)) != NULL) {
        struct alarm *alarm = (struct alarm *)(void *)timer;
        struct call *call = (struct call *)(void *)alarm;
        if (!alarm->is_call)
            transport_step((struct job *)(void *)alarm);
        else if (!call->ready)
            fleet->ready[fleet->ready_count++] = call;
        if (alarm->is_call)
            call->ready = true;
    }
}

static void play(struct fleet *fleet, struct coverage *coverage) {
    while (timers_next_ns(&fleet->timers) != TIME_NEVER) {
        fleet->now_ns = time_max(fleet->now_ns, timers_next_ns(&fleet->timers));
        take_due(fleet);
        for (unsigned i = 0; i < fleet->ready_count; i++) {
            fleet->ready[i]->ready = false;
            if (!fleet->ready[i]->over)
                turn(fleet->ready[i], coverage);
        }
    }
    if (fleet->live > 0)
        books_fail(&fleet->calls[0], "%u calls of the fleet wait for nothing", fleet->live);
}

/* ---- a fleet ---- */

static void *resize(void *ctx, void *old, size_t size) {
    struct fleet *fleet = ctx;
    fleet->blocks += old == NULL;
    return realloc(old, size);
}

static void release(void *ctx, void *old) {
    struct fleet *fleet = ctx;
    fleet->blocks -= old != NULL;
    free(old);
}

/* The execution takes memory for attempts only. */
static void *resize_for_attempt(void *ctx, void *old, size_t size) {
    struct call *call = ctx;
    if (++call->allocations != call->scene->memory_fails_at)
        return resize(call->fleet, old, size);
    books_no_memory(call);
    return NULL;
}

static void release_of_attempt(void *ctx, void *old) {
    struct call *call = ctx;
    release(call->fleet, old);
}

static void remember_latencies(struct fleet *fleet) {
    bool learns = false;
    for (size_t i = 0; i < SCENE_PROFILES; i++)
        learns = learns || fleet->policies[i].watched_race.learns;
    for (unsigned i = 0; learns && i < MEMORY_OF_LATENCIES; i++) {
        const struct latency_entry entry = {.us = draw_below(&fleet->random, 120000)};
        latencies_enter(fleet->latencies, fleet_origin_name(i % SCENE_ORIGINS), &entry, fleet->now_ns - 2000 * MS);
    }
}

static void open_call(struct fleet *fleet, unsigned number) {
    const struct call_scene *scene = &fleet->scene.calls[number];
    struct call *call = &fleet->calls[number];
    *call = (struct call){.alarm.is_call = true, .fleet = fleet, .scene = scene, .number = number};
    call->env = env_standard;
    call->env.allocator = (struct allocator){.ctx = call, .resize = resize_for_attempt, .release = release_of_attempt};
    call->policies = &fleet->policies[scene->profile];
    call->cancel_ns = scene->cancel == CANCEL_AT ? scene->cancel_ns : TIME_NEVER;
    call->request = (struct request){.method = scene->method,
                                     .repeatable = scene->marked || request_method_is_repeatable(scene->method),
                                     .raceable = (scene->marked || request_method_is_raceable(scene->method)) &&
                                                 scene->body == BODY_KEPT};
    timers_set(&fleet->timers, &call->alarm.timer, scene->arrival_ns);
}

static void open_fleet(struct fleet *fleet) {
    generator_draw(&fleet->scene, &fleet->random);
    fleet->now_ns = SCENE_START_NS;
    fleet->live = fleet->scene.call_count;
    fleet->job_count = 0;
    memset(fleet->room, 0, sizeof fleet->room);
    memset(fleet->hedge_room, 0, sizeof fleet->hedge_room);
    fleet->waiting = 0;
    timers_init_in(&fleet->timers, fleet->heap, sizeof fleet->heap / sizeof fleet->heap[0]);
    const struct permit_limits limits = {fleet->scene.in_flight, fleet->scene.in_flight_origin, fleet->scene.waiting};
    if (budgets_new(&fleet->env, &fleet->budget) != INSIST_OK ||
        permits_new(&fleet->env, &limits, &fleet->permits) != INSIST_OK ||
        latencies_new(&fleet->env, &fleet->latencies) != INSIST_OK)
        abort();
    for (size_t i = 0; i < SCENE_PROFILES; i++)
        policies_make(&fleet->policies[i], &fleet->scene.profiles[i], &fleet->env);
    for (unsigned i = 0; i < SCENE_ORIGINS; i++) {
        ledger_init(&fleet->ledgers[i], fleet->now_ns);
        for (unsigned k = 0; k < fleet->scene.firsts_before; k++) {
            budgets_first_begun(fleet->budget, fleet_origin_name(i), fleet->now_ns);
            ledger_first_begun(&fleet->ledgers[i], fleet->now_ns);
        }
    }
    remember_latencies(fleet);
    for (unsigned i = 0; i < fleet->scene.call_count; i++)
        open_call(fleet, i);
}

/* What the budget would still give must be what the ledger says. */
static void audit_fleet(struct fleet *fleet) {
    const struct call *call = &fleet->calls[0];
    uint64_t in_flight, waiting;
    permits_count(fleet->permits, &in_flight, &waiting);
    if (in_flight != 0 || waiting != 0)
        books_fail(call, "when all is over, %u permits are held and %u waited for", (unsigned)in_flight,
                   (unsigned)waiting);
    for (unsigned i = 0; i < SCENE_ORIGINS; i++) {
        books_require(call, ledger_balance(&fleet->ledgers[i]));
        for (unsigned k = 0; k < 40; k++) {
            const bool allowed = budgets_charge(fleet->budget, fleet_origin_name(i), 14, fleet->now_ns);
            books_require(call, ledger_charge(&fleet->ledgers[i], 14, allowed, fleet->now_ns));
        }
    }
}

static void close_fleet(struct fleet *fleet) {
    for (size_t i = 0; i < SCENE_PROFILES; i++)
        policies_free(&fleet->policies[i]);
    budgets_release(fleet->budget);
    permits_free(fleet->permits);
    latencies_free(fleet->latencies);
    if (fleet->blocks != 0)
        books_fail(&fleet->calls[0], "%zu blocks of memory are not given back", fleet->blocks);
}

bool fleet_play(struct fleet *fleet, uint64_t seed, bool trace, struct coverage *coverage, char failure[256]) {
    jmp_buf failed;
    fleet->seed = seed;
    fleet->trace = trace;
    fleet->failed = &failed;
    fleet->failure = failure;
    fleet->blocks = 0;
    fleet->env = env_standard;
    fleet->env.allocator = (struct allocator){.ctx = fleet, .resize = resize, .release = release};
    random_init(&fleet->random, seed, 0);
    if (setjmp(failed) != 0)
        return false; /* what was allocated stays so */
    open_fleet(fleet);
    play(fleet, coverage);
    audit_fleet(fleet);
    close_fleet(fleet);
    return true;
}
