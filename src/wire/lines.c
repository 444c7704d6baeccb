/* Header lines: in, the plan's headers, an attempt's own and what the hop allows; out, libcurl's list. "Name;" is
 * its way to write an empty value, "Name:" its way to leave out a header that it would add by itself. One thread at
 * a time. */
#include "wire/lines.h"

#include <string.h>

void lines_init(struct lines *lines, const struct env *env) {
    *lines = (struct lines){.env = env};
    body_init(&lines->text, env, UINT64_MAX);
}

void lines_fini(struct lines *lines) {
    env_release(lines->env, lines->nodes);
    body_fini(&lines->text);
}

static bool is_set(const struct request *request, const struct headers *own, const char *name) {
    return headers_get(own, name) || headers_get(&request->headers, name);
}

bool lines_announce_a_body(const struct request *request, const struct hop *hop) {
    const char *method = hop->method;
    return (request->has_body && !hop->turned) || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
           strcmp(method, "PATCH") == 0;
}

/* The texts first, one behind the other; where they lie is known once the last one is there. */
static insist_err add(struct lines *lines, const char *name, const char *value) {
    value += strspn(value, " \t"); /* libcurl leaves out a line with nothing but blanks */
    insist_err err = body_append_text(&lines->text, name);
    if (err == INSIST_OK)
        err = body_append_text(&lines->text, *value ? ": " : ";");
    if (err == INSIST_OK)
        err = body_append(&lines->text, value, strlen(value) + 1);
    lines->count++;
    return err;
}

static insist_err leave_out(struct lines *lines, const char *name) {
    insist_err err = body_append_text(&lines->text, name);
    if (err == INSIST_OK)
        err = body_append(&lines->text, ":", 2);
    lines->count++;
    return err;
}

/* libcurl writes the length itself, of what it really sends. */
static bool is_sent(const struct request *request, const struct hop *hop, const char *name) {
    if (hop->abroad && request_is_sensitive(request, name))
        return false;
    return redirect_carries(hop, name) && !headers_same_name(name, "Content-Length");
}

static insist_err add_headers(struct lines *lines, const struct request *request, const struct headers *headers,
                              const struct headers *instead, const struct hop *hop) {
    insist_err err = INSIST_OK;
    for (size_t i = 0; i < headers_count(headers) && err == INSIST_OK; i++) {
        const char *name = headers_name_at(headers, i);
        bool replaced = instead && headers_get(instead, name);
        if (!replaced && is_sent(request, hop, name))
            err = add(lines, name, headers_value_at(headers, i));
    }
    return err;
}

/* What libcurl would add to a request with a body. */
static insist_err leave_out_others(struct lines *lines, const struct request *request, const struct headers *own,
                                   const struct hop *hop) {
    static const char *const others[] = {"Content-Type", "Expect"};
    insist_err err = INSIST_OK;
    for (size_t i = 0; i < 2 && err == INSIST_OK; i++)
        if (!is_set(request, own, others[i]) || !is_sent(request, hop, others[i]))
            err = leave_out(lines, others[i]);
    return err;
}

static insist_err add_our_own(struct lines *lines, const struct request *request, const struct headers *own,
                              const struct hop *hop, const struct wire_settings *settings) {
    insist_err err = INSIST_OK;
    const char *authorization = request->url->authorization;
    bool names_itself = is_set(request, own, "User-Agent") && is_sent(request, hop, "User-Agent");
    lines->decode = settings->decode && !is_set(request, own, "Accept-Encoding");
    if (settings->user_agent[0] && !names_itself)
        err = add(lines, "User-Agent", settings->user_agent);
    if (err == INSIST_OK && lines->decode)
        err = add(lines, "Accept-Encoding", "gzip, deflate");
    if (err == INSIST_OK && authorization && !hop->abroad && !is_set(request, own, "Authorization"))
        err = add(lines, "Authorization", authorization);
    if (err == INSIST_OK && request->closes) /* over HTTP/2 libcurl leaves it out */
        err = add(lines, "Connection", "close");
    if (err == INSIST_OK && lines_announce_a_body(request, hop))
        err = leave_out_others(lines, request, own, hop);
    return err;
}

static insist_err link(struct lines *lines) {
    if (lines->count > lines->capacity) {
        struct curl_slist *nodes = env_resize(lines->env, lines->nodes, lines->count * sizeof(*nodes));
        if (!nodes)
            return INSIST_ENOMEM;
        lines->nodes = nodes;
        lines->capacity = lines->count;
    }
    char *text = lines->text.data;
    for (size_t i = 0; i < lines->count; i++) {
        lines->nodes[i].data = text;
        lines->nodes[i].next = i + 1 < lines->count ? &lines->nodes[i + 1] : NULL;
        text += strlen(text) + 1;
    }
    lines->first = lines->count > 0 ? lines->nodes : NULL;
    return INSIST_OK;
}

insist_err lines_make(struct lines *lines, const struct request *request, const struct headers *own,
                      const struct hop *hop, const struct wire_settings *settings) {
    lines->count = 0;
    body_clear(&lines->text);
    insist_err err = add_headers(lines, request, &request->headers, own, hop);
    if (err == INSIST_OK)
        err = add_headers(lines, request, own, NULL, hop);
    if (err == INSIST_OK)
        err = add_our_own(lines, request, own, hop, settings);
    return err == INSIST_OK ? link(lines) : err;
}
