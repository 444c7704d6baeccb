/* One-line calls: a plan is made, executed and freed. What is wrong with it is told by the result. */
#include "base/problem.h"
#include "base/sync.h"
#include "call/client.h"
#include "call/plan.h"
#include "call/result.h"

struct shortcut {
    const char *method;
    const char *url;
    const char *type; /* NULL: no Content-Type */
    const void *body;
    size_t length;
    bool form; /* the body is made of pairs */
    const insist_pair *pairs;
    size_t pair_count;
};

/* The URL is not shown: one that could not be parsed may hold a password anywhere. */
static insist_err refuse(insist_client *client, const char *method, insist_err err, const insist_problem *problem,
                         insist_result **result) {
    *result =
        err == INSIST_ENOMEM ? NULL : result_of_refusal(client->env, &client->hidden, method, NULL, err, problem->text);
    return *result == NULL ? INSIST_ENOMEM : err;
}

static insist_err fill(insist_plan *plan, const struct shortcut *shortcut) {
    if (shortcut->form)
        return insist_plan_set_form(plan, shortcut->pairs, shortcut->pair_count);
    insist_err err = shortcut->type == NULL ? INSIST_OK : insist_plan_set_header(plan, "Content-Type", shortcut->type);
    return err == INSIST_OK ? insist_plan_set_body(plan, shortcut->body, shortcut->length) : err;
}

static insist_err make_and_execute(insist_client *client, const struct shortcut *shortcut, insist_result **result) {
    insist_problem problem = {0};
    insist_plan *plan = NULL;
    insist_err err = plan_new(client->env, shortcut->method, shortcut->url, &problem, &plan);
    if (err != INSIST_OK)
        return refuse(client, shortcut->method, err, &problem, result);
    err = fill(plan, shortcut);
    if (err != INSIST_OK)
        err = refuse(client, shortcut->method, err, &plan->problem, result);
    else
        err = insist_execute(client, plan, NULL, result);
    insist_plan_free(plan);
    return err;
}

static insist_err run(insist_client *client, const struct shortcut *shortcut, insist_result **result) {
    if (result != NULL)
        *result = NULL;
    if (client == NULL || shortcut->url == NULL || result == NULL)
        return INSIST_EINVAL;
    int before = thread_shield();
    insist_err err = make_and_execute(client, shortcut, result);
    thread_unshield(before);
    return err;
}

insist_err insist_get(insist_client *client, const char *url, insist_result **result) {
    return run(client, &(struct shortcut){.method = "GET", .url = url}, result);
}

insist_err insist_head(insist_client *client, const char *url, insist_result **result) {
    return run(client, &(struct shortcut){.method = "HEAD", .url = url}, result);
}

insist_err insist_delete(insist_client *client, const char *url, insist_result **result) {
    return run(client, &(struct shortcut){.method = "DELETE", .url = url}, result);
}

insist_err insist_post(insist_client *client, const char *url, const char *type, const void *body, size_t len,
                       insist_result **result) {
    return run(client, &(struct shortcut){.method = "POST", .url = url, .type = type, .body = body, .length = len},
               result);
}

insist_err insist_put(insist_client *client, const char *url, const char *type, const void *body, size_t len,
                      insist_result **result) {
    return run(client, &(struct shortcut){.method = "PUT", .url = url, .type = type, .body = body, .length = len},
               result);
}

insist_err insist_patch(insist_client *client, const char *url, const char *type, const void *body, size_t len,
                        insist_result **result) {
    return run(client, &(struct shortcut){.method = "PATCH", .url = url, .type = type, .body = body, .length = len},
               result);
}

insist_err insist_post_form(insist_client *client, const char *url, const insist_pair *pairs, size_t n,
                            insist_result **result) {
    return run(client, &(struct shortcut){.method = "POST", .url = url, .form = true, .pairs = pairs, .pair_count = n},
               result);
}
