/* The yardstick of the test server's speed: the least that a program can do with libmicrohttpd in the same mode, with
 * the same flags and limits, and with one epoll on one thread beside the program's own: every request gets the same
 * small answer, and nothing is noted. Prints "listening on http://127.0.0.1:PORT" and serves until it is killed. */
#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ACCEPTS_A_TURN = 256, BACKLOG = 4096, EVENTS_A_TURN = 256 };

static struct MHD_Response *response;

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *data, size_t *size, void **context) {
    static int seen;
    (void)cls;
    (void)url;
    (void)method;
    (void)version;
    (void)data;
    if (!*context) { /* an answer in the first call would end the connection */
        *context = &seen;
        return MHD_YES;
    }
    if (*size > 0) {
        *size = 0;
        return MHD_YES;
    }
    return MHD_queue_response(connection, 200, response);
}

static int listen_on_any_port(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        return -1;
    }
    printf("listening on http://127.0.0.1:%u\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

static bool accept_all(int listener, struct MHD_Daemon *daemon) {
    bool any = false;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        struct sockaddr_storage peer;
        socklen_t size = sizeof peer;
        int fd = accept4(listener, (struct sockaddr *)&peer, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            break;
        }
        any = MHD_add_connection(daemon, fd, (struct sockaddr *)&peer, size) == MHD_YES || any;
    }
    return any;
}

struct server {
    int epoll_fd;
    int listener;
    struct MHD_Daemon *daemon;
};

static void *serve(void *argument) {
    const struct server *server = argument;
    int epoll_fd = server->epoll_fd;
    int listener = server->listener;
    struct MHD_Daemon *daemon = server->daemon;
    bool busy = false;
    for (;;) {
        struct epoll_event events[EVENTS_A_TURN];
        MHD_UNSIGNED_LONG_LONG patience_ms = 0;
        int timeout_ms = 0;
        if (!busy) {
            bool bounded = MHD_get_timeout(daemon, &patience_ms) == MHD_YES;
            timeout_ms = !bounded ? -1 : patience_ms < INT_MAX ? (int)patience_ms : INT_MAX;
            busy = timeout_ms == 0;
        }
        int count = epoll_wait(epoll_fd, events, EVENTS_A_TURN, timeout_ms);
        for (int i = 0; i < count; i++) {
            busy = (events[i].data.fd == listener ? accept_all(listener, daemon) : true) || busy;
        }
        if (busy) {
            busy = false;
            MHD_run(daemon);
        }
    }
    return NULL; /* never */
}

static bool watch(int epoll_fd, int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static struct MHD_Daemon *start_daemon(void) {
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, handle,
                            NULL, MHD_OPTION_CONNECTION_LIMIT, (unsigned)INT_MAX, MHD_OPTION_CONNECTION_TIMEOUT, 120U,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)16384, MHD_OPTION_STRICT_FOR_CLIENT, 1,
                            MHD_OPTION_END);
}

int main(void) {
    static char body[] = "200 OK\n";
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    response = MHD_create_response_from_buffer(sizeof body - 1, body, MHD_RESPMEM_PERSISTENT);
    struct MHD_Daemon *daemon = start_daemon();
    if (!response || !daemon ||
        MHD_add_response_header(response, "Content-Type", "text/plain; charset=utf-8") != MHD_YES) {
        fputs("bare-server: libmicrohttpd could not be started\n", stderr);
        return 1;
    }
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    int listener = listen_on_any_port();
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (epoll_fd < 0 || listener < 0 || !info || !watch(epoll_fd, listener) || !watch(epoll_fd, info->epoll_fd)) {
        perror("bare-server");
        return 1;
    }
    struct server server = {epoll_fd, listener, daemon};
    pthread_t thread;
    if (pthread_create(&thread, NULL, serve, &server) != 0) {
        perror("bare-server");
        return 1;
    }
    pthread_join(thread, NULL); /* it serves until it is killed */
    return 0;
}
