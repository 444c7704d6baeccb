/* What a transfer's end means. In: libcurl's code, what the callbacks noted, how the connection died. Out: an error,
 * whether it may pass, and how far the request got, which is read from the gate and never from a code. Whoever
 * drives the reactor. */
#include "wire/transfer.h"

#include "wire/curl_code.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static insist_transience usual_transience(insist_err err) {
    switch (err) {
    case INSIST_ETIMEOUT: return INSIST_TIMEOUT;
    case INSIST_ERESET: return INSIST_CONN_RESET;
    case INSIST_EEOF: return INSIST_UNEXPECTED_EOF;
    default: return INSIST_NOT_TRANSIENT;
    }
}

static void settle(struct verdict *verdict, insist_err err) {
    verdict->err = err;
    verdict->transience = usual_transience(err);
}

/* "Too large response headers: 307210 > 307200"; of a trailer line it does not say how long one may be. */
static struct cause limit_of_libcurl(const char *detail) {
    const char *most = strrchr(detail, '>');
    bool trailer = strstr(detail, "chunked-encoding") != NULL;
    return (struct cause){.sentence = trailer ? "one of its trailer lines is longer than libcurl takes"
                                              : "its headers are longer than libcurl takes",
                          .limit = most ? strtoull(most + 1, NULL, 10) : 0};
}

static void settle_by_code(struct verdict *verdict, CURLcode code, int os_errno, const char *detail) {
    struct curl_meaning meaning = curl_code_meaning_in_detail((int)code, os_errno, detail);
    verdict->err = meaning.err;
    verdict->transience = meaning.transience;
    verdict->os_errno = os_errno;
    if (meaning.err == INSIST_ETOOLARGE)
        verdict->cause = limit_of_libcurl(detail);
}

static void settle_too_large(struct verdict *verdict, const char *sentence, uint64_t limit) {
    settle(verdict, INSIST_ETOOLARGE);
    verdict->cause = (struct cause){.sentence = sentence, .limit = limit};
}

/* The gate alone tells: libcurl's own count of what it sent stays 0 when the first send had to wait. */
static insist_sent how_far(const struct transfer *transfer) {
    if (transfer->job->progress.answered)
        return INSIST_ANSWERED;
    return transfer->answer.passed ? INSIST_MAYBE_SENT : INSIST_NOT_SENT;
}

int verdict_errno_of_libcurl(const struct transfer *transfer) {
    long os_errno = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &os_errno);
    return (int)os_errno;
}

/* Of a connection that could not be used. */
static int connect_errno(const struct transfer *transfer, CURLcode code) {
    if (transfer->answer.open_errno)
        return transfer->answer.open_errno;
    if (code == CURLE_COULDNT_CONNECT && transfer->opened)
        return verdict_errno_of_libcurl(transfer);
    bool reset = transfer->connection && transfer->connection->death == DEATH_RESET;
    return reset ? transfer->connection->os_errno : 0;
}

/* What a proxy answered when it was asked for a tunnel, and did not give one; 0: it was not asked, or did not answer. */
static long proxys_answer(const struct transfer *transfer) {
    long status = 0;
    if (transfer->route.proxied)
        curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_CONNECTCODE, &status);
    return status / 100 == 2 ? 0 : status;
}

static void judge_connect(struct verdict *verdict, const struct transfer *transfer, CURLcode code) {
    long status = proxys_answer(transfer);
    if (status > 0) {
        settle(verdict, INSIST_ECONNECT);
        verdict->transience = status >= 502 && status <= 504 ? INSIST_CONN_REFUSED : INSIST_NOT_TRANSIENT;
        return;
    }
    settle_by_code(verdict, code, connect_errno(transfer, code), transfer->detail);
}

/* The errno of the failure that ended an exchange; 0: it was no failure of the system's, but an end. EPIPE: it was reset
 * before we could say goodbye. */
static int exchange_errno(const struct transfer *transfer) {
    int os_errno = verdict_errno_of_libcurl(transfer);
    return os_errno == EPIPE ? ECONNRESET : os_errno;
}

/* The first failure's, whatever libcurl made of it when it then wanted to send again. */
static void judge_death(struct verdict *verdict, const struct transfer *transfer) {
    const struct connection *connection = transfer->connection;
    bool cut_stream = connection && connection->death == DEATH_NONE && connection->http2;
    verdict->os_errno = exchange_errno(transfer);
    settle(verdict, verdict->os_errno || cut_stream ? INSIST_ERESET : INSIST_EEOF);
    if (verdict->os_errno == ETIMEDOUT)
        verdict->transience = INSIST_TIMEOUT;
}

static bool has_died(const struct transfer *transfer) {
    bool ended = transfer->connection && transfer->connection->death != DEATH_NONE;
    return ended || exchange_errno(transfer) != 0;
}

/* libcurl has read the end of the connection. */
static bool is_orderly_end(CURLcode code) {
    return code == CURLE_OK || code == CURLE_GOT_NOTHING || code == CURLE_PARTIAL_FILE;
}

/* No more is said than that sending or receiving failed, unless libcurl's sentence is about what was received. */
static bool is_failure_of_connection(CURLcode code, const char *detail) {
    if (code == CURLE_RECV_ERROR)
        return !strstr(detail, "chunked-encoding") && !strstr(detail, "Too large");
    return code == CURLE_SEND_ERROR || code == CURLE_SEND_FAIL_REWIND;
}

static void judge_answer(struct verdict *verdict, const struct transfer *transfer) {
    insist_err err = transfer->decode ? decode_end(transfer->decode) : INSIST_OK;
    if (err == INSIST_OK && transfer->answer.no_follow)
        err = INSIST_EREDIRECT;
    settle(verdict, err);
    if (err == INSIST_OK || err == INSIST_EREDIRECT)
        verdict->cause = transfer->answer.cause;
}

/* libcurl's code for a header line of more than 100 KB is that of no memory: before the request there is no line. */
static bool has_sent(const struct transfer *transfer) {
    long bytes = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &bytes);
    return bytes > 0;
}

static void judge_exchange(struct verdict *verdict, const struct transfer *transfer, CURLcode code) {
    const struct answer *answer = &transfer->answer;
    if (answer->complete && (code == CURLE_OK || answer->blocked)) {
        judge_answer(verdict, transfer);
        return;
    }
    if (!answer->blocked && is_orderly_end(code)) {
        settle(verdict, INSIST_EEOF);
        return;
    }
    if (answer->blocked || (is_failure_of_connection(code, transfer->detail) && has_died(transfer))) {
        judge_death(verdict, transfer);
        return;
    }
    bool line_too_long = code == CURLE_OUT_OF_MEMORY && !answer->complete && has_sent(transfer);
    /* a first header line that continues none */
    bool ill_formed = code == CURLE_BAD_FUNCTION_ARGUMENT && answer->begun;
    if (line_too_long)
        settle_too_large(verdict, "one of its header lines is longer than libcurl takes", CURL_MAX_HTTP_HEADER);
    else if (ill_formed)
        settle(verdict, INSIST_EPROTO);
    else
        settle_by_code(verdict, code, 0, transfer->detail);
}

static void settle_refused(struct verdict *verdict, const struct answer *answer) {
    settle(verdict, answer->err);
    if (answer->err == INSIST_ETOOLARGE)
        verdict->cause = answer->cause;
}

struct verdict verdict_of_end(struct transfer *transfer, CURLcode code) {
    const struct answer *answer = &transfer->answer;
    struct verdict verdict = {.sent = how_far(transfer)};
    if (answer->err != INSIST_OK)
        settle_refused(&verdict, answer);
    else if (answer->gate_refused)
        settle(&verdict, INSIST_ECANCELED);
    else if (!answer->passed)
        judge_connect(&verdict, transfer, code);
    else
        judge_exchange(&verdict, transfer, code);
    bool lost = verdict.err == INSIST_ERESET || verdict.err == INSIST_EEOF;
    verdict.stale = lost && answer->passed && !answer->begun && transfer->job->progress.reused;
    return verdict;
}

struct verdict verdict_of_timeout(const struct transfer *transfer, struct cause cause) {
    const struct job *job = transfer->job;
    struct verdict verdict = {.sent = job->progress.answered ? INSIST_ANSWERED : job_how_far(job), .cause = cause};
    settle(&verdict, INSIST_ETIMEOUT);
    return verdict;
}

struct verdict verdict_of_refusal(const struct transfer *transfer, insist_err err) {
    struct verdict verdict = {.sent = transfer->job->progress.answered ? INSIST_ANSWERED : INSIST_NOT_SENT};
    settle(&verdict, err);
    return verdict;
}
