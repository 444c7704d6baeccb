/* What happens to a request. See conduct.h. */
#include "conduct.h"

#include "control.h"
#include "hit.h"
#include "respond.h"
#include "server.h"
#include "syntax.h"
#include "tcp.h"

#include <stdlib.h>

static const uint64_t worth_noting = 16384; /* bytes of an answer from which on a client may well leave within it */
static const struct manner plain_manner;

/* Nothing more will be sent: the connection ends with the handler's next call. */
static void end(struct exchange *exchange) {
    job_abandon(exchange->job);
    exchange->job = NULL;
    exchange->state = EXCHANGE_ENDING;
    exchange_resume(exchange);
}

void conduct_gone(struct exchange *exchange) {
    bool missed = exchange->state != EXCHANGE_PUMPING || !pump_has_delivered(exchange->pump);
    exchange->client_gone = missed;
    exchange->gone_bytes = missed ? exchange_acknowledged(exchange) : 0;
    end(exchange);
}

/* What shall befall connections that come from now on. Beside a fault whoever is connected stays so: what the client
 * does next is then about this one connection. */
static void give_port_order(struct exchange *exchange) {
    const struct choice *choice = exchange->choice;
    if (choice && choice->port.fault != PORT_SERVES) {
        acceptor_obey(&exchange->server->acceptors[PORT_SERVICE], &choice->port,
                      choice->fault == INSIST_TESTSERVER_NO_FAULT);
    }
}

/* Suspends; where the client has left already, the connection ends. */
static bool suspend_as(struct exchange *exchange, enum exchange_state state) {
    exchange->state = state;
    if (exchange_suspend(exchange)) {
        return true;
    }
    conduct_gone(exchange);
    return false;
}

/* Sees to what the pump waits for. */
static void follow(struct exchange *exchange, enum pump_code code) {
    connection_watch_room(exchange->connection, code == PUMP_WANTS_ROOM);
    switch (code) {
    case PUMP_WANTS_ROOM: return;
    case PUMP_RESTS:
        if (!loop_alarm_at(&exchange->server->loop, &exchange->alarm, exchange->pump->due_ns)) {
            tcp_reset(exchange->fd);
            end(exchange);
        }
        return;
    case PUMP_SILENT: exchange->state = EXCHANGE_SILENT; return;
    case PUMP_HANDS_OVER:
        exchange->state = EXCHANGE_READY;
        exchange_resume(exchange);
        return;
    case PUMP_STRUCK: end(exchange); return;
    case PUMP_GONE: conduct_gone(exchange); return;
    }
}

static const struct manner *manner_of(const struct exchange *exchange) {
    return exchange->choice ? &exchange->choice->manner : &plain_manner;
}

static void start_pump(struct exchange *exchange) {
    exchange->pump = calloc(1, sizeof *exchange->pump);
    if (!exchange->pump) {
        end(exchange);
        return;
    }
    if (!suspend_as(exchange, EXCHANGE_PUMPING)) {
        return;
    }
    if (!pump_start(exchange->pump, &exchange->answer, manner_of(exchange), exchange->fd, exchange->tls)) {
        end(exchange);
        return;
    }
    follow(exchange, PUMP_WANTS_ROOM);
}

static void act(struct exchange *exchange) {
    const struct manner *manner = manner_of(exchange);
    give_port_order(exchange);
    if (manner->interim_count > 0 || !manner_is_plain(manner) || exchange->answer.long_head) {
        start_pump(exchange);
        return;
    }
    switch (exchange->answer.fault) {
    case INSIST_TESTSERVER_NO_FAULT:
        exchange->state = EXCHANGE_READY;
        exchange_resume(exchange);
        return;
    case INSIST_TESTSERVER_RESET:
        tcp_reset(exchange->fd);
        end(exchange);
        return;
    case INSIST_TESTSERVER_CLOSE: end(exchange); return;
    case INSIST_TESTSERVER_HANG: suspend_as(exchange, EXCHANGE_SILENT); return;
    default: start_pump(exchange); return;
    }
}

static void delay_or_act(struct exchange *exchange) {
    if (exchange->delay_us == 0) {
        act(exchange);
        return;
    }
    uint64_t due_ns = monotonic_ns() + exchange->delay_us * 1000;
    if (suspend_as(exchange, EXCHANGE_WAITING) && !loop_alarm_at(&exchange->server->loop, &exchange->alarm, due_ns)) {
        end(exchange);
    }
}

void conduct_served(void *owner) {
    struct exchange *exchange = owner;
    exchange->job = NULL;
    delay_or_act(exchange);
}

static void serve_or_go_on(struct exchange *exchange) {
    if (!exchange->job) {
        delay_or_act(exchange);
        return;
    }
    if (exchange->service_us > 0 && !suspend_as(exchange, EXCHANGE_WAITING)) {
        return;
    }
    if (!job_serve(exchange->job, exchange->service_us)) {
        exchange->job = NULL;
        end(exchange);
    }
}

static void hold_or_go_on(struct exchange *exchange) {
    const struct choice *choice = exchange->choice;
    if (!choice || !choice->hold_path ||
        ledger_path_hits(&exchange->server->ledger, choice->hold_path) >= choice->hold_hits) {
        serve_or_go_on(exchange);
        return;
    }
    if (suspend_as(exchange, EXCHANGE_WAITING) &&
        !barrier_add(&exchange->server->barriers, &exchange->waiter, choice->hold_path, choice->hold_hits)) {
        end(exchange);
    }
}

static void released(struct waiter *waiter) {
    serve_or_go_on(waiter->owner);
}

void conduct_serve(void *owner) {
    hold_or_go_on(owner);
}

static void alarmed(struct alarm *alarm) {
    struct exchange *exchange = alarm->owner;
    if (exchange->state == EXCHANGE_PUMPING) {
        follow(exchange, pump_more(exchange->pump, monotonic_ns()));
    } else if (exchange->state == EXCHANGE_READING) {
        exchange_resume(exchange); /* for more of its body */
    } else {
        act(exchange);
    }
}

void conduct_room(struct exchange *exchange) {
    if (exchange->state == EXCHANGE_PUMPING) {
        follow(exchange, pump_more(exchange->pump, monotonic_ns()));
    }
}

bool conduct_refuses_head(struct exchange *exchange, const char *method, const char *version, enum MHD_Result *result) {
    struct syntax_fault fault = syntax_check(exchange, method, version);
    if (fault.status == 0) {
        return false;
    }
    exchange->state = EXCHANGE_ANSWERED;
    connection_begin(exchange->connection);
    exchange->connection->answers = true;
    bool made = answer_make_text(&exchange->answer, fault.status, fault.line);
    *result = made ? respond(exchange->mhd, &exchange->answer) : MHD_NO;
    return true;
}

bool conduct_refuses_body(struct exchange *exchange, enum MHD_Result *result) {
    if (exchange->state != EXCHANGE_READING || exchange->number != 0 || !exchange_announces_too_much(exchange)) {
        return false;
    }
    exchange->state = EXCHANGE_ANSWERED;
    exchange->connection->answers = true;
    *result = hit_refuse_body(exchange) ? respond(exchange->mhd, &exchange->answer) : MHD_NO;
    return true;
}

/* A complete request that has not been answered yet: counted, and then it waits or gets what it is to get. */
static void take(struct exchange *exchange) {
    uint64_t path_hits = hit_enter(exchange);
    if (exchange->number == 0) {
        end(exchange);
        return;
    }
    bool queued = exchange->job && exchange->job->queued;
    if (queued) { /* before anybody whom this hit sets free can make room */
        suspend_as(exchange, EXCHANGE_WAITING);
    }
    barrier_hit(&exchange->server->barriers, exchange->target.path, path_hits);
    if (!queued) {
        hold_or_go_on(exchange);
    }
}

/* ---- the request's body ------------------------------------------------------------------------------------------ */

static bool is_left_unread(const struct exchange *exchange) {
    const struct manner *manner = manner_of(exchange);
    return (manner->given & MANNER_UNREAD) && exchange->body_bytes >= manner->unread_after;
}

/* A request that is left unread from here on is taken before it is complete. False: its connection ends. */
static bool take_unread(struct exchange *exchange) {
    exchange->connection->answers = true;
    tcp_keep_alive(exchange->fd); /* a FIN behind a body for which there is no room does not get here */
    take(exchange);
    return exchange->state != EXCHANGE_ENDING || exchange->resumed;
}

bool conduct_begin(struct exchange *exchange, const char *method) {
    exchange->alarm = (struct alarm){.fire = alarmed, .owner = exchange};
    exchange->waiter = (struct waiter){.go_on = released, .owner = exchange};
    exchange_begin(exchange, method, control_owns(exchange));
    if (!exchange->admin && !hit_find_script(exchange)) {
        return false;
    }
    if (!exchange->rule || !exchange->rule->script->chooses_early) {
        return true;
    }
    if (exchange->server->stopping) {
        return false;
    }
    hit_choose_early(exchange);
    return !is_left_unread(exchange) || take_unread(exchange);
}

/* How many of these bytes may be read now. */
static size_t appetite(struct exchange *exchange, size_t size) {
    const struct manner *manner = manner_of(exchange);
    uint64_t allowed = beat_allowed(&exchange->read_beat, &manner->read_pace, monotonic_ns());
    if (manner->given & MANNER_UNREAD) {
        uint64_t left = manner->unread_after - exchange->body_bytes;
        allowed = left < allowed ? left : allowed;
    }
    return allowed < size ? (size_t)allowed : size;
}

/* Nothing more is read until the next portion falls due. */
static bool rest(struct exchange *exchange) {
    if (!suspend_as(exchange, EXCHANGE_READING)) {
        return false;
    }
    if (!loop_alarm_at(&exchange->server->loop, &exchange->alarm, exchange->read_beat.due_ns)) {
        end(exchange);
    }
    return true;
}

enum MHD_Result conduct_body(struct exchange *exchange, const char *data, size_t *size) {
    if (exchange->state == EXCHANGE_ENDING || exchange->server->stopping) {
        return MHD_NO;
    }
    exchange->resumed = false;
    bool reading = exchange->state == EXCHANGE_READING;
    size_t taken = reading ? appetite(exchange, *size) : *size;
    if (taken > 0 && !exchange_take_body(exchange, data, taken)) {
        return MHD_NO;
    }
    *size -= taken;
    if (!reading) {
        return MHD_YES;
    }
    beat_use(&exchange->read_beat, taken);
    if (is_left_unread(exchange)) {
        *size = *size > 0 ? *size : 1; /* else libmicrohttpd would wait for more before it calls again */
        return take_unread(exchange) ? MHD_YES : MHD_NO;
    }
    return *size == 0 || rest(exchange) ? MHD_YES : MHD_NO;
}

/* ---- the request, complete -------------------------------------------------------------------------------------- */

enum MHD_Result conduct(struct exchange *exchange) {
    if (exchange->server->stopping) {
        return MHD_NO;
    }
    exchange->resumed = false;
    exchange->connection->answers = true;
    if (exchange->state == EXCHANGE_READING && exchange->admin) {
        exchange->state = EXCHANGE_ANSWERED;
        connection_begin(exchange->connection);
        return control_answer(exchange);
    }
    if (exchange->state == EXCHANGE_READING) {
        take(exchange);
    }
    if (exchange->suspended || exchange->resumed) {
        return MHD_YES; /* its time will come, or this handler's next call */
    }
    if (exchange->state == EXCHANGE_READY) {
        exchange->state = EXCHANGE_ANSWERED;
        if (exchange->answer.size > worth_noting) {
            exchange_note_position(exchange);
        }
        return respond(exchange->mhd, &exchange->answer);
    }
    return MHD_NO;
}
