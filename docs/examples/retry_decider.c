/* A decider of one's own: a service answers 200 while it is still working, and says so in the body. Only the caller
 * knows that this is worth another look, so the caller says it; all the rest is put together from parts. */
#include <insist/insist.h>
#include <stdio.h>
#include <string.h>

/* Asked on the calling thread about each attempt that has ended. RETRY: another, please; ACCEPT: this one will do. */
static insist_verdict still_pending(void *ctx, const insist_execution *execution, insist_err *error) {
    const char *word = ctx;
    (void)error; /* for INSIST_FAIL only */
    bool pending = insist_execution_status(execution) == 200 && strstr(insist_execution_body(execution, NULL), word);
    return pending ? INSIST_RETRY : INSIST_ACCEPT;
}

/* At most ten retries, when the job is pending or something that is known to pass went wrong, 20 ms apart at first and
 * 20 ms more each time. Combinators consume what they are given and carry a failure along: only the end is checked. */
static insist_err make_policy(insist_problem *problem, insist_retry_policy **out) {
    static char word[] = "pending";
    insist_decider pending = {.decide = still_pending, .ctx = word};
    insist_decider decider =
        insist_retry_and(insist_retry_times(10), insist_retry_or(pending, insist_retry_standard()));
    return insist_retry_policy_new(decider, insist_wait_linear_ms(20, 20), problem, out);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: retry_decider URL\n");
        return 2;
    }
    insist_client *client = NULL;
    insist_retry_policy *policy = NULL;
    insist_problem problem;
    insist_result *result = NULL;
    if (make_policy(&problem, &policy) != INSIST_OK ||
        insist_client_new(INSIST_CLIENT_OPTIONS(.retry = policy, .deadline_ms = 10000), &problem, &client) !=
            INSIST_OK) {
        fprintf(stderr, "retry_decider: %s: %s\n", problem.field, problem.text);
    } else if (insist_get(client, argv[1], &result) == INSIST_OK) {
        printf("%s after %zu attempts\n", (const char *)insist_result_body(result, NULL),
               insist_result_attempts(result));
    } else if (result) {
        fprintf(stderr, "retry_decider: %s\n", insist_result_explain(result));
    }
    /* An answer that was still wanted again when the retries were used up has another reason. */
    bool ok = result && insist_result_ok(result) && insist_result_reason(result) == INSIST_DONE;
    insist_result_free(result);
    insist_client_free(client);
    insist_retry_policy_free(policy); /* counted: may be given up as soon as the client has it */
    return ok ? 0 : 1;
}
