/* Workload W8: a deadline of 500 ms, whatever holds the call up. Each cause a thousand times, planned ahead so that
 * deadlines do not fall together: how long after its deadline did the call return? Beside it, from the same seconds, how
 * late a bare timer was. Then the same phases again, without a deadline and cancelled by another thread
 * (deadline_cancel.c).
 *
 * The yardstick is a libcurl handle a caller with CURLOPT_TIMEOUT_MS 500, where libcurl alone can meet the cause, and
 * for fewer calls. */
#include "curl_program.h"
#include "deadline_cancel.h"
#include "held.h"
#include "instant.h"
#include "load.h"
#include "overruns.h"
#include "bench/yardstick/easy.h"
#include <stdatomic.h>
#include <stdio.h>

enum { REQUESTS = 1000, OF_LIBCURL = 100, HUNG_LOOKUPS = 20, OF_CURL = 10, CANCELS = 200 };

static const double calls_per_second = 100;
static const int64_t deadline_ms = 500;

#define CAUSE_FIGURES(name)                                                                                            \
    { name, name "_p50_ms", name "_p99_ms", name "_p99.9_ms", name "_max_ms", name "_at_max_ms", name "_over_10ms" }

static const struct cause {
    const struct held_phase *phase;
    struct overrun_figures figures;
    bool libcurl;              /* can meet it */
    const char *curve;         /* in the picture; NULL: none */
    const char *libcurl_curve; /* libcurl's */
    bool curl;                 /* the curl program is shown, too */
} causes[] = {
    {&held_dns, CAUSE_FIGURES("dns"), true, "insist dns", "libcurl dns", false},
    {&held_connect, CAUSE_FIGURES("connect"), true, "insist connect", NULL, false},
    {&held_tls, CAUSE_FIGURES("tls"), true, "insist tls", NULL, false},
    {&held_headers, CAUSE_FIGURES("headers"), true, "insist headers", "libcurl headers", true},
    {&held_body, CAUSE_FIGURES("body"), true, "insist body", NULL, true},
    {&held_queue, CAUSE_FIGURES("queue"), false, "insist queue", NULL, false},
    {&held_retry_after, CAUSE_FIGURES("retry-after"), false, NULL, NULL, true},
};
enum { CAUSES = sizeof causes / sizeof causes[0] };

/* What the picture is of: the calls of all rounds. */
struct pool {
    struct samples insist[CAUSES], libcurl[CAUSES], timer;
};

struct turn {
    struct pool *pool;
    struct held held;
    struct overruns overruns;
    atomic_ullong missed; /* calls that were not held where they should have been, or ended otherwise */
};

/* ---- contenders ------------------------------------------------------------------------------------------------- */

static bool call_insist(void *ctx, const struct load_tick *tick) {
    struct turn *turn = ctx;
    struct held_user_code code = {0};
    insist_call_options options = *INSIST_CALL_OPTIONS(.deadline_ms = deadline_ms);
    struct held_call call = held_execute(&turn->held, tick->number, options, &code);
    bool held = call.shown && call.err == (turn->held.phase->over_at_once ? INSIST_OK : INSIST_EDEADLINE);
    overruns_note(&turn->overruns, tick->number, call.begun_ns + deadline_ms * 1000000, call.ended_ns);
    atomic_fetch_add(&turn->missed, !held);
    return held;
}

static void *enter_libcurl(void *ctx) {
    const struct turn *turn = ctx;
    char url[160];
    held_url(&turn->held, 0, url, sizeof url);
    struct easy *easy = easy_open(url);
    if (easy != NULL) {
        easy_limit_ms(easy, deadline_ms);
        easy_trust_all(easy);
    }
    return easy;
}

static void leave_libcurl(void *ctx, void *easy) {
    (void)ctx;
    easy_close(easy);
}

static bool call_libcurl(void *ctx, const struct load_tick *tick) {
    struct turn *turn = ctx;
    char url[160];
    held_url(&turn->held, tick->number, url, sizeof url);
    int64_t due_ns = instant_now_ns() + deadline_ms * 1000000;
    bool answered = easy_fetch(tick->state, url);
    overruns_note(&turn->overruns, tick->number, due_ns, instant_now_ns());
    atomic_fetch_add(&turn->missed, answered);
    return !answered;
}

/* --max-time holds for each attempt; --retry-max-time is looked at when another one is to be made. */
static bool call_curl(void *ctx, const struct load_tick *tick) {
    struct turn *turn = ctx;
    char url[160];
    held_url(&turn->held, tick->number, url, sizeof url);
    int64_t due_ns = instant_now_ns() + deadline_ms * 1000000;
    bool fine = curl_program_run((const char *const[]){"curl", "-q", "-s", "--max-time", "0.5", "--retry", "3",
                                                       "--retry-max-time", "1", url, NULL});
    overruns_note(&turn->overruns, tick->number, due_ns, instant_now_ns());
    return fine;
}

/* ---- turns ------------------------------------------------------------------------------------------------------ */

/* So many calls, or fewer. */
static uint64_t requests(const struct bench *bench, uint64_t most) {
    uint64_t wanted = bench->options->requests > 0 ? bench->options->requests : REQUESTS;
    return wanted < most ? wanted : most;
}

static struct load describe(struct bench *bench, struct turn *turn) {
    double rate = bench->options->per_second > 0 ? bench->options->per_second : calls_per_second;
    struct load load = {.calls = turn->overruns.count, .per_second = rate, .progress = &bench->progress, .ctx = turn};
    double together = rate * (double)deadline_ms / 1000;
    load.callers = together < 1000 ? (unsigned)(together * 1.2) + 8 : 1200; /* one is always free */
    return load;
}

static bool turn_of_insist(struct bench *bench, const struct cause *cause, struct turn *turn) {
    struct lateness lateness;
    struct load_outcome outcome;
    struct load load = describe(bench, turn);
    load.call = call_insist;
    if (!lateness_start(&lateness)) {
        return false;
    }
    bool done = load_run(&load, &outcome);
    lateness_stop(&lateness);
    if (done) {
        overruns_report(&turn->overruns, &bench->report, "insist", &cause->figures);
        overruns_report_lateness(&turn->overruns, &lateness, &bench->report, "insist", &cause->figures);
        done = samples_join(&turn->pool->timer, &lateness.late) &&
               overruns_join(&turn->overruns, &turn->pool->insist[cause - causes]);
    }
    load_outcome_fini(&outcome);
    lateness_fini(&lateness);
    return done;
}

/* Under a hung lookup every call takes as long as that: a few of them, all at once. */
static bool turn_of_libcurl(struct bench *bench, const struct cause *cause, struct turn *turn) {
    struct load_outcome outcome;
    struct load load = describe(bench, turn);
    load.enter = enter_libcurl;
    load.leave = leave_libcurl;
    load.call = call_libcurl;
    if (cause->phase == &held_dns) {
        load.per_second = 0;
        turn->overruns.count = load.calls = load.calls < HUNG_LOOKUPS ? load.calls : HUNG_LOOKUPS;
        load.callers = (unsigned)load.calls;
    }
    bool done = load_run(&load, &outcome);
    if (done) {
        overruns_report(&turn->overruns, &bench->report, "libcurl", &cause->figures);
        done = overruns_join(&turn->overruns, &turn->pool->libcurl[cause - causes]);
    }
    load_outcome_fini(&outcome);
    return done;
}

/* A few of them, all at once. */
static bool turn_of_curl(struct bench *bench, const struct cause *cause, struct turn *turn) {
    struct load_outcome outcome;
    struct load load = describe(bench, turn);
    load.per_second = 0;
    load.callers = (unsigned)load.calls;
    load.call = call_curl;
    bool done = load_run(&load, &outcome);
    if (done) {
        overruns_report(&turn->overruns, &bench->report, "curl --retry", &cause->figures);
    }
    load_outcome_fini(&outcome);
    return done;
}

static const struct waiting {
    bool (*turn)(struct bench *bench, const struct cause *cause, struct turn *turn);
    uint64_t calls; /* at most */
} of_insist = {turn_of_insist, UINT64_MAX}, of_libcurl = {turn_of_libcurl, OF_LIBCURL},
  of_curl = {turn_of_curl, OF_CURL};

/* One contender, one cause. Adds the calls that were not held to *missed. */
static bool take_turn(struct bench *bench, const struct cause *cause, const struct waiting *waiting, struct pool *pool,
                      uint64_t *missed) {
    struct turn turn = {.pool = pool};
    bool done = overruns_init(&turn.overruns, requests(bench, waiting->calls)) &&
                held_open(&turn.held, bench, cause->phase) && waiting->turn(bench, cause, &turn);
    held_close(&turn.held);
    overruns_fini(&turn.overruns);
    *missed += atomic_load(&turn.missed);
    return done;
}

static bool run_round(struct bench *bench, unsigned round, struct pool *pool) {
    uint64_t missed = 0, missed_by_libcurl = 0;
    const bool curl = curl_program_able();
    bool done = true;
    for (size_t i = 0; i < CAUSES && done; i++) {
        progress_begin(&bench->progress, round, bench->options->rounds, causes[i].phase->name);
        done = take_turn(bench, &causes[i], &of_insist, pool, &missed) &&
               (!causes[i].libcurl || take_turn(bench, &causes[i], &of_libcurl, pool, &missed_by_libcurl)) &&
               (!causes[i].curl || !curl || take_turn(bench, &causes[i], &of_curl, pool, &missed_by_libcurl));
    }
    done = done && deadline_cancel_round(bench, round, requests(bench, CANCELS), &missed);
    report_add(&bench->report, "insist", "not_held", (double)missed);
    report_add(&bench->report, "libcurl", "not_held", (double)missed_by_libcurl);
    return done;
}

/* ---- the picture ------------------------------------------------------------------------------------------------ */

static void report_curve(struct report *report, const char *name, struct samples *all) {
    if (name != NULL && all->count > 0) {
        samples_sort(all);
        report_add_curve(report, name, all);
    }
}

static void report_curves(struct report *report, struct pool *pool) {
    report_curve(report, "timer", &pool->timer);
    for (size_t i = 0; i < CAUSES; i++) {
        report_curve(report, causes[i].curve, &pool->insist[i]);
        report_curve(report, causes[i].libcurl_curve, &pool->libcurl[i]);
    }
}

static void free_pool(struct pool *pool) {
    samples_fini(&pool->timer);
    for (size_t i = 0; i < CAUSES; i++) {
        samples_fini(&pool->insist[i]);
        samples_fini(&pool->libcurl[i]);
    }
}

/* ---- the workload ----------------------------------------------------------------------------------------------- */

/* How many calls there are besides insist's thousand, which --requests may have made fewer. */
static void describe_numbers(struct bench *bench) {
    static char numbers[256];
    unsigned long of_each = requests(bench, OF_LIBCURL);
    unsigned long hung = requests(bench, HUNG_LOOKUPS);
    snprintf(
        numbers, sizeof numbers,
        "libcurl makes %lu calls for each cause, %lu to names; lookups of ten names hang for 5 s each. In each phase "
        "%lu calls are cancelled. curl --retry: %lu processes of the curl program at once, with --max-time 0.5 "
        "--retry 3 --retry-max-time 1",
        of_each, hung, (unsigned long)requests(bench, CANCELS), (unsigned long)requests(bench, OF_CURL));
    report_add_note(&bench->report, numbers);
}

static void describe_workload(struct bench *bench) {
    struct report *report = &bench->report;
    report->what = "calls that are held up in every way there is, with a deadline of 500 ms: how long after it they "
                   "return; then without, how long after a cancel";
    report->curve_title = "deadline: how long after it calls return";
    for (size_t i = 0; i < CAUSES; i++) {
        report_add_goal(report, &(struct report_goal){"W8", "insist", causes[i].figures.p999, NULL, 10, false});
    }
    deadline_cancel_describe(report);
    report_add_ratio(report, "insist", causes[0].figures.p50, "libcurl");
    report_add_note(report,
                    "timer: how late a bare epoll timer was that went off every 2 ms in the same seconds; "
                    "at_max: at most between when that call was due which went furthest beyond, and its return");
    report_add_note(report,
                    "over_10ms: calls, and ticks of the timer, that were later than that; overrun: each such "
                    "call of insist, and how late the timer was between when it was due and its return, at most");
    describe_numbers(bench);
    report_add_note(report, "retry-after is negative: the answer asks for an hour, and the call does not wait for what "
                            "cannot fit its deadline");
    report_add_note(report, "not_held: calls whose record does not show that they were held where they should have "
                            "been; a lookup that ends within a call makes one of these");
}

static bool run(struct bench *bench) {
    struct pool pool = {.timer = {0}};
    bool done = true;
    describe_workload(bench);
    for (unsigned round = 1; round <= bench->options->rounds && done; round++) {
        done = run_round(bench, round, &pool);
    }
    if (done) {
        report_curves(&bench->report, &pool);
    }
    free_pool(&pool);
    return done;
}

const struct workload workload_deadline = {"deadline",
                                           "W8: calls that hang, and how long after deadline or cancel they return",
                                           WORKLOAD_REQUESTS | WORKLOAD_RATE, run};
