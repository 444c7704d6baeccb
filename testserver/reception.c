/* libmicrohttpd's callbacks, and a connection's. See reception.h. */
#include "reception.h"

#include "conduct.h"
#include "server.h"

#include <string.h>

/* ---- connections ------------------------------------------------------------------------------------------------ */

static bool is_suspended(const struct connection *connection) {
    return connection->current && connection->current->suspended;
}

static void client_left(struct connection *connection) {
    if (is_suspended(connection)) {
        conduct_gone(connection->current);
    } else {
        connection_between(connection);
    }
}

static void has_room(struct connection *connection) {
    if (is_suspended(connection)) {
        conduct_room(connection->current);
    }
}

static const struct connection_events events = {.left = client_left, .room = has_room};

static void begin_connection(struct door *door, struct MHD_Connection *mhd, void **context) {
    uint64_t number = door->control ? 0 : ledger_connection(&door->server->ledger, true);
    crowd_count(door->crowd, true);
    *context = connection_new(door, mhd, number, &events);
}

static void end_connection(struct door *door, struct connection *connection) {
    crowd_count(door->crowd, false);
    if (!door->control) {
        ledger_connection(&door->server->ledger, false);
    }
    if (connection && connection->current) { /* ended before libmicrohttpd would have told */
        exchange_free(connection->current);
    }
    connection_free(connection);
}

static void connection_changed(void *cls, struct MHD_Connection *mhd, void **context,
                               enum MHD_ConnectionNotificationCode code) {
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        begin_connection(cls, mhd, context);
    } else {
        end_connection(cls, *context);
        *context = NULL;
    }
}

/* ---- requests --------------------------------------------------------------------------------------------------- */

static void *note_target(void *cls, const char *raw, struct MHD_Connection *mhd) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct connection *connection = info ? info->socket_context : NULL;
    (void)cls;
    return connection ? exchange_new(connection, mhd, raw) : NULL;
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
                              const char *version, const char *data, size_t *size, void **context) {
    struct exchange *exchange = *context;
    (void)cls;
    (void)mhd;
    (void)url;
    if (!exchange) {
        return MHD_NO;
    }
    if (!exchange->begun) { /* queuing an answer in this first call would force Connection: close */
        exchange->old_http = strcmp(version, "HTTP/1.1") != 0;
        enum MHD_Result result = MHD_YES;
        if (conduct_refuses_head(exchange, method, version, &result)) {
            return result;
        }
        bool ok = conduct_begin(exchange, method);
        return ok && conduct_refuses_body(exchange, &result) ? result : ok ? MHD_YES : MHD_NO;
    }
    if (*size > 0) {
        return conduct_body(exchange, data, size);
    }
    return conduct(exchange);
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

const struct door_handlers reception = {
    .connection = connection_changed,
    .target = note_target,
    .request = handle,
    .completed = request_completed,
};
