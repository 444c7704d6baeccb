/* The routes of the admin interface. See control.h; docs/testserver.md says what each answers. */
#include "control.h"

#include "control_rooms.h"
#include "foreign.h"
#include "server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct route {
    const char *path;               /* behind the prefix */
    control_fn *get, *put, *remove; /* NULL: not allowed */
    const char *allow;
} routes[] = {
    {"/journal", control_get_journal, NULL, control_delete_journal, "GET, HEAD, DELETE"},
    {"/counts", control_get_counts, NULL, control_delete_counts, "GET, HEAD, DELETE"},
    {"/stats", control_get_stats, NULL, NULL, "GET, HEAD"},
    {"/duplicates", control_get_duplicates, NULL, NULL, "GET, HEAD"},
    {"/scripts", control_get_scripts, control_put_script, control_delete_script, "GET, HEAD, PUT, DELETE"},
    {"/metrics", control_get_metrics, NULL, NULL, "GET, HEAD"},
};

/* The page, and every file that belongs to it. */
static const struct route page_route = {NULL, control_get_page, NULL, NULL, "GET, HEAD"};

/* The part of an admin path behind the prefix; NULL: it is none. */
static const char *behind_prefix(const struct exchange *exchange) {
    const char *path = exchange->target.path;
    const char *prefix = exchange->server->admin_prefix;
    size_t length = strlen(prefix);
    bool begins = strncmp(path, prefix, length) == 0 && (path[length] == '/' || path[length] == '\0');
    return begins ? path + length : NULL;
}

static bool is_metrics(const struct exchange *exchange) {
    return strcmp(exchange->target.path, "/metrics") == 0;
}

static bool is_scripted(const struct exchange *exchange) {
    char *script = NULL;
    bool asked = target_parameter(&exchange->target, "do", &script) != TARGET_OK || script;
    struct rule *rule = rulebook_find(&exchange->server->rules, exchange->target.path);
    bool scripted = asked || rule;
    free(script);
    rule_release(rule);
    return scripted;
}

bool control_owns(const struct exchange *exchange) {
    if (exchange->connection->door->control) {
        return true;
    }
    return exchange->server->admin == INSIST_TESTSERVER_ADMIN_BOTH &&
           (behind_prefix(exchange) || (is_metrics(exchange) && !is_scripted(exchange)));
}

static bool only_reads(const char *method) {
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static control_fn *choose_function(const struct route *route, const char *method) {
    if (only_reads(method)) {
        return route->get;
    }
    if (strcmp(method, "PUT") == 0) {
        return route->put;
    }
    return strcmp(method, "DELETE") == 0 ? route->remove : NULL;
}

static const struct route *find_route(const char *path) {
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (strcmp(path, routes[i].path) == 0) {
            return &routes[i];
        }
    }
    return control_has_page(path) ? &page_route : NULL;
}

/* What behind the prefix a request means. The control port shows the page at / as well, and nothing else outside. */
static const char *path_of(const struct exchange *exchange) {
    const char *path = behind_prefix(exchange);
    if (path || is_metrics(exchange)) {
        return path ? path : exchange->target.path;
    }
    return strcmp(exchange->target.path, "/") == 0 ? "" : "/nothing";
}

static struct reply not_allowed(const char *allow) {
    struct reply reply = reply_error(405, "this method is not allowed here");
    reply.allow = allow;
    return reply;
}

static struct reply not_there(const struct insist_testserver *server) {
    char sentence[sizeof server->admin_prefix * 6 + 120];
    const char *at = server->admin_prefix;
    snprintf(sentence, sizeof sentence,
             "there are %s/journal, %s/counts, %s/stats, %s/duplicates, %s/scripts, /metrics, and %s/ for people", at,
             at, at, at, at, at);
    return reply_error(404, sentence);
}

static struct reply dispatch(const struct control_request *request) {
    const struct exchange *exchange = request->exchange;
    if (exchange->body_too_large) {
        return reply_error(413, "a body of at most 64 KiB is read here");
    }
    if (!only_reads(exchange->method) &&
        foreign_origin(exchange_header(exchange, "Origin"), exchange_header(exchange, "Host"))) {
        return reply_error(403,
                           "a page of another origin changes nothing here; this server's own page has to be opened by "
                           "a numeric address or as localhost");
    }
    if (strcmp(request->path, "") == 0) {
        return reply_redirect(exchange->server->admin_page);
    }
    const struct route *route = find_route(request->path);
    control_fn *function = route ? choose_function(route, exchange->method) : NULL;
    if (function) {
        return function(request);
    }
    return route ? not_allowed(route->allow) : not_there(exchange->server);
}

/* ---- parameters ------------------------------------------------------------------------------------------------- */

/* What the request's parameters say, decoded; NULL where they are not there. */
struct parameters {
    char *path, *key, *contains, *since, *limit;
};

static void parameters_fini(struct parameters *parameters) {
    free(parameters->path);
    free(parameters->key);
    free(parameters->contains);
    free(parameters->since);
    free(parameters->limit);
}

static enum target_code parameters_init(struct parameters *parameters, const struct target *target) {
    const struct {
        const char *name;
        char **value;
    } all[] = {{"path", &parameters->path},
               {"key", &parameters->key},
               {"contains", &parameters->contains},
               {"since", &parameters->since},
               {"limit", &parameters->limit}};
    enum target_code code = TARGET_OK;
    for (size_t i = 0; code == TARGET_OK && i < sizeof all / sizeof all[0]; i++) {
        code = target_parameter(target, all[i].name, all[i].value);
    }
    return code;
}

/* A whole number in decimal digits. NULL as text: none, which is fine. */
static bool read_number(const char *text, bool *given, uint64_t *number) {
    *given = text != NULL;
    if (!text) {
        return true;
    }
    errno = 0;
    *number = strtoull(text, NULL, 10);
    return *text && strspn(text, "0123456789") == strlen(text) && errno == 0;
}

static struct reply answer(struct exchange *exchange, struct parameters *parameters) {
    struct control_request request = {.exchange = exchange, .server = exchange->server};
    struct filter *filter = &request.filter;
    request.path = path_of(exchange);
    enum target_code code = parameters_init(parameters, &exchange->target);
    if (code == TARGET_NO_MEMORY) {
        return (struct reply){0};
    }
    if (code == TARGET_BAD) {
        return reply_error(400, "a parameter has a broken percent escape");
    }
    filter->path = parameters->path;
    filter->key = parameters->key;
    filter->contains = parameters->contains;
    if (!read_number(parameters->since, &filter->has_since, &filter->since) ||
        !read_number(parameters->limit, &filter->has_limit, &filter->limit)) {
        return reply_error(400, "since= and limit= are whole numbers");
    }
    return dispatch(&request);
}

/* ---- sending ---------------------------------------------------------------------------------------------------- */

/* On every answer, so that a browser takes it for nothing but what it is and lets it load nothing from elsewhere. */
static bool add_headers(const struct reply *reply) {
    const char *const headers[][2] = {
        {"Content-Type", reply->type},
        {"Allow", reply->allow},
        {"Location", reply->location},
        {"Cache-Control", "no-store"},
        {"Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
                                    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
        {"Referrer-Policy", "no-referrer"},
        {"X-Content-Type-Options", "nosniff"},
    };
    bool ok = true;
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        ok =
            ok && (!headers[i][1] || MHD_add_response_header(reply->response, headers[i][0], headers[i][1]) == MHD_YES);
    }
    return ok;
}

enum MHD_Result control_answer(struct exchange *exchange) {
    struct parameters parameters = {0};
    struct reply reply = answer(exchange, &parameters);
    parameters_fini(&parameters);
    if (!reply.response) {
        return MHD_NO;
    }
    enum MHD_Result result =
        add_headers(&reply) ? MHD_queue_response(exchange->mhd, reply.status, reply.response) : MHD_NO;
    MHD_destroy_response(reply.response);
    return result;
}
