/* libmicrohttpd's callbacks, and when it is run. See door.h. */
#include "door.h"

#include "conduct.h"
#include "server.h"

#include <limits.h>
#include <sys/epoll.h>
#include <unistd.h>

/* A net below everything that watches connections: no test leaves one idle for so long. */
static const unsigned idle_limit_s = 120;
/* For request line and header block; more is answered 414 or 431. */
static const size_t connection_memory = 16384;
/* The number of descriptors is the limit, and the acceptor deals with that. */
static const unsigned connection_limit = INT_MAX;

static enum MHD_Result handle(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
                              const char *version, const char *data, size_t *size, void **context) {
    struct exchange *exchange = *context;
    (void)cls;
    (void)mhd;
    (void)url;
    (void)version;
    if (!exchange) {
        return MHD_NO;
    }
    if (!exchange->begun) { /* queuing an answer in this first call would force Connection: close */
        return exchange_begin(exchange, method) ? MHD_YES : MHD_NO;
    }
    if (*size > 0) {
        size_t taken = *size;
        *size = 0;
        return exchange_take_body(exchange, data, taken) ? MHD_YES : MHD_NO;
    }
    return conduct(exchange);
}

static void *note_target(void *cls, const char *raw, struct MHD_Connection *mhd) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct connection *connection = info ? info->socket_context : NULL;
    return connection ? exchange_new(cls, mhd, connection, raw) : NULL;
}

static void request_completed(void *cls, struct MHD_Connection *mhd, void **context,
                              enum MHD_RequestTerminationCode code) {
    (void)cls;
    (void)mhd;
    if (*context) {
        exchange_finish(*context, code);
        *context = NULL;
    }
}

static void connection_changed(void *cls, struct MHD_Connection *mhd, void **context,
                               enum MHD_ConnectionNotificationCode code) {
    struct door *door = cls;
    if (!door->control) {
        ledger_connection(&door->server->ledger, code == MHD_CONNECTION_NOTIFY_STARTED);
    }
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *context = connection_new(door, mhd, door->control ? 0 : ++door->server->connections);
    } else {
        connection_free(*context);
        *context = NULL;
    }
}

static void daemon_ready(struct source *source, uint32_t events) {
    (void)events;
    struct door *door = source->owner;
    door->busy = true;
}

bool door_open(struct door *door, struct insist_testserver *server, bool control,
               const struct certificate *certificate) {
    unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME;
    struct MHD_OptionItem tls[] = {{MHD_OPTION_END, 0, NULL}, {MHD_OPTION_END, 0, NULL}, {MHD_OPTION_END, 0, NULL}};
    door->server = server;
    door->control = control;
    door->source = (struct source){daemon_ready, door};
    if (certificate) {
        flags |= MHD_USE_TLS;
        tls[0] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, certificate->certificate_pem};
        tls[1] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, certificate->key_pem};
    }
    door->daemon = MHD_start_daemon(flags, 0, NULL, NULL, handle, door, MHD_OPTION_URI_LOG_CALLBACK, note_target, door,
                                    MHD_OPTION_NOTIFY_COMPLETED, request_completed, door, MHD_OPTION_NOTIFY_CONNECTION,
                                    connection_changed, door, MHD_OPTION_CONNECTION_LIMIT, connection_limit,
                                    MHD_OPTION_CONNECTION_TIMEOUT, idle_limit_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                    connection_memory, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
    if (!door->daemon) {
        return false;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(door->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    return info && loop_watch(&server->loop, info->epoll_fd, EPOLLIN, &door->source);
}

void door_close(struct door *door) {
    if (door->daemon) {
        MHD_stop_daemon(door->daemon);
        door->daemon = NULL;
    }
}

void door_add(struct door *door, int fd, const struct sockaddr *address, socklen_t size) {
    /* libmicrohttpd closes fd where it refuses it */
    if (MHD_add_connection(door->daemon, fd, address, size) == MHD_YES) {
        door->busy = true;
    }
}

int door_patience_ms(struct door *door) {
    MHD_UNSIGNED_LONG_LONG patience_ms;
    if (door->busy) {
        return 0;
    }
    if (MHD_get_timeout(door->daemon, &patience_ms) != MHD_YES) {
        return -1;
    }
    if (patience_ms == 0) {
        door->busy = true;
    }
    return patience_ms < INT_MAX ? (int)patience_ms : INT_MAX;
}

void door_run(struct door *door) {
    if (door->busy) {
        door->busy = false;
        MHD_run(door->daemon);
    }
}
