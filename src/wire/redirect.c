/* Where a redirect leads. In: an answer's status and Location, and where the attempt has been. Out: the next request,
 * or why not. Pure.
 *
 * RFC 9110 section 15.4; of the choices it leaves: 301 and 302 are treated as 303, as all browsers do for POST. */
#include "wire/redirect.h"

#include "view/request.h"
#include <string.h>
#include <strings.h>

void trail_init(struct trail *trail, const struct env *env) {
    *trail = (struct trail){.redirects = 0};
    body_init(&trail->visited, env, UINT64_MAX);
}

void trail_fini(struct trail *trail) {
    body_fini(&trail->visited);
}

void trail_clear(struct trail *trail) {
    body_clear(&trail->visited);
    trail->redirects = 0;
}

static insist_err add(struct trail *trail, const struct hop *hop) {
    trail->redirects++;
    return body_append_format(&trail->visited, "%s %s\n", hop->method, hop->url->text);
}

/* Neither a method nor a URL has blanks or line ends, so a line is the whole of it. */
static bool was_visited(const struct trail *trail, const struct hop *hop) {
    size_t method = strlen(hop->method), url = strlen(hop->url->text);
    const char *line = body_text(&trail->visited), *end;
    for (; (end = strchr(line, '\n')); line = end + 1) {
        bool same_length = (size_t)(end - line) == method + 1 + url;
        if (same_length && memcmp(line, hop->method, method) == 0 &&
            memcmp(line + method + 1, hop->url->text, url) == 0)
            return true;
    }
    return false;
}

static bool is_get_or_head(const char *method) {
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static bool repeats_the_method(int status) {
    return status == 307 || status == 308;
}

static bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 303 || repeats_the_method(status);
}

/* A GET keeps its body, too, if it has one. */
static bool keeps_the_body(const struct hop *hop, int status) {
    return !hop->turned && (repeats_the_method(status) || is_get_or_head(hop->method));
}

static bool same_origin(const struct url *a, const struct url *b) {
    return strcmp(a->origin, b->origin) == 0;
}

static insist_err unfollowed(struct redirect *next, insist_err err, const char *sentence) {
    next->cause.sentence = sentence;
    return err;
}

/* The rules about requests that are sent twice; the sentence of the first that is broken, NULL: none is. */
static const char *sent_twice(const struct redirect_rules *rules, const struct hop *hop, int status) {
    if (repeats_the_method(status) && !rules->may_repeat && !request_method_is_repeatable(hop->method))
        return "the redirect is not followed, for the request may not be sent twice";
    if (rules->body_is_spent && keeps_the_body(hop, status))
        return "the redirect is not followed, for the request's body cannot be read again";
    return NULL;
}

static insist_err take_target(struct trail *trail, const struct hop *hop, const char *location, struct redirect *next) {
    insist_err err = add(trail, hop);
    if (err != INSIST_OK)
        return err;
    err = url_follow(hop->url, location, &next->url, &next->cause.detail);
    return err == INSIST_EREDIRECT ? unfollowed(next, err, "the redirect's Location cannot be used") : err;
}

/* What is wrong with where it leads; NULL: nothing. */
static const char *flaw_of(const struct trail *trail, const struct hop *hop, const struct hop *next) {
    if (hop->url->https && !next->url->https)
        return "the redirect leads from https to http";
    return was_visited(trail, next) ? "the redirect leads back to where the attempt has been" : NULL;
}

insist_err redirect_judge(const struct redirect_rules *rules, struct trail *trail, const struct hop *hop, int status,
                          const char *location, struct redirect *next) {
    *next = (struct redirect){.hop = *hop};
    if (!rules->follow || !is_redirect(status) || !location)
        return INSIST_OK;
    const char *broken = sent_twice(rules, hop, status);
    if (broken)
        return unfollowed(next, INSIST_OK, broken);
    if (trail->redirects >= rules->max) {
        next->cause.limit = rules->max;
        return unfollowed(next, INSIST_EREDIRECT, "there are more redirects than max_redirects");
    }

    insist_err err = take_target(trail, hop, location, next);
    if (err != INSIST_OK)
        return err;
    next->hop.url = next->url;
    next->hop.abroad = hop->abroad || !same_origin(hop->url, next->url);
    if (!repeats_the_method(status) && !is_get_or_head(hop->method)) {
        next->hop.method = "GET";
        next->hop.turned = true;
    }
    const char *flaw = flaw_of(trail, hop, &next->hop);
    if (flaw) {
        url_free(next->url);
        next->url = NULL;
        return unfollowed(next, INSIST_EREDIRECT, flaw);
    }
    return INSIST_OK;
}

static bool is_credential(const char *name) {
    return headers_same_name(name, "Authorization") || headers_same_name(name, "Cookie") ||
           headers_same_name(name, "Proxy-Authorization");
}

static bool describes_the_body(const char *name) {
    return strncasecmp(name, "Content-", 8) == 0 || headers_same_name(name, "Transfer-Encoding") ||
           headers_same_name(name, "Trailer") || headers_same_name(name, "Expect");
}

bool redirect_carries(const struct hop *hop, const char *name) {
    if (hop->abroad && (is_credential(name) || headers_same_name(name, "Host")))
        return false;
    return !(hop->turned && describes_the_body(name));
}
