/* A job on a handle: one request to one address, and the end of it. In: a hop and its addresses, a verdict. Out: a request
 * that libcurl has, or has no more; the job's outcome, handed to the host exactly once. Whoever drives the reactor. */
#include "wire/transfer.h"

#include "base/time_math.h"
#include "wire/mailbox.h"
#include "wire/url.h"
#include <string.h>

struct transfer *transfer_new(struct transport_curl *transport) {
    const struct env *env = transport->settings->env;
    struct transfer *transfer = env_alloc(env, sizeof(*transfer));
    if (!transfer)
        return NULL;
    transfer->transport = transport;
    list_init(&transfer->link);
    lines_init(&transfer->lines, env);
    trail_init(&transfer->trail, env);
    if (!easy_renew(transfer)) {
        transfer_free(transfer);
        return NULL;
    }
    return transfer;
}

void transfer_free(struct transfer *transfer) {
    easy_free(transfer, transfer->easy);
    lines_fini(&transfer->lines);
    trail_fini(&transfer->trail);
    addresses_release(transfer->literal);
    env_release(transfer->transport->settings->env, transfer);
}

/* ---- ends -------------------------------------------------------------------------------------------------------- */

void transfer_forget_connection(struct transfer *transfer) {
    struct connection *connection = transfer->connection;
    if (!connection)
        return;
    connection->users--;
    connection->idle_since_ns = transfer->transport->now_ns;
    if (connection->users == 0) {
        connections_abandon(&transfer->transport->connections, connection);
        connections_note_idle(&transfer->transport->connections, connection);
    }
    transfer->connection = NULL;
}

/* What one request left behind. */
static void clear_answer(struct transfer *transfer) {
    transfer_forget_connection(transfer);
    decode_free(transfer->decode);
    url_free(transfer->next.url);
    transfer->decode = NULL;
    transfer->next.url = NULL;
    transfer->opened = transfer->lent = transfer->leaving = false;
    transfer->consumed = 0;
    transfer->answer = (struct answer){.status = 0};
}

/* Of the request before this one nothing stays but that it was answered, and when the first was sent. */
static void clear_outcome(struct job *job) {
    headers_clear(&job->outcome.headers);
    body_clear(&job->outcome.body);
    job->outcome.status = job->progress.status = 0;
    job->progress.bytes = 0;
    job->progress.reused = job->progress.head_open = false;
    job->progress.connection = 0;
    job->progress.connected_ns = job->progress.first_byte_ns = 0;
}

void transfer_forget(struct transfer *transfer) {
    clear_answer(transfer);
    clear_outcome(transfer->job);
}

static void record(struct transfer *transfer, struct verdict verdict) {
    const struct env *env = transfer->transport->settings->env;
    struct outcome *outcome = &transfer->job->outcome;
    if (transfer->redirected)
        outcome->url = env_copy_text(env, transfer->redirected->text);
    if (transfer->redirected && !outcome->url && verdict.err == INSIST_OK)
        verdict = verdict_of_refusal(transfer, INSIST_ENOMEM);
    outcome->err = verdict.err;
    outcome->cause = verdict.cause;
    outcome->transience = verdict.transience;
    outcome->os_errno = verdict.os_errno;
    outcome->sent = verdict.sent;
    outcome->stale = verdict.stale;
    outcome->head_open = transfer->job->progress.head_open;
    transfer->job->progress.ended_ns = env_now_ns(env);
}

void transfer_end(struct transfer *transfer, struct verdict verdict) {
    record(transfer, verdict);
    clear_answer(transfer);
    address_walk_end(&transfer->walk);
    trail_clear(&transfer->trail);
    url_free(transfer->redirected);
    transfer->redirected = NULL;
    transfer->stage = STAGE_SPARE;
    timers_clear(&transfer->transport->timers, &transfer->timer);
    transfer->transport->finish(transfer->transport, transfer);
}

void transfer_refuse(struct transfer *transfer, insist_err err) {
    transfer_end(transfer, verdict_of_refusal(transfer, err));
}

static void learn_size(struct transfer *transfer) {
    const struct answer *answer = &transfer->answer;
    if (answer->complete && strcmp(transfer->hop.method, "HEAD") != 0)
        sizes_learn(&transfer->transport->sizes, transfer->place, answer->header_bytes + answer->body_bytes);
}

/* What libcurl holds back of a paused body stays in the handle when others share its connection (7.88.1): the body of the
 * next request would begin with it, and it is not freed with the handle. Told to go on, libcurl hands it over. */
static void drop_what_is_held_back(struct transfer *transfer) {
    transfer->spoilt |= transfer->answer.paused;
    transfer->leaving = true;
    if (transfer->answer.paused)
        curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
}

/* Over HTTP/2 others may wait for the connection that this one has begun: they begin anew. */
void transfer_leave_wire(struct transfer *transfer) {
    struct connection *connection = transfer->connection;
    if (connection)
        connection_mute_unready(&transfer->transport->connections, connection);
    drop_what_is_held_back(transfer);
    curl_multi_remove_handle(transfer->transport->multi, transfer->easy);
    learn_size(transfer);
}

void transfer_give_up(struct transfer *transfer) {
    transfer->spoilt = true;
    transfer_leave_wire(transfer);
}

void transfer_fail_soon(struct transfer *transfer, insist_err err) {
    if (transfer->answer.err == INSIST_OK)
        transfer->answer.err = err;
    timers_set(&transfer->transport->timers, &transfer->timer, transfer->transport->now_ns);
}

void transfer_fail(struct transfer *transfer, insist_err err) {
    if (transfer->answer.err == INSIST_OK)
        transfer->answer.err = err;
    transfer_give_up(transfer);
    transfer_end(transfer, verdict_of_end(transfer, CURLE_WRITE_ERROR));
}

void transfer_set_timer(struct transfer *transfer) {
    int64_t due_ns = time_min(transfer->deadline_ns, time_min(transfer->patience_ns, transfer->limits.due_ns));
    if (transfer->answer.rests)
        due_ns = time_min(due_ns, transfer->transport->now_ns + 1); /* not in this turn */
    timers_set(&transfer->transport->timers, &transfer->timer, due_ns);
}

void transfer_moved_on(struct transfer *transfer) {
    if (transfer->answer.err == INSIST_OK && limits_move_on(transfer, false)) /* else it ends at once as it is */
        transfer_set_timer(transfer);
}

/* ---- one request to one address ---------------------------------------------------------------------------------- */

void transfer_request(struct transfer *transfer) {
    struct transport_curl *transport = transfer->transport;
    transfer_forget(transfer);
    insist_err err = transfer->spoilt && !easy_renew(transfer) ? INSIST_ENOMEM : easy_prepare(transfer);
    if (err == INSIST_OK && curl_multi_add_handle(transport->multi, transfer->easy) != CURLM_OK)
        err = INSIST_ENOMEM;
    if (err != INSIST_OK) {
        transfer_refuse(transfer, err);
        return;
    }
    transfer->stage = STAGE_WIRE;
    transfer->begun_ns = transport->now_ns;
    bool hurried = address_walk_is_hurried(&transfer->walk);
    transfer->patience_ns = hurried ? time_add(transport->now_ns, ADDRESS_PATIENCE_NS) : TIME_NEVER;
    transfer_set_timer(transfer);
    mailbox_post(transfer->job->mailbox, transfer->job, 0); /* where it went: its record, if it is given up now */
}
