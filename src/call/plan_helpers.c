/* Headers that are put together from parts: Host, Cookie, Authorization, Idempotency-Key. On the thread that builds the
 * plan. */
#include "base/base64.h"
#include "base/problem.h"
#include "call/plan.h"
#include "wire/authority.h"
#include <string.h>

/* A header that has been checked. */
static insist_err put(insist_plan *plan, const char *name, const char *value, const char *field) {
    insist_problem problem = {0};
    if (headers_set(&plan->request.headers, name, value) != INSIST_OK)
        return plan_note(plan, problem_set(&problem, INSIST_ENOMEM, field, "out of memory"), &problem);
    plan_judge_repeatable(plan);
    return INSIST_OK;
}

static insist_err refuse(insist_plan *plan, const char *field, const char *sentence) {
    insist_problem problem = {0};
    return plan_note(plan, problem_set(&problem, INSIST_EINVAL, field, "%s", sentence), &problem);
}

insist_err insist_plan_set_host(insist_plan *plan, const char *host) {
    struct authority authority;
    insist_err err = plan_check_open(plan);
    if (err != INSIST_OK)
        return err;
    const char *flaw = host == NULL ? "it is NULL" : authority_parse(host, strlen(host), &authority);
    return flaw != NULL ? refuse(plan, "host", flaw) : put(plan, "Host", host, "host");
}

/* ---- cookies ---- */

/* RFC 6265 section 4.1.1: cookie-octet. */
static bool is_cookie_octet(char c) {
    return c > ' ' && c < 0x7f && strchr("\",;\\", c) == NULL;
}

/* The value alone: without the attributes behind it and the blanks around it. */
static const char *cut_value(const char *text, size_t *length) {
    text += strspn(text, " \t");
    *length = strcspn(text, ";");
    while (*length > 0 && (text[*length - 1] == ' ' || text[*length - 1] == '\t'))
        --*length;
    return text;
}

static bool is_cookie_value(const char *value, size_t length) {
    bool quoted = length >= 2 && value[0] == '"' && value[length - 1] == '"';
    for (size_t i = quoted ? 1 : 0; i < length - (quoted ? 1 : 0); i++)
        if (!is_cookie_octet(value[i]))
            return false;
    return true;
}

/* Those that the plan has, however many headers they stand in, and one more. */
static insist_err join_cookies(struct body *out, const struct headers *headers, const char *name, const char *value,
                               size_t length) {
    insist_err err = INSIST_OK;
    for (size_t i = 0; i < headers_count(headers) && err == INSIST_OK; i++)
        if (headers_same_name(headers_name_at(headers, i), "Cookie"))
            err = body_append_format(out, "%s; ", headers_value_at(headers, i));
    if (err == INSIST_OK)
        err = body_append_format(out, "%s=", name);
    return err == INSIST_OK ? body_append(out, value, length) : err;
}

insist_err insist_plan_add_cookie(insist_plan *plan, const char *name, const char *value) {
    insist_problem problem = {0};
    struct body cookies;
    size_t length = 0;
    insist_err err = plan_check_open(plan);
    if (err != INSIST_OK)
        return err;
    if (!headers_valid_token(name))
        return refuse(plan, "name", "a cookie's name is letters, digits and a few signs, without blanks");
    if (value != NULL)
        value = cut_value(value, &length);
    if (value == NULL || !is_cookie_value(value, length))
        return refuse(plan, "value", "a cookie's value is visible ASCII without quotes, commas and backslashes");
    body_init(&cookies, plan->env, UINT64_MAX);
    if (join_cookies(&cookies, &plan->request.headers, name, value, length) != INSIST_OK)
        err = plan_note(plan, problem_set(&problem, INSIST_ENOMEM, "value", "out of memory"), &problem);
    else
        err = put(plan, "Cookie", body_text(&cookies), "value");
    body_fini(&cookies);
    return err;
}

/* ---- credentials ---- */

/* RFC 7617 section 2: neither has control characters. */
static const char *flaw_of_credential(const char *text) {
    if (text == NULL)
        return "it is NULL";
    return headers_valid_value(text) && strchr(text, '\t') == NULL ? NULL : "it has a control character";
}

static insist_err make_basic(struct body *out, const char *user, const char *password) {
    struct body pair;
    body_init(&pair, out->env, UINT64_MAX);
    insist_err err = body_append_format(&pair, "%s:%s", user, password);
    if (err == INSIST_OK)
        err = body_append_text(out, "Basic ");
    if (err == INSIST_OK)
        err = base64_append(out, body_text(&pair), pair.length);
    body_fini(&pair);
    return err;
}

insist_err insist_plan_set_basic_auth(insist_plan *plan, const char *user, const char *password) {
    insist_problem problem = {0};
    struct body value;
    insist_err err = plan_check_open(plan);
    if (err != INSIST_OK)
        return err;
    const char *flaw = flaw_of_credential(user);
    if (flaw == NULL && strchr(user, ':') != NULL)
        flaw = "it has a colon, which HTTP cannot carry";
    if (flaw != NULL)
        return refuse(plan, "user", flaw);
    flaw = flaw_of_credential(password);
    if (flaw != NULL)
        return refuse(plan, "password", flaw);
    body_init(&value, plan->env, UINT64_MAX);
    if (make_basic(&value, user, password) != INSIST_OK)
        err = plan_note(plan, problem_set(&problem, INSIST_ENOMEM, "password", "out of memory"), &problem);
    else
        err = put(plan, "Authorization", body_text(&value), "password");
    body_fini(&value);
    return err;
}

insist_err insist_plan_set_sensitive(insist_plan *plan, const char *name) {
    insist_problem problem = {0};
    insist_err err = plan_check_open(plan);
    if (err != INSIST_OK)
        return err;
    if (!headers_valid_token(name))
        return refuse(plan, "name", "it is no header name: letters, digits and a few signs, without blanks");
    if (headers_set(&plan->request.sensitive, name, "") != INSIST_OK)
        return plan_note(plan, problem_set(&problem, INSIST_ENOMEM, "name", "out of memory"), &problem);
    return INSIST_OK;
}

/* ---- Idempotency-Key ---- */

insist_err insist_plan_set_idempotency_key(insist_plan *plan, const char *key) {
    insist_err err = plan_check_open(plan);
    if (err != INSIST_OK)
        return err;
    if (key != NULL && key[strspn(key, " \t")] == '\0')
        return refuse(plan, "key", "it is empty");
    if (key != NULL && !headers_valid_value(key))
        return refuse(plan, "key", "it has a line break or another control character");
    plan->request.makes_key = key == NULL;
    if (key != NULL)
        return put(plan, "Idempotency-Key", key, "key");
    headers_remove(&plan->request.headers, "Idempotency-Key");
    plan_judge_repeatable(plan);
    return INSIST_OK;
}
