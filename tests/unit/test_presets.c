/* Presets, row by row: attempts, waits to the microsecond, what is retried and what the caller gets when all fails. The
 * expected values are those of the map of the three libraries' behaviour, written out; the random numbers are the
 * test's own. The engine plays them in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "call/preset.h"
#include "support/fail_alloc.h"
#include "support/world.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define MOST 7 /* attempts of a row, and one that must not come */
#define SECOND INT64_C(1000000)
#define NO_DRAW (-1.0)
#define HIGHEST (1 - 0x1.0p-53)

/* Every random number of a call; NO_DRAW: none is to be drawn. */
static double drawn;

double __wrap_insist_random_unit(insist_random *random);
double __wrap_insist_random_unit(insist_random *random) {
    (void)random;
    assert_true(drawn >= 0);
    return drawn;
}

enum model { HTTPX, PESTER, PESTER_429, PESTER_3, RETRYABLEHTTP };

static insist_err apply(enum model model, const struct env *env, insist_client_options *options, insist_preset **out) {
    switch (model) {
    case HTTPX: return preset_httpx(env, options, out);
    case PESTER: return preset_pester(env, options, false, 1, out);
    case PESTER_429: return preset_pester(env, options, true, 0, out);
    case PESTER_3: return preset_pester(env, options, false, 3, out);
    default: return preset_retryablehttp(env, options, out);
    }
}

struct row {
    const char *what;
    struct script scripts[MOST];
    double draws;
    unsigned attempts;
    int64_t waits_us[MOST]; /* before the first retry, the second … */
    insist_reason reason;
    insist_err err;
    int status; /* of the outcome that is reported; 0: none */
};

static void use(const insist_client_options *options, struct world *world) {
    world->rules.retry = options->retry;
    world->rules.timeout = options->timeout;
    world->rules.race = world->request.raceable ? options->race : NULL;
    world->rules.repeat_unsafe = options->repeat_unsafe;
    if (options->on_exhausted != NULL)
        world->rules.on_exhausted = *options->on_exhausted;
    assert_int_equal(options->deadline_ms, INSIST_FOREVER);
    world->rules.deadline_ns = INT64_MAX;
}

/* POST: no model looks at the method, so a request that may have been carried out is sent again. */
static void play(enum model model, const struct row *row) {
    insist_client_options options;
    insist_preset *preset = NULL;
    struct world world;
    print_message("  %s\n", row->what);
    insist_client_options_init(&options);
    assert_int_equal(apply(model, &env_standard, &options, &preset), INSIST_OK);
    world_init(&world, row->scripts, MOST);
    world.request.method = "POST";
    world.request.repeatable = world.request.raceable = false;
    use(&options, &world);
    drawn = row->draws;
    world_play(&world);

    assert_int_equal(world.execution.count, row->attempts);
    for (unsigned i = 1; i < row->attempts; i++)
        assert_int_equal(world_attempt(&world, i)->wait_us, row->waits_us[i - 1]);
    assert_int_equal(world.execution.reason, row->reason);
    assert_int_equal(world.execution.err, row->err);
    assert_int_equal(world.execution.reported->outcome.status, row->status);
    world_fini(&world);
    insist_preset_free(preset);
}

static void play_all(enum model model, const struct row *rows, size_t count) {
    for (size_t i = 0; i < count; i++)
        play(model, &rows[i]);
}

#define AGAIN(...)                                                                                                     \
    { __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__, __VA_ARGS__ }
#define ASKS(code, ms)                                                                                                 \
    { .status = (code), .has_retry_after = true, .retry_after_ms = (ms) }
#define BREAKS(code)                                                                                                   \
    { .status = (code), .err = INSIST_EEOF, .transience = INSIST_UNEXPECTED_EOF }

/* ---- what is retried, one by one --------------------------------------------------------------------------------- */

struct failure {
    insist_err err;
    insist_transience transience;
};

/* How many attempts a call makes whose every attempt ends so. */
static unsigned attempts_of(enum model model, struct script script) {
    const struct script scripts[MOST] = AGAIN(script);
    insist_client_options options;
    insist_preset *preset = NULL;
    struct world world;
    insist_client_options_init(&options);
    assert_int_equal(apply(model, &env_standard, &options, &preset), INSIST_OK);
    world_init(&world, scripts, MOST);
    use(&options, &world);
    drawn = 0;
    world_play(&world);
    const unsigned attempts = (unsigned)world.execution.count;
    world_fini(&world);
    insist_preset_free(preset);
    return attempts;
}

static void assert_statuses(enum model model, const int *statuses, size_t count, unsigned attempts) {
    for (size_t i = 0; i < count; i++)
        if (attempts_of(model, (struct script){.status = statuses[i]}) != attempts)
            fail_msg("%d: not %u attempts", statuses[i], attempts);
}

static void assert_failures(enum model model, const struct failure *failures, size_t count, unsigned attempts) {
    for (size_t i = 0; i < count; i++) {
        const struct script script = {.err = failures[i].err, .transience = failures[i].transience};
        if (attempts_of(model, script) != attempts)
            fail_msg("%s: not %u attempts", insist_err_name(failures[i].err), attempts);
    }
}

#define STATUSES(model, attempts, ...)                                                                                 \
    assert_statuses(model, (const int[]){__VA_ARGS__}, COUNT(((const int[]){__VA_ARGS__})), attempts)
#define FAILURES(model, attempts, ...)                                                                                 \
    assert_failures(model, (const struct failure[]){__VA_ARGS__}, COUNT(((const struct failure[]){__VA_ARGS__})),      \
                    attempts)

/* ---- httpx ------------------------------------------------------------------------------------------------------- */

static void httpx_attempts_waits_and_ends(void **state) { /* H25, H33, H51, H52, H60, H66 */
    static const struct row rows[] = {
        {"six attempts, the longest waits", AGAIN(ANSWER(503, 10)), HIGHEST, 6,
         {50000, 100000, 200000, 400000, 800000}, INSIST_COUNT, INSIST_OK, 503},
        {"the same, drawn in the middle", AGAIN(ANSWER(429, 10)), 0.5, 6,
         {25000, 50000, 100000, 200000, 400000}, INSIST_COUNT, INSIST_OK, 429},
        {"a wait of nothing is no wait", AGAIN(ANSWER(502, 10)), 0, 6, {0}, INSIST_COUNT, INSIST_OK, 502},
        {"a moment later it is good", {ANSWER(504, 10), ANSWER(503, 10), ANSWER(204, 10)}, 0, 3, {0}, INSIST_DONE,
         INSIST_OK, 204},
        {"a good answer costs one", {ANSWER(200, 10)}, NO_DRAW, 1, {0}, INSIST_DONE, INSIST_OK, 200},
        {"500 is an answer", {ANSWER(500, 10)}, NO_DRAW, 1, {0}, INSIST_DONE, INSIST_OK, 500},
        {"Retry-After is not looked at", {ASKS(503, 3600000), ASKS(429, 0), ANSWER(200, 10)}, HIGHEST, 3,
         {50000, 100000}, INSIST_DONE, INSIST_OK, 200},
        {"five seconds an attempt, half a minute and more in all", AGAIN(HANGS), HIGHEST, 6,
         {50000, 100000, 200000, 400000, 800000}, INSIST_COUNT, INSIST_ETIMEOUT, 0},
        {"errors to the end: the last", AGAIN(FAILS(INSIST_ERESET, INSIST_CONN_RESET, 10)), 0, 6, {0}, INSIST_COUNT,
         INSIST_ERESET, 0},
        {"an error that stays ends it", {FAILS(INSIST_ERESOLVE, INSIST_NOT_TRANSIENT, 10)}, NO_DRAW, 1, {0},
         INSIST_STOPPED, INSIST_ERESOLVE, 0},
        {"a body that breaks off is tried again", {BREAKS(200), ANSWER(200, 10)}, 0, 2, {0}, INSIST_DONE, INSIST_OK,
         200},
        {"its status is kept beside the error", AGAIN(BREAKS(200)), 0, 6, {0}, INSIST_COUNT, INSIST_EEOF, 200},
    };
    (void)state;
    play_all(HTTPX, rows, COUNT(rows));
}

static void httpx_attempt_takes_five_seconds(void **state) { /* H66 */
    insist_client_options options;
    insist_preset *preset = NULL;
    struct world world;
    (void)state;
    insist_client_options_init(&options);
    assert_int_equal(insist_preset_httpx(&options, &preset), INSIST_OK);
    world_init(&world, NULL, 0); /* all of them hang */
    use(&options, &world);
    drawn = 0;
    world_play(&world);
    assert_int_equal(world_elapsed_ms(&world), 30000);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(world_attempt(&world, i)->progress.ended_ns - world.start_ns, (int64_t)(i + 1) * 5000 * WORLD_MS);
    world_fini(&world);
    insist_preset_free(preset);
}

static void httpx_retries_four_statuses(void **state) { /* H51, H56 */
    (void)state;
    STATUSES(HTTPX, 6, 429, 502, 503, 504);
    STATUSES(HTTPX, 1, 200, 201, 204, 301, 304, 400, 401, 403, 404, 408, 409, 425, 428, 430, 499, 500, 501, 505, 599);
}

static void httpx_retries_transient_errors(void **state) { /* H57, H72 to H76 */
    (void)state;
    FAILURES(HTTPX, 6, {INSIST_ETIMEOUT, INSIST_TIMEOUT}, {INSIST_ECONNECT, INSIST_TIMEOUT},
             {INSIST_ECONNECT, INSIST_CONN_REFUSED}, {INSIST_ERESET, INSIST_CONN_RESET},
             {INSIST_EEOF, INSIST_UNEXPECTED_EOF}, {INSIST_ETLS, INSIST_TLS_INTERRUPTED});
    FAILURES(HTTPX, 1, {INSIST_ERESOLVE, INSIST_NOT_TRANSIENT}, {INSIST_ERESOLVE, INSIST_RESOLVE_AGAIN},
             {INSIST_ECONNECT, INSIST_NOT_TRANSIENT}, {INSIST_ETLS, INSIST_NOT_TRANSIENT},
             {INSIST_ECERT, INSIST_NOT_TRANSIENT}, {INSIST_EPROTO, INSIST_NOT_TRANSIENT},
             {INSIST_EPROTO, INSIST_BAD_FRAMING}, {INSIST_EREDIRECT, INSIST_NOT_TRANSIENT},
             {INSIST_EURL, INSIST_NOT_TRANSIENT});
}

/* ---- pester ------------------------------------------------------------------------------------------------------ */

static void pester_attempts_waits_and_ends(void **state) { /* P1, P4, P5, P12, P14, P18 */
    static const struct row rows[] = {
        {"three attempts, a second apart", AGAIN(ANSWER(500, 10)), NO_DRAW, 3, {SECOND, SECOND}, INSIST_COUNT,
         INSIST_OK, 500},
        {"errors to the end: the last", AGAIN(FAILS(INSIST_ECONNECT, INSIST_CONN_REFUSED, 10)), NO_DRAW, 3,
         {SECOND, SECOND}, INSIST_COUNT, INSIST_ECONNECT, 0},
        {"good at the third", {ANSWER(501, 10), FAILS(INSIST_ECERT, INSIST_NOT_TRANSIENT, 10), ANSWER(200, 10)},
         NO_DRAW, 3, {SECOND, SECOND}, INSIST_DONE, INSIST_OK, 200},
        {"a good answer costs one", {ANSWER(200, 10)}, NO_DRAW, 1, {0}, INSIST_DONE, INSIST_OK, 200},
        {"404 is an answer", {ANSWER(404, 10)}, NO_DRAW, 1, {0}, INSIST_DONE, INSIST_OK, 404},
        {"429 is an answer", {ANSWER(429, 10)}, NO_DRAW, 1, {0}, INSIST_DONE, INSIST_OK, 429},
        {"Retry-After is not looked at", {ASKS(503, 3600000), ASKS(503, 0), ANSWER(200, 10)}, NO_DRAW, 3,
         {SECOND, SECOND}, INSIST_DONE, INSIST_OK, 200},
        {"an attempt may take a day", {ANSWER(200, 86400000)}, NO_DRAW, 1, {0}, INSIST_DONE, INSIST_OK, 200},
        {"a body that breaks off is the caller's", {BREAKS(200), ANSWER(200, 10)}, NO_DRAW, 1, {0}, INSIST_STOPPED,
         INSIST_EEOF, 200},
        {"but not behind a bad status", {BREAKS(500), ANSWER(200, 10)}, NO_DRAW, 2, {SECOND}, INSIST_DONE, INSIST_OK,
         200},
    };
    static const struct row when_asked[] = {
        {"429 when asked", AGAIN(ANSWER(429, 10)), NO_DRAW, 3, {SECOND, SECOND}, INSIST_COUNT, INSIST_OK, 429},
        {"500 as before", AGAIN(ANSWER(500, 10)), NO_DRAW, 3, {SECOND, SECOND}, INSIST_COUNT, INSIST_OK, 500},
    };
    (void)state;
    play_all(PESTER, rows, COUNT(rows));
    play_all(PESTER_429, when_asked, COUNT(when_asked));
}

static void pester_retries_500_and_above(void **state) { /* P5, P6 */
    (void)state;
    STATUSES(PESTER, 3, 500, 501, 502, 503, 504, 505, 511, 599);
    STATUSES(PESTER, 1, 200, 204, 301, 304, 400, 404, 408, 425, 429, 499);
    STATUSES(PESTER_429, 3, 429, 500, 501, 599);
    STATUSES(PESTER_429, 1, 200, 404, 408, 428, 430);
}

static void pester_retries_every_error(void **state) { /* P5 */
    (void)state;
    FAILURES(PESTER, 3, {INSIST_ETIMEOUT, INSIST_TIMEOUT}, {INSIST_ECONNECT, INSIST_CONN_REFUSED},
             {INSIST_ECONNECT, INSIST_NOT_TRANSIENT}, {INSIST_ERESOLVE, INSIST_NOT_TRANSIENT},
             {INSIST_ERESET, INSIST_CONN_RESET}, {INSIST_EEOF, INSIST_UNEXPECTED_EOF},
             {INSIST_ETLS, INSIST_NOT_TRANSIENT}, {INSIST_ECERT, INSIST_NOT_TRANSIENT},
             {INSIST_EPROTO, INSIST_BAD_FRAMING}, {INSIST_EURL, INSIST_NOT_TRANSIENT},
             {INSIST_EREDIRECT, INSIST_NOT_TRANSIENT});
}

static void pester_races_get_alone(void **state) { /* P7; M59: the first good answer wins, not the first to end */
    static const char *const methods[] = {"GET", "HEAD"};
    static const unsigned attempts[] = {3, 1};
    const struct script scripts[] = {ANSWER(200, 500), FAILS(INSIST_ERESET, INSIST_CONN_RESET, 10), ANSWER(200, 300)};
    (void)state;
    for (size_t i = 0; i < COUNT(methods); i++) {
        insist_client_options options;
        insist_preset *preset = NULL;
        struct world world;
        insist_client_options_init(&options);
        assert_int_equal(apply(PESTER_3, &env_standard, &options, &preset), INSIST_OK);
        world_init(&world, scripts, COUNT(scripts));
        world.request.method = methods[i];
        use(&options, &world);
        drawn = NO_DRAW;
        world_play(&world);
        assert_int_equal(world.execution.count, attempts[i]);
        assert_int_equal(world.execution.reason, INSIST_DONE);
        assert_int_equal(world_elapsed_ms(&world), attempts[i] == 3 ? 300 : 500);
        world_fini(&world);
        insist_preset_free(preset);
    }
}

static void pester_racers_share_the_count(void **state) { /* P4, P7: three at once, and two retries */
    const struct script scripts[] = {ANSWER(500, 10), ANSWER(500, 20), ANSWER(500, 30), ANSWER(500, 10),
                                     ANSWER(500, 10), ANSWER(500, 10), ANSWER(500, 10), ANSWER(500, 10),
                                     ANSWER(500, 10), ANSWER(200, 10)};
    insist_client_options options;
    insist_preset *preset = NULL;
    struct world world;
    (void)state;
    insist_client_options_init(&options);
    assert_int_equal(apply(PESTER_3, &env_standard, &options, &preset), INSIST_OK);
    world_init(&world, scripts, COUNT(scripts));
    use(&options, &world);
    drawn = NO_DRAW;
    world_play(&world);
    assert_int_equal(world.execution.count, 9);
    assert_int_equal(world.execution.reason, INSIST_COUNT);
    assert_int_equal(world.execution.reported->outcome.status, 500);
    assert_int_equal(world_elapsed_ms(&world), 10 + 1000 + 10 + 1000 + 10);
    world_fini(&world);
    insist_preset_free(preset);
}

/* ---- go-retryablehttp -------------------------------------------------------------------------------------------- */

static void retryablehttp_attempts_waits_and_ends(void **state) { /* R1, R3, R5, R7, R8, R21, R23 */
    static const struct row rows[] = {
        {"five attempts, and an error whatever came", AGAIN(ANSWER(503, 10)), NO_DRAW, 5,
         {1 * SECOND, 2 * SECOND, 4 * SECOND, 8 * SECOND}, INSIST_COUNT, INSIST_EGAVEUP, 503},
        {"errors to the end: the last", AGAIN(FAILS(INSIST_ERESET, INSIST_CONN_RESET, 10)), NO_DRAW, 5,
         {1 * SECOND, 2 * SECOND, 4 * SECOND, 8 * SECOND}, INSIST_COUNT, INSIST_ERESET, 0},
        {"good at the fifth",
         {ANSWER(500, 10), ANSWER(429, 10), FAILS(INSIST_ERESOLVE, INSIST_NOT_TRANSIENT, 10), ANSWER(599, 10),
          ANSWER(200, 10)},
         NO_DRAW, 5, {1 * SECOND, 2 * SECOND, 4 * SECOND, 8 * SECOND}, INSIST_DONE, INSIST_OK, 200},
        {"a good answer costs one", {ANSWER(200, 10)}, NO_DRAW, 1, {0}, INSIST_DONE, INSIST_OK, 200},
        {"404 is an answer, and no error", {ANSWER(404, 10)}, NO_DRAW, 1, {0}, INSIST_DONE, INSIST_OK, 404},
        {"501 is an answer, and no error", {ANSWER(501, 10)}, NO_DRAW, 1, {0}, INSIST_DONE, INSIST_OK, 501},
        {"Retry-After beside 429 and 503 is the wait, without a cap",
         {ASKS(503, 3600000), ASKS(429, 2000), ASKS(429, 0), ANSWER(200, 10)}, NO_DRAW, 4,
         {3600 * SECOND, 2 * SECOND, 0}, INSIST_DONE, INSIST_OK, 200},
        {"and beside no other status", {ASKS(502, 3600000), ASKS(500, 0), ANSWER(200, 10)}, NO_DRAW, 3,
         {1 * SECOND, 2 * SECOND}, INSIST_DONE, INSIST_OK, 200},
        {"an attempt may take a day", {ANSWER(200, 86400000)}, NO_DRAW, 1, {0}, INSIST_DONE, INSIST_OK, 200},
        {"a body that breaks off is the caller's", {BREAKS(200), ANSWER(200, 10)}, NO_DRAW, 1, {0}, INSIST_STOPPED,
         INSIST_EEOF, 200},
        {"an error that stays is returned as it is", {FAILS(INSIST_ECERT, INSIST_NOT_TRANSIENT, 10)}, NO_DRAW, 1, {0},
         INSIST_STOPPED, INSIST_ECERT, 0},
    };
    (void)state;
    play_all(RETRYABLEHTTP, rows, COUNT(rows));
}

static void retryablehttp_statuses(void **state) { /* R3 */
    (void)state;
    STATUSES(RETRYABLEHTTP, 5, 429, 500, 502, 503, 504, 505, 511, 599);
    STATUSES(RETRYABLEHTTP, 1, 200, 204, 301, 304, 400, 404, 408, 425, 428, 430, 499, 501);
}

static void retryablehttp_errors(void **state) { /* R3: what stays is not tried again */
    (void)state;
    FAILURES(RETRYABLEHTTP, 5, {INSIST_ETIMEOUT, INSIST_TIMEOUT}, {INSIST_ECONNECT, INSIST_CONN_REFUSED},
             {INSIST_ECONNECT, INSIST_NOT_TRANSIENT}, {INSIST_ERESOLVE, INSIST_NOT_TRANSIENT},
             {INSIST_ERESET, INSIST_CONN_RESET}, {INSIST_EEOF, INSIST_UNEXPECTED_EOF},
             {INSIST_ETLS, INSIST_NOT_TRANSIENT}, {INSIST_EPROTO, INSIST_BAD_FRAMING});
    FAILURES(RETRYABLEHTTP, 1, {INSIST_EURL, INSIST_NOT_TRANSIENT}, {INSIST_EINVAL, INSIST_NOT_TRANSIENT},
             {INSIST_ECERT, INSIST_NOT_TRANSIENT}, {INSIST_EREDIRECT, INSIST_NOT_TRANSIENT});
}

static void waits_have_an_end(void **state) { /* H60: 1 s; R7: 30 s; beyond what a call of theirs makes */
    static const enum model models[] = {HTTPX, PESTER, RETRYABLEHTTP};
    static const int64_t longest_us[] = {1 * SECOND, 1 * SECOND, 30 * SECOND};
    static const unsigned retries[] = {6, 63, 128, INT32_MAX};
    (void)state;
    drawn = HIGHEST;
    for (size_t i = 0; i < COUNT(models); i++) {
        insist_client_options options;
        insist_preset *preset = NULL;
        insist_client_options_init(&options);
        assert_int_equal(apply(models[i], &env_standard, &options, &preset), INSIST_OK);
        const insist_waiter *waiter = &options.retry->waiter;
        for (size_t j = 0; j < COUNT(retries); j++) {
            insist_execution execution = {.retries = retries[j]};
            assert_int_equal(waiter_ask(waiter, &execution, &execution.random), longest_us[i]);
        }
        insist_preset_free(preset);
    }
}

/* ---- options and ownership --------------------------------------------------------------------------------------- */

static void a_preset_sets_its_own_fields_only(void **state) {
    (void)state;
    for (int model = HTTPX; model <= RETRYABLEHTTP; model++) {
        insist_client_options options;
        insist_preset *preset = NULL;
        insist_client_options_init(&options);
        options.workers = 7;
        options.user_agent = "mine";
        options.seed = 3;
        insist_client_options expected;
        memcpy(&expected, &options, sizeof expected); /* bytes between the fields, too */
        assert_int_equal(apply((enum model)model, &env_standard, &options, &preset), INSIST_OK);
        assert_non_null(options.retry);
        assert_non_null(options.timeout);
        assert_true(options.budget == insist_budget_none());
        assert_true(options.deadline_ms == INSIST_FOREVER && options.repeat_unsafe);
        assert_true(options.max_body_bytes == UINT64_MAX && options.max_header_bytes == UINT64_MAX);
        assert_int_equal(options.max_redirects, 9);
        assert_true((options.race != NULL) == (model == PESTER_3));
        assert_true((options.on_exhausted != NULL) == (model == RETRYABLEHTTP));

        expected.retry = options.retry;
        expected.timeout = options.timeout;
        expected.race = options.race;
        expected.on_exhausted = options.on_exhausted;
        expected.budget = insist_budget_none();
        expected.deadline_ms = INSIST_FOREVER;
        expected.max_body_bytes = expected.max_header_bytes = UINT64_MAX;
        expected.max_redirects = 9;
        expected.repeat_unsafe = true;
        assert_memory_equal(&options, &expected, sizeof expected);
        insist_preset_free(preset);
    }
}

/* Over options of another preset, too. */
static void the_last_preset_counts(void **state) {
    insist_client_options options;
    insist_preset *first = NULL, *second = NULL, *third = NULL;
    (void)state;
    insist_client_options_init(&options);
    assert_int_equal(insist_preset_pester(&options, true, 3, &third), INSIST_OK);
    assert_int_equal(insist_preset_retryablehttp(&options, &first), INSIST_OK);
    assert_null(options.race);
    insist_preset_free(third);
    assert_int_equal(insist_preset_pester(&options, false, 0, &second), INSIST_OK);
    insist_preset_free(first);
    assert_null(options.on_exhausted);
    assert_int_equal(options.retry->retry_bound, 2);
    insist_preset_free(second);
}

static void bad_arguments_are_refused(void **state) {
    insist_preset *preset = (void *)1;
    (void)state;
    for (int model = HTTPX; model <= RETRYABLEHTTP; model++) {
        insist_client_options options = {.size = offsetof(insist_client_options, race)};
        insist_client_options untouched;
        memcpy(&untouched, &options, sizeof untouched);
        preset = (void *)1;
        assert_int_equal(apply((enum model)model, &env_standard, NULL, &preset), INSIST_EINVAL);
        assert_null(preset);
        assert_int_equal(apply((enum model)model, &env_standard, &options, &preset), INSIST_EINVAL);
        assert_memory_equal(&options, &untouched, sizeof options);
        options.size = sizeof options;
        assert_int_equal(apply((enum model)model, &env_standard, &options, NULL), INSIST_EINVAL);
        assert_null(options.retry);
    }
    insist_preset_free(NULL);
}

static void every_allocation_may_fail(void **state) {
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    (void)state;
    for (int model = HTTPX; model <= RETRYABLEHTTP; model++) {
        for (size_t n = 1;; n++) {
            insist_client_options options;
            insist_preset *preset = NULL;
            insist_client_options_init(&options);
            fail_alloc_at(&memory, n);
            const insist_err err = apply((enum model)model, &env, &options, &preset);
            if (err == INSIST_OK) {
                assert_true(n > 4);
                insist_preset_free(preset);
                break;
            }
            assert_int_equal(err, INSIST_ENOMEM);
            assert_null(preset);
            assert_null(options.retry);
            assert_int_equal(fail_alloc_outstanding(&memory), 0);
        }
        assert_int_equal(fail_alloc_outstanding(&memory), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(httpx_attempts_waits_and_ends),
        cmocka_unit_test(httpx_attempt_takes_five_seconds),
        cmocka_unit_test(httpx_retries_four_statuses),
        cmocka_unit_test(httpx_retries_transient_errors),
        cmocka_unit_test(pester_attempts_waits_and_ends),
        cmocka_unit_test(pester_retries_500_and_above),
        cmocka_unit_test(pester_retries_every_error),
        cmocka_unit_test(pester_races_get_alone),
        cmocka_unit_test(pester_racers_share_the_count),
        cmocka_unit_test(retryablehttp_attempts_waits_and_ends),
        cmocka_unit_test(retryablehttp_statuses),
        cmocka_unit_test(retryablehttp_errors),
        cmocka_unit_test(waits_have_an_end),
        cmocka_unit_test(a_preset_sets_its_own_fields_only),
        cmocka_unit_test(the_last_preset_counts),
        cmocka_unit_test(bad_arguments_are_refused),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
