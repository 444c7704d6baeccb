/* The admin paths about what is to happen: the scripts in force. Loop's thread. */
#include "control_rooms.h"
#include "exchange.h"
#include "json_text.h"
#include "overload.h"

#include <string.h>

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

struct reply control_get_scripts(const struct control_request *request) {
    struct rulebook *rules = &request->server->rules;
    if (!request->filter.path) {
        json_t *scripts = json_object();
        rulebook_each(rules, add_script, scripts);
        return reply_json(200, json_pack("{s:o}", "scripts", scripts));
    }
    struct rule *rule = rulebook_find(rules, request->filter.path);
    if (!rule) {
        return reply_error(404, "this path has no script");
    }
    struct reply reply = script_reply(request->filter.path, rule->script->text);
    rule_release(rule);
    return reply;
}

struct reply control_put_script(const struct control_request *request) {
    const struct exchange *exchange = request->exchange;
    const char *text = exchange->body ? (const char *)exchange->body : "";
    struct script *script;
    size_t column;
    char expected[160];
    if (!request->filter.path || request->filter.path[0] != '/') {
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
        err = rulebook_set(&request->server->rules, request->filter.path, script);
        overload_follow(request->server, request->filter.path);
    }
    return err == INSIST_OK ? script_reply(request->filter.path, text) : reply_error(500, "out of memory");
}

struct reply control_delete_script(const struct control_request *request) {
    if (!request->filter.path) {
        return reply_error(400, "?path= is missing");
    }
    rulebook_set(&request->server->rules, request->filter.path, NULL);
    return reply_empty();
}
