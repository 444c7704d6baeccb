/* In: what a transfer does, and the time. Out: until when it must have come further. Whoever drives the reactor. */
#include "wire/limits.h"

#include "base/time_math.h"
#include "wire/transfer.h"

static uint64_t uploaded(const struct transfer *transfer) {
    curl_off_t bytes = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_UPLOAD_T, &bytes);
    return bytes > 0 ? (uint64_t)bytes : 0;
}

/* A body of no known length ends with a piece of none. While the call fills one it is the call's. */
static bool has_pieces_left(const struct transfer *transfer) {
    const struct job *job = transfer->job;
    return transfer->upload_lent || !job->upload.ended || job->upload.used < job->upload.length;
}

static bool is_uploading(const struct transfer *transfer) {
    const struct request *request = transfer->job->request;
    if (!request->has_body || transfer->hop.turned)
        return false;
    if (request->body_is_read && request->read_length < 0)
        return has_pieces_left(transfer);
    uint64_t length = request->body_is_read ? (uint64_t)request->read_length : request->body_length;
    return uploaded(transfer) < length;
}

static enum stretch stretch_of(const struct transfer *transfer) {
    if (transfer->stage != STAGE_WIRE || !transfer->answer.passed)
        return STRETCH_CONNECT;
    if (transfer->answer.in_block || transfer->answer.complete) /* behind an interim answer it is waited for again */
        return STRETCH_DOWNLOAD;
    return is_uploading(transfer) ? STRETCH_UPLOAD : STRETCH_WAIT;
}

/* While a body goes out somebody has to look whether it is out, for nothing may tell. */
static int64_t length_of(const struct network *network, enum stretch stretch) {
    if (stretch == STRETCH_CONNECT)
        return network->connect_ns;
    bool waits = stretch == STRETCH_WAIT || (stretch == STRETCH_UPLOAD && network->stall_ns == TIME_NEVER);
    return waits ? network->first_byte_ns : network->stall_ns;
}

static bool has_any(const struct network *network) {
    return network->first_byte_ns != TIME_NEVER || network->stall_ns != TIME_NEVER;
}

static uint64_t moved(const struct transfer *transfer) {
    const struct answer *answer = &transfer->answer;
    return uploaded(transfer) + answer->header_bytes + answer->body_bytes;
}

static void enter(struct transfer *transfer, enum stretch stretch) {
    struct limits *limits = &transfer->limits;
    int64_t length_ns = length_of(transfer->transport->network, stretch);
    limits->stretch = stretch;
    limits->moved = length_ns == TIME_NEVER || stretch == STRETCH_CONNECT ? 0 : moved(transfer);
    limits->due_ns = time_add(transfer->transport->now_ns, length_ns);
}

void limits_begin(struct transfer *transfer) {
    enter(transfer, STRETCH_CONNECT);
}

bool limits_move_on(struct transfer *transfer, bool resumed) {
    bool limited = has_any(transfer->transport->network) || transfer->limits.due_ns != TIME_NEVER;
    enum stretch stretch = limited ? stretch_of(transfer) : transfer->limits.stretch;
    bool anew = resumed && stretch != STRETCH_CONNECT;
    if (!limited || (stretch == transfer->limits.stretch && !anew))
        return false;
    enter(transfer, stretch);
    return true;
}

/* The call has to act, not the other side. */
static bool is_held_up(const struct transfer *transfer, enum stretch stretch) {
    if (stretch == STRETCH_CONNECT)
        return false;
    return transfer->pause == PAUSE_WAITING || transfer->lent || transfer->upload_lent;
}

bool limits_meet(struct transfer *transfer) {
    const struct network *network = transfer->transport->network;
    const struct limits *limits = &transfer->limits;
    enum stretch stretch = stretch_of(transfer);
    bool moves = stretch == STRETCH_UPLOAD || stretch == STRETCH_DOWNLOAD;
    bool stalled = network->stall_ns != TIME_NEVER && moved(transfer) - limits->moved < network->stall_bytes;
    if (stretch == limits->stretch && (!moves || stalled) && !is_held_up(transfer, stretch))
        return true;
    enter(transfer, stretch);
    return false;
}

static struct cause broken(const char *sentence, int64_t limit_ns) {
    return (struct cause){.sentence = sentence, .limit = (uint64_t)(limit_ns / 1000000)};
}

struct cause limits_cause(const struct transfer *transfer) {
    const struct network *network = transfer->transport->network;
    switch (transfer->limits.stretch) {
    case STRETCH_CONNECT: return broken("no connection was ready within connect_timeout_ms", network->connect_ns);
    case STRETCH_WAIT: return broken("the answer did not begin within first_byte_timeout_ms", network->first_byte_ns);
    default: return broken("too few bytes moved within stall_ms", network->stall_ns);
    }
}
