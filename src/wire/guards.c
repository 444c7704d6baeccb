/* The gate and both guards against libcurl's silent re-send. In: the sockets that libcurl opens, closes and is about
 * to use. Out: whether a request may go out, over which connection, and when. Whoever drives the reactor. */
#include "wire/transfer.h"

#include "base/time_math.h"
#include "wire/mailbox.h"

static int64_t clock_ns(const struct transfer *transfer) {
    return env_now_ns(transfer->transport->settings->env);
}

static void block(struct transfer *transfer) {
    if (!transfer->answer.blocked)
        counter_add(&transfer->transport->settings->counters->resends_blocked);
    transfer->answer.blocked = true;
}

static void take_connection(struct transfer *transfer, struct connection *connection, bool reused) {
    struct progress *progress = &transfer->job->progress;
    transfer_forget_connection(transfer);
    transfer->connection = connection;
    connection->users++;
    progress->connection = connection->number;
    progress->reused = reused;
}

/* The connection that it is about to go out on. True: a used one. */
static bool settle_connection(struct transfer *transfer, const struct ends *ends) {
    struct connections *connections = &transfer->transport->connections;
    /* Unix sockets have no ends to tell them apart, but then none is used twice. */
    struct connection *known = transfer->route.local ? NULL : connections_find(connections, ends);
    if (known)
        take_connection(transfer, known, true);
    else if (transfer->opened)
        connections_introduce(connections, transfer->connection, ends);
    return known != NULL;
}

/* libcurl knows when the connection was there; the handshake came after that. It was begun after the turn's look at
 * the clock, and the job may have been started after that, too. */
static int64_t connected_ns(const struct transfer *transfer, int64_t now_ns) {
    const struct progress *progress = &transfer->job->progress;
    curl_off_t after_us = 0;
    if (progress->reused || !transfer->hop.url->https)
        return now_ns;
    curl_easy_getinfo(transfer->easy, CURLINFO_CONNECT_TIME_T, &after_us);
    if (after_us <= 0)
        return now_ns;
    int64_t at_ns = transfer->begun_ns + (int64_t)after_us * 1000;
    return time_min(time_max(at_ns, progress->started_ns), now_ns);
}

/* Posted without news too: if it is given up, this is its record. The gate moves once, at the first hop, and so does
 * the time of sending; where it is connected is told of each. */
static void note_sent(struct transfer *transfer) {
    struct job *job = transfer->job;
    bool first = job->progress.sent_ns == 0;
    int64_t now_ns = clock_ns(transfer);
    job->progress.connected_ns = connected_ns(transfer, now_ns);
    if (first)
        job->progress.sent_ns = now_ns;
    mailbox_post(job->mailbox, job, first && job->wants_sent ? NEWS_SENT : 0);
}

/* libcurl's own limits (easy.c) count whole seconds. */
static bool is_too_old(const struct transfer *transfer) {
    const struct network *network = transfer->transport->network;
    const struct connection *connection = transfer->connection;
    int64_t now_ns = transfer->transport->now_ns;
    int64_t unsafe_ns = time_scale(transfer->transport->settings->idle_unsafe_s, 1000000000);
    int64_t idle_ns = transfer->job->may_repeat ? network->idle_ns : time_min(network->idle_ns, unsafe_ns);
    bool too_long_idle = connection->users == 1 && now_ns - connection->idle_since_ns > idle_ns;
    return too_long_idle || now_ns - connection->opened_ns > network->life_ns;
}

/* A used connection must still be good, and neither too long idle, for a request that may not be repeated least of
 * all, nor too old. */
static bool is_unfit(const struct transfer *transfer) {
    if (connection_is_stale(transfer->connection)) {
        counter_add(&transfer->transport->settings->counters->stale_connections);
        return true;
    }
    return is_too_old(transfer);
}

int guard_request(void *data, char *remote_ip, char *local_ip, int remote_port, int local_port) {
    struct transfer *transfer = data;
    struct answer *answer = &transfer->answer;
    const struct ends ends = {local_ip, remote_ip, local_port, remote_port};
    if (answer->passed) {
        block(transfer);
        return CURL_PREREQFUNC_ABORT;
    }
    bool used = settle_connection(transfer, &ends);
    if (used && is_unfit(transfer)) {
        answer->unfit = true;
        return CURL_PREREQFUNC_ABORT;
    }
    if (atomic_load(&transfer->job->stop) || !job_pass_gate(transfer->job)) {
        answer->gate_refused = true;
        return CURL_PREREQFUNC_ABORT;
    }
    answer->passed = true;
    note_sent(transfer);
    transfer_moved_on(transfer);
    return CURL_PREREQFUNC_OK;
}

/* A new socket after the gate could only carry the same request a second time. */
curl_socket_t guard_open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address) {
    struct transfer *transfer = data;
    struct connections *connections = &transfer->transport->connections;
    (void)purpose;
    if (transfer->answer.passed) {
        block(transfer);
        return CURL_SOCKET_BAD;
    }
    struct connection *connection = connections_open(connections, address->family, address->socktype, address->protocol,
                                                     &transfer->answer.open_errno);
    if (!connection)
        return CURL_SOCKET_BAD;
    connection->opened_ns = transfer->transport->now_ns;
    connection->http2 = transfer->transport->settings->http2 && transfer->hop.url->https; /* until an answer tells */
    take_connection(transfer, connection, false);
    transfer->opened = true;
    return connection->fd;
}

int guard_close_socket(void *transport, curl_socket_t fd) {
    struct transport_curl *own = transport;
    connections_close(&own->connections, fd);
    return 0;
}
