/* See relay.h. */
#include "support/relay.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct relay {
    /* fixed */
    int listener, stop;
    uint16_t port, target_port;
    bool proxy;
    pthread_t thread;
    /* own, and the test's once it is complete */
    char head[4096];
    /* atomics */
    atomic_bool head_complete;
    atomic_uint connections;
};

static int listen_at(const char *path, uint16_t *port) {
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = path != NULL ? sizeof local : sizeof place;
    struct sockaddr *address = path != NULL ? (struct sockaddr *)&local : (struct sockaddr *)&place;
    int fd = socket(path != NULL ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (path != NULL) {
        strncpy(local.sun_path, path, sizeof local.sun_path - 1);
    }
    if (fd < 0 || bind(fd, address, size) != 0 || listen(fd, 16) != 0) {
        close(fd);
        return -1;
    }
    if (path == NULL && getsockname(fd, (struct sockaddr *)&place, &size) == 0) {
        *port = ntohs(place.sin_port);
    }
    return fd;
}

static int connect_to(uint16_t port) {
    struct sockaddr_in place = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&place, sizeof place) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* False: it was told to stop. */
static bool wait_for(const struct relay *relay, int a, int b, short *of_a, short *of_b) {
    struct pollfd fds[3] = {
        {.fd = a, .events = POLLIN}, {.fd = b, .events = POLLIN}, {.fd = relay->stop, .events = POLLIN}};
    if (poll(fds, 3, -1) < 0 || fds[2].revents != 0) {
        return false;
    }
    *of_a = fds[0].revents;
    *of_b = fds[1].revents;
    return true;
}

static bool pass_on(int from, int to) {
    char bytes[16384];
    ssize_t got = recv(from, bytes, sizeof bytes, 0);
    for (ssize_t sent = 0, n; got > 0 && sent < got; sent += n) {
        n = send(to, bytes + sent, (size_t)(got - sent), MSG_NOSIGNAL);
        if (n <= 0) {
            return false;
        }
    }
    return got > 0;
}

static bool read_head(struct relay *relay, int fd) {
    size_t length = 0;
    bool first = !atomic_load(&relay->head_complete);
    char spare[sizeof relay->head];
    char *head = first ? relay->head : spare;
    while (length + 1 < sizeof relay->head) {
        short here = 0;
        short nowhere = 0;
        if (!wait_for(relay, fd, -1, &here, &nowhere)) {
            return false;
        }
        ssize_t got = recv(fd, head + length, 1, 0);
        if (got <= 0) {
            return false;
        }
        head[++length] = '\0';
        if (length >= 4 && memcmp(head + length - 4, "\r\n\r\n", 4) == 0) {
            static const char answer[] = "HTTP/1.1 200 Connection established\r\nX-Proxy: yes\r\n\r\n";
            atomic_store(&relay->head_complete, true);
            return send(fd, answer, sizeof answer - 1, MSG_NOSIGNAL) > 0;
        }
    }
    return false;
}

/* False: it was told to stop. */
static bool serve(struct relay *relay, int fd) {
    short of_a = 0;
    short of_b = 0;
    bool goes_on = true;
    int target = connect_to(relay->target_port);
    bool open = target >= 0 && (!relay->proxy || read_head(relay, fd));
    while (open && (goes_on = wait_for(relay, fd, target, &of_a, &of_b))) {
        open = (of_a == 0 || pass_on(fd, target)) && (of_b == 0 || pass_on(target, fd));
    }
    close(target);
    return goes_on;
}

static void *run(void *argument) {
    struct relay *relay = argument;
    short pending = 0;
    short nothing = 0;
    bool goes_on = true;
    while (goes_on && wait_for(relay, relay->listener, -1, &pending, &nothing)) {
        int fd = accept4(relay->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0) {
            break;
        }
        atomic_fetch_add(&relay->connections, 1);
        goes_on = serve(relay, fd);
        close(fd);
    }
    return NULL;
}

struct relay *relay_start(const char *path, uint16_t target_port) {
    struct relay *relay = calloc(1, sizeof *relay);
    if (relay == NULL) {
        return NULL;
    }
    relay->target_port = target_port;
    relay->proxy = path == NULL;
    relay->listener = listen_at(path, &relay->port);
    relay->stop = eventfd(0, EFD_CLOEXEC);
    if (relay->listener < 0 || relay->stop < 0 || pthread_create(&relay->thread, NULL, run, relay) != 0) {
        close(relay->listener);
        close(relay->stop);
        free(relay);
        return NULL;
    }
    return relay;
}

void relay_free(struct relay *relay) {
    if (relay == NULL) {
        return;
    }
    eventfd_write(relay->stop, 1);
    pthread_join(relay->thread, NULL);
    close(relay->listener);
    close(relay->stop);
    free(relay);
}

uint16_t relay_port(const struct relay *relay) {
    return relay->port;
}

unsigned relay_connections(struct relay *relay) {
    return atomic_load(&relay->connections);
}

const char *relay_head(struct relay *relay) {
    return atomic_load(&relay->head_complete) ? relay->head : "";
}
