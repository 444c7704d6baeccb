/* What a plan's body is made of. Built on one thread. */
#include "base/problem.h"
#include "call/plan.h"

insist_err insist_plan_set_body(insist_plan *plan, const void *data, size_t len) {
    insist_problem problem = {0};
    char *copy = NULL;
    insist_err err = plan_check_open(plan);
    if (err != INSIST_OK)
        return err;
    if (data == NULL && len > 0)
        return plan_note(plan, problem_set(&problem, INSIST_EINVAL, "data", "it is NULL, but has a length"), &problem);
    if (len > 0) {
        copy = env_copy_bytes(plan->env, data, len);
        if (copy == NULL)
            return plan_note(plan, problem_set(&problem, INSIST_ENOMEM, "data", "out of memory"), &problem);
    }
    env_release(plan->env, plan->body);
    plan->body = copy;
    plan->request.body = copy;
    plan->request.body_length = len;
    plan->request.has_body = len > 0;
    return INSIST_OK;
}
