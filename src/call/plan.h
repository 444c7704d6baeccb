/* A plan's inside: a request, and what keeps it from being changed once it is in use. */
#ifndef CALL_PLAN_H
#define CALL_PLAN_H

#include "view/request.h"
#include <insist/plan.h>

struct insist_plan {
    struct request request; /* first: the plan is its request, and as long-lived */
    const struct env *env;
    char *method;
    char *body;
    bool idempotent;
    atomic_bool frozen;
    insist_problem problem; /* the first that a setter met; err INSIST_OK: none */
};

insist_err plan_new(const struct env *env, const char *method, const char *url, insist_problem *problem,
                    insist_plan **out);

/* A header that a user wants sent: INSIST_OK, or INSIST_EINVAL and a sentence. */
insist_err plan_check_header(const char *name, const char *value, insist_problem *problem);

#endif
