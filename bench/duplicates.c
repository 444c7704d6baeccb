/* Workload W7: POSTs on connections that die at every stage, over http and https. Each has a key and a body of its own,
 * and the server is the judge of how often it was delivered: by key, POST by POST, and by its own count of equal
 * requests. Where the server had read a request and the caller got an error, that has to say so.
 *
 * Before most POSTs goes a GET, so that the POST finds a kept-alive connection, or the port in the state that the stage
 * is about. What befalls the port befalls everybody: there one caller posts alone. */
#include "duplicates_posts.h"
#include "load.h"
#include "workload.h"
#include <stdio.h>
#include <stdlib.h>

enum { POSTS = 100000, CALLERS = 16, FEW = 8 };
enum { OVER_HTTP = 1, OVER_HTTPS = 2 };

static const struct stage {
    const char *name;
    const char *figure; /* duplicates at this stage */
    const char *before; /* the GET's script; NULL: there is none, and the connection is a fresh one */
    const char *script; /* the POST's */
    unsigned over;      /* 0: both */
    bool alone;
    bool by_few; /* those that make only a few POSTs do so here, over http */
} stages[] = {
    {"idle-fin", "idle-fin_duplicates", "close@end", "200", 0, false, true},
    {"idle-rst", "idle-rst_duplicates", "reset@end", "200", 0, false, false},
    {"refused", "refused_duplicates", "200;refuse=2ms", "200", 0, true, false},
    {"accept-fin", "accept-fin_duplicates", "200;close@connect", "200", 0, true, false},
    {"accept-rst", "accept-rst_duplicates", "200;reset@connect", "200", 0, true, false},
    {"handshake-fin", "handshake-fin_duplicates", "200;tls-fault=close", "200", OVER_HTTPS, true, false},
    {"handshake-rst", "handshake-rst_duplicates", "200;tls-fault=reset", "200", OVER_HTTPS, true, false},
    {"unread-fin", "unread-fin_duplicates", "200", "close;unread", 0, false, false},
    {"unread-rst", "unread-rst_duplicates", "200", "reset;unread", 0, false, false},
    {"read-fin", "read-fin_duplicates", "200", "close", 0, false, true},
    {"read-rst", "read-rst_duplicates", "200", "reset", 0, false, true},
    {"fresh-fin", "fresh-fin_duplicates", NULL, "close", 0, false, false},
    {"fresh-rst", "fresh-rst_duplicates", NULL, "reset", 0, false, true},
    {"gone-fin", "gone-fin_duplicates", "200", "close;refuse=2ms", 0, true, false},
    {"gone-rst", "gone-rst_duplicates", "200", "reset;refuse=2ms", 0, true, false},
    {"headers-fin", "headers-fin_duplicates", "200", "close@headers", 0, false, false},
    {"headers-rst", "headers-rst_duplicates", "200", "reset@headers", 0, false, true},
    {"body-none", "body-none_duplicates", "200", "reset@body:0", 0, false, false},
    {"body-fin", "body-fin_duplicates", "200", "close@body:500", 0, false, false},
    {"body-rst", "body-rst_duplicates", "200", "reset@body:500", 0, false, true},
    {"body-short", "body-short_duplicates", "200", "truncate@500", 0, false, false},
    {"end-fin", "end-fin_duplicates", NULL, "close@end", 0, false, false},
    {"end-rst", "end-rst_duplicates", NULL, "reset@end", 0, false, false},
};
enum { STAGES = sizeof stages / sizeof stages[0] };

/* What a contender did in a round. */
struct account {
    uint64_t posts, answered, deliveries, duplicates;
    uint64_t errors_delivered, errors_told; /* of POSTs that the server had read; of these: that said so */
    uint64_t untrue;                        /* errors that said "not sent" of a POST that was delivered */
    struct samples took;
};

/* A stage over http or https: one contender, one load. */
struct turn {
    const struct stage *stage;
    const struct poster *poster;
    void *state;
    struct server *server;
    struct post *posts;
    uint64_t count;
};

/* ---- posting ---------------------------------------------------------------------------------------------------- */

static void write_key(const struct turn *turn, uint64_t number, char *key, size_t size) {
    snprintf(key, size, "%s-%llu", turn->stage->name, (unsigned long long)number);
}

static void *enter(void *ctx) {
    const struct turn *turn = ctx;
    return turn->poster->enter(turn->state, turn->server->url);
}

static void leave(void *ctx, void *caller) {
    const struct turn *turn = ctx;
    turn->poster->leave(caller);
}

static bool call(void *ctx, const struct load_tick *tick) {
    struct turn *turn = ctx;
    const struct stage *stage = turn->stage;
    char key[64], url[192];
    if (stage->before != NULL) {
        snprintf(url, sizeof url, "%s/before-%s", turn->server->url, stage->name);
        turn->poster->get(turn->state, tick->state, url);
    }
    write_key(turn, tick->number, key, sizeof key);
    snprintf(url, sizeof url, "%s/%s?key=%s", turn->server->url, stage->name, key);
    turn->posts[tick->number] = turn->poster->post(turn->state, tick->state, url, key);
    return true;
}

static bool write_scripts(const struct turn *turn) {
    char path[64];
    snprintf(path, sizeof path, "/before-%s", turn->stage->name);
    bool written = turn->stage->before == NULL || server_script(turn->server, path, turn->stage->before);
    snprintf(path, sizeof path, "/%s", turn->stage->name);
    return written && server_script(turn->server, path, turn->stage->script) && server_forget(turn->server);
}

/* ---- judging ---------------------------------------------------------------------------------------------------- */

static bool judge_one(const struct turn *turn, uint64_t number, struct account *account, uint64_t *duplicates) {
    const struct post *post = &turn->posts[number];
    uint64_t hits;
    char key[64];
    write_key(turn, number, key, sizeof key);
    if (!server_hits_by_key(turn->server, key, &hits) || !samples_add(&account->took, post->took_ns)) {
        return false;
    }
    account->posts++;
    account->answered += post->answered;
    account->deliveries += hits;
    *duplicates += hits > 1 ? hits - 1 : 0;
    if (!post->answered && hits > 0) {
        account->errors_delivered++;
        account->errors_told += post->told_sent;
        account->untrue += !post->told_sent;
    }
    return true;
}

/* The server counts equal requests by their bodies, too; those that it did not read have none. */
static bool judge(const struct turn *turn, struct account *account, uint64_t *duplicates) {
    uint64_t found = 0, equal = 0;
    bool judged = server_wait_idle(turn->server) && server_duplicates(turn->server, &equal);
    for (uint64_t i = 0; judged && i < turn->count; i++) {
        judged = judge_one(turn, i, account, &found);
    }
    *duplicates += found > equal ? found : equal;
    return judged;
}

static bool take_turn(struct bench *bench, struct turn *turn, struct account *account, uint64_t *duplicates) {
    struct load load = {.callers = turn->stage->alone ? 1 : CALLERS,
                        .calls = turn->count,
                        .progress = &bench->progress,
                        .ctx = turn,
                        .enter = enter,
                        .leave = leave,
                        .call = call};
    struct load_outcome outcome = {0};
    turn->posts = calloc(turn->count, sizeof *turn->posts);
    bool done =
        turn->posts != NULL && write_scripts(turn) && load_run(&load, &outcome) && judge(turn, account, duplicates);
    load_outcome_fini(&outcome);
    free(turn->posts);
    return done;
}

/* ---- rounds ----------------------------------------------------------------------------------------------------- */

static unsigned count_turns(void) {
    unsigned count = 0;
    for (size_t i = 0; i < STAGES; i++) {
        count += stages[i].over == 0 ? 2 : 1;
    }
    return count;
}

/* Spread evenly: the first turns get what is left over. */
static uint64_t share_of(const struct bench *bench, unsigned turn) {
    uint64_t posts = bench->options->requests > 0 ? bench->options->requests : POSTS;
    unsigned turns = count_turns();
    uint64_t share = posts / turns + (turn < posts % turns);
    return share > 0 ? share : 1;
}

static void report_account(struct report *report, const struct poster *poster, struct account *account) {
    samples_sort(&account->took);
    report_add(report, poster->name, "posts", (double)account->posts);
    report_add(report, poster->name, "deliveries", (double)account->deliveries);
    report_add(report, poster->name, "duplicates", (double)account->duplicates);
    report_add(report, poster->name, "answered", (double)account->answered);
    report_add(report, poster->name, "errors_delivered", (double)account->errors_delivered);
    if (poster->tells && account->errors_delivered > 0) {
        report_add(report, poster->name, "told_percent",
                   100 * (double)account->errors_told / (double)account->errors_delivered);
        report_add(report, poster->name, "untrue", (double)account->untrue);
    }
    report_add(report, poster->name, "p50_ms", samples_percentile_ms(&account->took, 0.5));
    report_add(report, poster->name, "p99_ms", samples_percentile_ms(&account->took, 0.99));
    report_add_curve(report, poster->name, &account->took);
}

/* Whether that poster posts at that stage over http or https. */
static bool takes_part(const struct poster *poster, const struct stage *stage, unsigned over) {
    bool there = stage->over == 0 || stage->over == over;
    return there && (!poster->few || (over == OVER_HTTP && stage->by_few));
}

/* One poster's part of a round. */
struct part {
    struct bench *bench;
    const struct poster *poster;
    void *state;
    struct server *tls;
    unsigned turns; /* taken so far */
    struct account account;
};

static bool run_stage(struct part *part, const struct stage *stage) {
    const struct poster *poster = part->poster;
    uint64_t duplicates = 0;
    bool any = false;
    for (unsigned over = OVER_HTTP; over <= OVER_HTTPS; over++) {
        if (!takes_part(poster, stage, over)) {
            continue;
        }
        uint64_t share = share_of(part->bench, part->turns++);
        struct turn turn = {.stage = stage,
                            .poster = poster,
                            .state = part->state,
                            .server = over == OVER_HTTPS ? part->tls : &part->bench->server,
                            .count = poster->few && share > FEW ? FEW : share};
        if (!take_turn(part->bench, &turn, &part->account, &duplicates)) {
            return false;
        }
        any = true;
    }
    if (any) {
        report_add(&part->bench->report, poster->name, stage->figure, (double)duplicates);
    }
    part->account.duplicates += duplicates;
    return true;
}

static bool run_poster(struct bench *bench, const struct poster *poster, struct server *tls, unsigned round) {
    if (poster->able != NULL && !poster->able()) {
        return true;
    }
    struct part part = {.bench = bench, .poster = poster, .state = poster->open(), .tls = tls};
    if (part.state == NULL) {
        return false;
    }
    bool done = true;
    progress_begin(&bench->progress, round, bench->options->rounds, poster->name);
    for (size_t i = 0; done && i < STAGES; i++) {
        done = run_stage(&part, &stages[i]);
    }
    if (done) {
        report_account(&bench->report, poster, &part.account);
    }
    samples_fini(&part.account.took);
    poster->close(part.state);
    return done;
}

static const struct report_goal goals[] = {
    {"W7", "insist", "duplicates", NULL, 0, false},
    {"W7", "insist", "told_percent", NULL, 100, true},
    {"W7", "insist", "untrue", NULL, 0, false},
};

static void describe(struct report *report) {
    report->what = "POSTs on connections that die at every stage, over http and https; the server counts what arrived";
    report->curve_title = "duplicates: how long a POST takes whose connection dies";
    report_add_goals(report, goals, sizeof goals / sizeof goals[0]);
    report_add_ratio(report, "insist", "deliveries", "libcurl");
    report_add_ratio(report, "insist", "p50_ms", "libcurl");
    report_add_note(report, "fin, rst: how the server ends the connection; idle: after the answer before; refused: "
                            "nobody listens; accept: as soon as it is accepted");
    report_add_note(report, "unread: the head of the request was read; read: all of it; fresh: the same, on a new "
                            "connection; gone: the same, and nobody listens any more");
    report_add_note(report, "headers, body, end: within the answer's headers, within its body, behind it");
    report_add_note(report, "curl --retry: a process of the curl program for each POST and the GET before it, with "
                            "--retry 1 --retry-all-errors; it waits a second, so that there are few of them");
    report_add_note(report,
                    "errors_delivered: POSTs that the server had read and that ended in an error; told_percent: "
                    "of these, that the record says may have been sent; untrue: that it says were not");
}

static bool run(struct bench *bench) {
    static const struct poster *const posters[] = {&poster_libcurl, &poster_insist, &poster_curl};
    struct server tls;
    describe(&bench->report);
    bool done = server_start_tls(&tls, bench->options->server, bench->options->seed, NULL);
    for (unsigned round = 1; done && round <= bench->options->rounds; round++) {
        for (size_t i = 0; done && i < sizeof posters / sizeof posters[0]; i++) {
            done = run_poster(bench, posters[i], &tls, round);
        }
    }
    server_stop(&tls);
    return done;
}

const struct workload workload_duplicates = {
    "duplicates", "W7: POSTs on connections that die at every stage; what the server received twice", WORKLOAD_REQUESTS,
    run};
