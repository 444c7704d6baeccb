/* insist as a contender: a client of its own with default settings, but for the race and the workers, and one plan
 * that all callers share. */
#include "contender.h"
#include <stdio.h>
#include <stdlib.h>

struct ours {
    insist_client *client;
    insist_plan *plan;
    unsigned width;
    const insist_plan **plans; /* the same one, width times */
};

static void close_ours(void *state) {
    struct ours *ours = state;
    insist_client_free(ours->client);
    insist_plan_free(ours->plan);
    free(ours->plans);
    free(ours);
}

static insist_err make_client(const struct contender *contender, struct ours *ours, insist_problem *problem) {
    insist_race_policy *race = NULL;
    insist_err err = INSIST_OK;
    if (contender->schedule != NULL) {
        err = insist_race_policy_new(contender->schedule(), insist_start_always(), INSIST_REFILL, problem, &race);
    }
    if (err == INSIST_OK) {
        err = insist_client_new(INSIST_CLIENT_OPTIONS(.race = race, .workers = contender->workers,
                                                      .max_in_flight = contender->in_flight,
                                                      .workers_only = contender->workers_only,
                                                      .user_agent = contender->same_request ? "" : NULL,
                                                      .no_gzip = contender->same_request),
                                problem, &ours->client);
    }
    insist_race_policy_free(race);
    return err;
}

static insist_err make_plans(struct ours *ours, const char *url, insist_problem *problem) {
    insist_err err = insist_plan_new("GET", url, problem, &ours->plan);
    if (err != INSIST_OK) {
        return err;
    }
    ours->plans = calloc(ours->width > 0 ? ours->width : 1, sizeof *ours->plans);
    for (unsigned i = 0; ours->plans != NULL && i < ours->width; i++) {
        ours->plans[i] = ours->plan;
    }
    return ours->plans != NULL ? INSIST_OK : INSIST_ENOMEM;
}

static void *open_ours(const struct contender *contender, const char *url) {
    insist_problem problem = {.field = "insist"};
    struct ours *ours = calloc(1, sizeof *ours);
    insist_err err = INSIST_ENOMEM;
    if (ours != NULL) {
        ours->width = contender->width;
        err = make_client(contender, ours, &problem);
    }
    if (err == INSIST_OK) {
        err = make_plans(ours, url, &problem);
    }
    if (err == INSIST_OK) {
        return ours;
    }
    fprintf(stderr, "insist-bench: %s: %s: %s %s\n", contender->name, problem.field, insist_strerror(err),
            problem.text);
    if (ours != NULL) {
        close_ours(ours);
    }
    return NULL;
}

/* Whether the call's first attempt was slow. One that was given up before its answer began was so at least until
 * then. */
static bool was_slow(const insist_result *result) {
    const insist_attempt_record *first = insist_result_attempt(result, 0);
    if (first == NULL || first->sent_us < 0) {
        return false;
    }
    int64_t until_us = first->first_byte_us >= 0 ? first->first_byte_us : first->ended_us;
    return until_us - first->sent_us > contender_slow_us;
}

/* By its record: a hedge whose request the server never read counts. */
static unsigned count_hedges(const insist_result *result) {
    unsigned hedges = 0;
    for (size_t i = 0; i < insist_result_attempts(result); i++) {
        const insist_attempt_record *attempt = insist_result_attempt(result, i);
        hedges += attempt->kind == INSIST_HEDGE && attempt->sent != INSIST_NOT_SENT;
    }
    return hedges;
}

static struct contender_answer call_one(void *state, void *caller) {
    (void)caller;
    struct ours *ours = state;
    insist_result *result = NULL;
    struct contender_answer answer = {0};
    answer.good = insist_execute(ours->client, ours->plan, NULL, &result) == INSIST_OK && insist_result_ok(result);
    answer.slow = was_slow(result);
    answer.hedges = count_hedges(result);
    insist_result_free(result);
    return answer;
}

/* A caller's own: room for the results. */
static void *enter_all(void *state) {
    const struct ours *ours = state;
    return calloc(ours->width, sizeof(insist_result *));
}

static struct contender_answer call_all(void *state, void *caller) {
    struct ours *ours = state;
    insist_result **results = caller;
    struct contender_answer answer = {0};
    answer.good = insist_execute_all(ours->client, ours->plans, ours->width, NULL, results) == INSIST_OK;
    for (unsigned i = 0; i < ours->width; i++) {
        answer.good = answer.good && insist_result_ok(results[i]);
        answer.slow += was_slow(results[i]);
        answer.hedges += count_hedges(results[i]);
        insist_result_free(results[i]);
    }
    return answer;
}

const struct contender_kind contender_insist = {.open = open_ours, .close = close_ours, .call = call_one};
const struct contender_kind contender_insist_all = {
    .open = open_ours, .close = close_ours, .enter = enter_all, .leave = free, .call = call_all};
