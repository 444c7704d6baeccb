/* See hit.h. */
#include "hit.h"

#include "familiar.h"
#include "fault.h"
#include "foreign.h"
#include "lot.h"
#include "mirror.h"
#include "overload.h"
#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- the script ------------------------------------------------------------------------------------------------- */

static bool refuse(struct exchange *exchange, int status, const char *line) {
    return answer_make_text(&exchange->answer, status, line);
}

bool hit_refuse_body(struct exchange *exchange) {
    answer_fini(&exchange->answer);
    exchange->choice = NULL;
    return refuse(exchange, 413, "the request's body is larger than this server takes\n");
}

/* Beyond what all requests together may hold: such a request is not counted for any script. */
static bool refuse_memory(struct exchange *exchange) {
    exchange->choice = NULL;
    exchange->delay_us = 0;
    return refuse(exchange, 503, "the scripts and bodies of waiting requests take all the memory that they may\n");
}

/* Takes over the script that the request brings along, or stands for; consumes text. */
static bool use_text(struct exchange *exchange, char *text, const char *where) {
    struct script *script;
    size_t column;
    char expected[160];
    char line[240];
    insist_err err = script_parse(text, &script, &column, expected);
    free(text);
    if (err == INSIST_EINVAL) {
        snprintf(line, sizeof line, "%s: column %zu: %s\n", where, column, expected);
        return refuse(exchange, 400, line);
    }
    if (err == INSIST_OK && !exchange_hold(exchange, script_bytes(script))) {
        script_free(script);
        return refuse_memory(exchange);
    }
    exchange->rule = err == INSIST_OK ? rule_new(script) : NULL;
    return exchange->rule != NULL;
}

/* The path's own script, or the one that a familiar path stands for. */
static bool use_path(struct exchange *exchange) {
    char *text = NULL;
    exchange->rule = rulebook_find(&exchange->server->rules, exchange->target.path);
    if (exchange->rule || !exchange->server->familiar) {
        return true;
    }
    return familiar_script(exchange, &text) && (!text || use_text(exchange, text, "what this path stands for"));
}

bool hit_find_script(struct exchange *exchange) {
    struct target *target = &exchange->target;
    char *text = NULL;
    enum target_code key_code = target_parameter(target, "key", &exchange->key);
    enum target_code do_code = target_parameter(target, "do", &text);
    bool ok = key_code != TARGET_NO_MEMORY && do_code != TARGET_NO_MEMORY;
    if (ok && (target->bad || key_code == TARGET_BAD || do_code == TARGET_BAD)) {
        ok = refuse(exchange, 400, "the path, key= or do= has a broken percent escape\n");
    } else if (ok && text) {
        exchange->brought = true;
        ok = use_text(exchange, text, "do");
        text = NULL;
    } else if (ok) {
        ok = use_path(exchange);
    }
    free(text);
    exchange->keeps_body = exchange->rule && exchange->rule->script->echoes;
    return ok;
}

/* What is told of the request takes its body's place. *told stays NULL where it is refused. False: no memory. */
static bool tell(struct exchange *exchange, const struct choice *choice, uint8_t **told, size_t *size) {
    *told = (uint8_t *)mirror_write(exchange, choice->shape, choice->lines, exchange->draw, size);
    if (!*told) {
        return false;
    }
    exchange_drop_body(exchange);
    if (!exchange_hold(exchange, *size)) {
        free(*told);
        *told = NULL;
        return refuse_memory(exchange);
    }
    return true;
}

/* The body that is sent back goes over to the answer, and what is held for it with it. */
static bool make_answer(struct exchange *exchange, const struct choice *choice) {
    uint8_t *told = NULL;
    exchange_trim_body(exchange);
    struct asked asked = {
        .head = strcmp(exchange->method, "HEAD") == 0,
        .target = exchange->target.raw,
        .content_type = exchange_header(exchange, "Content-Type"),
        .body = choice->shape ? &told : &exchange->body,
        .body_size = exchange->body_size,
        .wall_s = (int64_t)time(NULL),
        .draw = exchange->draw,
        .old_http = exchange->old_http,
        .head_size = exchange_head_size(exchange),
    };
    if (choice->shape && (!tell(exchange, choice, &told, &asked.body_size) || !told)) {
        return exchange->answer.status != 0;
    }
    bool ok = answer_make(&exchange->answer, choice, &asked);
    free(told);
    if (!exchange->body) {
        exchange->body_size = exchange->body_room = 0;
    }
    return ok;
}

/* Nothing of the script but its station holds for a request that finds no place there. */
static bool refuse_overload(struct exchange *exchange) {
    exchange->choice = NULL;
    exchange->delay_us = 0;
    return refuse(exchange, 503, "overloaded: all slots are taken, and all places in the queue\n");
}

/* Counts the hit for its script and draws what falls to it; or refuses the request, which has no choice then. */
static void choose(struct exchange *exchange) {
    struct rule *rule = exchange->rule;
    const char *target = exchange->target.raw;
    if (exchange->chosen) {
        return;
    }
    exchange->chosen = true;
    uint64_t hit;
    if (!rulebook_hit(&exchange->server->rules, rule, exchange->key, target, &hit)) {
        (void)refuse(exchange, 503, "this server counts as many keys of scripts as it can, and this one is new\n");
        return;
    }
    const char *draw_key = rule_draw_key(rule, exchange->key, target);
    struct lot lot = lot_draw(rule->script, exchange->seed, draw_key, hit);
    exchange->delay_us = lot.delay_us;
    exchange->service_us = lot.service_us;
    exchange->draw = lot.body;
    exchange->choice = lot.choice;
}

/* Whether its script came along from a page of somewhere else. */
static bool is_foreign(const struct exchange *exchange) {
    return exchange->brought && foreign_request(exchange_header(exchange, "Origin"), exchange_header(exchange, "Host"),
                                                exchange_header(exchange, "Sec-Fetch-Site"));
}

/* Works out what the hit gets. False: no memory. */
static bool find_answer(struct exchange *exchange) {
    if (exchange->answer.status != 0) {
        return true; /* refused when its header block was read */
    }
    if (exchange->body_refused) {
        return hit_refuse_body(exchange);
    }
    if (exchange->body_unkept) {
        return refuse_memory(exchange);
    }
    if (!exchange->rule) {
        exchange->answer = (struct answer){.status = 200, .ready = exchange->server->plain};
        return true;
    }
    choose(exchange);
    const struct choice *choice = exchange->choice;
    if (!choice) {
        return exchange->answer.status != 0;
    }
    if (port_fault_needs_tls(choice->port.fault) && !exchange->server->certificate.certificate_pem) {
        exchange->choice = NULL;
        return refuse(exchange, 400, "tls-fault: this server does not speak TLS\n");
    }
    if (choice->port.fault != PORT_SERVES && is_foreign(exchange)) {
        exchange->choice = NULL;
        return refuse(exchange, 403, "do: a page of another origin may not order faults of the port\n");
    }
    if (choice->body == BODY_ECHO && exchange->body_too_large) {
        exchange->choice = NULL;
        return refuse(exchange, 413, "echo: a body of at most 16 MiB can be echoed\n");
    }
    if (choice->given & GIVEN_SLOTS) {
        enum arrival arrival = overload_arrive(exchange);
        if (arrival != ARRIVAL_SERVED && arrival != ARRIVAL_QUEUED) {
            return arrival == ARRIVAL_REFUSED && refuse_overload(exchange);
        }
    }
    return make_answer(exchange, choice);
}

/* ---- the ledger ------------------------------------------------------------------------------------------------- */

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

enum { FEW_FIELDS = 32 }; /* most requests have no more */

struct collected {
    insist_testserver_field *fields;
    size_t count; /* of all, those included for which there is no room */
    size_t room;
};

static enum MHD_Result collect_field(void *cls, enum MHD_ValueKind kind, const char *name, const char *value) {
    struct collected *collected = cls;
    (void)kind;
    if (collected->count < collected->room) {
        collected->fields[collected->count] = (insist_testserver_field){name, value ? value : ""};
    }
    collected->count++;
    return MHD_YES;
}

/* Fills in the request's header fields, in `few` where they fit. False: no memory. */
static bool collect(struct exchange *exchange, struct collected *collected, insist_testserver_field few[FEW_FIELDS]) {
    *collected = (struct collected){.fields = few, .room = FEW_FIELDS};
    MHD_get_connection_values(exchange->mhd, MHD_HEADER_KIND, collect_field, collected);
    if (collected->count <= FEW_FIELDS) {
        return true;
    }
    size_t room = collected->count;
    *collected = (struct collected){.fields = calloc(room, sizeof *few), .room = room};
    if (!collected->fields) {
        return false;
    }
    MHD_get_connection_values(exchange->mhd, MHD_HEADER_KIND, collect_field, collected);
    return true;
}

/* Enters the request in the ledger; the hits of its path. */
static uint64_t enter(struct exchange *exchange) {
    insist_testserver_field few[FEW_FIELDS];
    struct collected collected;
    if (!collect(exchange, &collected, few)) {
        return 0;
    }
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
        .status = exchange->choice ? choice_status(exchange->choice) : exchange->answer.status,
        .fault = exchange->answer.fault,
    };
    uint64_t hits = 0;
    exchange->number = ledger_hit(&exchange->server->ledger, &entry, &hits);
    if (collected.fields != few) {
        free(collected.fields);
    }
    return hits;
}

void hit_choose_early(struct exchange *exchange) {
    choose(exchange);
    exchange->keeps_body = exchange->choice && exchange->choice->body == BODY_ECHO;
}

uint64_t hit_enter(struct exchange *exchange) {
    bool found = find_answer(exchange);
    exchange->keeps_body = false;
    exchange_drop_body(exchange);
    return found ? enter(exchange) : 0;
}
