/* The course of a job on the wire: start, hop after hop, address after address, end. In: the reactor's commands, the
 * resolver's and libcurl's reports, time. Out: what its transfer is to do next. Whoever drives the reactor. */
#include "wire/transfer.h"

#include "base/time_math.h"

/* ---- what the reactor asks for ----------------------------------------------------------------------------------- */

void course_start(struct transfer *transfer, struct job *job) {
    transfer->job = job;
    job->transfer = transfer;
    if (!job->progress.started_ns)
        job->progress.started_ns = transfer->transport->now_ns;
    transfer->deadline_ns = job->deadline_ns;
    transfer->pause = PAUSE_DUE;
    transfer->upload_lent = transfer->upload_outdated = false;
    transfer->hop = (struct hop){.url = job->request->url, .method = job->request->method};
    if (atomic_load(&job->stop))
        transfer_refuse(transfer, INSIST_ECANCELED);
    else
        hop_begin(transfer);
}

void course_stop(struct transfer *transfer) {
    if (!hop_forget_lookup(transfer)) {
        transfer->stage = STAGE_BURIED;
        timers_clear(&transfer->transport->timers, &transfer->timer);
        return;
    }
    if (transfer->stage == STAGE_WIRE)
        transfer_give_up(transfer);
    transfer_refuse(transfer, INSIST_ECANCELED);
}

/* When its deadline has passed meanwhile, its gate is shut, and its timer ends it in this very turn. */
void course_resolved(struct transfer *transfer) {
    if (transfer->stage == STAGE_LOOKUP) {
        hop_take_addresses(transfer);
        return;
    }
    addresses_release(transfer->lookup.addresses);
    transfer_refuse(transfer, INSIST_ECANCELED);
}

/* What waited comes in, and goes out, from inside here. */
static void go_on(struct transfer *transfer) {
    if (limits_move_on(transfer, true))
        transfer_set_timer(transfer);
    CURLcode code = curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
    if (code == CURLE_OK && transfer->answer.err == INSIST_OK)
        return;
    transfer_give_up(transfer);
    transfer_end(transfer, verdict_of_end(transfer, code));
}

/* It has been accepted at its headers, and goes to a sink: no limit on its size, and the call's deadline alone on
 * its time. */
static void begin_streaming(struct transfer *transfer) {
    transfer->job->outcome.body.limit = UINT64_MAX;
    transfer->deadline_ns = transfer->job->deadline_streaming_ns;
    transfer_set_timer(transfer);
}

static void end_rest(struct transfer *transfer) {
    transfer->answer.rests = false;
    transfer_set_timer(transfer);
    go_on(transfer);
}

void course_read_on(struct transfer *transfer) {
    bool waits = transfer->pause == PAUSE_WAITING || transfer->lent;
    if (transfer->stage != STAGE_WIRE || !waits)
        return;
    if (transfer->pause == PAUSE_WAITING && atomic_load(&transfer->job->streams))
        begin_streaming(transfer);
    transfer->pause = PAUSE_OVER;
    transfer->lent = false;
    go_on(transfer);
}

void course_fed(struct transfer *transfer) {
    if (transfer->stage != STAGE_WIRE || !transfer->upload_lent)
        return;
    send_fed(transfer);
    go_on(transfer);
}

/* ---- what libcurl reports ---------------------------------------------------------------------------------------- */

static bool is_of_this_address(insist_err err) {
    return err == INSIST_ECONNECT || err == INSIST_ETLS || err == INSIST_ERESET || err == INSIST_EEOF;
}

/* Whole, in both directions. An errno would be taken for that of the handle's next failure. */
static bool has_ended_well(const struct transfer *transfer, CURLcode code) {
    bool whole = code == CURLE_OK && transfer->answer.err == INSIST_OK && !transfer->upload_lent;
    return whole && verdict_errno_of_libcurl(transfer) == 0;
}

/* Where others share the connection libcurl leaves a handle as it is: with its buffers, and with what it holds back. */
static void judge_handle(struct transfer *transfer, CURLcode code) {
    bool shared = transfer->connection && transfer->connection->http2;
    transfer->spoilt |= shared || !has_ended_well(transfer, code);
    transfer->holds = shared && transfer->answer.paused && code != CURLE_OK;
}

void course_done(struct transfer *transfer, CURLcode code) {
    judge_handle(transfer, code);
    transfer_leave_wire(transfer);
    if (transfer->answer.unfit) {
        transfer->fresh = true;
        transfer_request(transfer);
        return;
    }
    struct verdict verdict = verdict_of_end(transfer, code);
    bool unconnected = !transfer->answer.passed && is_of_this_address(verdict.err);
    if (unconnected && address_walk_next(&transfer->walk, true))
        transfer_request(transfer);
    else if (verdict.err == INSIST_OK && transfer->next.url)
        hop_follow(transfer);
    else
        transfer_end(transfer, verdict);
}

/* ---- time -------------------------------------------------------------------------------------------------------- */

/* Its time is over, whichever it was. */
static void run_out(struct transfer *transfer, struct cause cause) {
    if (!hop_forget_lookup(transfer)) /* `resolved` is about to come, and sets the timer again */
        return;
    if (transfer->stage == STAGE_WIRE)
        transfer_give_up(transfer);
    transfer_end(transfer, verdict_of_timeout(transfer, cause));
}

/* The gate decides which deadline it is: once the request is on the wire, and may not be repeated, it may be given
 * more time. */
static void meet_deadline(struct transfer *transfer) {
    struct job *job = transfer->job;
    bool sent = !job_shut_gate(job);
    if (sent && transfer->deadline_ns < job->deadline_once_sent_ns) {
        transfer->deadline_ns = job->deadline_once_sent_ns;
        transfer_set_timer(transfer);
        return;
    }
    run_out(transfer, (struct cause){0});
}

static void meet_limit(struct transfer *transfer) {
    if (limits_meet(transfer))
        run_out(transfer, limits_cause(transfer));
    else
        transfer_set_timer(transfer);
}

/* This address was given its time to connect; the next one is waiting. */
static void lose_patience(struct transfer *transfer) {
    transfer->patience_ns = TIME_NEVER;
    bool stuck = !transfer->answer.passed && transfer->connection && !connection_is_connected(transfer->connection);
    if (!stuck || !address_walk_next(&transfer->walk, false)) {
        transfer_set_timer(transfer);
        return;
    }
    transfer_give_up(transfer);
    transfer_request(transfer);
}

void course_wake(struct transfer *transfer) {
    int64_t now_ns = transfer->transport->now_ns;
    if (transfer->answer.err != INSIST_OK) {
        transfer_fail(transfer, transfer->answer.err);
    } else if (now_ns >= transfer->deadline_ns) {
        meet_deadline(transfer);
    } else if (transfer->answer.rests) {
        end_rest(transfer);
    } else if (now_ns >= transfer->patience_ns) {
        lose_patience(transfer);
    } else if (now_ns >= transfer->limits.due_ns) {
        meet_limit(transfer);
    } else {
        transfer_set_timer(transfer);
    }
}
