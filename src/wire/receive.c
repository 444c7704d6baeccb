/* The answer as it comes. In: header lines and body bytes. Out: the job's outcome and progress, news for its
 * mailbox, where a redirect leads, and in answer.err the first thing that we refuse. Whoever drives the reactor. */
#include "wire/transfer.h"

#include "wire/framing.h"
#include "wire/mailbox.h"
#include <string.h>

static size_t refuse(struct transfer *transfer, insist_err err) {
    if (transfer->answer.err == INSIST_OK)
        transfer->answer.err = err;
    return 0; /* libcurl then ends the transfer with CURLE_WRITE_ERROR */
}

/* What is more than `limit`, which the sentence names. */
static insist_err too_large(struct answer *answer, const char *sentence, uint64_t limit) {
    answer->cause = (struct cause){.sentence = sentence, .limit = limit};
    return INSIST_ETOOLARGE;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* "HTTP/1.1 404 Not Found", "HTTP/2 200": RFC 9112 section 4. 0: it is no such line. libcurl takes more for one, and some of it for
 * a 200. */
static int status_of(const char *line, size_t length) {
    const char *blank = memchr(line, ' ', length);
    if (length < 6 || memcmp(line, "HTTP/", 5) != 0 || !is_digit(line[5]) || !blank)
        return 0;
    const char *digit = blank + 1;
    size_t left = length - (size_t)(digit - line);
    if (left < 3 || digit[0] == '0' || !is_digit(digit[0]) || !is_digit(digit[1]) || !is_digit(digit[2]))
        return 0;
    bool ends = left == 3 || digit[3] == ' ';
    return ends ? (digit[0] - '0') * 100 + (digit[1] - '0') * 10 + (digit[2] - '0') : 0;
}

static insist_err read_status(struct transfer *transfer, const char *line, size_t length) {
    struct answer *answer = &transfer->answer;
    answer->status = status_of(line, length);
    if (answer->status == 0)
        return INSIST_EPROTO;
    answer->in_block = answer->at_its_first = true;
    transfer_moved_on(transfer);
    headers_clear(&transfer->job->outcome.headers);
    if (answer->status >= 200) {
        transfer->job->progress.status = transfer->job->outcome.status = answer->status;
        transfer->job->progress.head_open = true;
    }
    if (transfer->connection) /* who was not offered it does not speak it, whatever he says */
        transfer->connection->http2 &= line[5] == '2';
    return INSIST_OK;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

static size_t trim(const char **text, size_t length) {
    while (length > 0 && is_blank(**text)) {
        ++*text;
        length--;
    }
    while (length > 0 && is_blank((*text)[length - 1]))
        length--;
    return length;
}

/* A line that begins with a blank goes on where the one before stopped (RFC 9112 section 5.2). A CR inside a line, which
 * others may take for its end, makes it invalid (section 2.2), and so does a NUL. */
static insist_err keep_line(struct headers *headers, const char *line, size_t length) {
    bool continued = is_blank(line[0]);
    const char *colon = memchr(line, ':', length);
    const char *value = continued ? line : colon ? colon + 1 : line + length;
    size_t value_length = trim(&value, length - (size_t)(value - line));
    if (memchr(line, '\0', length) || memchr(line, '\r', length))
        return INSIST_EPROTO;
    if (continued)
        return headers_extend_last(headers, value, value_length);
    size_t name_length = colon ? (size_t)(colon - line) : length;
    return headers_add_bytes(headers, line, name_length, value, value_length);
}

static bool has_body(const struct transfer *transfer) {
    int status = transfer->answer.status;
    return strcmp(transfer->hop.method, "HEAD") != 0 && status != 204 && status != 304;
}

static insist_err check_body_size(struct transfer *transfer, uint64_t bytes) {
    uint64_t most = transfer->transport->settings->max_body_bytes;
    return bytes > most ? too_large(&transfer->answer, "its body is longer than max_body_bytes", most) : INSIST_OK;
}

/* What may go to a sink has no limit: its bytes are counted instead. But of a length beyond INT64_MAX libcurl forgets that
 * it was announced, and would take a body that was cut off for a whole one. */
static insist_err check_framing(struct transfer *transfer) {
    const struct job *job = transfer->job;
    uint64_t length;
    if (!has_body(transfer))
        return INSIST_OK;
    insist_err err = framing_read(&job->outcome.headers, &length);
    if (err != INSIST_OK)
        return err;
    if (length > INT64_MAX)
        return too_large(&transfer->answer, "its Content-Length is more than any length can be", INT64_MAX);
    return job->pauses_at_headers ? INSIST_OK : check_body_size(transfer, length);
}

/* Where it leads is settled here, so that the body of a redirect that is followed need not be kept. */
static insist_err judge_redirect(struct transfer *transfer) {
    if (transfer->answer.status / 100 != 3)
        return INSIST_OK;
    const struct wire_settings *settings = transfer->transport->settings;
    const struct redirect_rules rules = {.follow = settings->follow,
                                         .may_repeat = transfer->job->may_repeat,
                                         .max = settings->max_redirects,
                                         .body_is_spent = !atomic_load(&transfer->job->can_restart)};
    const char *location = headers_get(&transfer->job->outcome.headers, "Location");
    insist_err err =
        redirect_judge(&rules, &transfer->trail, &transfer->hop, transfer->answer.status, location, &transfer->next);
    transfer->answer.discarded = transfer->next.url != NULL;
    transfer->answer.cause = transfer->next.cause;
    if (err == INSIST_EREDIRECT) { /* an answer all the same: its body comes along */
        transfer->answer.no_follow = true;
        return INSIST_OK;
    }
    return err;
}

/* What may have a body waits for the call. A redirect that is not followed is an error in the end: its body is kept. */
static void tell_headers(struct transfer *transfer) {
    struct job *job = transfer->job;
    const struct answer *answer = &transfer->answer;
    if (!job->pauses_at_headers || answer->discarded || answer->no_follow || !has_body(transfer))
        return;
    transfer->pause = PAUSE_WAITING;
    mailbox_post(job->mailbox, job, NEWS_HEADERS);
}

static insist_err end_block(struct transfer *transfer) {
    struct answer *answer = &transfer->answer;
    answer->in_block = false;
    if (answer->status < 200) { /* 100, 103: another block follows */
        transfer_moved_on(transfer);
        return INSIST_OK;
    }
    answer->complete = transfer->job->progress.answered = true;
    transfer->job->progress.head_open = false;
    mailbox_post(transfer->job->mailbox, transfer->job, 0); /* if it is given up from here on, it was answered */
    insist_err err = check_framing(transfer);
    if (err == INSIST_OK)
        err = judge_redirect(transfer);
    if (err == INSIST_OK)
        tell_headers(transfer);
    return err;
}

/* Right behind the status line there is nothing to go on with (RFC 9112 section 2.2). */
static bool continues_nothing(struct answer *answer, const char *line, size_t length) {
    bool first = answer->in_block && answer->at_its_first;
    answer->at_its_first = false;
    return first && length > 0 && is_blank(line[0]);
}

static insist_err read_line(struct transfer *transfer, const char *line, size_t length) {
    struct answer *answer = &transfer->answer;
    if (answer->complete) /* a trailer: counted, not kept */
        return INSIST_OK;
    if (!answer->in_block)
        return read_status(transfer, line, length);
    if (continues_nothing(answer, line, length))
        return INSIST_EPROTO;
    return length == 0 ? end_block(transfer) : keep_line(&transfer->job->outcome.headers, line, length);
}

/* Of all that is no body, interim answers and trailers included. */
static insist_err check_header_size(struct transfer *transfer) {
    struct answer *answer = &transfer->answer;
    uint64_t most = transfer->transport->settings->max_header_bytes;
    if (answer->header_bytes <= most)
        return INSIST_OK;
    if (answer->complete)
        return too_large(answer, "its headers and trailers are longer than max_header_bytes", most);
    bool interim = answer->status > 0 && answer->status < 200;
    return too_large(answer,
                     interim ? "its interim answers are longer than max_header_bytes"
                             : "its headers are longer than max_header_bytes",
                     most);
}

size_t receive_header(char *line, size_t size, size_t count, void *data) {
    struct transfer *transfer = data;
    struct answer *answer = &transfer->answer;
    size_t bytes = size * count, length = bytes;
    if (transfer->leaving)
        return bytes;
    if (!answer->begun)
        transfer->job->progress.first_byte_ns = env_now_ns(transfer->transport->settings->env);
    answer->begun = true;
    answer->header_bytes += bytes;
    while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
        length--;
    insist_err err = check_header_size(transfer);
    if (err == INSIST_OK)
        err = read_line(transfer, line, length);
    return err == INSIST_OK ? bytes : refuse(transfer, err);
}

/* Until the call has answered. libcurl is only told so once a body comes, which may be long after. */
static bool waits_for_call(const struct transfer *transfer) {
    return transfer->pause == PAUSE_WAITING;
}

static size_t pause_body(struct transfer *transfer) {
    transfer->answer.paused = true;
    return CURL_WRITEFUNC_PAUSE;
}

/* Only once a body comes: what announces an encoding and has no body is complete without it. */
static insist_err begin_decoding(struct transfer *transfer) {
    transfer->answer.decoding = true;
    if (!transfer->lines.decode)
        return INSIST_OK;
    const char *encoding = headers_get(&transfer->job->outcome.headers, "Content-Encoding");
    return decode_new(transfer->transport->settings->env, encoding, &transfer->decode);
}

/* ---- keeping: the body stays until its end ------------------------------------------------------------------------ */

/* A turn may bring a hundred buffers, and each may decode to a thousand times its size: then it rests until the next
 * turn, so that the deadline, a cancel and whoever else is served by this thread need not wait for all of it. */
#define DECODED_A_TURN ((size_t)2 * 1024 * 1024)

static size_t left_of_turn(struct transfer *transfer) {
    if (transfer->decoded_turn_ns != transfer->transport->now_ns)
        transfer->decoded = 0;
    transfer->decoded_turn_ns = transfer->transport->now_ns;
    return transfer->decoded < DECODED_A_TURN ? DECODED_A_TURN - transfer->decoded : 0;
}

/* libcurl hands all of it over again, and it is counted again. */
static size_t rest(struct transfer *transfer, size_t length) {
    transfer->answer.body_bytes -= length;
    transfer->answer.rests = true;
    transfer_set_timer(transfer);
    return pause_body(transfer);
}

static size_t keep_decoded(struct transfer *transfer, const char *bytes, size_t length) {
    struct body *body = &transfer->job->outcome.body;
    const size_t before = body->length, enough = before + left_of_turn(transfer);
    size_t used;
    insist_err err = decode_feed_some(transfer->decode, bytes + transfer->consumed, length - transfer->consumed, body,
                                      enough, &used);
    transfer->consumed += used;
    transfer->decoded += body->length - before;
    if (err == INSIST_ETOOLARGE)
        too_large(&transfer->answer, "its body decodes to more than max_body_bytes", body->limit);
    if (err != INSIST_OK)
        return refuse(transfer, err);
    if (transfer->consumed < length || decode_is_pending(transfer->decode))
        return rest(transfer, length);
    transfer->consumed = 0;
    return length;
}

static size_t keep_bytes(struct transfer *transfer, const char *bytes, size_t length) {
    if (transfer->decode)
        return keep_decoded(transfer, bytes, length);
    insist_err err = body_append(&transfer->job->outcome.body, bytes, length);
    return err == INSIST_OK ? length : refuse(transfer, err);
}

/* ---- streaming: the body travels to the call piece by piece ------------------------------------------------------ */

#define PIECE_BYTES ((size_t)64 * 1024)

/* As much as a piece may hold, and of a decoder's output a step more at most. */
static insist_err take_piece(struct transfer *transfer, const char *bytes, size_t length, size_t *used) {
    struct body *piece = &transfer->job->outcome.body;
    if (transfer->decode)
        return decode_feed_some(transfer->decode, bytes, length, piece, PIECE_BYTES - DECODE_STEP_BYTES, used);
    *used = length < PIECE_BYTES ? length : PIECE_BYTES;
    return body_append(piece, bytes, *used);
}

/* What does not fit is left with libcurl, which hands all of it over again when it is told to go on. */
static size_t stream_bytes(struct transfer *transfer, const char *bytes, size_t length) {
    struct job *job = transfer->job;
    size_t used = 0;
    insist_err err = take_piece(transfer, bytes + transfer->consumed, length - transfer->consumed, &used);
    transfer->consumed += used;
    if (err != INSIST_OK)
        return refuse(transfer, err);
    if (job->outcome.body.length > 0) {
        transfer->lent = true;
        mailbox_post(job->mailbox, job, NEWS_CHUNK);
    }
    if (transfer->consumed < length || (transfer->decode && decode_is_pending(transfer->decode)))
        return pause_body(transfer);
    transfer->consumed = 0;
    return length;
}

/* Where a line could harm libcurl it is asked for with the body, whose bytes are shown before libcurl looks at them: each line
 * once so, in pieces perhaps, and then to receive_header. Behind a 101, which nobody asked for, there are other bytes. */
static size_t look_at_line(struct transfer *transfer, const char *piece, size_t length) {
    struct answer *answer = &transfer->answer;
    bool is_line = transfer->transport->looks_at_lines_first && (answer->in_block || answer->status != 101);
    if (!is_line || continues_nothing(answer, piece, length))
        return refuse(transfer, INSIST_EPROTO);
    return length;
}

size_t receive_body(char *bytes, size_t size, size_t count, void *data) {
    struct transfer *transfer = data;
    struct answer *answer = &transfer->answer;
    size_t length = size * count;
    if (transfer->leaving)
        return length;
    if (!answer->complete)
        return look_at_line(transfer, bytes, length);
    if (waits_for_call(transfer) || transfer->lent)
        return pause_body(transfer);
    bool streams = atomic_load(&transfer->job->streams);
    if (!streams || transfer->consumed == 0)
        answer->body_bytes += length;
    transfer->job->progress.bytes = answer->body_bytes;
    mailbox_post(transfer->job->mailbox, transfer->job, 0); /* for the record, if it is given up from here on */
    insist_err err = streams ? INSIST_OK : check_body_size(transfer, answer->body_bytes);
    if (err == INSIST_OK && answer->discarded)
        return length;
    if (err == INSIST_OK && !answer->decoding)
        err = begin_decoding(transfer);
    if (err != INSIST_OK)
        return refuse(transfer, err);
    return streams ? stream_bytes(transfer, bytes, length) : keep_bytes(transfer, bytes, length);
}
