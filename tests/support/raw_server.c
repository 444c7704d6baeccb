/* A thread that accepts, a thread for each connection, one lock with one condition for all that they share. */
#include "support/raw_server.h"

#include "support/raw_tls.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WAIT_S 60

struct raw_connection {
    /* fixed */
    struct raw_server *server;
    unsigned number;
    pthread_t thread;
    struct raw_connection *next;
    /* own: its thread */
    struct raw_tls_session *session;
    char *buffer; /* what was read and not used yet */
    size_t length, capacity;
    char *request;
    bool ended;
    /* shared */
    int fd; /* -1: ended */
};

struct raw_server {
    /* fixed */
    raw_script *script;
    void *ctx;
    struct raw_tls *tls;
    unsigned port;
    int stop_event;
    pthread_t thread;
    /* shared */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int listener; /* -1: closed */
    bool stopping, listener_unwanted;
    struct raw_connection *connections;
    unsigned accepted, signals, releases;
    char **requests;
    unsigned request_count, request_capacity;
};

/* ---- the script's side ------------------------------------------------------------------------------------------- */

unsigned raw_number(const struct raw_connection *connection) {
    return connection->number;
}

const char *raw_request(const struct raw_connection *connection) {
    return connection->request ? connection->request : "";
}

struct raw_server *raw_server_of(struct raw_connection *connection) {
    return connection->server;
}

static ssize_t receive(struct raw_connection *connection, void *bytes, size_t length) {
    if (connection->ended)
        return 0;
    return connection->session ? raw_tls_read(connection->session, bytes, length)
                               : recv(connection->fd, bytes, length, 0);
}

bool raw_read_some(struct raw_connection *connection) {
    if (connection->length + 1 >= connection->capacity) {
        size_t capacity = connection->capacity ? connection->capacity * 2 : 4096;
        char *buffer = realloc(connection->buffer, capacity);
        if (!buffer)
            return false;
        connection->buffer = buffer;
        connection->capacity = capacity;
    }
    ssize_t got =
        receive(connection, connection->buffer + connection->length, connection->capacity - connection->length - 1);
    if (got <= 0)
        return false;
    connection->length += (size_t)got;
    connection->buffer[connection->length] = '\0';
    return true;
}

/* Length of the head with its blank line; 0: it is not there yet. */
static size_t head_length(const struct raw_connection *connection) {
    const char *end = connection->length > 0 ? strstr(connection->buffer, "\r\n\r\n") : NULL;
    return end ? (size_t)(end + 4 - connection->buffer) : 0;
}

static size_t body_length(const char *head, size_t length) {
    for (const char *line = head; line && line < head + length; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncasecmp(line, "content-length:", 15) == 0)
            return (size_t)strtoul(line + 15, NULL, 10);
    }
    return 0;
}

static void keep_request(struct raw_server *server, const char *text) {
    pthread_mutex_lock(&server->lock);
    if (server->request_count == server->request_capacity) {
        server->request_capacity = server->request_capacity ? server->request_capacity * 2 : 64;
        server->requests = realloc(server->requests, server->request_capacity * sizeof(*server->requests));
    }
    if (server->requests)
        server->requests[server->request_count++] = strdup(text);
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

static bool read_request(struct raw_connection *connection, bool with_body) {
    size_t head, length;
    while ((head = head_length(connection)) == 0)
        if (!raw_read_some(connection))
            return false;
    length = head + (with_body ? body_length(connection->buffer, head) : 0);
    while (connection->length < length)
        if (!raw_read_some(connection))
            return false;
    free(connection->request);
    connection->request = strndup(connection->buffer, length);
    if (!connection->request)
        return false;
    connection->length -= length;
    memmove(connection->buffer, connection->buffer + length, connection->length + 1);
    keep_request(connection->server, connection->request);
    return true;
}

bool raw_read_request(struct raw_connection *connection) {
    return read_request(connection, true);
}

bool raw_read_head(struct raw_connection *connection) {
    return read_request(connection, false);
}

void raw_send_bytes(struct raw_connection *connection, const void *bytes, size_t length) {
    const char *rest = bytes;
    while (length > 0 && !connection->ended) {
        ssize_t sent = connection->session ? raw_tls_write(connection->session, rest, length)
                                           : send(connection->fd, rest, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        rest += sent;
        length -= (size_t)sent;
    }
}

void raw_send(struct raw_connection *connection, const char *text) {
    raw_send_bytes(connection, text, strlen(text));
}

void raw_say_goodbye(struct raw_connection *connection) {
    if (connection->session && !connection->ended)
        raw_tls_say_goodbye(connection->session);
}

void raw_end(struct raw_connection *connection) {
    if (connection->ended)
        return;
    connection->ended = true;
    raw_tls_end(connection->session);
    connection->session = NULL;
    pthread_mutex_lock(&connection->server->lock);
    close(connection->fd);
    connection->fd = -1;
    pthread_mutex_unlock(&connection->server->lock);
}

/* Disconnecting a TCP socket sends an RST at once, whatever linger says. */
void raw_reset(struct raw_connection *connection) {
    const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    if (!connection->ended)
        connect(connection->fd, &nobody, sizeof(nobody));
    raw_end(connection);
}

void raw_hold(struct raw_connection *connection) {
    char bytes[4096];
    while (receive(connection, bytes, sizeof(bytes)) > 0)
        ;
}

void raw_signal(struct raw_connection *connection) {
    struct raw_server *server = connection->server;
    pthread_mutex_lock(&server->lock);
    server->signals++;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

void raw_wait(struct raw_connection *connection) {
    struct raw_server *server = connection->server;
    pthread_mutex_lock(&server->lock);
    while (server->releases == 0 && !server->stopping)
        pthread_cond_wait(&server->changed, &server->lock);
    if (server->releases > 0)
        server->releases--;
    pthread_mutex_unlock(&server->lock);
}

/* ---- threads ----------------------------------------------------------------------------------------------------- */

static void *serve(void *data) {
    struct raw_connection *connection = data;
    struct raw_server *server = connection->server;
    if (server->tls)
        connection->session = raw_tls_accept(server->tls, connection->fd);
    if (!server->tls || connection->session)
        server->script(connection, server->ctx);
    raw_end(connection);
    return NULL;
}

static void take(struct raw_server *server, int fd) {
    struct raw_connection *connection = calloc(1, sizeof(*connection));
    if (!connection) {
        close(fd);
        return;
    }
    connection->server = server;
    connection->fd = fd;
    pthread_mutex_lock(&server->lock);
    connection->number = ++server->accepted;
    bool started = pthread_create(&connection->thread, NULL, serve, connection) == 0;
    if (started) {
        connection->next = server->connections;
        server->connections = connection;
    }
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
    if (!started) {
        close(fd);
        free(connection);
    }
}

static void *accept_all(void *data) {
    struct raw_server *server = data;
    struct pollfd fds[2] = {{.fd = server->listener, .events = POLLIN}, {.fd = server->stop_event, .events = POLLIN}};
    while (poll(fds, 2, -1) >= 0 && !fds[1].revents) {
        int fd = accept4(fds[0].fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            take(server, fd);
    }
    pthread_mutex_lock(&server->lock);
    close(server->listener);
    server->listener = -1;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
    return NULL;
}

/* ---- the test's side --------------------------------------------------------------------------------------------- */

static bool listen_on(struct raw_server *server, const char *address) {
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof(at);
    inet_pton(AF_INET, address ? address : "127.0.0.1", &at.sin_addr);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (server->listener < 0 || bind(server->listener, (struct sockaddr *)&at, sizeof(at)) != 0 ||
        listen(server->listener, 1024) != 0)
        return false;
    getsockname(server->listener, (struct sockaddr *)&at, &size);
    server->port = ntohs(at.sin_port);
    return true;
}

static void forget(struct raw_server *server) {
    for (struct raw_connection *next, *connection = server->connections; connection; connection = next) {
        next = connection->next;
        free(connection->buffer);
        free(connection->request);
        free(connection);
    }
    for (unsigned i = 0; i < server->request_count; i++)
        free(server->requests[i]);
    free(server->requests);
    raw_tls_free(server->tls);
    if (server->listener >= 0)
        close(server->listener);
    close(server->stop_event);
    pthread_cond_destroy(&server->changed);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

struct raw_server *raw_server_start(const struct raw_options *options, raw_script *script, void *ctx) {
    struct raw_server *server = calloc(1, sizeof(*server));
    if (!server)
        return NULL;
    server->script = script;
    server->ctx = ctx;
    server->listener = -1;
    server->stop_event = eventfd(0, EFD_CLOEXEC);
    pthread_mutex_init(&server->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&server->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    bool tls = options && options->tls;
    if (tls)
        server->tls = raw_tls_new();
    bool ready =
        server->stop_event >= 0 && (!tls || server->tls) && listen_on(server, options ? options->address : NULL);
    if (ready && pthread_create(&server->thread, NULL, accept_all, server) == 0)
        return server;
    forget(server);
    return NULL;
}

void raw_server_close_listener(struct raw_server *server) {
    const unsigned long long one = 1;
    pthread_mutex_lock(&server->lock);
    bool first = !server->listener_unwanted;
    server->listener_unwanted = true;
    pthread_mutex_unlock(&server->lock);
    if (first && write(server->stop_event, &one, sizeof(one)) < 0)
        abort();
    pthread_mutex_lock(&server->lock);
    while (server->listener >= 0)
        pthread_cond_wait(&server->changed, &server->lock);
    pthread_mutex_unlock(&server->lock);
}

void raw_server_free(struct raw_server *server) {
    if (!server)
        return;
    raw_server_close_listener(server);
    pthread_join(server->thread, NULL);
    pthread_mutex_lock(&server->lock);
    server->stopping = true;
    for (struct raw_connection *connection = server->connections; connection; connection = connection->next)
        if (connection->fd >= 0)
            shutdown(connection->fd, SHUT_RDWR);
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
    for (struct raw_connection *connection = server->connections; connection; connection = connection->next)
        pthread_join(connection->thread, NULL);
    forget(server);
}

unsigned raw_server_port(const struct raw_server *server) {
    return server->port;
}

const char *raw_server_certificate(const struct raw_server *server) {
    return server->tls ? raw_tls_certificate(server->tls) : NULL;
}

unsigned raw_server_connections(struct raw_server *server) {
    pthread_mutex_lock(&server->lock);
    unsigned count = server->accepted;
    pthread_mutex_unlock(&server->lock);
    return count;
}

unsigned raw_server_requests(struct raw_server *server) {
    pthread_mutex_lock(&server->lock);
    unsigned count = server->request_count;
    pthread_mutex_unlock(&server->lock);
    return count;
}

const char *raw_server_request(struct raw_server *server, unsigned i) {
    pthread_mutex_lock(&server->lock);
    const char *text = i < server->request_count ? server->requests[i] : "";
    pthread_mutex_unlock(&server->lock);
    return text;
}

void raw_server_release(struct raw_server *server) {
    pthread_mutex_lock(&server->lock);
    server->releases++;
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);
}

bool raw_server_has_signals(struct raw_server *server, unsigned count) {
    pthread_mutex_lock(&server->lock);
    bool here = server->signals >= count;
    pthread_mutex_unlock(&server->lock);
    return here;
}

bool raw_server_wait_signals(struct raw_server *server, unsigned count) {
    struct timespec until;
    int code = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += WAIT_S;
    pthread_mutex_lock(&server->lock);
    while (server->signals < count && code == 0)
        code = pthread_cond_timedwait(&server->changed, &server->lock, &until);
    bool here = server->signals >= count;
    pthread_mutex_unlock(&server->lock);
    return here;
}
