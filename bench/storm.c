/* Workload W3: 1,000 calls a second, come what may, each with up to 3 retries.
 *
 * First turn: the service is well, then fails every request for the outage, then is well again but for 5 % of its
 * answers, so that there is something to retry. Told from the records of the calls: attempts a call, of the calls begun
 * during the outage, and when the first retry was started that was decided after the recovery. The server's count of
 * requests stands beside it. Second turn, with a client of its own: one answer in five is a 503. How many calls fail,
 * and at how many times the load?
 *
 * insist-naive is insist with insist_budget_none(): the same retries without a budget. go-retryablehttp, where it was built,
 * has the same waits and no budget either; it has no records, so that only the server and its results tell of it. */
#include "contender.h"
#include "instant.h"
#include "storm_calls.h"
#include "workload.h"
#include <insist/insist.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

enum { CALLERS = 600 };

static const double calls_per_second = 1000;
static const int64_t outage_ns = INT64_C(20000000000);
static const int64_t well_before_part = 20; /* of the outage's length: 1 s */
static const int64_t well_again_part = 10;  /* 2 s */
static const int64_t errors_part = 2;       /* 10 s */

struct contestant {
    const char *name;
    bool naive;
    bool peer; /* a process of its own makes the calls */
};

static const struct contestant contestants[] = {
    {"insist", false, false}, {"insist-naive", true, false}, {"go-retryablehttp", false, true}};

/* A turn: one client, one open loop. */
struct turn {
    struct bench *bench;
    const char *path; /* the round's: each has draws of its own */
    const struct contestant *contestant;
    insist_client *client;
    insist_plan *plan;
    struct storm_calls calls;
    int64_t outage_ns;
    sem_t begun; /* the first call has been begun, or is about to be, or there will be none */
    /* the conductor's, until it has been joined */
    struct storm_outage outage;
    uint64_t hits_at_begin, hits_at_end;
    bool conducted;
};

static double rate(const struct bench *bench) {
    return bench->options->per_second > 0 ? bench->options->per_second : calls_per_second;
}

static int64_t outage_length_ns(const struct bench *bench) {
    return bench->options->duration_ms > 0 ? bench->options->duration_ms * 1000000 : outage_ns;
}

/* ---- a turn ----------------------------------------------------------------------------------------------------- */

static bool call(void *ctx, const struct load_tick *tick) {
    struct turn *turn = ctx;
    insist_result *result = NULL;
    int64_t begun_ns = instant_now_ns();
    if (tick->number == 0) {
        sem_post(&turn->begun);
    }
    bool good = insist_execute(turn->client, turn->plan, NULL, &result) == INSIST_OK && insist_result_ok(result);
    storm_calls_note(&turn->calls, tick, begun_ns, result);
    insist_result_free(result);
    return good;
}

static void close_turn(struct turn *turn) {
    insist_client_free(turn->client);
    insist_plan_free(turn->plan);
    storm_calls_fini(&turn->calls);
    sem_destroy(&turn->begun);
}

/* Sets the path's script and makes client, plan and room for that many calls. */
static bool open_turn(struct turn *turn, const char *script, uint64_t calls) {
    struct bench *bench = turn->bench;
    const struct contestant *contestant = turn->contestant;
    char url[128];
    insist_problem problem = {.text = "out of memory"};
    if (!server_script(&bench->server, turn->path, script) || !server_forget(&bench->server)) {
        return false;
    }
    snprintf(url, sizeof url, "%s%s", bench->server.url, turn->path);
    sem_init(&turn->begun, 0, 0);
    bool opened = storm_calls_init(&turn->calls, calls) &&
                  insist_plan_new("GET", url, &problem, &turn->plan) == INSIST_OK &&
                  insist_client_new(INSIST_CLIENT_OPTIONS(.budget = contestant->naive ? insist_budget_none() : NULL),
                                    &problem, &turn->client) == INSIST_OK;
    if (!opened) {
        fprintf(stderr, "insist-bench: %s: %s\n", contestant->name, problem.text);
        close_turn(turn);
    }
    return opened;
}

/* It is told to begin at once; that it has to be started first makes no difference to an outage that comes later. */
static bool run_peer(struct turn *turn, const struct load *load, struct load_outcome *outcome) {
    const struct contender peer = {.name = turn->contestant->name, .kind = &contender_peer};
    struct contender_tally tally;
    char url[128];
    snprintf(url, sizeof url, "%s%s", turn->bench->server.url, turn->path);
    sem_post(&turn->begun);
    return contender_run(&peer, url, load, outcome, &tally);
}

static bool run_load(struct turn *turn, struct load_outcome *outcome) {
    struct load load = {
        .callers = CALLERS,
        .calls = turn->calls.count,
        .per_second = rate(turn->bench),
        .progress = &turn->bench->progress,
        .ctx = turn,
        .call = call,
    };
    return turn->contestant->peer ? run_peer(turn, &load, outcome) : load_run(&load, outcome);
}

static void report_promptness(struct turn *turn, const struct load_outcome *outcome, const char *figure) {
    report_add(&turn->bench->report, turn->contestant->name, figure,
               100 * (double)outcome->late / (double)outcome->calls);
}

/* ---- the outage ------------------------------------------------------------------------------------------------- */

/* Lets the service fail and recover while the calls go on. The outage is what lies surely within: from the moment
 * the order has been carried out until the next one is given, from which the recovery counts. */
static void *conduct(void *argument) {
    struct turn *turn = argument;
    struct server *server = &turn->bench->server;
    while (sem_wait(&turn->begun) != 0) {
    }
    instant_wait_until_ns(instant_now_ns() + turn->outage_ns / well_before_part);
    bool done = server_script(server, turn->path, "503;delay=5ms");
    turn->outage.begin_ns = instant_now_ns();
    done = done && server_hits(server, turn->path, &turn->hits_at_begin);
    instant_wait_until_ns(turn->outage.begin_ns + turn->outage_ns);
    done = done && server_hits(server, turn->path, &turn->hits_at_end);
    turn->outage.end_ns = instant_now_ns();
    turn->conducted = server_script(server, turn->path, "0.05:503;delay=5ms|200;delay=5ms") && done;
    return NULL;
}

static void report_outage(struct turn *turn) {
    struct report *report = &turn->bench->report;
    const char *name = turn->contestant->name;
    double hits = (double)(turn->hits_at_end - turn->hits_at_begin);
    double planned = rate(turn->bench) * (double)(turn->outage.end_ns - turn->outage.begin_ns) / 1e9;
    report_add(report, name, "outage_requests_per_call", hits / planned);
    if (turn->contestant->peer) {
        return;
    }
    struct storm_account account = storm_calls_account(&turn->calls, &turn->outage);
    report_add(report, name, "outage_attempts_per_call", account.attempts_per_call);
    report_add(report, name, "first_retry_ms", account.first_retry_ms);
    report_add(report, name, "failed_after_percent", account.failed_after_percent);
    report_add_curve(report, name, &account.during);
    samples_fini(&account.during);
}

static bool run_outage(struct bench *bench, const struct contestant *contestant, const char *path) {
    struct turn turn = {.bench = bench, .contestant = contestant, .path = path};
    struct load_outcome outcome;
    pthread_t conductor;
    int64_t length_ns = outage_length_ns(bench);
    int64_t turn_ns = length_ns + length_ns / well_before_part + length_ns / well_again_part;
    double seconds = (double)turn_ns / 1e9;
    if (!open_turn(&turn, "200;delay=5ms", (uint64_t)(seconds * rate(bench)))) {
        return false;
    }
    turn.outage_ns = length_ns;
    bool done = pthread_create(&conductor, NULL, conduct, &turn) == 0;
    if (done) {
        done = run_load(&turn, &outcome);
        sem_post(&turn.begun);
        pthread_join(conductor, NULL);
        done = done && turn.conducted;
        if (done) {
            report_outage(&turn);
            report_promptness(&turn, &outcome, "outage_late_percent");
        }
        load_outcome_fini(&outcome);
    }
    close_turn(&turn);
    return done;
}

/* ---- one answer in five is an error ----------------------------------------------------------------------------- */

static void report_errors(struct turn *turn, const struct load_outcome *outcome, uint64_t hits) {
    struct report *report = &turn->bench->report;
    const char *name = turn->contestant->name;
    report_add(report, name, "errors_failed_percent", 100 * (double)outcome->failed / (double)outcome->calls);
    report_add(report, name, "errors_requests_per_call", (double)hits / (double)outcome->calls);
    if (!turn->contestant->peer) {
        report_add(report, name, "errors_drawn_percent", storm_calls_refused_percent(&turn->calls));
    }
    report_add(report, name, "errors_p99_ms", samples_percentile_ms(&outcome->latencies, 0.99));
    report_add(report, name, "errors_cpu_us_per_call", (double)outcome->cpu_us / (double)outcome->calls);
    report_promptness(turn, outcome, "errors_late_percent");
}

static bool run_errors(struct bench *bench, const struct contestant *contestant, const char *path) {
    struct turn turn = {.bench = bench, .contestant = contestant, .path = path};
    struct load_outcome outcome;
    uint64_t hits;
    int64_t length_ns = outage_length_ns(bench) / errors_part;
    if (!open_turn(&turn, "0.2:503;delay=5ms|200;delay=5ms", (uint64_t)((double)length_ns / 1e9 * rate(bench)) + 1)) {
        return false;
    }
    bool done =
        run_load(&turn, &outcome) && server_wait_idle(&bench->server) && server_hits(&bench->server, path, &hits);
    if (done) {
        report_errors(&turn, &outcome, hits);
    }
    load_outcome_fini(&outcome);
    close_turn(&turn);
    return done;
}

/* ---- the workload ----------------------------------------------------------------------------------------------- */

static const struct report_goal goals[] = {
    {"W3", "insist", "outage_attempts_per_call", NULL, 1.02, false},
    {"W3", "insist", "first_retry_ms", NULL, 1000, false},
    {"W3", "insist", "errors_failed_percent", NULL, 4, false},
    /* 20 % more, and the 10 in 10 s that are always free: of 10,000 calls. */
    {"W3", "insist", "errors_requests_per_call", NULL, 1.201, false},
};

/* The goals are about a load of that size: what is free in any 10 s, and the first retries, weigh more in a smaller one. */
static bool has_full_size(const struct bench *bench) {
    return outage_length_ns(bench) == outage_ns && rate(bench) >= calls_per_second && rate(bench) <= calls_per_second;
}

static void describe(struct bench *bench) {
    struct report *report = &bench->report;
    report->what =
        "1,000 calls a second, planned ahead, up to 3 retries: a total outage, then 5 % errors; apart, 20 % errors";
    report->curve_title = "storm: how long a call takes to fail during an outage";
    report_add_goals(report, goals, has_full_size(bench) ? sizeof goals / sizeof goals[0] : 0);
    report_add_ratio(report, "insist", "outage_attempts_per_call", "insist-naive");
    report_add_ratio(report, "insist", "errors_requests_per_call", "insist-naive");
    if (!contender_peer_built()) {
        return;
    }
    report_add_ratio(report, "insist", "outage_requests_per_call", "go-retryablehttp");
    report_add_ratio(report, "insist", "errors_cpu_us_per_call", "go-retryablehttp");
    report_add_note(report,
                    "go-retryablehttp: up to 3 retries with the same waits, no budget; its calls have no records");
}

static bool run(struct bench *bench) {
    describe(bench);
    for (unsigned round = 1; round <= bench->options->rounds; round++) {
        char path[32];
        snprintf(path, sizeof path, "/round-%u", round);
        for (size_t i = 0; i < sizeof contestants / sizeof contestants[0]; i++) {
            if (contestants[i].peer && !contender_peer_built()) {
                continue;
            }
            progress_begin(&bench->progress, round, bench->options->rounds, contestants[i].name);
            if (!run_outage(bench, &contestants[i], path) || !run_errors(bench, &contestants[i], path)) {
                return false;
            }
        }
    }
    return true;
}

const struct workload workload_storm = {"storm", "W3: an outage of 20 s under 1,000 calls a second, and 20 % errors",
                                        WORKLOAD_DURATION | WORKLOAD_RATE, run};
