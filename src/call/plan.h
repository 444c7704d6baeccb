/* A plan's inside: a request, and what keeps it from being changed once it is in use. */
#ifndef CALL_PLAN_H
#define CALL_PLAN_H

#include "view/request.h"
#include "base/body.h"
#include <insist/plan.h>

/* Why a race that was set is refused. */
#define PLAN_NOT_RACEABLE                                                                                              \
    "a race is set, but the request may not be raced: it is not marked as idempotent, or its body is read as it is "   \
    "sent"

struct insist_plan {
    struct request request; /* first: the plan is its request, and as long-lived */
    const struct env *env;
    char *method;
    char *body;                      /* a copy, or NULL */
    insist_release_fn *body_release; /* of what the request's body refers to, or NULL */
    void *body_ctx;
    struct feed *feed;          /* a body that is read; NULL: none */
    insist_retry_policy *retry; /* references, or NULL: the client's */
    insist_timeout_policy *timeout;
    insist_race_policy *race;
    bool idempotent;
    atomic_bool frozen;
    insist_problem problem; /* the first that a setter met; err INSIST_OK: none */
};

insist_err plan_new(const struct env *env, const char *method, const char *url, insist_problem *problem,
                    insist_plan **out);

/* What every setter does: refuses when the plan is in use, keeps the first problem for those who look only at the end (returns err), and
 * settles anew whether the request may be repeated or raced. */
insist_err plan_check_open(const insist_plan *plan);
void plan_freeze(const insist_plan *plan); /* the end of that: a call uses it */
insist_err plan_note(insist_plan *plan, insist_err err, const insist_problem *problem);
void plan_judge_repeatable(struct insist_plan *plan);

/* Lets go of the body that it has. */
void plan_drop_body(struct insist_plan *plan);

/* A header that a user wants sent: INSIST_OK, or INSIST_EINVAL and a sentence. */
insist_err plan_check_header(const char *name, const char *value, insist_problem *problem);

#endif
