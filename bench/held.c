/* See held.h. */
#include "held.h"
#include "instant.h"
#include <stdio.h>
#include <string.h>

enum { HUNG_NAMES = 10 };

/* ---- phases ----------------------------------------------------------------------------------------------------- */

static bool one_attempt(const insist_result *result, insist_sent sent) {
    return insist_result_attempts(result) == 1 && insist_result_attempt(result, 0)->sent == sent;
}

static bool shows_queue(const insist_result *result, const struct held_user_code *code) {
    (void)code;
    return one_attempt(result, INSIST_NOT_SENT) && insist_result_attempt(result, 0)->started_us < 0;
}

/* A lookup may have come to its end meanwhile, and been asked for again. */
static bool shows_dns(const insist_result *result, const struct held_user_code *code) {
    size_t attempts = insist_result_attempts(result);
    bool looked_up = attempts > 0;
    (void)code;
    for (size_t i = 0; i < attempts; i++) {
        const insist_attempt_record *attempt = insist_result_attempt(result, i);
        looked_up = looked_up && attempt->sent == INSIST_NOT_SENT && attempt->address[0] == '\0';
    }
    return looked_up;
}

static bool shows_connect(const insist_result *result, const struct held_user_code *code) {
    (void)code;
    return one_attempt(result, INSIST_NOT_SENT) && insist_result_attempt(result, 0)->address[0] != '\0' &&
           insist_result_attempt(result, 0)->connected_us < 0;
}

static bool shows_tls(const insist_result *result, const struct held_user_code *code) {
    (void)code;
    return one_attempt(result, INSIST_NOT_SENT) && insist_result_attempt(result, 0)->address[0] != '\0';
}

static bool shows_headers(const insist_result *result, const struct held_user_code *code) {
    (void)code;
    return one_attempt(result, INSIST_MAYBE_SENT);
}

static bool shows_body(const insist_result *result, const struct held_user_code *code) {
    (void)code;
    return one_attempt(result, INSIST_ANSWERED) && insist_result_attempt(result, 0)->status == 200;
}

static bool shows_503(const insist_result *result, const struct held_user_code *code) {
    (void)code;
    return one_attempt(result, INSIST_ANSWERED) && insist_result_status(result) == 503;
}

static bool shows_race(const insist_result *result, const struct held_user_code *code) {
    (void)code;
    return insist_result_attempts(result) == 2 && insist_result_attempt(result, 1)->kind == INSIST_HEDGE;
}

static bool shows_pieces(const insist_result *result, const struct held_user_code *code) {
    return insist_result_attempts(result) == 1 && code->pieces > 0;
}

const struct held_phase held_queue = {.name = "queue", .queued = true, .shows = shows_queue};
const struct held_phase held_dns = {.name = "dns", .place = HELD_AT_NAME, .shows = shows_dns};
const struct held_phase held_connect = {.name = "connect", .place = HELD_AT_SILENCE, .shows = shows_connect};
const struct held_phase held_tls = {.name = "tls", .place = HELD_AT_TLS, .shows = shows_tls};
const struct held_phase held_headers = {.name = "headers", .script = "stall=headers", .shows = shows_headers};
const struct held_phase held_body = {.name = "body", .script = "200;size=100000;drip=10ms/16", .shows = shows_body};
const struct held_phase held_retry_after = {
    .name = "retry-after", .script = "503;retry-after=3600", .over_at_once = true, .shows = shows_503};
const struct held_phase held_wait = {.name = "wait", .script = "503;retry-after=20", .shows = shows_503};
const struct held_phase held_race = {.name = "race", .script = "hang", .raced = true, .shows = shows_race};
const struct held_phase held_sink = {
    .name = "sink", .script = "stall=body@1000;size=2000", .streamed = true, .shows = shows_pieces};
const struct held_phase held_reader = {.name = "reader", .script = "200", .uploaded = true, .shows = shows_pieces};

/* ---- setting up ------------------------------------------------------------------------------------------------- */

static void *occupy(void *argument) {
    struct held *held = argument;
    insist_plan *plan = NULL;
    insist_timeout_policy *endless = NULL;
    insist_result *result = NULL;
    char url[160];
    held_url(held, 0, url, sizeof url);
    insist_err err = insist_plan_new("GET", url, NULL, &plan);
    if (err == INSIST_OK) {
        err = insist_timeout_infinite_new(NULL, &endless);
    }
    if (err == INSIST_OK) {
        insist_call_options options = *INSIST_CALL_OPTIONS(.cancel = held->vacate, .deadline_ms = INSIST_FOREVER);
        options.timeout = endless;
        err = insist_execute(held->client, plan, &options, &result);
    }
    if (err != INSIST_ECANCELED) {
        fprintf(stderr, "insist-bench: queue: %s\n", insist_strerror(err));
    }
    insist_result_free(result);
    insist_timeout_policy_free(endless);
    insist_plan_free(plan);
    return NULL;
}

/* The only room is taken by a request that hangs. */
static bool take_the_room(struct held *held, struct bench *bench) {
    uint64_t hits = 0;
    held->occupied =
        insist_cancel_new(&held->vacate) == INSIST_OK && pthread_create(&held->occupant, NULL, occupy, held) == 0;
    bool asked = held->occupied;
    while (asked && hits == 0) {
        asked = server_hits(&bench->server, "/queue", &hits);
        instant_wait_until_ns(instant_now_ns() + 1000000);
    }
    return asked;
}

static insist_err make_client(struct held *held, insist_problem *problem) {
    static const int64_t offsets[] = {5, 4000};
    const insist_client_options *options =
        INSIST_CLIENT_OPTIONS(.tls = INSIST_TLS_OPTIONS(.insecure = true), .budget = insist_budget_none(),
                              .max_in_flight = held->phase->queued ? 1 : 0,
                              .max_in_flight_origin = held->phase->queued ? 1 : 0);
    insist_err err = insist_client_new(options, problem, &held->client);
    if (err == INSIST_OK && held->phase->raced) {
        err = insist_race_policy_new(insist_race_static_ms(offsets, 2), insist_start_always(), INSIST_REFILL, problem,
                                     &held->race);
    }
    return err;
}

static bool find_place(struct held *held, struct bench *bench) {
    const struct held_phase *phase = held->phase;
    const struct options *options = bench->options;
    char path[64];
    snprintf(path, sizeof path, "/%s", phase->name);
    switch (phase->place) {
    case HELD_AT_NAME: return true;
    case HELD_AT_SILENCE:
        return silence_init(&held->silence) &&
               snprintf(held->url, sizeof held->url, "http://127.0.0.1:%u/", held->silence.port) > 0;
    case HELD_AT_TLS:
        return server_start_tls(&held->tls, options->server, options->seed, "stall") &&
               snprintf(held->url, sizeof held->url, "%s%s", held->tls.url, path) > 0;
    case HELD_AT_SERVER:
    default:
        snprintf(held->url, sizeof held->url, "%s%s", bench->server.url, path);
        return server_script(&bench->server, path, phase->script != NULL ? phase->script : "hang") &&
               server_forget(&bench->server);
    }
}

bool held_open(struct held *held, struct bench *bench, const struct held_phase *phase) {
    insist_problem problem = {.text = "out of memory"};
    *held = (struct held){.phase = phase, .silence = {.listener = -1, .fillers = {-1, -1, -1}}, .tls = {.output = -1}};
    if (!find_place(held, bench)) {
        return false;
    }
    if (make_client(held, &problem) != INSIST_OK) {
        fprintf(stderr, "insist-bench: %s: %s\n", phase->name, problem.text);
        return false;
    }
    return !phase->queued || take_the_room(held, bench);
}

void held_close(struct held *held) {
    if (held->occupied) {
        insist_cancel_fire(held->vacate);
        pthread_join(held->occupant, NULL);
    }
    insist_cancel_free(held->vacate);
    insist_client_free(held->client);
    insist_race_policy_free(held->race);
    silence_fini(&held->silence);
    server_stop(&held->tls);
}

void held_url(const struct held *held, uint64_t number, char *url, size_t size) {
    if (held->phase->place == HELD_AT_NAME) {
        snprintf(url, size, "http://name-%u.hang/", (unsigned)(number % HUNG_NAMES));
    } else {
        snprintf(url, size, "%s", held->url);
    }
}

/* ---- a call ----------------------------------------------------------------------------------------------------- */

static int take_piece(void *ctx, const void *data, size_t length) {
    (void)data;
    (void)length;
    ((struct held_user_code *)ctx)->pieces++;
    return 0;
}

static int64_t give_piece(void *ctx, void *buffer, size_t room) {
    struct held_user_code *code = ctx;
    if (code->pieces++ > 0 && code->before_second != NULL) {
        code->before_second(code->ctx);
    }
    memset(buffer, 'x', room);
    return (int64_t)room;
}

static insist_err make_plan(const struct held *held, uint64_t number, struct held_user_code *code, insist_plan **plan) {
    char url[160];
    held_url(held, number, url, sizeof url);
    insist_err err = insist_plan_new(held->phase->uploaded ? "PUT" : "GET", url, NULL, plan);
    if (err == INSIST_OK && held->phase->uploaded) {
        err = insist_plan_set_body_reader(*plan, &(insist_reader){.read = give_piece, .ctx = code, .length = -1});
    }
    return err;
}

struct held_call held_execute(struct held *held, uint64_t number, insist_call_options options,
                              struct held_user_code *code) {
    const struct held_phase *phase = held->phase;
    struct held_call call = {0};
    insist_sink sink = {.write = take_piece, .ctx = code};
    insist_plan *plan = NULL;
    insist_result *result = NULL;
    options.sink = phase->streamed ? &sink : NULL;
    options.race = held->race;
    call.err = make_plan(held, number, code, &plan);
    call.begun_ns = instant_now_ns();
    if (call.err == INSIST_OK) {
        call.err = insist_execute(held->client, plan, &options, &result);
    }
    call.ended_ns = instant_now_ns();
    call.shown = result != NULL && phase->shows(result, code);
    insist_result_free(result);
    insist_plan_free(plan);
    return call;
}
