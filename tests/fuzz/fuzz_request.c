/* Any bytes as what a client sends to the test server: requests, pieces of them, orders to its admin paths, scripts. Whatever comes,
 * the server goes on: it answers the next one, and what it answered to the bytes begins as HTTP does unless a script says otherwise.
 *
 * One server for all, in the process, which is replaced now and then and when it has been told to refuse connections. Its one thread
 * takes what comes in turn, so that once a second connection has been answered the first one's bytes have been read. */
#include "fuzz.h"
#include "input.h"

#include <arpa/inet.h>
#include <errno.h>
#include <insist/testserver.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 20000, WAIT_S = 1, CONNECT_US = 20000 };
/* After which a server hangs that does not answer: far longer than a busy machine keeps its thread waiting, or stops all. */
static const int64_t patience_ns = INT64_C(2000) * 1000000000;

static insist_testserver *server;
static bool drops; /* its queue of connections is full, by order: the system by itself lets one in at once */

static void start_server(void) {
    drops = false;
    insist_testserver_free(server);
    must(insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.journal_limit = 100), NULL, &server) == INSIST_OK,
         "there is a server");
}

/* -1: refused, or dropped. */
static int connect_to_server(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(insist_testserver_port(server))};
    struct timeval wait = {.tv_sec = WAIT_S}, connecting = {.tv_usec = CONNECT_US};
    struct linger at_once = {.l_onoff = 1}; /* a reset: closed connections would keep their ports for a minute */
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0 &&
             setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &connecting, sizeof connecting) == 0 &&
             setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0,
         "there is a socket");
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0) {
        return fd;
    }
    drops = errno == EINPROGRESS;
    close(fd);
    return -1;
}

static bool is_well(void) {
    static const char request[] = "GET /ok HTTP/1.1\r\nHost: h\r\n\r\n";
    char answer[512] = "";
    int fd = connect_to_server();
    bool asked = fd >= 0 && send(fd, request, sizeof request - 1, MSG_NOSIGNAL) == (ssize_t)sizeof request - 1;
    if (asked) {
        (void)!recv(fd, answer, sizeof answer - 1, 0);
    }
    if (fd >= 0) {
        close(fd);
    }
    return strncmp(answer, "HTTP/1.1 200 ", 13) == 0;
}

/* It has been told to treat connections badly: then it may. */
static bool is_told_to(void) {
    insist_testserver_stats stats = {.size = sizeof stats};
    must(insist_testserver_get_stats(server, &stats) == INSIST_OK, "it counts");
    must(stats.in_flight <= stats.in_flight_peak && stats.held <= stats.in_flight, "and counts well");
    return drops || !stats.listening || stats.connections_faulted > 0;
}

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* It may have been told to refuse for a moment, or /ok to answer otherwise. */
static bool becomes_well(void) {
    const int64_t until_ns = now_ns() + patience_ns;
    bool well = is_well();
    while (!well && !is_told_to() && now_ns() < until_ns) {
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        must(insist_testserver_script(server, "/ok", NULL, NULL) == INSIST_OK, "a path can be reset");
        well = is_well();
    }
    return well;
}

/* What has come so far. Scripts may put anything there, and admin paths set scripts. */
static void check_answer(int fd, const uint8_t *data, size_t size) {
    char answer[256] = "";
    ssize_t got = recv(fd, answer, sizeof answer - 1, MSG_DONTWAIT);
    bool scripted = memmem(data, size, "do", 2) != NULL || memmem(data, size, "%", 1) != NULL ||
                    memmem(data, size, "admin", 5) != NULL;
    if (got <= 0 || scripted) {
        return;
    }
    must(strncmp(answer, "HTTP/1.1 ", got < 9 ? (size_t)got : 9) == 0, "an answer begins as HTTP does");
    must(got < 12 || (answer[9] >= '1' && answer[9] <= '9'), "with a status");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static unsigned runs;
    if (runs++ % RUNS == 0) {
        start_server();
    }
    must(insist_testserver_script(server, "/ok", NULL, NULL) == INSIST_OK, "a path can be reset");
    int fd = connect_to_server();
    if (fd < 0) { /* an order of the run before, carried out late */
        start_server();
        fd = connect_to_server();
    }
    must(fd >= 0, "it listens");
    ssize_t sent = size > 0 ? send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
    must(becomes_well() || is_told_to(), "it answers the next request");
    if (sent > 0) {
        check_answer(fd, data, size);
    }
    close(fd);
    insist_testserver_reset(server);
    if (is_told_to()) {
        start_server();
    }
    return 0;
}
