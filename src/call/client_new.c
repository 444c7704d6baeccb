/* How a client is made: options checked and copied, policies taken or made, workers started. In: a user's options. Out: a
 * client, or the field that makes no sense. Any thread. */
#include "call/client.h"
#include "base/problem.h"
#include "base/time_math.h"
#include "call/options.h"
#include "origin/budgets.h"
#include "policy/defaults.h"
#include "policy/race.h"
#include "policy/retry.h"
#include "policy/timeout.h"
#include "wire/resolver.h"
#include "wire/transport_curl.h"

#define REACTORS_AT_LEAST 2
#define REACTORS_MOST 64
#define REACTORS_LED 8 /* on top of those */
#define IN_FLIGHT_A_LEADER 16
#define IDLE_CONNECTIONS 1024

static insist_err take_policies(insist_client *client, const insist_client_options *options) {
    insist_err err = INSIST_OK;
    if (options->retry != NULL)
        client->retry = retry_policy_retain(options->retry);
    else
        err = defaults_retry_policy(client->env, &client->retry);
    if (err != INSIST_OK)
        return err;
    if (options->timeout != NULL)
        client->timeout = timeout_policy_retain(options->timeout);
    else
        err = defaults_timeout_policy(client->env, &client->timeout);
    if (err != INSIST_OK)
        return err;
    if (options->race != NULL)
        client->race = race_policy_retain(options->race);
    if (options->budget == NULL)
        return budgets_new(client->env, &client->budget);
    client->budget = budgets_retain(options->budget);
    return INSIST_OK;
}

static insist_err copy_texts(insist_client *client, const insist_client_options *options, const char *ca_file) {
    client->user_agent = env_copy_text(client->env, options->user_agent);
    client->thread_name = env_copy_text(client->env, options->thread_name);
    client->ca_file = ca_file == NULL ? NULL : env_copy_text(client->env, ca_file);
    bool copied =
        client->user_agent != NULL && client->thread_name != NULL && (ca_file == NULL || client->ca_file != NULL);
    return copied ? INSIST_OK : INSIST_ENOMEM;
}

static void copy_hooks(insist_client *client, const insist_client_options *options) {
    if (options->validator != NULL)
        client->validator = *options->validator;
    if (options->prepare_retry != NULL)
        client->preparer = *options->prepare_retry;
    if (options->on_exhausted != NULL)
        client->on_exhausted = *options->on_exhausted;
    if (options->logger != NULL)
        client->logger = *options->logger;
    client->failures_kept = options->failures_kept;
}

static insist_err copy_hidden(insist_client *client, const char *const *keys) {
    insist_err err = INSIST_OK;
    for (size_t i = 0; err == INSIST_OK && keys != NULL && keys[i] != NULL; i++)
        err = headers_add(&client->hidden, keys[i], "");
    return err;
}

/* Whole seconds are all that libcurl knows; 0 is left for "never", so what is less than a second counts as one. */
static long whole_seconds(int64_t ms) {
    if (ms == INSIST_FOREVER)
        return INT32_MAX;
    int64_t seconds = ms / 1000 + (ms % 1000 != 0);
    return seconds > INT32_MAX ? INT32_MAX : (long)seconds;
}

static void set_wire(insist_client *client, const insist_client_options *options, const insist_tls_options *tls) {
    client->wire = (struct wire_settings){
        .env = client->env,
        .counters = &client->counters,
        .network = client->network,
        .curl_setup = options->curl_setup,
        .curl_setup_ctx = options->curl_setup_ctx,
        .ca_file = client->ca_file,
        .user_agent = client->user_agent,
        .max_body_bytes = options->max_body_bytes,
        .max_header_bytes = options->max_header_bytes,
        .idle_unsafe_s = whole_seconds(options->idle_unsafe_ms),
        .max_redirects = options->max_redirects,
        .max_connections = IDLE_CONNECTIONS,
        .insecure = tls->insecure,
        .http2 = options->http_version == INSIST_HTTP_2,
        .follow = !options->no_redirects,
        .decode = !options->no_gzip,
    };
}

/* They have connections of their own, which others cannot use: where few attempts may be in flight, few connections are
 * wanted. */
static unsigned reactors_led(const insist_client_options *options, unsigned shared) {
    unsigned most = REACTORS_MOST - shared < REACTORS_LED ? REACTORS_MOST - shared : REACTORS_LED;
    unsigned allowed = options->max_in_flight_origin / IN_FLIGHT_A_LEADER;
    return allowed < most ? allowed : most;
}

static insist_err start_workers(insist_client *client, const insist_client_options *options) {
    const unsigned shared = options->workers > REACTORS_AT_LEAST ? options->workers : REACTORS_AT_LEAST;
    struct pool_settings settings = {
        .workers = options->workers,
        .reactors = shared,
        .led = client->leads ? reactors_led(options, shared) : 0,
        .thread_name = client->thread_name,
        .limits = {.in_flight = options->max_in_flight,
                   .in_flight_origin = options->max_in_flight_origin,
                   .waiting = options->max_waiting},
        .counters = &client->counters,
        .birthmark = &client->birthmark,
        .transport_new = transport_curl_new,
        .transport_ctx = &client->wire,
    };
    if (client_has_own_transport(client)) {
        settings.transport_new = transport_custom_new;
        settings.transport_ctx = &client->custom;
        return pool_new(client->env, &settings, &client->pool);
    }
    if (!transport_curl_begin())
        return INSIST_ESYSTEM;
    insist_err err = resolver_new(client->env, &client->wire.resolver);
    return err != INSIST_OK ? err : pool_new(client->env, &settings, &client->pool);
}

/* What the user was promised to be called on a worker keeps the calling threads out. So does HTTP/2, where calls are to
 * share connections. */
static bool may_lead(const insist_client_options *options) {
#ifdef NEVER_LEADS
    (void)options;
    return false;
#else
    const bool calls_user_code = options->transport != NULL || options->curl_setup != NULL;
    return !options->workers_only && !calls_user_code && options->http_version != INSIST_HTTP_2;
#endif
}

static insist_err build(insist_client *client, const insist_client_options *options, const insist_tls_options *tls) {
    client->seed = options->seed != 0 ? options->seed : env_seed(client->env);
    client->handlers = options->handlers;
    client->deadline_ns = time_from_ms(options->deadline_ms);
    client->repeat_unsafe = options->repeat_unsafe;
    client->leads = may_lead(options);
    client->in_flight_origin = options->max_in_flight_origin;
    copy_hooks(client, options);
    client->custom.env = client->env;
    client->custom.max_header_bytes = options->max_header_bytes;
    if (options->transport != NULL)
        client->custom.transport = *options->transport;
    insist_err err = copy_texts(client, options, tls->ca_file);
    if (err == INSIST_OK)
        err = copy_hidden(client, options->hidden_query_keys);
    if (err == INSIST_OK)
        err = take_policies(client, options);
    if (err == INSIST_OK)
        err = latencies_new(client->env, &client->latencies);
    if (err != INSIST_OK)
        return err;
    set_wire(client, options, tls);
    return start_workers(client, options);
}

static insist_err say_what_failed(insist_problem *problem, insist_err err) {
    if (err == INSIST_ENOMEM)
        return problem_set(problem, err, "client", "out of memory");
    return problem_set(problem, err, "client", "no thread or descriptor could be had: %s", insist_strerror(err));
}

static bool begin_sharing(insist_client *client) {
    list_init(&client->shared.running);
    if (!mutex_init(&client->shared.lock))
        return false;
    if (condition_init(&client->shared.left))
        return true;
    mutex_fini(&client->shared.lock);
    return false;
}

static insist_err make_network(const struct env *env, const insist_client_options *options, insist_tls_options *tls,
                               insist_problem *problem, struct network **network) {
    insist_net_options net = {.size = sizeof net};
    insist_err err = INSIST_OK;
    *tls = (insist_tls_options){.size = sizeof *tls};
    if (options->tls != NULL)
        err = options_copy(tls, sizeof *tls, options->tls, problem);
    if (err == INSIST_OK && options->net != NULL)
        err = options_copy(&net, sizeof net, options->net, problem);
    return err == INSIST_OK ? network_new(env, tls, &net, problem, network) : err;
}

insist_err client_new(const struct env *env, const insist_client_options *given, insist_problem *problem,
                      insist_client **out) {
    insist_client_options options;
    insist_tls_options tls;
    struct network *network = NULL;
    insist_err err = options_copy(&options, sizeof options, given, problem);
    if (err == INSIST_OK)
        err = options_complete_client(&options, problem);
    if (err == INSIST_OK)
        err = make_network(env, &options, &tls, problem, &network);
    if (err != INSIST_OK)
        return err;

    insist_client *client = env_alloc(env, sizeof *client);
    if (client == NULL) {
        network_free(network);
        return say_what_failed(problem, INSIST_ENOMEM);
    }
    client->env = env;
    client->network = network;
    headers_init(&client->hidden, env);
    birthmark_init(&client->birthmark, env);
    if (!begin_sharing(client)) {
        birthmark_fini(&client->birthmark);
        network_free(network);
        env_release(env, client);
        return say_what_failed(problem, INSIST_ENOMEM);
    }
    err = build(client, &options, &tls);
    if (err != INSIST_OK) {
        client_destroy(client);
        return say_what_failed(problem, err);
    }
    *out = client;
    return INSIST_OK;
}

insist_err insist_client_new(const insist_client_options *options, insist_problem *problem, insist_client **out) {
    if (out == NULL)
        return problem_set(problem, INSIST_EINVAL, "out", "there is no place for the client: it is NULL");
    *out = NULL;
    int before = thread_shield();
    insist_err err = client_new(&env_standard, options != NULL ? options : INSIST_CLIENT_OPTIONS(0), problem, out);
    thread_unshield(before);
    return err;
}
