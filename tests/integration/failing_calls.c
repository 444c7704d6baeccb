/* A program that calls while malloc() fails: run with failing_malloc.so preloaded, by test_failing_malloc.
 *
 *     failing_calls ORIGIN each STEP        the n-th request for memory fails, for n = 1, 1 + STEP, … of a few calls
 *     failing_calls ORIGIN one-in K SEED ROUNDS ATTEMPTED SENT    each of them with a chance of 1 in K, in so many rounds.
 *                    So many calls at least have to get as far as an attempt, and a request that may have been sent
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
#define ROUND_CALLS 35 /* by chance: each wish five times */
#define SEEDS 1000     /* apart, by chance: each round has its own */
#define MISREAD 4      /* of a plain call, once its request is sent: libcurl says the same of both */
#define LEAST 100      /* requests for memory that each of the calls makes, and more */

typedef unsigned long arm_fn(unsigned long n, unsigned long one_in, unsigned long seed);

static arm_fn *arm;
static const char *origin;
static insist_retry_policy *soon; /* made before anything fails, like the next */
static insist_race_policy *three;
static unsigned long requests; /* that failed, in all */
static unsigned long misread;  /* calls without an answer's head that are said to have had too long a line in it */
static char last[512];         /* the last call that ended with an error, in words */

static int say(const char *what, unsigned long n, const char *more) {
    printf("%s, %lu: %s\n", what, n, more);
    return 1;
}

/* ---- calls -------------------------------------------------------------------------------------------------------- */

struct wish {
    const char *method, *path, *body;
    size_t length; /* of the body of a 200 */
    bool raced;    /* three attempts at once */
};

static const struct wish wishes[] = {
    {"GET", "/plain?do=200;size=20000", NULL, 20000, false},
    {"GET", "/retried?do=503;retry-after=0,reset,200", NULL, 7, false},
    {"POST", "/posted?do=200;echo", "some bytes", 10, false},
    {"GET", "/packed?do=200;size=100000;gzip", NULL, 100000, false},
    {"GET", "/moved?do=redirect=/there", NULL, 7, false},
    {"GET", "/cut?do=truncate@5,200;chunked;size=50000", NULL, 50000, false},
    {"GET", "/raced?do=reset,200;delay=2ms,200;delay=2ms", NULL, 7, true},
};
#define WISHES (sizeof wishes / sizeof wishes[0])

struct seen {
    insist_err err;
    int status;
    bool attempted, sent; /* an attempt was begun; a request may have left */
};

/* A plan that finds its script at the beginning. */
static insist_err new_plan(const struct wish *wish, insist_plan **plan) {
    static unsigned long key;
    char url[256];
    snprintf(url, sizeof url, "%s%s&key=%lu", origin, wish->path, ++key);
    insist_err err = insist_plan_new(wish->method, url, NULL, plan);
    if (err == INSIST_OK && wish->body != NULL)
        err = insist_plan_set_body(*plan, wish->body, strlen(wish->body));
    return err;
}

/* What a call was like. False: it has neither a result nor ENOMEM, or a 200 whose body is not all there. */
static bool look_at(const struct wish *wish, insist_err err, const insist_result *result, struct seen *seen) {
    size_t length = 0;
    *seen = (struct seen){.err = err, .status = insist_result_status(result)};
    seen->attempted = insist_result_attempts(result) > 0;
    for (size_t i = 0; i < insist_result_attempts(result); i++)
        seen->sent = seen->sent || insist_result_attempt(result, i)->sent != INSIST_NOT_SENT;
    misread += err == INSIST_ETOOLARGE && seen->status == 0;
    if (err != INSIST_OK) {
        snprintf(last, sizeof last, "%s", insist_result_explain(result));
        return result != NULL || err == INSIST_ENOMEM;
    }
    insist_result_body(result, &length);
    return seen->status != 0 && (seen->status != 200 || length == wish->length);
}

static bool execute(insist_client *client, const insist_plan *plan, const struct wish *wish, struct seen *seen) {
    insist_result *result = NULL;
    insist_err err = insist_execute(
        client, plan, INSIST_CALL_OPTIONS(.deadline_ms = 3000, .race = wish->raced ? three : NULL), &result);
    bool told = look_at(wish, err, result, seen);
    insist_result_free(result);
    return told;
}

/* The plan is made with what memory there is. */
static bool call(insist_client *client, const struct wish *wish, struct seen *seen) {
    insist_plan *plan = NULL;
    *seen = (struct seen){.err = new_plan(wish, &plan)};
    bool told = seen->err == INSIST_ENOMEM;
    if (seen->err == INSIST_OK)
        told = execute(client, plan, wish, seen);
    insist_plan_free(plan);
    return told;
}

static bool works(insist_client *client) {
    static const struct wish plain = {"GET", "/afterwards?do=200", NULL, 7, false};
    struct seen seen;
    return call(client, &plain, &seen) && seen.err == INSIST_OK && seen.status == 200;
}

static insist_err new_client(bool workers_only, insist_client **client) {
    return insist_client_new(INSIST_CLIENT_OPTIONS(.retry = soon, .budget = insist_budget_none(),
                                                   .workers_only = workers_only,
                                                   .tls = INSIST_TLS_OPTIONS(.insecure = true)),
                             NULL, client);
}

/* ---- the n-th ----------------------------------------------------------------------------------------------------- */

/* The client too is made without memory, and again with it if it could not be. -1: the n-th did not come. */
static int round_of(unsigned long n, size_t wish) {
    insist_client *client = NULL;
    struct seen seen;
    arm(n, 0, 0);
    bool told = true;
    if (new_client(false, &client) == INSIST_OK)
        told = call(client, &wishes[wish], &seen);
    unsigned long failed = arm(0, 0, 0);
    requests += failed;
    if (!told)
        return say("no result and no ENOMEM, or another body", n, wishes[wish].path);
    if (client == NULL && new_client(false, &client) != INSIST_OK)
        return say("no client afterwards", n, wishes[wish].path);
    if (!works(client))
        return say("does not work afterwards", n, last);
    insist_client_free(client);
    return failed > 0 ? 0 : -1;
}

static int each(unsigned long step) {
    insist_client *first = NULL;
    if (new_client(false, &first) != INSIST_OK || !works(first))
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
        if (wish == 0 && misread > MISREAD)
            return say("taken for too long a line", misread, wishes[wish].path);
        if (last_failed < LEAST)
            return say("the last request that failed came too early", last_failed, wishes[wish].path);
        printf("%s: %lu requests for memory\n", wishes[wish].path, last_failed);
    }
    return 0;
}

/* ---- by chance ---------------------------------------------------------------------------------------------------- */

struct tally {
    size_t calls, attempted, sent, well;
};

static int execute_all(insist_client *client, insist_plan *const *plans, const struct wish *const *round,
                       struct tally *tally) {
    for (size_t i = 0; i < ROUND_CALLS; i++) {
        struct seen seen;
        if (!execute(client, plans[i], round[i], &seen))
            return say("no result and no ENOMEM, or another body", i, round[i]->path);
        tally->calls++;
        tally->attempted += seen.attempted;
        tally->sent += seen.sent;
        tally->well += seen.err == INSIST_OK && seen.status == 200;
    }
    return 0;
}

/* Plans are made with memory, or the calls would end there. The first call finds a connection; it is another one in each
 * round. */
static int round_by_chance(insist_client *client, unsigned long one_in, unsigned long seed, size_t first,
                           struct tally *tally) {
    insist_plan *plans[ROUND_CALLS] = {NULL};
    const struct wish *round[ROUND_CALLS];
    insist_err err = INSIST_OK;
    int outcome = 1;
    for (size_t i = 0; err == INSIST_OK && i < ROUND_CALLS; i++) {
        round[i] = &wishes[(first + i) % WISHES];
        err = new_plan(round[i], &plans[i]);
    }
    if (err == INSIST_OK) {
        arm(0, one_in, seed);
        outcome = execute_all(client, plans, round, tally);
        requests += arm(0, 0, 0);
    }
    for (size_t i = 0; i < ROUND_CALLS; i++)
        insist_plan_free(plans[i]);
    if (err != INSIST_OK)
        return say("no plan", seed, "with memory");
    return outcome == 0 && !works(client) ? say("does not work afterwards", seed, last) : outcome;
}

/* least: calls that have to get so far. With an odd seed the calling thread drives, with an even one the workers do. */
static int by_chance(unsigned long one_in, unsigned long seed, size_t rounds, const struct tally *least) {
    insist_client *client = NULL;
    struct tally tally = {0};
    if (new_client(seed % 2 == 0, &client) != INSIST_OK || !works(client))
        return say("does not work", seed, "before anything failed");
    for (size_t i = 0; i < rounds; i++) {
        int outcome = round_by_chance(client, one_in, seed + i * SEEDS, i, &tally);
        if (outcome != 0)
            return outcome;
    }
    insist_client_free(client);
    printf("1 in %lu, seed %lu: %lu requests failed; of %zu calls %zu came to an attempt, %zu sent a request, %zu did "
           "without\n",
           one_in, seed, requests, tally.calls, tally.attempted, tally.sent, tally.well);
    if (requests == 0)
        return say("nothing failed", seed, "");
    if (tally.attempted < least->attempted || tally.sent < least->sent)
        return say("too few calls got that far", seed, "");
    return 0;
}

int main(int argc, char **argv) {
    void *found = dlsym(RTLD_DEFAULT, "failing_malloc_arm");
    if (argc < 4 || found == NULL)
        return say("usage: failing_calls ORIGIN each STEP | one-in K SEED ROUNDS ATTEMPTED SENT", 0,
                   "with failing_malloc.so preloaded");
    memcpy(&arm, &found, sizeof arm);
    origin = argv[1];
    alarm(PATIENCE_S);
    if (insist_retry_policy_new(insist_retry_standard(), insist_wait_constant_ms(1), NULL, &soon) != INSIST_OK ||
        insist_race_policy_new(insist_race_at_once(3), insist_start_always(), INSIST_REFILL, NULL, &three) != INSIST_OK)
        return say("no policy", 0, "before anything failed");
    setvbuf(stdout, NULL, _IOLBF, 4096);
    if (strcmp(argv[2], "each") == 0)
        return each(strtoul(argv[3], NULL, 10));
    if (argc < 8)
        return 2;
    unsigned long numbers[5];
    for (int i = 0; i < 5; i++)
        numbers[i] = strtoul(argv[3 + i], NULL, 10);
    return by_chance(numbers[0], numbers[1], numbers[2], &(struct tally){.attempted = numbers[3], .sent = numbers[4]});
}
