/* See crowd.h. */
#include "crowd.h"

#include "connection.h"

#include <stdint.h>

void crowd_count(struct crowd *crowd, bool opens) {
    crowd->open = opens ? crowd->open + 1 : crowd->open - 1;
}

size_t crowd_room(const struct crowd *crowd) {
    return crowd->open < crowd->limit ? crowd->limit - crowd->open : 0;
}

void crowd_busy(struct crowd *crowd, struct connection *connection) {
    if (!connection->idle) {
        return;
    }
    connection->idle = false;
    *(connection->idle_before ? &connection->idle_before->idle_after : &crowd->first) = connection->idle_after;
    *(connection->idle_after ? &connection->idle_after->idle_before : &crowd->last) = connection->idle_before;
}

void crowd_idle(struct crowd *crowd, struct connection *connection) {
    crowd_busy(crowd, connection);
    if (crowd->closing && connection_is_quiet(connection)) {
        connection_close(connection);
        return;
    }
    connection->idle = true;
    connection->idle_after = NULL;
    connection->idle_before = crowd->last;
    *(crowd->last ? &crowd->last->idle_after : &crowd->first) = connection;
    crowd->last = connection;
}

bool crowd_has_idle(const struct crowd *crowd) {
    return crowd->first != NULL;
}

/* Closes idle ones, but not those whose next request has come and only was not read yet. */
static size_t close_idle(struct crowd *crowd, size_t count) {
    size_t closed = 0;
    struct connection *next = crowd->first;
    while (next && closed < count) {
        struct connection *connection = next;
        next = connection->idle_after;
        if (connection_is_quiet(connection)) {
            crowd_busy(crowd, connection);
            connection_close(connection);
            closed++;
        }
    }
    return closed;
}

size_t crowd_make_room(struct crowd *crowd, size_t count) {
    return close_idle(crowd, count);
}

void crowd_close_idle(struct crowd *crowd, bool closing) {
    crowd->closing = closing;
    if (closing) {
        close_idle(crowd, SIZE_MAX);
    }
}
