/* Any bytes as what a server answers with, in any pieces, with an end or a reset behind them: flags, pieces NUL the answer. The
 * client keeps its promises whatever comes: the call ends well before its deadline, with a result that fits together, within the
 * limits of body and headers, and with no header that could end a line.
 *
 * One client and one server for all, connected by a socket in the file system; the server is a thread of its own, which has a
 * connection for each attempt. Nobody waits for time to pass. */
#include "fuzz.h"
#include "input.h"

#include <curl/curl.h>
#include <insist/insist.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PASSWORD "Unspoken"
#define PLACE "fuzz.test/a?b"

/* The deadline lies far behind what a machine that is stopped or starved for a while can use up: a call that hangs meets it. */
enum { BODY_LIMIT = 4096, HEADER_LIMIT = 2048, DEADLINE_MS = 2000000, PIECES = 16 };

/* What the first byte says. */
enum { HEAD = 1, POST = 2, RESET = 4, RETRY = 8, SINK = 16, TLS = 32, UNREAD = 64 };

/* shared: what the server answers with; it holds the lock from a connection's beginning to its end */
static struct {
    pthread_mutex_t lock;
    unsigned flags;
    uint8_t *data;
    const uint8_t *pieces; /* their lengths; the rest comes in one */
    size_t piece_count;
    const uint8_t *bytes;
    size_t length;
    bool leads_on; /* may be a redirect: an answer, too, whatever becomes of the request that follows it */
} answer = {.lock = PTHREAD_MUTEX_INITIALIZER};

static char folder[96]; /* the name of a socket is short */
static struct sockaddr_un place = {.sun_family = AF_UNIX};

/* ---- the server -------------------------------------------------------------------------------------------------- */

static bool send_bytes(int fd, const uint8_t *bytes, size_t length) {
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

static void send_answer(int fd) {
    const uint8_t *bytes = answer.bytes;
    size_t left = answer.length;
    for (size_t i = 0; i < answer.piece_count && left > 0; i++) {
        size_t piece = answer.pieces[i] < left ? answer.pieces[i] : left;
        if (!send_bytes(fd, bytes, piece)) {
            return;
        }
        bytes += piece;
        left -= piece;
        sched_yield(); /* for the other side to read a part */
    }
    send_bytes(fd, bytes, left);
}

/* The client's part is read up to its blank line. What is left unread makes the end a reset. */
static void take_request(int fd) {
    char request[8192];
    size_t length = 0;
    while (length < sizeof request - 1) {
        ssize_t got = recv(fd, request + length, answer.flags & RESET ? 16 : sizeof request - 1 - length, 0);
        if (got <= 0 || answer.flags & RESET) {
            return;
        }
        length += (size_t)got;
        request[length] = '\0';
        if (request[0] == 0x16 || strstr(request, "\r\n\r\n") != NULL) { /* the former begins a handshake */
            return;
        }
    }
}

static void attend(int fd) {
    if (!(answer.flags & UNREAD)) {
        take_request(fd);
    }
    send_answer(fd);
    if (!(answer.flags & RESET)) {
        char rest[4096];
        shutdown(fd, SHUT_WR);
        while (recv(fd, rest, sizeof rest, 0) > 0) {
        }
    }
}

static void *serve(void *data) {
    int listener = *(int *)data;
    sigset_t all;
    sigfillset(&all); /* libFuzzer's alarms are not for this thread */
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        must(fd >= 0, "a connection is accepted");
        pthread_mutex_lock(&answer.lock);
        attend(fd);
        pthread_mutex_unlock(&answer.lock);
        close(fd);
    }
    return NULL;
}

static bool names_a_place(const uint8_t *bytes, size_t length) {
    static const char name[] = "location";
    for (size_t i = 0; i + sizeof name - 1 <= length; i++) {
        if (strncasecmp((const char *)bytes + i, name, sizeof name - 1) == 0) {
            return true;
        }
    }
    return false;
}

static void set_answer(const uint8_t *data, size_t size) {
    pthread_mutex_lock(&answer.lock);
    free(answer.data);
    answer.data = malloc(size + 1);
    must(answer.data != NULL, "there is memory");
    memcpy(answer.data, data, size);
    answer.data[size] = 0;
    const uint8_t *nul = size > 0 ? memchr(answer.data + 1, '\0', size) : answer.data;
    answer.flags = answer.data[0];
    answer.pieces = answer.data + (size > 0);
    answer.piece_count = (size_t)(nul - answer.pieces) < PIECES ? (size_t)(nul - answer.pieces) : PIECES;
    answer.bytes = nul < answer.data + size ? nul + 1 : nul; /* without a NUL there is nothing */
    answer.length = (size_t)(answer.data + size - answer.bytes);
    answer.leads_on = names_a_place(answer.bytes, answer.length);
    pthread_mutex_unlock(&answer.lock);
}

static void clean_up(void) {
    unlink(place.sun_path);
    rmdir(folder);
}

static void start_server(void) {
    static int listener;
    pthread_t thread;
    static const char name[] = "/insist-fuzz-XXXXXX";
    const char *given = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s%s", given && strlen(given) + sizeof name <= sizeof folder ? given : "/tmp", name);
    must(mkdtemp(folder) != NULL, "there is a folder");
    snprintf(place.sun_path, sizeof place.sun_path, "%s/socket", folder);
    atexit(clean_up);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(listener >= 0 && bind(listener, (const struct sockaddr *)&place, sizeof place) == 0 && listen(listener, 16) == 0,
         "there is a socket");
    must(pthread_create(&thread, NULL, serve, &listener) == 0, "there is a thread");
}

/* ---- the client -------------------------------------------------------------------------------------------------- */

/* No handshake gets as far as a certificate: reading the system's authorities for each would only take time. */
static void trust_nobody(void *easy, void *ctx) {
    (void)ctx;
    curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
}

static insist_client *client_new(void) {
    insist_client *client = NULL;
    insist_retry_policy *retry = NULL;
    insist_timeout_policy *timeout = NULL;
    must(insist_retry_policy_new(insist_retry_and(insist_retry_times(1), insist_retry_standard()),
                                 insist_wait_constant_ms(0), NULL, &retry) == INSIST_OK &&
             insist_timeout_fixed_new(DEADLINE_MS / 2, NULL, &timeout) == INSIST_OK,
         "there are policies");
    must(insist_client_new(
             INSIST_CLIENT_OPTIONS(.retry = retry, .timeout = timeout, .deadline_ms = DEADLINE_MS, .max_redirects = 3,
                                   .max_body_bytes = BODY_LIMIT, .max_header_bytes = HEADER_LIMIT,
                                   .budget = insist_budget_none(), .curl_setup = trust_nobody,
                                   .net = INSIST_NET_OPTIONS(.unix_socket = place.sun_path)),
             NULL, &client) == INSIST_OK,
         "there is a client");
    insist_retry_policy_free(retry);
    insist_timeout_policy_free(timeout);
    return client;
}

static int sink_write(void *ctx, const void *data, size_t length) {
    size_t *taken = ctx;
    size_t nuls = 0;
    for (const char *c = data; c < (const char *)data + length; c++) {
        nuls += *c == '\0'; /* all of it can be read */
    }
    must(length > 0 && nuls <= length, "a sink is given something");
    *taken += length;
    return 0;
}

static insist_plan *plan_new(unsigned flags) {
    insist_plan *plan = NULL;
    const char *method = flags & POST ? "POST" : flags & HEAD ? "HEAD" : "GET";
    const char *url = flags & TLS ? "https://user:" PASSWORD "@" PLACE : "http://user:" PASSWORD "@" PLACE;
    must(insist_plan_new(method, url, NULL, &plan) == INSIST_OK, "there is a plan");
    if (flags & POST) {
        must(insist_plan_set_body(plan, "hello", 5) == INSIST_OK, "it has a body");
    }
    if (!(flags & RETRY)) {
        static insist_retry_policy *never;
        must(never || insist_retry_policy_new(insist_retry_never(), insist_wait_once(), NULL, &never) == INSIST_OK,
             "there is a policy");
        must(insist_plan_set_retry(plan, never) == INSIST_OK, "it has a policy");
    }
    return plan;
}

/* ---- what has to hold -------------------------------------------------------------------------------------------- */

static void check_headers(const insist_result *result) {
    size_t bytes = 0;
    const char *name;
    const char *value;
    for (size_t i = 0; insist_result_header_at(result, i, &name, &value); i++) {
        must(strpbrk(name, "\r\n") == NULL && strpbrk(value, "\r\n") == NULL, "no header ends a line");
        must(insist_result_header(result, name) != NULL, "a header is found by its name");
        bytes += strlen(name) + strlen(value);
    }
    must(bytes <= HEADER_LIMIT, "the limit of headers is kept");
}

static void check_attempts(const insist_result *result, unsigned flags) {
    size_t count = insist_result_attempts(result);
    must(count >= 1 && count <= (flags & RETRY ? 2 : 1), "there are as many attempts as are allowed");
    for (size_t i = 0; i < count; i++) {
        const insist_attempt_record *record = insist_result_attempt(result, i);
        must(record->started_us >= 0 && record->ended_us >= record->started_us, "an attempt ends after it starts");
        must((record->status == 0 || record->status >= 200) && record->status <= 999, "a status is a final one, or none");
        must(answer.leads_on || record->sent != INSIST_ANSWERED || record->status != 0, "what was answered has a status");
        must(record->error != INSIST_ETIMEOUT && record->error != INSIST_EDEADLINE, "nobody has to wait");
    }
}

static void check_result(const insist_result *result, insist_err err, unsigned flags, size_t taken) {
    size_t length = 0;
    const char *body = insist_result_body(result, &length);
    must(insist_result_error(result) == err, "the result has the call's error");
    must(err != INSIST_EINVAL && err != INSIST_ENOMEM && err != INSIST_ESYSTEM && err != INSIST_EDEADLINE &&
             err != INSIST_ECANCELED,
         "it is the server's fault");
    must(strlen(insist_result_explain(result)) > 10, "it explains itself");
    must(strstr(insist_result_explain(result), PASSWORD) == NULL, "without the password");
    must(body[length] == '\0', "a NUL follows the body");
    must(length <= BODY_LIMIT, "the limit of the body is kept");
    must(!(flags & HEAD) || flags & POST || length == 0, "HEAD has no body");
    must(taken == 0 || flags & SINK, "a sink takes what it is asked to");
    must(err != INSIST_OK || insist_result_status(result) >= 200, "without an error there is an answer");
    must(insist_result_status(result) < 1000, "a status has three digits");
    int64_t ms;
    must(!insist_result_retry_after_ms(result, &ms) || ms >= 0, "no delay is negative");
    check_headers(result);
    check_attempts(result, flags);
}

static void call(insist_client *client, unsigned flags) {
    size_t taken = 0;
    insist_result *result = NULL;
    insist_sink sink = {.write = sink_write, .ctx = &taken};
    insist_plan *plan = plan_new(flags);
    insist_err err =
        insist_execute(client, plan, INSIST_CALL_OPTIONS(.sink = flags & SINK ? &sink : NULL), &result);
    must(result != NULL, "there is a result");
    check_result(result, err, flags, taken);
    insist_result_free(result);
    insist_plan_free(plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static insist_client *client;
    if (size == 0) {
        return 0;
    }
    if (client == NULL) {
        start_server();
        client = client_new();
    }
    if (memmem(data, size, PASSWORD, sizeof PASSWORD - 1) != NULL) { /* what the server knows it may tell */
        return 0;
    }
    set_answer(data, size);
    call(client, data[0]);
    return 0;
}
