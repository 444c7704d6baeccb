/* A race: when the first attempt has not answered within 50 ms, a second one is started beside it, and the first good
 * answer wins. One slow server, or one lost packet, then no longer makes the call slow. */
#include <insist/insist.h>
#include <stdio.h>

/* What each attempt did: a call keeps the record of all of them. */
static void print_attempts(const insist_result *result) {
    for (size_t i = 0; i < insist_result_attempts(result); i++) {
        const insist_attempt_record *attempt = insist_result_attempt(result, i);
        printf("%s %s\n", insist_kind_name(attempt->kind), insist_why_ended_name(attempt->why_ended));
    }
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: racing URL\n");
        return 2;
    }
    insist_client *client = NULL;
    insist_race_policy *race = NULL;
    insist_result *result = NULL;
    insist_problem problem;
    /* In production insist_race_quantile(0.95, 1) finds the delay by itself: it hedges the slowest twentieth. The
     * client's budget sees to it that hedges do not add much load when everything is slow. */
    if (insist_race_policy_new(insist_race_every_ms(50, 1), insist_start_always(), INSIST_REFILL, &problem, &race) !=
            INSIST_OK ||
        insist_client_new(INSIST_CLIENT_OPTIONS(.race = race), &problem, &client) != INSIST_OK) {
        fprintf(stderr, "racing: %s: %s\n", problem.field, problem.text);
    } else if (insist_get(client, argv[1], &result) == INSIST_OK) { /* a POST would not be raced */
        print_attempts(result);
    } else if (result) {
        fprintf(stderr, "racing: %s\n", insist_result_explain(result));
    }
    bool ok = result && insist_result_ok(result);
    insist_result_free(result);
    insist_client_free(client);
    insist_race_policy_free(race);
    return ok ? 0 : 1;
}
