/* What happens to a request. See conduct.h. */
#include "conduct.h"

#include "barrier.h"
#include "control.h"
#include "draw.h"
#include "fault.h"
#include "respond.h"
#include "server.h"
#include "tcp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const uint64_t worth_noting = 16384; /* bytes of an answer from which on a client may well leave within it */

/* ---- the script ------------------------------------------------------------------------------------------------------ */

static bool refuse(struct exchange *exchange, int status, const char *line) {
    return answer_make_text(&exchange->answer, status, line);
}

/* Takes over the script that came with the request; consumes text. */
static bool use_text(struct exchange *exchange, char *text) {
    struct script *script;
    size_t column;
    char expected[160];
    char line[240];
    insist_err err = script_parse(text, &script, &column, expected);
    free(text);
    if (err == INSIST_EINVAL) {
        snprintf(line, sizeof line, "do: column %zu: %s\n", column, expected);
        return refuse(exchange, 400, line);
    }
    exchange->rule = err == INSIST_OK ? rule_new(script) : NULL;
    return exchange->rule != NULL;
}

bool conduct_read_script(struct exchange *exchange) {
    struct target *target = &exchange->target;
    char *text = NULL;
    enum target_code key_code = target_parameter(target, "key", &exchange->key);
    enum target_code do_code = target_parameter(target, "do", &text);
    bool ok = key_code != TARGET_NO_MEMORY && do_code != TARGET_NO_MEMORY;
    if (ok && (target->bad || key_code == TARGET_BAD || do_code == TARGET_BAD)) {
        ok = refuse(exchange, 400, "the path, key= or do= has a broken percent escape\n");
    } else if (ok && text) {
        ok = use_text(exchange, text);
        text = NULL;
    } else if (ok) {
        exchange->rule = rules_find(&exchange->server->rules, target->path);
    }
    free(text);
    exchange->keeps_body = exchange->rule && exchange->rule->script->echoes;
    return ok;
}

/* Counts the hit for its script and works out what it gets. False: no memory. */
static bool choose(struct exchange *exchange) {
    static const struct choice plain = {.weight = 1};
    struct rule *rule = exchange->rule;
    const char *target = exchange->target.raw;
    if (exchange->answer.status != 0) {
        return true; /* refused when its header block was read */
    }
    const struct choice *choice = &plain;
    if (rule) {
        uint64_t hit = rules_hit(&exchange->server->rules, rule, exchange->key, target);
        const char *draw_key = rule_draw_key(rule, exchange->key, target);
        choice = step_choose(script_step(rule->script, hit), draw_number(exchange->server->seed, draw_key, hit, 0));
        exchange->choice = choice;
    }
    if (choice->body == BODY_ECHO && exchange->body_too_large) {
        exchange->choice = NULL;
        return refuse(exchange, 413, "echo: a body of at most 16 MiB can be echoed\n");
    }
    const struct asked asked = {
        .head = strcmp(exchange->method, "HEAD") == 0,
        .content_type = exchange_header(exchange, "Content-Type"),
        .body = exchange->body,
        .body_size = exchange->body_size,
        .wall_s = (int64_t)time(NULL),
    };
    return answer_make(&exchange->answer, choice, &asked);
}

/* ---- the ledger ------------------------------------------------------------------------------------------------------ */

static void finish_digest(struct exchange *exchange) {
    unsigned char raw[32];
    if (!exchange->hash) {
        return;
    }
    gnutls_hash_deinit(exchange->hash, raw);
    exchange->hash = NULL;
    for (size_t i = 0; i < sizeof raw; i++) {
        snprintf(exchange->digest + i * 2, 3, "%02x", raw[i]);
    }
}

struct collected {
    insist_testserver_field *fields;
    size_t count;
    size_t room;
};

static enum MHD_Result collect_field(void *cls, enum MHD_ValueKind kind, const char *name, const char *value) {
    struct collected *collected = cls;
    (void)kind;
    if (collected->count < collected->room) {
        collected->fields[collected->count++] = (insist_testserver_field){name, value ? value : ""};
    }
    return MHD_YES;
}

/* Enters the request in the ledger; without memory it keeps its number 0. Its path's hits with it. */
static uint64_t enter(struct exchange *exchange) {
    struct collected collected = {0};
    int count = MHD_get_connection_values(exchange->mhd, MHD_HEADER_KIND, NULL, NULL);
    collected.room = count > 0 ? (size_t)count : 0;
    collected.fields = calloc(collected.room + 1, sizeof *collected.fields);
    if (!collected.fields) {
        return 0;
    }
    MHD_get_connection_values(exchange->mhd, MHD_HEADER_KIND, collect_field, &collected);
    finish_digest(exchange);
    const insist_testserver_entry entry = {
        .connection = exchange->connection->number,
        .place = exchange->connection->requests,
        .method = exchange->method,
        .path = exchange->target.path,
        .query = exchange->target.query,
        .key = exchange->key,
        .field_count = collected.count,
        .fields = collected.fields,
        .body_bytes = exchange->body_bytes,
        .body_sha256 = exchange->digest,
        .status = fault_answers_nothing(exchange->answer.fault) ? 0 : exchange->answer.status,
        .fault = exchange->answer.fault,
    };
    uint64_t hits = 0;
    exchange->number = ledger_hit(&exchange->server->ledger, &entry, &hits);
    free(collected.fields);
    return hits;
}

/* ---- waiting and acting ---------------------------------------------------------------------------------------------- */

void conduct_end(struct exchange *exchange) {
    exchange->state = EXCHANGE_ENDING;
    exchange_resume(exchange);
}

void conduct_gone(struct exchange *exchange) {
    exchange->client_gone = true;
    exchange->gone_bytes = exchange_acknowledged(exchange);
    conduct_end(exchange);
}

static void refuse_connections(struct exchange *exchange) {
    if (exchange->choice && exchange->choice->refuse_ms > 0) {
        acceptor_refuse(&exchange->server->acceptors[DOOR_SERVICE], exchange->choice->refuse_ms);
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

static void act(struct exchange *exchange) {
    switch (exchange->answer.fault) {
    case INSIST_TESTSERVER_NO_FAULT:
        exchange->state = EXCHANGE_READY;
        exchange_resume(exchange);
        return;
    case INSIST_TESTSERVER_RESET:
        refuse_connections(exchange);
        tcp_reset(exchange->fd);
        conduct_end(exchange);
        return;
    case INSIST_TESTSERVER_CLOSE:
        refuse_connections(exchange);
        conduct_end(exchange);
        return;
    case INSIST_TESTSERVER_HANG: suspend_as(exchange, EXCHANGE_SILENT); return;
    default:
        if (suspend_as(exchange, EXCHANGE_PUMPING) && !pump_start(exchange)) {
            conduct_end(exchange);
        }
        return;
    }
}

static void delay_or_act(struct exchange *exchange) {
    uint64_t delay_ms = exchange->choice ? exchange->choice->delay_ms : 0;
    if (delay_ms == 0) {
        act(exchange);
        return;
    }
    if (suspend_as(exchange, EXCHANGE_WAITING) && !loop_alarm(&exchange->server->loop, &exchange->alarm, delay_ms)) {
        conduct_end(exchange);
    }
}

static void hold_or_go_on(struct exchange *exchange) {
    const struct choice *choice = exchange->choice;
    if (!choice || !choice->hold_path ||
        ledger_path_hits(&exchange->server->ledger, choice->hold_path) >= choice->hold_hits) {
        delay_or_act(exchange);
        return;
    }
    if (suspend_as(exchange, EXCHANGE_WAITING) && !barrier_add(&exchange->server->barriers, exchange)) {
        conduct_end(exchange);
    }
}

void conduct_released(struct exchange *exchange) {
    delay_or_act(exchange);
}

void conduct_alarm(struct alarm *alarm) {
    struct exchange *exchange = alarm->owner;
    if (exchange->state == EXCHANGE_PUMPING) {
        pump_drain(exchange);
    } else {
        act(exchange);
    }
}

void conduct_room(struct exchange *exchange) {
    if (exchange->state == EXCHANGE_PUMPING) {
        pump_more(exchange);
    }
}

static void begin(struct exchange *exchange) {
    uint64_t hits = choose(exchange) ? enter(exchange) : 0;
    if (exchange->number == 0) {
        conduct_end(exchange);
        return;
    }
    barrier_hit(&exchange->server->barriers, exchange->target.path, hits);
    hold_or_go_on(exchange);
}

enum MHD_Result conduct(struct exchange *exchange) {
    if (exchange->server->stopping) {
        return MHD_NO;
    }
    exchange->resumed = false;
    if (exchange->state == EXCHANGE_READING && exchange->admin) {
        exchange->state = EXCHANGE_ANSWERED;
        return control_answer(exchange);
    }
    if (exchange->state == EXCHANGE_READING) {
        begin(exchange);
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
