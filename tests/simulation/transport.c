/* The random transport. A job's fate is drawn when it is handed over: at which stage it fails or hangs, or what its
 * answer is. */
#include "simulation/transport.h"
#include "base/time_math.h"
#include "simulation/fleet.h"
#include "simulation/generator.h"
#include <errno.h>
#include <string.h>

static struct insist_random *dice(const struct job *job) {
    return &job->call->fleet->random;
}

static int64_t now_of(const struct job *job) {
    return job->call->fleet->now_ns;
}

/* ---- fates ---- */

struct failure {
    enum stage stage;
    insist_err err;
    insist_transience transience;
};

static const struct failure failures[] = {{STAGE_CONNECTING, INSIST_ERESOLVE, INSIST_RESOLVE_AGAIN},
                                          {STAGE_CONNECTING, INSIST_ERESOLVE, INSIST_NOT_TRANSIENT},
                                          {STAGE_CONNECTING, INSIST_ECONNECT, INSIST_CONN_REFUSED},
                                          {STAGE_CONNECTING, INSIST_ECONNECT, INSIST_CONN_REFUSED},
                                          {STAGE_CONNECTING, INSIST_ETLS, INSIST_TLS_INTERRUPTED},
                                          {STAGE_CONNECTING, INSIST_ECERT, INSIST_NOT_TRANSIENT},
                                          {STAGE_CONNECTING, INSIST_ETIMEOUT, INSIST_TIMEOUT},
                                          {STAGE_SENT, INSIST_ERESET, INSIST_CONN_RESET},
                                          {STAGE_SENT, INSIST_ERESET, INSIST_CONN_RESET},
                                          {STAGE_SENT, INSIST_EEOF, INSIST_UNEXPECTED_EOF},
                                          {STAGE_SENT, INSIST_ERESET, INSIST_CONN_RESET},
                                          {STAGE_SENT, INSIST_EPROTO, INSIST_NOT_TRANSIENT},
                                          {STAGE_BODY, INSIST_ERESET, INSIST_CONN_RESET},
                                          {STAGE_BODY, INSIST_EEOF, INSIST_UNEXPECTED_EOF},
                                          {STAGE_BODY, INSIST_EDECODE, INSIST_NOT_TRANSIENT},
                                          {STAGE_BODY, INSIST_ETOOLARGE, INSIST_NOT_TRANSIENT},
                                          {STAGE_BODY, INSIST_EPROTO, INSIST_BAD_FRAMING}};

static void draw_failure(struct job *job) {
    const struct failure *failure = &failures[draw_below(dice(job), sizeof failures / sizeof failures[0])];
    job->fate = FATE_FAILS;
    job->fate_stage = failure->stage;
    job->fate_err = failure->err;
    job->fate_transience = failure->transience;
    job->fate_stale = failure->stage != STAGE_BODY && failure->err == INSIST_ERESET && draw_percent(dice(job), 80);
}

static void draw_retry_after(struct job *job, const struct weather *weather) {
    static const int64_t asked_ms[] = {0, 10, 20, 40, 50, 60, 100, 150, 300, 3600000};
    job->fate_retry_after_us = -1;
    if (job->fate_status != 429 && job->fate_status != 503 && !draw_percent(dice(job), 2))
        return;
    if (draw_percent(dice(job), weather->retry_after))
        job->fate_retry_after_us = asked_ms[draw_below(dice(job), 10)] * 1000;
}

static void draw_fate(struct job *job) {
    const struct weather *weather = &job->call->fleet->scene.weather[job->call->scene->origin];
    const unsigned roll = draw_below(dice(job), 100), busy = weather->busy, broken = busy + weather->broken;
    job->fate_status = roll < busy                      ? (draw_percent(dice(job), 50) ? 429 : 503)
                       : roll < broken                  ? 500
                       : roll < broken + weather->other ? (draw_percent(dice(job), 50) ? 404 : 418)
                                                        : 200;
    draw_retry_after(job, weather);
    if (draw_percent(dice(job), weather->fails)) {
        draw_failure(job);
    } else if (draw_percent(dice(job), weather->hangs) && job->call->scene->deadline_ns != TIME_NEVER) {
        job->fate = FATE_HANGS;
        job->fate_stage = (enum stage)(STAGE_CONNECTING + (draw_below(dice(job), 5) + 1) / 2);
    }
    job->unwanted = job->call->scene->validates && draw_percent(dice(job), 40);
    job->body_fails = job->call->scene->body == BODY_ONCE && draw_percent(dice(job), 5);
    job->pieces = draw_below(dice(job), 4);
}

/* ---- news and alarms ---- */

/* The transport has a timer of its own for the limit, which may be late: then the engine notices first. */
static int64_t limit_of(const struct job *job) {
    int64_t limit_ns = job->gate == GATE_SENT ? job->once_sent_ns : job->limit_ns;
    if (job->attempt->committed)
        limit_ns = job->streaming_ns;
    return time_add(limit_ns, job->late_ns);
}

static void arm(struct job *job) {
    struct timers *timers = &job->call->fleet->timers;
    int64_t due_ns = job->paused || job->stage == STAGE_QUEUED ? TIME_NEVER : job->next_ns;
    if (job->stage == STAGE_DONE) {
        timers_clear(timers, &job->alarm.timer);
        return;
    }
    due_ns = time_max(time_min(due_ns, limit_of(job)), now_of(job));
    if (due_ns == TIME_NEVER)
        timers_clear(timers, &job->alarm.timer);
    else
        timers_set(timers, &job->alarm.timer, due_ns);
}

static void post(struct job *job, unsigned news) {
    job->news |= news;
    fleet_post(job);
}

/* A shorter or longer stage; some take no time at all. */
static void enter(struct job *job, enum stage stage, int64_t most_ms) {
    const bool hangs = job->fate == FATE_HANGS && job->fate_stage == stage;
    job->stage = stage;
    job->next_ns = hangs ? TIME_NEVER : now_of(job) + draw_ns(dice(job), most_ms);
}

static int64_t slowest_ms(const struct job *job) {
    return job->call->fleet->scene.weather[job->call->scene->origin].slowest_ms;
}

static void begin(struct job *job) {
    job->has_room = true;
    fleet_count_room(job, 1);
    job->progress.started_ns = now_of(job);
    enter(job, STAGE_CONNECTING, draw_percent(dice(job), 50) ? 1 : slowest_ms(job) / 4 + 1);
}

/* Gives its room to whoever waits for it. */
static void leave(struct job *job) {
    struct list granted;
    list_init(&granted);
    job->has_room = false;
    fleet_count_room(job, -1);
    permits_leave(job->call->fleet->permits, &job->permit, &granted);
    while (!list_empty(&granted)) {
        struct job *next = LIST_ENTRY(list_take_first(&granted), struct job, permit.link);
        fleet_count_waiting(next, -1);
        begin(next);
        post(next, NEWS_ROOM);
        arm(next);
    }
}

static void withdraw_if_queued(struct job *job) {
    if (job->stage != STAGE_QUEUED)
        return;
    fleet_count_waiting(job, -1);
    if (!permits_withdraw(job->call->fleet->permits, &job->permit))
        books_fail(job->call, "attempt %u waits, and the permits do not know it", job->attempt->index);
}

static void end(struct job *job, insist_err err, insist_transience transience) {
    withdraw_if_queued(job);
    job->stage = STAGE_DONE;
    job->err = err;
    job->transience = transience;
    job->progress.ended_ns = now_of(job);
    if (job->has_room)
        leave(job);
    fleet_attempt_ended(job->call);
    post(job, NEWS_END);
}

/* ---- stages ---- */

insist_err transport_start(struct call *call, struct attempt *attempt, struct job **started, bool *waits) {
    struct fleet *fleet = call->fleet;
    static const insist_err refusals[] = {INSIST_ENOMEM, INSIST_ESHUTDOWN, INSIST_ESYSTEM};
    struct job *job = fleet_new_job(call);
    *job = (struct job){.call = call, .attempt = attempt, .fate_retry_after_us = -1, .retry_after_us = -1};
    if (draw_percent(&fleet->random, fleet->scene.refuses))
        return refusals[draw_below(&fleet->random, 3)];
    insist_err err = permits_enter(fleet->permits, &job->permit, fleet_origin_name(call->scene->origin),
                                   attempt->kind == INSIST_HEDGE, waits);
    fleet_check_permit(job, err, *waits);
    if (err != INSIST_OK)
        return err;
    draw_fate(job);
    job->limit_ns = attempt->limit_ns;
    job->once_sent_ns = attempt->limit_once_sent_ns;
    job->streaming_ns = call->scene->deadline_ns;
    job->late_ns = draw_percent(&fleet->random, 80) ? draw_ns(&fleet->random, 20) : 0;
    job->pauses_at_headers = call->scene->has_sink || call->scene->listens_to_headers;
    job->wants_sent = call->execution.rules.race != NULL;
    job->progress.queued_ns = attempt->progress.queued_ns;
    job->progress.reactor = (int)draw_below(&fleet->random, 2);
    if (*waits)
        fleet_count_waiting(job, 1);
    else
        begin(job);
    arm(job);
    *started = job;
    return INSIST_OK;
}

static void take_connection(struct job *job) {
    static const char addresses[SCENE_ORIGINS][16] = {"192.0.2.1:80", "192.0.2.2:80"};
    struct progress *progress = &job->progress;
    progress->connected_ns = now_of(job);
    progress->connection = job - job->call->fleet->jobs + 1;
    progress->reused = progress->connection % 2 == 0;
    memcpy(progress->address, addresses[job->call->scene->origin], sizeof addresses[0]);
}

/* The gate: from here on the server may have it. */
static void send(struct job *job) {
    job->gate = GATE_SENT;
    take_connection(job);
    job->progress.sent_ns = now_of(job);
    fleet_sent(job);
    if (job->wants_sent)
        post(job, NEWS_SENT);
    if (job->body_fails) {
        job->paused = true;
        post(job, NEWS_BODY_FAILS);
    }
    enter(job, STAGE_SENT, slowest_ms(job));
}

static void answer_begins(struct job *job) {
    job->status = job->progress.status = job->fate_status;
    job->retry_after_us = job->fate_retry_after_us;
    job->progress.first_byte_ns = now_of(job);
    enter(job, STAGE_BODY, 10);
    if (job->pauses_at_headers && job->pieces > 0) {
        job->paused = true;
        post(job, NEWS_HEADERS);
    }
}

static void go_on(struct job *job) {
    if (job->fate == FATE_FAILS && job->fate_stage == job->stage && !(job->attempt->committed && job->pieces > 1)) {
        job->stale = job->fate_stale;
        job->os_errno = job->fate_err == INSIST_ERESET ? ECONNRESET : 0;
        end(job, job->fate_err, job->fate_transience);
    } else if (job->stage == STAGE_CONNECTING) {
        send(job);
    } else if (job->stage == STAGE_SENT) {
        answer_begins(job);
    } else if (job->attempt->committed && job->pieces > 0) {
        job->pieces--;
        job->paused = true;
        job->progress.bytes += 100;
        enter(job, STAGE_BODY, 10);
        post(job, NEWS_CHUNK);
    } else {
        job->progress.bytes += 100 * (uint64_t)job->pieces;
        end(job, INSIST_OK, INSIST_NOT_TRANSIENT);
    }
}

void transport_step(struct job *job) {
    if (job->given_up) { /* it is buried */
        if (job->has_room)
            leave(job);
        return;
    }
    while (job->stage != STAGE_DONE) {
        const bool waits = job->paused || job->stage == STAGE_QUEUED;
        const int64_t next_ns = waits ? TIME_NEVER : job->next_ns, limit_ns = limit_of(job);
        if (time_min(next_ns, limit_ns) > now_of(job))
            break;
        if (next_ns <= limit_ns) {
            go_on(job);
            continue;
        }
        if (job->gate == GATE_OPEN)
            job->gate = GATE_SHUT;
        end(job, INSIST_ETIMEOUT, INSIST_TIMEOUT);
    }
    arm(job);
}

insist_sent transport_how_far(const struct job *job) {
    if (job->status != 0)
        return INSIST_ANSWERED;
    return job->gate == GATE_SENT ? INSIST_MAYBE_SENT : INSIST_NOT_SENT;
}

bool transport_shut(struct job *job) {
    if (job->gate == GATE_OPEN)
        job->gate = GATE_SHUT;
    return job->gate == GATE_SHUT;
}

void transport_collect(const struct job *job, struct attempt *attempt) {
    attempt->progress = job->progress;
    attempt->outcome.err = job->err;
    attempt->outcome.transience = job->transience;
    attempt->outcome.os_errno = job->os_errno;
    attempt->outcome.status = job->status;
    attempt->outcome.sent = transport_how_far(job);
    attempt->outcome.stale = job->stale;
    attempt->outcome.retry_after_us = job->retry_after_us;
}

bool transport_give_up(struct job *job) {
    struct fleet *fleet = job->call->fleet;
    transport_shut(job);
    job->given_up = true;
    if (job->stage == STAGE_DONE)
        return true;
    withdraw_if_queued(job);
    job->stage = STAGE_DONE;
    const int64_t later_ms = draw_percent(&fleet->random, 50) ? 0 : 5;
    timers_set(&fleet->timers, &job->alarm.timer, fleet->now_ns + draw_ns(&fleet->random, later_ms));
    return false;
}

void transport_read_on(struct job *job) {
    job->paused = false;
    if (job->stage == STAGE_BODY)
        job->next_ns = time_max(job->next_ns, now_of(job));
    arm(job);
}
