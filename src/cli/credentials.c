#include "cli/credentials.h"
#include "cli/refuse.h"
#include <stdlib.h>
#include <string.h>

static insist_err set_user(insist_plan *plan, const char *pair, insist_problem *problem) {
    const char *colon = strchr(pair, ':');
    if (colon == NULL) {
        refuse_field(problem, "--user", "USER:PASSWORD is wanted");
        return INSIST_EINVAL;
    }
    char *user = strndup(pair, (size_t)(colon - pair));
    if (user == NULL) {
        return INSIST_ENOMEM;
    }
    insist_err err = insist_plan_set_basic_auth(plan, user, colon + 1);
    free(user);
    return err;
}

/* "name=value", changed in place. */
static insist_err add_cookie(insist_plan *plan, char *pair, insist_problem *problem) {
    char *equals = strchr(pair, '=');
    if (equals == NULL) {
        refuse_field(problem, "--cookie", "NAME=VALUE is wanted; several are parted by semicolons, files are not read");
        return INSIST_EINVAL;
    }
    *equals = '\0';
    return insist_plan_add_cookie(plan, pair, equals + 1);
}

static insist_err add_cookies(insist_plan *plan, const char *text, insist_problem *problem) {
    char *copy = strdup(text);
    char *rest = NULL;
    insist_err err = copy == NULL ? INSIST_ENOMEM : INSIST_OK;
    for (char *pair = err == INSIST_OK ? strtok_r(copy, ";", &rest) : NULL; pair != NULL && err == INSIST_OK;
         pair = strtok_r(NULL, ";", &rest)) {
        pair += strspn(pair, " ");
        if (*pair != '\0') {
            err = add_cookie(plan, pair, problem);
        }
    }
    free(copy);
    return err;
}

insist_err credentials_set(insist_plan *plan, const struct settings *settings, insist_problem *problem) {
    insist_err err = INSIST_OK;
    for (size_t i = 0; err == INSIST_OK && i < settings->cookies.count; i++) {
        err = add_cookies(plan, settings->cookies.items[i], problem);
    }
    if (err == INSIST_OK && settings->user != NULL) {
        err = set_user(plan, settings->user, problem);
    }
    if (err == INSIST_OK && settings->keyed) {
        err = insist_plan_set_idempotency_key(plan, settings->idempotency_key);
    }
    return err;
}
