/* Any texts as method, URL, Location and headers of a plan: method NUL url NUL location NUL, then steps: a letter, a text NUL, a
 * text NUL. What is accepted holds nothing that could end a line, means the same when it is read again, and leads nowhere but to
 * http and https; what is refused has a sentence, and leaves the plan as it was. */
#include "fuzz.h"
#include "input.h"
#include "call/plan.h"
#include "wire/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 40 };

/* No byte that ends or splits a line, and none that a URL cannot have. */
static bool is_printable(const char *text, bool blanks) {
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        if (*c < ' ' || *c >= 0x7f || (*c == ' ' && !blanks)) {
            return false;
        }
    }
    return true;
}

static bool is_value(const char *text) {
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        if ((*c < ' ' && *c != '\t') || *c == 0x7f) {
            return false;
        }
    }
    return true;
}

static bool begins_with(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

/* ---- the URL ----------------------------------------------------------------------------------------------------- */

static void check_fields(const struct url *url) {
    char origin[1200];
    bool brackets = strchr(url->host, ':') != NULL;
    must(is_printable(url->text, false), "a URL has neither blanks nor control characters");
    must(begins_with(url->text, url->https ? "https://" : "http://"), "it is http or https");
    must(url->port >= 1 && url->port <= 65535, "the port is one");
    must(url->host[0] != '\0' && strlen(url->host) <= 254, "there is a host");
    must(url->host[strspn(url->host, "abcdefghijklmnopqrstuvwxyz0123456789-._~:")] == '\0', "of a host's characters");
    snprintf(origin, sizeof origin, brackets ? "%s://[%s]:%u" : "%s://%s:%u", url->https ? "https" : "http", url->host,
             url->port);
    must(strcmp(origin, url->origin) == 0, "the origin is scheme, host and port");
    must(strchr(url->text, '#') == NULL, "the fragment is gone");
    const char *authority = strstr(url->text, "://") + 3;
    must(memchr(authority, '@', strcspn(authority, "/?")) == NULL, "so are user and password");
    if (url->authorization != NULL) {
        must(begins_with(url->authorization, "Basic ") && is_printable(url->authorization, true), "and sent as a header");
    }
}

static void check_again(const struct url *url) {
    struct url *again = NULL;
    insist_problem problem = {.err = INSIST_OK};
    must(url_new(&env_standard, url->text, &problem, &again) == INSIST_OK, "what is shown is a URL");
    must(strcmp(again->text, url->text) == 0, "the same one");
    must(strcmp(again->origin, url->origin) == 0 && strcmp(again->host, url->host) == 0, "with the same origin");
    must(again->port == url->port && again->https == url->https && again->authorization == NULL, "and no user");
    url_free(again);
}

static void check_follow(const struct url *base, const char *location) {
    struct url *target = NULL;
    const char *sentence = NULL;
    insist_err err = url_follow(base, location, &target, &sentence);
    must(err == INSIST_OK || err == INSIST_EREDIRECT, "a redirect leads somewhere or nowhere");
    must((err == INSIST_OK) == (target != NULL), "there is a URL when it leads somewhere");
    must((err == INSIST_OK) == (sentence == NULL), "and a sentence when it does not");
    if (target != NULL) {
        must(target->authorization == NULL, "a redirect brings no user");
        check_fields(target);
        check_again(target);
        url_free(target);
    }
}

/* ---- headers ----------------------------------------------------------------------------------------------------- */

static size_t count_of(const struct headers *headers, const char *name) {
    size_t count = 0;
    for (size_t i = 0; i < headers_count(headers); i++) {
        count += headers_same_name(headers_name_at(headers, i), name);
    }
    return count;
}

static const char *last_of(const struct headers *headers) {
    return headers_count(headers) == 0 ? "" : headers_value_at(headers, headers_count(headers) - 1);
}

static void check_headers(const struct headers *headers) {
    static const char *const ours[] = {
        "Content-Length", "Transfer-Encoding", "Connection", "Expect", "Upgrade", "TE", "Trailer"};
    for (size_t i = 0; i < headers_count(headers); i++) {
        const char *name = headers_name_at(headers, i);
        must(name[0] != '\0' && is_printable(name, false) && strpbrk(name, ":\"(),/;<=>?@[\\]{}") == NULL,
             "a header's name is a token");
        must(is_value(headers_value_at(headers, i)), "a header's value ends no line");
    }
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        must(headers_get(headers, ours[i]) == NULL, "what is the library's is not the user's");
    }
    must(count_of(headers, "Host") <= 1 && count_of(headers, "Idempotency-Key") <= 1, "there is one Host and one key");
}

static insist_err take_step(insist_plan *plan, uint8_t which, const char *name, const char *value) {
    switch (which % 8) {
    case 0: return insist_plan_set_header(plan, name, value);
    case 1: return insist_plan_add_header(plan, name, value);
    case 2: return insist_plan_set_host(plan, value);
    case 3: return insist_plan_add_cookie(plan, name, value);
    case 4: return insist_plan_set_basic_auth(plan, name, value);
    case 5: return insist_plan_set_idempotency_key(plan, value);
    case 6: return insist_plan_set_form(plan, &(insist_pair){name, value}, 1);
    default: return insist_plan_set_sensitive(plan, name);
    }
}

/* Blanks around a value are none of it. */
static bool is_value_given(const char *kept, const char *given) {
    given += strspn(given, " \t");
    size_t length = strlen(given);
    while (length > 0 && (given[length - 1] == ' ' || given[length - 1] == '\t')) {
        length--;
    }
    return strlen(kept) == length && memcmp(kept, given, length) == 0;
}

static void check_step(insist_plan *plan, uint8_t which, const char *name, const char *value) {
    const struct headers *headers = &plan->request.headers;
    size_t before = headers_count(headers);
    size_t same = count_of(headers, name);
    insist_err err = take_step(plan, which, name, value);
    must(err == INSIST_OK || err == INSIST_EINVAL, "a step is taken or refused");
    if (err != INSIST_OK) {
        must(headers_count(headers) == before, "what is refused changes nothing");
        must(insist_plan_problem(plan) != NULL && strlen(insist_plan_problem(plan)->text) > 5, "and has a sentence");
    } else if (which % 8 == 0) {
        must(headers_count(headers) == before - same + 1 && count_of(headers, name) == 1, "set replaces");
        must(is_value_given(last_of(headers), value), "with the value that was given");
    } else if (which % 8 == 1) {
        must(is_value_given(last_of(headers), value), "add adds the value that was given");
    }
    check_headers(headers);
}

/* A form is sent as it stands: nothing in it needs encoding once more. */
static void check_form(const insist_plan *plan) {
    const char *type = headers_get(&plan->request.headers, "Content-Type");
    const char *body = plan->request.body;
    if (body == NULL || type == NULL || strcmp(type, "application/x-www-form-urlencoded") != 0) {
        return;
    }
    for (size_t i = 0; i < plan->request.body_length; i++) {
        must(body[i] > ' ' && body[i] < 0x7f, "a form is visible ASCII");
    }
}

static void check_plan(insist_plan *plan, const char *method, const char *location, struct input *input) {
    must(strcmp(plan->request.method, method[0] == '\0' ? "GET" : method) == 0, "the method is what was given");
    must(is_printable(plan->request.method, false), "and a token");
    check_fields(plan->request.url);
    check_again(plan->request.url);
    check_follow(plan->request.url, location);
    for (unsigned i = 0; i < STEPS && input->left > 0; i++) {
        uint8_t which = input_byte(input);
        char *name = input_text(input);
        char *value = input_text(input);
        check_step(plan, which, name, value);
        free(name);
        free(value);
    }
    check_form(plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = {data, size};
    char *method = input_text(&input);
    char *url = input_text(&input);
    char *location = input_text(&input);
    insist_plan *plan = NULL;
    insist_problem problem = {.err = INSIST_OK};
    insist_err err = insist_plan_new(method, url, &problem, &plan);
    if (err == INSIST_OK) {
        check_plan(plan, method, location, &input);
    } else {
        must(err == INSIST_EINVAL || err == INSIST_EURL, "a plan is made or refused");
        must(plan == NULL && problem.err == err && strlen(problem.text) > 5, "what is refused has a sentence");
    }
    insist_plan_free(plan);
    free(method);
    free(url);
    free(location);
    return 0;
}
