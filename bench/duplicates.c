/* Workload W7: POSTs on connections that die at every stage, over http and https. Each has a key and a body of its own,
 * and the server is the judge of how often it was delivered: by key, POST by POST, and by its own count of equal
 * requests. Where the server had read a request and the caller got an error, that has to say so; and where it cannot
 * have been sent, it has to say that. A POST that did not meet what its stage is about shows nothing: these are counted.
 *
 * Before most POSTs goes a GET, so that the POST finds a kept-alive connection, or the port in the state that the stage
 * is about. What befalls the port befalls everybody: there one caller posts alone. */
#include "duplicates_posts.h"
#include "duplicates_stages.h"
#include "load.h"
#include "workload.h"
#include <stdio.h>
#include <stdlib.h>

enum { POSTS = 100000, CALLERS = 16, FEW = 8 };

/* What a contender did in a round. */
struct account {
    uint64_t posts, answered, deliveries, duplicates;
    uint64_t unmet;            /* POSTs that did not meet what their stage is about */
    double met_share;          /* of the turn in which the fewest did */
    uint64_t errors_delivered; /* of POSTs that the server had read */
    uint64_t untrue;           /* of these: that said "not sent" */
    uint64_t known, told;      /* POSTs of which the server knows how far they got; of these: that said the same */
    struct samples took;
};

/* What the server has counted of connections. */
struct connections {
    uint64_t accepted, open, faulted;
};

/* A stage over http or https: one contender, one load. */
struct turn {
    const struct stage *stage;
    const struct poster *poster;
    void *state;
    struct server *server;
    unsigned over;
    struct post *posts;
    uint64_t count;
    struct connections before; /* as they were when it began */
    uint64_t met, duplicates;
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
        turn->posts[tick->number].refused_before = turn->poster->get(turn->state, tick->state, url);
    }
    write_key(turn, tick->number, key, sizeof key);
    snprintf(url, sizeof url, "%s/%s?key=%s", turn->server->url, stage->name, key);
    turn->poster->post(turn->state, tick->state, url, (stage->how & LARGE) ? NULL : key, &turn->posts[tick->number]);
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

static bool count_connections(struct server *server, struct connections *connections) {
    return server_connections(server, &connections->accepted) && server_connections_open(server, &connections->open) &&
           server_connections_faulted(server, &connections->faulted);
}

/* Where the connection dies before a request can be sent, each attempt that says it may have been must have been
 * delivered. Elsewhere errors of what was delivered must say so. */
static void judge_what_was_told(const struct turn *turn, const struct post *post, uint64_t hits,
                                struct account *account) {
    bool delivered = !post->answered && hits > 0;
    account->errors_delivered += delivered;
    account->untrue += delivered && post->sent == 0;
    if (turn->stage->unsent & turn->over) {
        account->known += post->failed;
        account->told += post->failed && post->sent == hits;
    } else {
        account->known += delivered;
        account->told += delivered && post->sent > 0;
    }
}

/* What the POST itself shows of it; number n's GET finds what number n - 1 has left. */
static bool shows_met(const struct turn *turn, uint64_t number, uint64_t hits) {
    const struct post *post = &turn->posts[number];
    bool died = hits > 0 && post->failed;
    switch (turn->stage->proof) {
    case PROOF_ERROR: return died;
    case PROOF_GONE: return died && (number + 1 == turn->count || post[1].refused_before);
    case PROOF_REFUSAL: return post->refused;
    case PROOF_END: return hits == 0 && post->failed; /* it was sent on the connection that the one before it had */
    case PROOF_IDLE:
    case PROOF_PORT:
    default: return false;
    }
}

static bool judge_one(struct turn *turn, uint64_t number, struct account *account) {
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
    turn->duplicates += hits > 1 ? hits - 1 : 0;
    turn->met += shows_met(turn, number, hits);
    judge_what_was_told(turn, post, hits, account);
    return true;
}

/* Where the server's connections tell, there is one for each POST: that suffered, or that was there and has ended. */
static bool judge_connections(struct turn *turn) {
    const struct connections *before = &turn->before;
    struct connections now;
    if (!count_connections(turn->server, &now)) {
        return false;
    }
    switch (turn->stage->proof) {
    case PROOF_PORT: turn->met = now.faulted - before->faulted; return true;
    case PROOF_IDLE:
    case PROOF_END: turn->met = now.accepted - (before->accepted - before->open); return true;
    case PROOF_ERROR:
    case PROOF_GONE:
    case PROOF_REFUSAL:
    default: return true;
    }
}

/* Connections of before, or of a POST that was sent again, may be some more than there are POSTs. */
static void note_met(const struct turn *turn, struct account *account) {
    uint64_t met = turn->met < turn->count ? turn->met : turn->count;
    double share = (double)met / (double)turn->count;
    account->unmet += turn->count - met;
    account->met_share = share < account->met_share ? share : account->met_share;
}

/* The server counts equal requests by their bodies, too; those that it did not read have none. */
static bool judge(struct turn *turn, struct account *account) {
    uint64_t equal = 0;
    bool judged = server_wait_idle(turn->server) && server_duplicates(turn->server, &equal) && judge_connections(turn);
    for (uint64_t i = 0; judged && i < turn->count; i++) {
        judged = judge_one(turn, i, account);
    }
    note_met(turn, account);
    turn->duplicates = turn->duplicates > equal ? turn->duplicates : equal;
    return judged;
}

static bool take_turn(struct bench *bench, struct turn *turn, struct account *account) {
    struct load load = {.callers = (turn->stage->how & ALONE) ? 1 : CALLERS,
                        .calls = turn->count,
                        .progress = &bench->progress,
                        .ctx = turn,
                        .enter = enter,
                        .leave = leave,
                        .call = call};
    struct load_outcome outcome = {0};
    turn->posts = calloc(turn->count, sizeof *turn->posts);
    bool done = turn->posts != NULL && write_scripts(turn) && count_connections(turn->server, &turn->before) &&
                load_run(&load, &outcome) && judge(turn, account);
    load_outcome_fini(&outcome);
    free(turn->posts);
    return done;
}

/* ---- rounds ----------------------------------------------------------------------------------------------------- */

static unsigned count_turns(void) {
    unsigned count = 0;
    for (const struct stage *stage = duplicates_stages; stage->name != NULL; stage++) {
        count += stage->over == OVER_BOTH ? 2 : 1;
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
    report_add(report, poster->name, "unmet", (double)account->unmet);
    report_add(report, poster->name, "met_percent", 100 * account->met_share);
    report_add(report, poster->name, "errors_delivered", (double)account->errors_delivered);
    if (poster->tells && account->known > 0) {
        report_add(report, poster->name, "told_percent", 100 * (double)account->told / (double)account->known);
        report_add(report, poster->name, "untrue", (double)account->untrue);
    }
    report_add(report, poster->name, "p50_ms", samples_percentile_ms(&account->took, 0.5));
    report_add(report, poster->name, "p99_ms", samples_percentile_ms(&account->took, 0.99));
    report_add_curve(report, poster->name, &account->took);
}

/* Whether that poster posts at that stage over http or https. */
static bool takes_part(const struct poster *poster, const struct stage *stage, unsigned over) {
    return (stage->over & over) && (!poster->few || (over == OVER_HTTP && (stage->how & BY_FEW)));
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
                            .over = over,
                            .count = poster->few && share > FEW ? FEW : share};
        if (!take_turn(part->bench, &turn, &part->account)) {
            return false;
        }
        duplicates += turn.duplicates;
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
    struct part part = {.bench = bench, .poster = poster, .state = poster->open(), .tls = tls, .account.met_share = 1};
    if (part.state == NULL) {
        return false;
    }
    bool done = true;
    progress_begin(&bench->progress, round, bench->options->rounds, poster->name);
    for (const struct stage *stage = duplicates_stages; done && stage->name != NULL; stage++) {
        done = run_stage(&part, stage);
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
    report_add_note(report, "sending: the head was read, and a body of 8 MiB is being sent; interim: behind an interim "
                            "answer");
    report_add_note(report, "headers, body, end: within the answer's headers, within its body, behind it");
    report_add_note(report, "curl --retry: a process of the curl program for each POST and the GET before it, with "
                            "--retry 1 --retry-all-errors; it waits a second, so that there are few of them");
    report_add_note(report, "unmet: POSTs that did not meet what their stage is about, as the server's counts or their "
                            "own errors tell; met_percent: that did, of the turn in which the fewest did");
    report_add_note(
        report, "unmet by libcurl: in gone, where nobody listens any more, most are not sent at all; headers-fin: it "
                "takes half of the headers for an answer");
    report_add_note(report, "errors_delivered: POSTs that the server had read and that ended in an error; untrue: of "
                            "these, that the record says were not sent");
    report_add_note(report, "told_percent: of these and of those that cannot have been sent (refused; https: accept, "
                            "handshake), of which the record says what is so");
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
