/* The doors: what is given is checked, a plan that cannot be executed gets its refusal, the others are joined. The
 * calling thread. */
#include "base/problem.h"
#include "base/sync.h"
#include "call/feed.h"
#include "call/join.h"
#include "call/options.h"
#include "call/plan.h"
#include "call/result.h"
#include "call/rules.h"
#include <stdio.h>

static insist_err take_options(insist_call_options *options, const insist_call_options *given, size_t n,
                               insist_problem *problem) {
    insist_call_options_init(options);
    if (given == NULL)
        return INSIST_OK;
    insist_err err = options_copy(options, sizeof *options, given, problem);
    if (err == INSIST_OK)
        err = options_check_call(options, problem);
    if (err == INSIST_OK && options->sink != NULL && n > 1)
        err = problem_set(problem, INSIST_EINVAL, "sink", "one sink cannot take the bodies of several plans");
    return err;
}

/* May it be executed? Then its reader, if it has one, is taken. */
static insist_err admit(const insist_client *client, const insist_plan *plan, const insist_call_options *options,
                        insist_problem *problem) {
    if (plan == NULL)
        return problem_set(problem, INSIST_EINVAL, "plan", "it is NULL");
    plan_freeze(plan);
    if (plan->problem.err != INSIST_OK) {
        *problem = plan->problem;
        return problem->err;
    }
    insist_err err = call_rules_check(client, plan, options, problem);
    if (err != INSIST_OK)
        return err;
    if (plan->feed != NULL && !feed_take(plan->feed))
        return problem_set(problem, INSIST_EINVAL, "plan", "another call is reading the body of this plan");
    return INSIST_OK;
}

/* Of arguments and options it is said which of them; a URL that cannot be used stands in the same line. */
static insist_result *refuse(const insist_client *client, const insist_plan *plan, const insist_problem *problem) {
    char sentence[sizeof problem->field + sizeof problem->text + 2];
    bool named = problem->err != INSIST_EURL;
    snprintf(sentence, sizeof sentence, "%s%s%s", named ? problem->field : "", named ? ": " : "", problem->text);
    const char *method = plan != NULL ? plan->request.method : "no plan";
    const char *url = plan != NULL ? plan->request.shown_url : NULL;
    return result_of_refusal(client->env, &client->hidden, method, url, problem->err, sentence);
}

static insist_err first_error(insist_result *const *results, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (results[i] == NULL || results[i]->err != INSIST_OK)
            return results[i] == NULL ? INSIST_ENOMEM : results[i]->err;
    return INSIST_OK;
}

static void execute(insist_client *client, const insist_plan *const *plans, size_t n,
                    const insist_call_options *options, insist_problem *problem, insist_result **results) {
    struct join join;
    if (!join_init(&join, client, options, n))
        return;
    for (size_t i = 0; i < n; i++) {
        insist_err err = admit(client, plans[i], options, problem);
        if (err == INSIST_OK)
            join_add(&join, plans[i], &results[i]);
        else
            results[i] = refuse(client, plans[i], problem);
    }
    if (join.count > 0)
        join_run(&join);
    join_fini(&join);
}

static insist_err check_and_execute(insist_client *client, const insist_plan *const *plans, size_t n,
                                    const insist_call_options *given, insist_result **results) {
    insist_call_options options;
    insist_problem problem = {0};
    insist_err err = take_options(&options, given, n, &problem);
    if (err == INSIST_OK)
        execute(client, plans, n, &options, &problem, results);
    for (size_t i = 0; err != INSIST_OK && i < n; i++)
        results[i] = refuse(client, plans[i], &problem);
    return first_error(results, n);
}

insist_err insist_execute(insist_client *client, const insist_plan *plan, const insist_call_options *options,
                          insist_result **result) {
    if (result != NULL)
        *result = NULL;
    if (client == NULL || plan == NULL || result == NULL)
        return INSIST_EINVAL;
    int before = thread_shield();
    insist_err err = check_and_execute(client, &plan, 1, options, result);
    thread_unshield(before);
    return err;
}

insist_err insist_execute_all(insist_client *client, const insist_plan *const *plans, size_t n,
                              const insist_call_options *options, insist_result **results) {
    for (size_t i = 0; results != NULL && i < n; i++)
        results[i] = NULL;
    if (client == NULL || (n > 0 && (plans == NULL || results == NULL)))
        return INSIST_EINVAL;
    int before = thread_shield();
    insist_err err = check_and_execute(client, plans, n, options, results);
    thread_unshield(before);
    return err;
}
