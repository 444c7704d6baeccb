/* A program that calls while malloc() fails: run with failing_malloc.so preloaded, by test_failing_malloc.
 *
 *     failing_calls ORIGIN each STEP        the n-th request for memory fails, for n = 1, 1 + STEP, … of a few calls
 *     failing_calls ORIGIN one-in K SEED    each of them with a chance of 1 in K
 *
 * First comes a call with memory: what OpenSSL could not set up at its first use it never tries again, in that process.
 * ORIGIN is a test server's, https with any certificate. After each round memory is there again, and a call has to succeed. Exit
 * status 0: all was well; else the last line says what was not. An alarm ends it when it hangs. */
#include <dlfcn.h>
#include <insist/insist.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_S 240
#define ROUND_CALLS 35 /* by chance */
#define LEAST 100      /* requests for memory that each of the calls makes, and more */

typedef unsigned long arm_fn(unsigned long n, unsigned long one_in, unsigned long seed);

static arm_fn *arm;
static const char *origin;
static insist_retry_policy *soon; /* made before anything fails, like the next */
static insist_race_policy *three;
static unsigned long requests; /* that failed, in all */
static char last[512];         /* the last call that ended with an error, in words */

static int say(const char *what, unsigned long n, const char *more) {
    printf("%s, %lu: %s\n", what, n, more);
    return 1;
}

/* ---- calls -------------------------------------------------------------------------------------------------------- */

struct wish {
    const char *method, *path, *body;
    bool raced; /* three attempts at once */
};

static const struct wish wishes[] = {
    {"GET", "/plain?do=200;size=20000", NULL, false},
    {"GET", "/retried?do=503;retry-after=0,reset,200", NULL, false},
    {"POST", "/posted?do=200;echo", "some bytes", false},
    {"GET", "/packed?do=200;size=100000;gzip", NULL, false},
    {"GET", "/moved?do=redirect=/there", NULL, false},
    {"GET", "/cut?do=truncate@5,200;chunked;size=50000", NULL, false},
    {"GET", "/raced?do=reset,200;delay=2ms,200;delay=2ms", NULL, true},
};
#define WISHES (sizeof wishes / sizeof wishes[0])

/* True: there is a result, or the error says why there is none. */
static bool call(insist_client *client, const struct wish *wish, insist_err *err, int *status) {
    static unsigned long key; /* so that each call finds its script at the beginning */
    char url[256];
    insist_plan *plan = NULL;
    insist_result *result = NULL;
    snprintf(url, sizeof url, "%s%s&key=%lu", origin, wish->path, ++key);
    *status = 0;
    *err = insist_plan_new(wish->method, url, NULL, &plan);
    if (*err == INSIST_OK && wish->body != NULL)
        *err = insist_plan_set_body(plan, wish->body, strlen(wish->body));
    if (*err == INSIST_OK) {
        *err = insist_execute(client, plan,
                              INSIST_CALL_OPTIONS(.deadline_ms = 3000, .race = wish->raced ? three : NULL), &result);
        *status = insist_result_status(result);
        bool told = result != NULL || *err == INSIST_ENOMEM;
        if (*err != INSIST_OK)
            snprintf(last, sizeof last, "%s", insist_result_explain(result));
        insist_result_free(result);
        insist_plan_free(plan);
        return told && (*err != INSIST_OK || *status != 0);
    }
    insist_plan_free(plan);
    return *err == INSIST_ENOMEM;
}

static bool works(insist_client *client) {
    static const struct wish plain = {"GET", "/afterwards?do=200", NULL, false};
    insist_err err;
    int status;
    return call(client, &plain, &err, &status) && err == INSIST_OK && status == 200;
}

static insist_err new_client(insist_client **client) {
    return insist_client_new(INSIST_CLIENT_OPTIONS(.retry = soon, .budget = insist_budget_none(),
                                                   .tls = INSIST_TLS_OPTIONS(.insecure = true)),
                             NULL, client);
}

/* ---- the n-th ----------------------------------------------------------------------------------------------------- */

/* The client too is made without memory, and again with it if it could not be. -1: the n-th did not come. */
static int round_of(unsigned long n, size_t wish) {
    insist_client *client = NULL;
    insist_err err;
    int status;
    arm(n, 0, 0);
    bool told = true;
    if (new_client(&client) == INSIST_OK)
        told = call(client, &wishes[wish], &err, &status);
    unsigned long failed = arm(0, 0, 0);
    requests += failed;
    if (!told)
        return say("no result and no ENOMEM", n, wishes[wish].path);
    if (client == NULL && new_client(&client) != INSIST_OK)
        return say("no client afterwards", n, wishes[wish].path);
    if (!works(client))
        return say("does not work afterwards", n, last);
    insist_client_free(client);
    return failed > 0 ? 0 : -1;
}

static int each(unsigned long step) {
    insist_client *first = NULL;
    if (new_client(&first) != INSIST_OK || !works(first))
        return say("does not work", 0, "before anything failed");
    insist_client_free(first);
    for (size_t wish = 0; wish < WISHES; wish++) {
        unsigned long n = 1, last_failed = 0;
        int outcome = 0;
        for (int quiet = 0; quiet < 3; n += step) {
            fprintf(stderr, "%s %lu\n", wishes[wish].path, n); /* what it was at, should it die */
            outcome = round_of(n, wish);
            if (outcome > 0)
                return outcome;
            quiet = outcome == 0 ? 0 : quiet + 1;
            last_failed = outcome == 0 ? n : last_failed;
        }
        if (last_failed < LEAST)
            return say("the last request that failed came too early", last_failed, wishes[wish].path);
        printf("%s: %lu requests for memory\n", wishes[wish].path, last_failed);
    }
    return 0;
}

/* ---- by chance ---------------------------------------------------------------------------------------------------- */

static int by_chance(unsigned long one_in, unsigned long seed) {
    insist_client *client = NULL;
    size_t well = 0;
    if (new_client(&client) != INSIST_OK || !works(client))
        return say("does not work", seed, "before anything failed");
    arm(0, one_in, seed);
    for (size_t i = 0; i < ROUND_CALLS; i++) {
        insist_err err;
        int status;
        if (!call(client, &wishes[i % WISHES], &err, &status)) {
            arm(0, 0, 0);
            return say("no result and no ENOMEM", seed, wishes[i % WISHES].path);
        }
        well += err == INSIST_OK && status == 200;
    }
    requests += arm(0, 0, 0);
    if (requests == 0)
        return say("nothing failed", seed, "");
    if (!works(client))
        return say("does not work afterwards", seed, last);
    insist_client_free(client);
    printf("1 in %lu, seed %lu: %lu requests failed, %zu of %d calls did without\n", one_in, seed, requests, well,
           ROUND_CALLS);
    return 0;
}

int main(int argc, char **argv) {
    void *found = dlsym(RTLD_DEFAULT, "failing_malloc_arm");
    if (argc < 4 || found == NULL)
        return say("usage: failing_calls ORIGIN each STEP | one-in K SEED", 0, "with failing_malloc.so preloaded");
    memcpy(&arm, &found, sizeof arm);
    origin = argv[1];
    alarm(PATIENCE_S);
    if (insist_retry_policy_new(insist_retry_standard(), insist_wait_constant_ms(1), NULL, &soon) != INSIST_OK ||
        insist_race_policy_new(insist_race_at_once(3), insist_start_always(), INSIST_REFILL, NULL, &three) != INSIST_OK)
        return say("no policy", 0, "before anything failed");
    setvbuf(stdout, NULL, _IOLBF, 4096);
    if (strcmp(argv[2], "each") == 0)
        return each(strtoul(argv[3], NULL, 10));
    return argc < 5 ? 2 : by_chance(strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
}
