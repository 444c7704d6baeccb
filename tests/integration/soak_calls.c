/* See soak_calls.h. */
#include "soak_calls.h"

#include "call/cancel.h"
#include "call/client.h"
#include "call/handlers.h"
#include "call/plan.h"
#include "support/fail_alloc.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TLS_EVERY = 8,        /* rounds through all kinds */
    CLIENT_EVERY = 1000,  /* calls: one with a client of its own */
    MOST_BODY = 64 << 10, /* of an answer */
    SENT = 20000,         /* bytes of a request's body, where there is one */
    BRIEF_MS = 20,        /* of an attempt */
    DEADLINE_MS = 30,     /* of a call that is to miss it */
    TOGETHER = 4,         /* calls of insist_execute_all() */
};

/* How a call is made, beside its method and script. */
enum way {
    BODY = 1,        /* with a body */
    READER = 2,      /* with one that is read while it is sent */
    SINK = 4,        /* into a sink */
    FULL_SINK = 8,   /* into one that takes nothing */
    RACED = 16,      /* two attempts at once */
    LEARNT = 32,     /* hedged after a delay that is learnt */
    BRIEF = 64,      /* attempts have BRIEF_MS */
    SHORT = 128,     /* the call has DEADLINE_MS */
    OVER = 256,      /* its deadline has passed */
    CANCELLED = 512, /* by a handler, once the headers are there */
    REFUSED = 1024,  /* by a handler, before there is one */
    NAMED = 2048,    /* localhost */
    NOBODY = 4096,   /* nobody listens */
    ALL = 8192,      /* TOGETHER at once on one thread */
    DOOR =
        16384, /* a fault of the port: the next that connects has to do with it, within BRIEF_MS, and any end is fine */
};

static const struct kind {
    const char *method, *script; /* percent-encoded where necessary */
    unsigned ways;
    insist_err err;
    int status;
} kinds[] = {
    {"GET", "200;size=300", 0, INSIST_OK, 200},
    {"GET", "404;size=20KB", 0, INSIST_OK, 404},
    {"GET", "200;size=300", NAMED, INSIST_OK, 200},
    {"GET", "200;gzip;size=60KB", 0, INSIST_OK, 200},
    {"GET", "200;chunked;size=60KB;trailer:X=1", 0, INSIST_OK, 200},
    {"GET", "http10;length=none;size=999", 0, INSIST_OK, 200},
    {"GET", "200;1xx=103", 0, INSIST_OK, 200},
    {"HEAD", "200;size=1MB", 0, INSIST_OK, 200},
    {"GET", "redirect=/there", 0, INSIST_OK, 200},
    {"GET", "redirect", 0, INSIST_EREDIRECT, 302},
    {"POST", "echo", BODY, INSIST_OK, 200},
    {"PUT", "503,echo", READER, INSIST_OK, 200},
    {"POST", "unread;413", BODY, INSIST_OK, 413},
    {"GET", "503x2,200", 0, INSIST_OK, 200},
    {"GET", "503", 0, INSIST_OK, 503},
    {"GET", "429;retry-after=0,200", 0, INSIST_OK, 200},
    {"GET", "503;retry-after=3600", 0, INSIST_OK, 503},
    {"POST", "503", BODY, INSIST_OK, 503},
    {"GET", "reset,close,200", 0, INSIST_OK, 200},
    {"GET", "reset", 0, INSIST_ERESET, 0},
    {"POST", "reset", 0, INSIST_ERESET, 0},
    {"POST", "close", BODY, INSIST_EEOF, 0},
    {"GET", "reset@headers,close@headers,200", 0, INSIST_OK, 200},
    {"GET", "reset@body:777,truncate@777,200", 0, INSIST_OK, 200},
    {"POST", "truncate@777", 0, INSIST_EEOF, 200},
    {"GET", "reset@end;size=999", 0, INSIST_OK, 200},
    {"GET", "close@end;size=999", 0, INSIST_OK, 200},
    {"GET", "garbage", 0, INSIST_EPROTO, 0},
    {"POST", "badchunk@100", 0, INSIST_EPROTO, 200},
    {"GET", "gzip=crc;size=20KB", 0, INSIST_EDECODE, 200},
    {"GET", "gzip=truncated;size=20KB", 0, INSIST_EEOF, 200},
    {"GET", "gzip;size=1GB", 0, INSIST_ETOOLARGE, 200},
    {"GET", "endless", 0, INSIST_ETOOLARGE, 200},
    {"GET", "size=10MB", 0, INSIST_ETOOLARGE, 200},
    {"GET", "headers=endless", 0, INSIST_ETOOLARGE, 200},
    {"GET", "1xx=103xendless", 0, INSIST_ETOOLARGE, 0},
    {"GET", "trailers=endless", 0, INSIST_ETOOLARGE, 200},
    {"POST", "hang", BRIEF, INSIST_ETIMEOUT, 0},
    {"GET", "hang", BRIEF, INSIST_ETIMEOUT, 0},
    {"GET", "size=50KB;drip=5ms/16", BRIEF, INSIST_ETIMEOUT, -1},
    {"GET", "stall=headers", SHORT, INSIST_EDEADLINE, -1},
    {"GET", "stall=body@100", SHORT, INSIST_EDEADLINE, -1},
    {"GET", "200", OVER, INSIST_EDEADLINE, 0},
    {"GET", "hang,200", RACED, INSIST_OK, 200},
    {"GET", "503,200;delay=3ms", RACED, INSIST_OK, 200},
    {"GET", "200;delay=1ms", LEARNT, INSIST_OK, 200},
    {"GET", "stall=body@100", CANCELLED, INSIST_ECANCELED, -1},
    {"GET", "200", REFUSED, INSIST_EHANDLER, 0},
    {"GET", "200;size=100KB", SINK, INSIST_OK, 200},
    {"GET", "200;size=100KB", FULL_SINK, INSIST_ESINK, 200},
    {"GET", "200", NOBODY, INSIST_ECONNECT, 0},
    {"GET", "503,200;size=999", ALL, INSIST_OK, 200},
    {"GET", "200;reset@connect", DOOR, INSIST_OK, 0},
    {"GET", "200;close@connect", DOOR, INSIST_OK, 0},
    {"GET", "200;refuse=2ms", DOOR, INSIST_OK, 0},
    {"POST", "200;stall=connect", DOOR, INSIST_OK, 0},
    {"GET", "200;tls-fault=reset", DOOR, INSIST_OK, 0},
    {"GET", "200;tls-fault=alert", DOOR, INSIST_OK, 0},
};

size_t soak_kinds(void) {
    return sizeof kinds / sizeof kinds[0];
}

/* ---- what is shared ----------------------------------------------------------------------------------------------- */

static struct {
    struct fail_alloc memory;
    struct env env;
    struct soak_servers servers;
    insist_client *client;
    insist_retry_policy *retry;
    insist_timeout_policy *brief;
    insist_race_policy *both, *learnt;
    insist_handlers *refusing;
} scene;

static int refuse(void *ctx, insist_event event, insist_execution *execution) {
    (void)ctx;
    (void)event;
    (void)execution;
    return 7;
}

static int cancel(void *token, insist_event event, insist_execution *execution) {
    (void)event;
    (void)execution;
    insist_cancel_fire(token);
    return 0;
}

static insist_err handlers_of(insist_event event, insist_handler_fn *handler, void *ctx, insist_handlers **handlers) {
    insist_err err = handlers_new(&scene.env, handlers);
    return err != INSIST_OK ? err : insist_handlers_push(*handlers, event, handler, ctx);
}

static insist_err new_client(insist_client **client) {
    return client_new(&scene.env,
                      INSIST_CLIENT_OPTIONS(.retry = scene.retry, .budget = insist_budget_none(),
                                            .max_body_bytes = MOST_BODY, .max_header_bytes = MOST_BODY,
                                            .tls = INSIST_TLS_OPTIONS(.insecure = true)),
                      NULL, client);
}

insist_err soak_init(const struct soak_servers *servers) {
    scene.env = fail_alloc_env(&scene.memory, &env_standard);
    scene.servers = *servers;
    const insist_decider five_times = insist_retry_and(insist_retry_times(5), insist_retry_standard());
    insist_err err = insist_retry_policy_new(five_times, insist_wait_constant_ms(1), NULL, &scene.retry);
    if (err == INSIST_OK)
        err = insist_timeout_fixed_new(BRIEF_MS, NULL, &scene.brief);
    if (err == INSIST_OK)
        err = insist_race_policy_new(insist_race_at_once(2), insist_start_always(), INSIST_REFILL, NULL, &scene.both);
    if (err == INSIST_OK)
        err = insist_race_policy_new(insist_race_quantile(0.9, 1), insist_start_always(), INSIST_REFILL, NULL,
                                     &scene.learnt);
    if (err == INSIST_OK)
        err = handlers_of(INSIST_BEFORE_ATTEMPT, refuse, NULL, &scene.refusing);
    return err != INSIST_OK ? err : new_client(&scene.client);
}

void soak_fini(void) {
    insist_client_free(scene.client);
    insist_handlers_free(scene.refusing);
    insist_race_policy_free(scene.both);
    insist_race_policy_free(scene.learnt);
    insist_timeout_policy_free(scene.brief);
    insist_retry_policy_free(scene.retry);
}

/* ---- a call ------------------------------------------------------------------------------------------------------- */

static int64_t read_letters(void *ctx, void *buffer, size_t room) {
    size_t *left = ctx, count = room < *left ? room : *left;
    memset(buffer, 'r', count);
    *left -= count;
    return (int64_t)count;
}

static int read_again(void *ctx) {
    *(size_t *)ctx = SENT;
    return 0;
}

static int take(void *ctx, const void *data, size_t length) {
    (void)ctx;
    (void)data;
    (void)length;
    return 0;
}

static int take_nothing(void *ctx, const void *data, size_t length) {
    (void)ctx;
    (void)data;
    (void)length;
    return -1;
}

static void name_url(const struct kind *kind, size_t number, char *url, size_t size) {
    bool tls = number / soak_kinds() % TLS_EVERY == TLS_EVERY - 1;
    const uint16_t *ports = (kind->ways & DOOR) != 0 ? scene.servers.doors : scene.servers.ports;
    unsigned port = (kind->ways & NOBODY) != 0 ? scene.servers.nobodys : ports[tls];
    snprintf(url, size, "%s://%s:%u/%zu?do=%s&key=%zu", tls ? "https" : "http",
             (kind->ways & NAMED) != 0 ? "localhost" : "127.0.0.1", port, number % soak_kinds(), kind->script, number);
}

static insist_err new_plan(const struct kind *kind, const char *url, size_t *unread, insist_plan **plan) {
    static const char letters[SENT];
    const insist_reader reader = {.read = read_letters, .rewind = read_again, .ctx = unread, .length = SENT};
    insist_err err = plan_new(&scene.env, kind->method, url, NULL, plan);
    if (err == INSIST_OK && (kind->ways & BODY) != 0)
        err = insist_plan_set_body(*plan, letters, SENT);
    if (err == INSIST_OK && (kind->ways & READER) != 0)
        err = insist_plan_set_body_reader(*plan, &reader);
    return err;
}

/* What its attempts meet again and again, until no retry is left or no time for another. */
static bool is_repeated(insist_err err) {
    return err == INSIST_ERESET || err == INSIST_EEOF || err == INSIST_ETIMEOUT || err == INSIST_EDEADLINE;
}

/* A server that ends a connection behind an answer may do so just as the next request leaves on it: what may not be repeated
 * ends there, and the last of several attempts may end so in place of what the script says. An answer, a limit or an error that
 * is not retried is what comes of the next attempt. */
static bool has_lost_its_connection(const struct kind *kind, insist_err err, const insist_result *result) {
    bool cut = err == INSIST_ERESET || err == INSIST_EEOF;
    return cut && (is_repeated(kind->err) || insist_result_reason(result) == INSIST_NOT_REPEATABLE);
}

static bool is_as_expected(const struct kind *kind, insist_err err, const insist_result *result) {
    if (result == NULL || insist_result_error(result) != err)
        return false;
    if ((kind->ways & DOOR) != 0)
        return insist_result_attempts(result) > 0;
    if (has_lost_its_connection(kind, err, result))
        return true;
    return err == kind->err && (kind->status < 0 || insist_result_status(result) == kind->status);
}

static void tell(const struct kind *kind, insist_err err, const insist_result *result, char *problem) {
    snprintf(problem, SOAK_TEXT, "%s %s: %s instead of %s and %d: %.200s", kind->method, kind->script,
             insist_err_name(err), insist_err_name(kind->err), kind->status,
             result != NULL ? insist_result_explain(result) : "no result");
}

static bool execute_together(insist_client *client, insist_plan *plan, const struct kind *kind, char *problem) {
    const insist_plan *plans[TOGETHER] = {plan, plan, plan, plan};
    insist_result *results[TOGETHER] = {NULL};
    bool fine = true;
    insist_err err = insist_execute_all(client, plans, TOGETHER, NULL, results);
    for (size_t i = 0; i < TOGETHER; i++) {
        if (fine && !is_as_expected(kind, err, results[i])) {
            tell(kind, err, results[i], problem);
            fine = false;
        }
        insist_result_free(results[i]);
    }
    return fine;
}

static insist_err cancelled_execute(insist_client *client, insist_plan *plan, insist_result **result) {
    insist_cancel *token = NULL;
    insist_handlers *handlers = NULL;
    insist_err err = cancel_new(&scene.env, &token);
    if (err == INSIST_OK)
        err = handlers_of(INSIST_BEFORE_READ_BODY, cancel, token, &handlers);
    if (err == INSIST_OK)
        err = insist_execute(client, plan, INSIST_CALL_OPTIONS(.handlers = handlers, .cancel = token), result);
    insist_handlers_free(handlers);
    insist_cancel_free(token);
    return err;
}

static insist_err execute(insist_client *client, insist_plan *plan, unsigned ways, insist_result **result) {
    const insist_sink sink = {.write = (ways & SINK) != 0 ? take : take_nothing};
    insist_call_options options = *INSIST_CALL_OPTIONS(.sink = (ways & (SINK | FULL_SINK)) != 0 ? &sink : NULL);
    if ((ways & CANCELLED) != 0)
        return cancelled_execute(client, plan, result);
    if ((ways & (BRIEF | DOOR)) != 0)
        options.timeout = scene.brief;
    if ((ways & (RACED | LEARNT)) != 0)
        options.race = (ways & RACED) != 0 ? scene.both : scene.learnt;
    if ((ways & REFUSED) != 0)
        options.handlers = scene.refusing;
    if ((ways & SHORT) != 0)
        options.deadline_ms = DEADLINE_MS;
    if ((ways & OVER) != 0)
        options.deadline_at_ns = 1;
    return insist_execute(client, plan, &options, result);
}

static bool call_with(insist_client *client, size_t number, char *problem) {
    const struct kind *kind = &kinds[number % soak_kinds()];
    char url[256];
    size_t unread = SENT;
    insist_plan *plan = NULL;
    insist_result *result = NULL;
    name_url(kind, number, url, sizeof url);
    insist_err err = new_plan(kind, url, &unread, &plan);
    bool fine = err == INSIST_OK;
    if (fine && (kind->ways & ALL) != 0) {
        fine = execute_together(client, plan, kind, problem);
    } else if (fine) {
        err = execute(client, plan, kind->ways, &result);
        fine = is_as_expected(kind, err, result);
        if (!fine)
            tell(kind, err, result, problem);
    } else {
        tell(kind, err, NULL, problem);
    }
    insist_result_free(result);
    insist_plan_free(plan);
    return fine;
}

bool soak_call(size_t number, char problem[SOAK_TEXT]) {
    insist_client *own = NULL;
    if (number % CLIENT_EVERY != CLIENT_EVERY - 1)
        return call_with(scene.client, number, problem);
    if (new_client(&own) != INSIST_OK) {
        snprintf(problem, SOAK_TEXT, "no client");
        return false;
    }
    bool fine = call_with(own, number, problem);
    insist_client_free(own);
    return fine;
}

insist_client *soak_client(void) {
    return scene.client;
}

long long soak_blocks(void) {
    return fail_alloc_outstanding(&scene.memory);
}
