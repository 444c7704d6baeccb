/* See silence.h. A queue of 0 holds one connection; the others that fill it are dropped by the system, like all that
 * come later. */
#include "silence.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000 };

static bool listen_somewhere(struct silence *silence, struct sockaddr_in *address) {
    socklen_t length = sizeof *address;
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    silence->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return silence->listener >= 0 && bind(silence->listener, (struct sockaddr *)address, length) == 0 &&
           listen(silence->listener, 0) == 0 &&
           getsockname(silence->listener, (struct sockaddr *)address, &length) == 0;
}

/* The first one gets the place in the queue. */
static bool fill(struct silence *silence, const struct sockaddr_in *address) {
    for (unsigned i = 0; i < SILENCE_FILLERS; i++) {
        silence->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (silence->fillers[i] < 0) {
            return false;
        }
        if (connect(silence->fillers[i], (const struct sockaddr *)address, sizeof *address) != 0 &&
            errno != EINPROGRESS) {
            return false;
        }
    }
    struct pollfd first = {.fd = silence->fillers[0], .events = POLLOUT};
    return poll(&first, 1, PATIENCE_MS) == 1;
}

bool silence_init(struct silence *silence) {
    struct sockaddr_in address;
    *silence = (struct silence){.listener = -1, .fillers = {-1, -1, -1}};
    if (!listen_somewhere(silence, &address) || !fill(silence, &address)) {
        perror("insist-bench: a port with a full queue");
        return false;
    }
    silence->port = ntohs(address.sin_port);
    return true;
}

static void close_one(int fd) {
    if (fd >= 0) {
        close(fd);
    }
}

void silence_fini(struct silence *silence) {
    for (unsigned i = 0; i < SILENCE_FILLERS; i++) {
        close_one(silence->fillers[i]);
    }
    close_one(silence->listener);
    *silence = (struct silence){.listener = -1, .fillers = {-1, -1, -1}};
}
