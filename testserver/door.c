/* When libmicrohttpd is run, and with which limits. See door.h. */
#include "door.h"

#include "certificate.h"
#include "stuck.h"

#include <limits.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <unistd.h>

/* For request line and header block; more is answered 414 or 431. */
static const size_t connection_memory = 16384;
/* The number of descriptors is the limit, and the acceptor deals with that. */
static const unsigned connection_limit = INT_MAX;

static void daemon_ready(struct source *source, uint32_t events) {
    (void)events;
    struct door *door = source->owner;
    door->busy = true;
}

bool door_open(struct door *door, const struct door_settings *settings) {
    const struct certificate *certificate = settings->certificate;
    unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    struct MHD_OptionItem tls[4] = {{MHD_OPTION_END, 0, NULL}};
    const struct door_handlers *handlers = door->handlers;
    door->source = (struct source){daemon_ready, door};
    if (certificate) {
        flags |= MHD_USE_TLS;
        tls[0] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, certificate->certificate_pem};
        tls[1] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, certificate->key_pem};
        const char *priorities = settings->priorities ? settings->priorities : "NORMAL";
        tls[2] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)priorities};
        tls[3] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    }
    door->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, handlers->request, door, MHD_OPTION_EXTERNAL_LOGGER, stuck_log, door,
        MHD_OPTION_URI_LOG_CALLBACK, handlers->target, door, MHD_OPTION_NOTIFY_COMPLETED, handlers->completed, door,
        MHD_OPTION_NOTIFY_CONNECTION, handlers->connection, door, MHD_OPTION_CONNECTION_LIMIT, connection_limit,
        MHD_OPTION_CONNECTION_TIMEOUT, settings->idle_timeout_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT, connection_memory,
        MHD_OPTION_STRICT_FOR_CLIENT, 0 /* its answer would be garbled: see stuck.h */, MHD_OPTION_ARRAY, tls,
        MHD_OPTION_END);
    if (!door->daemon) {
        return false;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(door->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    return info && loop_watch(door->loop, info->epoll_fd, EPOLLIN, &door->source);
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
        door->turns_at_once = 0;
        return -1;
    }
    if (patience_ms == 0) {
        door->busy = true;
        door->turns_at_once++;
    } else {
        door->turns_at_once = 0;
    }
    return patience_ms < INT_MAX ? (int)patience_ms : INT_MAX;
}

void door_run(struct door *door) {
    if (door->busy) {
        door->busy = false;
        MHD_run(door->daemon);
    }
}
