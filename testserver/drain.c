/* See drain.h. */
#include "drain.h"

#include "exchange.h"
#include "ports.h"
#include "server.h"

/* Whether the answer will come to an end by itself. What waits for another request or for its client may wait for
 * ever. */
static bool is_under_way(const struct exchange *exchange) {
    return exchange->connection->answers && exchange->state != EXCHANGE_SILENT && !exchange->waiter.waits;
}

static bool any_under_way(const struct insist_testserver *server) {
    for (const struct exchange *exchange = server->exchanges; exchange; exchange = exchange->next) {
        if (is_under_way(exchange)) {
            return true;
        }
    }
    return false;
}

void drain_turn(struct insist_testserver *server) {
    if (!server->draining) {
        server->draining = true;
        ports_stop_listening(server);
    }
    /* each time: what had come and was not read before may have been half a request only */
    struct crowd *crowd = &server->crowds[PORT_SERVICE];
    crowd_close_idle(crowd, true);
    if (!crowd_has_idle(crowd) && !any_under_way(server)) {
        ledger_drained(&server->ledger);
    }
}
