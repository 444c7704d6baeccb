/* The life of a request, without what is done with it. See exchange.h; conduct.c does it. */
#include "exchange.h"

#include "server.h"
#include "tcp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t body_limit = (size_t)16 << 20; /* for echo */
static const size_t admin_body_limit = (size_t)64 << 10;

static const size_t note_size = 64; /* what libmicrohttpd keeps of a field beside its text */

static void list_insert(struct exchange *exchange) {
    struct exchange **first = &exchange->server->exchanges;
    exchange->next = *first;
    if (*first) {
        (*first)->previous = exchange;
    }
    *first = exchange;
}

static void list_remove(struct exchange *exchange) {
    if (exchange->previous) {
        exchange->previous->next = exchange->next;
    } else {
        exchange->server->exchanges = exchange->next;
    }
    if (exchange->next) {
        exchange->next->previous = exchange->previous;
    }
}

struct exchange *exchange_new(struct connection *connection, struct MHD_Connection *mhd, const char *raw) {
    struct exchange *exchange = malloc(sizeof *exchange); /* glibc's calloc() passes its cache of free pieces by */
    if (!exchange) {
        return NULL;
    }
    memset(exchange, 0, sizeof *exchange);
    exchange->server = connection->door->server;
    exchange->seed = exchange->server->seed;
    exchange->connection = connection;
    exchange->mhd = mhd;
    exchange->fd = connection->fd;
    exchange->tls = connection->tls;
    exchange->raw_at = (uintptr_t)raw;
    exchange->raw_length = strlen(raw);
    connection->current = exchange;
    list_insert(exchange);
    if (!target_init(&exchange->target, raw)) {
        exchange_free(exchange);
        return NULL;
    }
    return exchange;
}

void exchange_begin(struct exchange *exchange, const char *method, bool admin) {
    exchange->begun = true;
    if (!exchange->connection->door->control) { /* there it stays idle until its request is complete */
        connection_begin(exchange->connection);
    }
    exchange->connection->requests++;
    exchange->method = method;
    exchange->admin = admin;
    exchange->keeps_body = admin;
}

bool exchange_hold(struct exchange *exchange, size_t bytes) {
    struct allowance *allowance = &exchange->server->allowance;
    if (exchange->admin) { /* whoever has to mend things gets in */
        allowance_take_anyway(allowance, bytes);
    } else if (!allowance_take(allowance, bytes)) {
        return false;
    }
    exchange->held += bytes;
    return true;
}

static void give_back(struct exchange *exchange, size_t bytes) {
    allowance_give(&exchange->server->allowance, bytes);
    exchange->held -= bytes;
}

void exchange_trim_body(struct exchange *exchange) {
    size_t room = exchange->body_size + 1;
    uint8_t *trimmed = exchange->body_room > room ? realloc(exchange->body, room) : NULL;
    if (trimmed) {
        exchange->body = trimmed;
        give_back(exchange, exchange->body_room - room);
        exchange->body_room = room;
    }
}

void exchange_drop_body(struct exchange *exchange) {
    free(exchange->body);
    give_back(exchange, exchange->body_room);
    exchange->body = NULL;
    exchange->body_size = exchange->body_room = 0;
}

/* Makes room for so many bytes of body. *kept: there was allowance for it. False: no memory. */
static bool make_room(struct exchange *exchange, size_t size, size_t limit, bool *kept) {
    *kept = true;
    if (size <= exchange->body_room) {
        return true;
    }
    size_t room = size * 2 < limit ? size * 2 : limit;
    *kept = exchange_hold(exchange, room - exchange->body_room);
    if (!*kept) {
        return true;
    }
    uint8_t *grown = realloc(exchange->body, room);
    if (!grown) {
        give_back(exchange, room - exchange->body_room);
        return false;
    }
    exchange->body = grown;
    exchange->body_room = room;
    return true;
}

/* Appends to the kept body, or gives it up when it grows too large. */
static bool keep_body(struct exchange *exchange, const void *data, size_t size) {
    size_t limit = exchange->admin ? admin_body_limit : body_limit;
    bool kept;
    if (exchange->body_too_large || exchange->body_unkept) {
        return true;
    }
    if (size > limit - exchange->body_size) {
        exchange->body_too_large = true;
        exchange_drop_body(exchange);
        return true;
    }
    if (!make_room(exchange, exchange->body_size + size + 1, limit + 1, &kept)) {
        return false;
    }
    if (!kept) {
        exchange->body_unkept = true;
        exchange_drop_body(exchange);
        return true;
    }
    memcpy(exchange->body + exchange->body_size, data, size);
    exchange->body_size += size;
    exchange->body[exchange->body_size] = '\0';
    return true;
}

bool exchange_announces_too_much(const struct exchange *exchange) {
    uint64_t limit = exchange->server->body_limit;
    if (limit == 0 || exchange->admin) {
        return false;
    }
    const char *length = exchange_header(exchange, "Content-Length");
    return length && strtoull(length, NULL, 10) > limit;
}

bool exchange_take_body(struct exchange *exchange, const void *data, size_t size) {
    uint64_t limit = exchange->server->body_limit;
    exchange->body_bytes += size;
    if (limit > 0 && !exchange->admin && exchange->body_bytes > limit) {
        exchange->body_refused = true;
        exchange_drop_body(exchange);
        return true; /* only counted from here on */
    }
    if (!exchange->hash && gnutls_hash_init(&exchange->hash, GNUTLS_DIG_SHA256) != 0) {
        exchange->hash = NULL;
        return false;
    }
    gnutls_hash(exchange->hash, data, size);
    return !exchange->keeps_body || keep_body(exchange, data, size);
}

const char *exchange_header(const struct exchange *exchange, const char *name) {
    return MHD_lookup_connection_value(exchange->mhd, MHD_HEADER_KIND, name);
}

size_t exchange_head_size(const struct exchange *exchange) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    const char *cookies = exchange_header(exchange, "Cookie"); /* of which it keeps a copy */
    int notes =
        MHD_get_connection_values(exchange->mhd, MHD_HEADER_KIND | MHD_COOKIE_KIND | MHD_GET_ARGUMENT_KIND, NULL, NULL);
    return (info ? info->header_size : 0) + (cookies ? strlen(cookies) : 0) + (size_t)notes * note_size;
}

char *exchange_url(const struct exchange *exchange, const char *target) {
    const char *host = exchange_header(exchange, "Host");
    char *url = NULL;
    int length = host && host[0] ? asprintf(&url, "%s://%s%s", exchange->tls ? "https" : "http", host, target)
                                 : asprintf(&url, "%s%s", exchange->server->url, target);
    return length >= 0 ? url : NULL;
}

void exchange_note_position(struct exchange *exchange) {
    if (!exchange->asked_before) {
        exchange->acknowledged_before = tcp_acknowledged(exchange->fd) + tcp_unacknowledged(exchange->fd);
        exchange->asked_before = true;
    }
}

uint64_t exchange_acknowledged(const struct exchange *exchange) {
    uint64_t total = exchange->asked_before ? tcp_acknowledged(exchange->fd) : 0;
    return total > exchange->acknowledged_before ? total - exchange->acknowledged_before : 0;
}

bool exchange_suspend(struct exchange *exchange) {
    if (exchange->suspended) {
        return true;
    }
    if (exchange->connection->left) {
        return false;
    }
    exchange->suspended = true;
    exchange_note_position(exchange);
    MHD_suspend_connection(exchange->mhd);
    ledger_held(&exchange->server->ledger, true);
    return true;
}

void exchange_resume(struct exchange *exchange) {
    if (!exchange->suspended) {
        return;
    }
    exchange->suspended = false;
    exchange->resumed = true;
    connection_watch_room(exchange->connection, false);
    loop_alarm_clear(&exchange->server->loop, &exchange->alarm);
    barrier_remove(&exchange->server->barriers, &exchange->waiter);
    ledger_held(&exchange->server->ledger, false);
    exchange->connection->door->busy = true;
    MHD_resume_connection(exchange->mhd);
}

/* Whether libmicrohttpd could not bring its answer to an end because of the client. Our own faults never get as far as
 * ANSWERED; an error may be our own, such as no memory, and then the client is still there. */
static bool was_cut(const struct exchange *exchange, enum MHD_RequestTerminationCode code) {
    bool answering = exchange->state == EXCHANGE_ANSWERED || exchange->state == EXCHANGE_READY;
    if (!answering || code == MHD_REQUEST_TERMINATED_COMPLETED_OK || code == MHD_REQUEST_TERMINATED_DAEMON_SHUTDOWN) {
        return false;
    }
    return code != MHD_REQUEST_TERMINATED_WITH_ERROR || tcp_peer_left(exchange->fd);
}

void exchange_finish(struct exchange *exchange, enum MHD_RequestTerminationCode code) {
    if (exchange->number != 0) {
        if (was_cut(exchange, code)) {
            exchange->client_gone = true;
            exchange->gone_bytes = exchange_acknowledged(exchange);
        }
        ledger_end(&exchange->server->ledger, exchange->number, exchange->client_gone, exchange->gone_bytes);
    } else if (exchange->state == EXCHANGE_READING && exchange->begun && !exchange->admin) {
        ledger_incomplete(&exchange->server->ledger);
    }
    struct connection *connection = exchange->connection;
    exchange_free(exchange);
    connection_between(connection);
}

void exchange_free(struct exchange *exchange) {
    loop_alarm_clear(&exchange->server->loop, &exchange->alarm);
    exchange->connection->current = NULL;
    exchange->connection->answers = false;
    list_remove(exchange);
    job_abandon(exchange->job);
    answer_fini(&exchange->answer);
    if (exchange->pump) {
        pump_fini(exchange->pump);
        free(exchange->pump);
    }
    rule_release(exchange->rule);
    target_fini(&exchange->target);
    if (exchange->hash) {
        gnutls_hash_deinit(exchange->hash, NULL);
    }
    free(exchange->key);
    free(exchange->body);
    give_back(exchange, exchange->held);
    free(exchange);
}
