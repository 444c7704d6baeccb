/* The admin interface: which path and method does what. See control.h. All answers are JSON.
 *
 *   /__admin/journal   GET [?path=][&key=], DELETE
 *   /__admin/counts    GET [?path= or ?key=], DELETE: counts from 0, every script at its first step
 *   /__admin/scripts   GET [?path=], PUT ?path= with the script as body, DELETE ?path= */
#include "control.h"

#include "json_text.h"
#include "listing.h"
#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a request to an admin path asks for. */
struct request {
    struct exchange *exchange;
    struct insist_testserver *server;
    char *path; /* parameters; NULL: not given */
    char *key;
};

struct reply {
    unsigned status;
    struct MHD_Response *response; /* NULL: no memory */
    const char *allow;             /* for 405 */
};

static struct reply reply_json(unsigned status, json_t *json) {
    struct reply reply = {.status = status};
    char *text = json ? json_dumps(json, JSON_INDENT(1) | JSON_SORT_KEYS) : NULL;
    json_decref(json);
    if (!text) {
        return reply;
    }
    reply.response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
    if (!reply.response) {
        free(text);
    }
    return reply;
}

static struct reply reply_empty(void) {
    static char nothing[1];
    return (struct reply){204, MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT), NULL};
}

static struct reply reply_error(unsigned status, const char *sentence) {
    return reply_json(status, json_pack("{s:s}", "error", sentence));
}

/* ---- journal ---------------------------------------------------------------------------------------------------- */

static struct reply get_journal(const struct request *request) {
    return (struct reply){200, listing_response(&request->server->ledger, request->path, request->key), NULL};
}

static struct reply delete_journal(const struct request *request) {
    ledger_reset_journal(&request->server->ledger);
    return reply_empty();
}

/* ---- counts ----------------------------------------------------------------------------------------------------- */

static bool add_count(void *ctx, const char *name, uint64_t count) {
    const size_t enough = 10000; /* names in a list */
    json_t *json = ctx;
    json_t *text = json_text(name);
    if (text) {
        json_object_set_new_nocheck(json, json_string_value(text), json_integer((json_int_t)count));
        json_decref(text);
    }
    return json_object_size(json) < enough;
}

static json_t *all_counts(struct ledger *ledger, bool keys) {
    json_t *json = json_object();
    ledger_each(ledger, keys, add_count, json);
    return json;
}

static struct reply get_counts(const struct request *request) {
    struct ledger *ledger = &request->server->ledger;
    if (request->path) {
        uint64_t hits = ledger_path_hits(ledger, request->path);
        return reply_json(200, json_pack("{s:o,s:I}", "path", json_text(request->path), "hits", (json_int_t)hits));
    }
    if (request->key) {
        uint64_t hits = ledger_key_hits(ledger, request->key);
        return reply_json(200, json_pack("{s:o,s:I}", "key", json_text(request->key), "hits", (json_int_t)hits));
    }
    insist_testserver_stats stats;
    ledger_stats(ledger, &stats);
    return reply_json(200, json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o,s:o}", "requests", (json_int_t)stats.requests,
                                     "in_flight", (json_int_t)stats.in_flight, "held", (json_int_t)stats.held,
                                     "held_peak", (json_int_t)stats.held_peak, "connections_accepted",
                                     (json_int_t)stats.connections_accepted, "connections_open",
                                     (json_int_t)stats.connections_open, "journal_dropped",
                                     (json_int_t)stats.journal_dropped, "paths", all_counts(ledger, false), "keys",
                                     all_counts(ledger, true)));
}

static struct reply delete_counts(const struct request *request) {
    ledger_reset_counts(&request->server->ledger);
    rulebook_reset(&request->server->rules);
    return reply_empty();
}

/* ---- scripts ---------------------------------------------------------------------------------------------------- */

static void add_script(void *ctx, const char *path, const char *text) {
    json_t *name = json_text(path);
    if (name) {
        json_object_set_new_nocheck(ctx, json_string_value(name), json_text(text));
        json_decref(name);
    }
}

static struct reply script_reply(const char *path, const char *text) {
    return reply_json(200, json_pack("{s:o,s:o}", "path", json_text(path), "script", json_text(text)));
}

static struct reply get_scripts(const struct request *request) {
    struct rulebook *rules = &request->server->rules;
    if (!request->path) {
        json_t *scripts = json_object();
        rulebook_each(rules, add_script, scripts);
        return reply_json(200, json_pack("{s:o}", "scripts", scripts));
    }
    struct rule *rule = rulebook_find(rules, request->path);
    if (!rule) {
        return reply_error(404, "this path has no script");
    }
    struct reply reply = script_reply(request->path, rule->script->text);
    rule_release(rule);
    return reply;
}

static struct reply put_script(const struct request *request) {
    const struct exchange *exchange = request->exchange;
    const char *text = exchange->body ? (const char *)exchange->body : "";
    struct script *script;
    size_t column;
    char expected[160];
    if (!request->path || request->path[0] != '/') {
        return reply_error(400, "?path= is missing, or does not begin with '/'");
    }
    if (strlen(text) != exchange->body_size) {
        return reply_error(400, "the script contains a NUL byte");
    }
    insist_err err = script_parse(text, &script, &column, expected);
    if (err == INSIST_EINVAL) {
        return reply_json(400, json_pack("{s:s,s:I}", "error", expected, "column", (json_int_t)column));
    }
    if (err == INSIST_OK) {
        err = rulebook_set(&request->server->rules, request->path, script);
    }
    return err == INSIST_OK ? script_reply(request->path, text) : reply_error(500, "out of memory");
}

static struct reply delete_script(const struct request *request) {
    if (!request->path) {
        return reply_error(400, "?path= is missing");
    }
    rulebook_set(&request->server->rules, request->path, NULL);
    return reply_empty();
}

/* ---- routes ----------------------------------------------------------------------------------------------------- */

typedef struct reply route_fn(const struct request *request);

static const struct route {
    const char *path;
    route_fn *get, *put, *remove; /* NULL: not allowed */
    const char *allow;
} routes[] = {
    {"/__admin/journal", get_journal, NULL, delete_journal, "GET, DELETE"},
    {"/__admin/counts", get_counts, NULL, delete_counts, "GET, DELETE"},
    {"/__admin/scripts", get_scripts, put_script, delete_script, "GET, PUT, DELETE"},
};

static route_fn *choose_function(const struct route *route, const char *method) {
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0) {
        return route->get;
    }
    if (strcmp(method, "PUT") == 0) {
        return route->put;
    }
    return strcmp(method, "DELETE") == 0 ? route->remove : NULL;
}

static struct reply dispatch(const struct request *request) {
    const struct exchange *exchange = request->exchange;
    if (exchange->body_too_large) {
        return reply_error(413, "a body of at most 64 KiB is read here");
    }
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (strcmp(exchange->target.path, routes[i].path) != 0) {
            continue;
        }
        route_fn *function = choose_function(&routes[i], exchange->method);
        if (function) {
            return function(request);
        }
        struct reply reply = reply_error(405, "this method is not allowed here");
        reply.allow = routes[i].allow;
        return reply;
    }
    return reply_error(404, "there are /__admin/journal, /__admin/counts and /__admin/scripts");
}

static struct reply answer(struct request *request) {
    const struct target *target = &request->exchange->target;
    enum target_code path = target_parameter(target, "path", &request->path);
    enum target_code key = target_parameter(target, "key", &request->key);
    if (path == TARGET_NO_MEMORY || key == TARGET_NO_MEMORY) {
        return (struct reply){0};
    }
    if (path == TARGET_BAD || key == TARGET_BAD) {
        return reply_error(400, "path= or key= has a broken percent escape");
    }
    return dispatch(request);
}

enum MHD_Result control_answer(struct exchange *exchange) {
    struct request request = {.exchange = exchange, .server = exchange->server};
    struct reply reply = answer(&request);
    free(request.path);
    free(request.key);
    if (!reply.response) {
        return MHD_NO;
    }
    bool typed =
        reply.status == 204 || MHD_add_response_header(reply.response, "Content-Type", "application/json") == MHD_YES;
    if (reply.allow) {
        MHD_add_response_header(reply.response, "Allow", reply.allow);
    }
    enum MHD_Result result = typed ? MHD_queue_response(exchange->mhd, reply.status, reply.response) : MHD_NO;
    MHD_destroy_response(reply.response);
    return result;
}
