/* Clients that run out of memory while they are made, and calls that need one of their own or a server's certificate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "out_of_memory.h"

#include "call/client.h"
#include <stdio.h>

#define PIN "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void drop(void *ctx, insist_log_level level, const char *message, const insist_log_pair *pairs, size_t n) {
    (void)ctx;
    (void)level;
    (void)message;
    (void)pairs;
    (void)n;
}

insist_client_options memory_client_options(const struct memory_scene *scene) {
    static const char *const resolve[] = {"elsewhere.test:80:127.0.0.1,127.0.0.2"};
    static const char *const connect_to[] = {"here.test:80:there.test:81"};
    static const char *const hidden[] = {"secret", NULL};
    static const insist_logger logger = {.log = drop};
    static const insist_net_options net = {
        .size = sizeof net, .resolve = resolve, .resolve_count = 1, .connect_to = connect_to, .connect_to_count = 1};
    static insist_tls_options tls = {.size = sizeof tls};
    tls.ca_file = scene->ca_file;
    return *INSIST_CLIENT_OPTIONS(.seed = 1, .retry = scene->retry, .net = &net, .tls = &tls, .logger = &logger,
                                  .user_agent = "memory/1.0", .thread_name = "memory", .failures_kept = 4,
                                  .hidden_query_keys = hidden);
}

/* ---- made ---------------------------------------------------------------------------------------------------------- */

static insist_err make(struct memory_scene *scene, const insist_client_options *options) {
    insist_problem problem = {0};
    insist_client *client = NULL;
    insist_err err = client_new(scene->env, options, &problem, &client);
    if (err == INSIST_OK) {
        insist_client_free(client);
        return INSIST_OK;
    }
    assert_null(client);
    assert_int_equal(problem.err, err);
    assert_true(problem.text[0] != '\0');
    return err;
}

static insist_err make_client(struct memory_scene *scene) {
    const insist_client_options options = memory_client_options(scene);
    return make(scene, &options);
}

/* Never used: a file that can be read is all that is asked of certificate and key. */
static insist_err make_credentialed(struct memory_scene *scene) {
    insist_client_options options = memory_client_options(scene);
    options.tls = INSIST_TLS_OPTIONS(.ca_file = scene->ca_file, .ca_dir = "/", .certificate_file = scene->ca_file,
                                     .key_file = scene->ca_file, .key_password = "password", .pinned_key = PIN);
    options.net = INSIST_NET_OPTIONS(.proxy = "http://user:password@proxy.test:3128", .no_proxy = "direct.test",
                                     .interface = "lo");
    return make(scene, &options);
}

/* Policies and budget are the client's own, too. */
static insist_err make_local(struct memory_scene *scene) {
    return make(scene, INSIST_CLIENT_OPTIONS(.net = INSIST_NET_OPTIONS(.unix_socket = "/run/local.socket"),
                                             .http_version = INSIST_HTTP_2));
}

/* ---- called -------------------------------------------------------------------------------------------------------- */

static insist_err call_secure(struct memory_scene *scene) {
    char url[128];
    snprintf(url, sizeof url, "%s/secure?do=200;size=5", insist_testserver_url(scene->secure));
    return memory_get(scene, url, 5);
}

/* The plain server answers in the proxy's place. */
static insist_err call_by_proxy(struct memory_scene *scene) {
    struct memory_scene other = *scene;
    insist_client_options options = memory_client_options(scene);
    char proxy[64];
    snprintf(proxy, sizeof proxy, "http://user:password@127.0.0.1:%u", insist_testserver_port(scene->server));
    options.net = INSIST_NET_OPTIONS(.proxy = proxy, .no_proxy = "direct.test");
    insist_err err = client_new(scene->env, &options, NULL, &other.client);
    if (err != INSIST_OK)
        return err;
    err = memory_get(&other, "http://far.test/far?do=200;size=5", 5);
    insist_client_free(other.client);
    return err;
}

const struct memory_scenario memory_of_clients[MEMORY_CLIENTS] = {
    {"a client", 20, NULL, make_client},
    {"a client with a proxy, a certificate and a pin", 30, NULL, make_credentialed},
    {"a client for a Unix socket and HTTP/2", 20, NULL, make_local},
    {"a call over https", 15, NULL, call_secure},
    {"a call by a proxy, its client included", 40, NULL, call_by_proxy},
};
