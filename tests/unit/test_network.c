/* Options about TLS and the network: what is refused, what is kept, where a request then goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "base/time_math.h"
#include "support/fail_alloc.h"
#include "wire/network.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__})
#define PIN_A "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define PIN_B "sha256//BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="

static void refused(const insist_tls_options *tls, const insist_net_options *net, const char *field) {
    insist_problem problem = {0};
    struct network *network = NULL;
    assert_int_equal(network_new(&env_standard, tls, net, &problem, &network), INSIST_EINVAL);
    assert_null(network);
    assert_int_equal(problem.err, INSIST_EINVAL);
    assert_string_equal(problem.field, field);
    assert_true(problem.text[0] != '\0');
}

static struct network *taken(const insist_tls_options *tls, const insist_net_options *net) {
    insist_problem problem = {0};
    struct network *network = NULL;
    if (network_new(&env_standard, tls, net, &problem, &network) != INSIST_OK)
        fail_msg("%s: %s", problem.field, problem.text);
    return network;
}

/* ---- TLS ---- */

static void files_must_be_readable(void **state) {
    (void)state;
    char missing[] = "/tmp/insist-network-XXXXXX";
    int fd = mkstemp(missing);
    assert_true(fd >= 0);
    close(fd);
    struct network *network = taken(INSIST_TLS_OPTIONS(.ca_file = missing, .ca_dir = "/", .certificate_file = missing,
                                                       .key_file = missing, .key_password = "p"),
                                    NULL);
    assert_string_equal(network->certificate_file, missing);
    assert_string_equal(network->key_file, missing);
    assert_string_equal(network->key_password, "p");
    assert_string_equal(network->ca_dir, "/");
    network_free(network);
    assert_int_equal(unlink(missing), 0);
    refused(INSIST_TLS_OPTIONS(.ca_file = missing), NULL, "ca_file");
    refused(INSIST_TLS_OPTIONS(.ca_file = "/"), NULL, "ca_file");
    refused(INSIST_TLS_OPTIONS(.ca_file = ""), NULL, "ca_file");
    refused(INSIST_TLS_OPTIONS(.ca_dir = missing), NULL, "ca_dir");
    refused(INSIST_TLS_OPTIONS(.ca_dir = "/etc/passwd"), NULL, "ca_dir");
    refused(INSIST_TLS_OPTIONS(.certificate_file = missing), NULL, "certificate_file");
    refused(INSIST_TLS_OPTIONS(.certificate_file = "/etc/passwd", .key_file = missing), NULL, "key_file");
}

static void keys_belong_to_certificates(void **state) {
    (void)state;
    refused(INSIST_TLS_OPTIONS(.key_file = "/etc/passwd"), NULL, "key_file");
    refused(INSIST_TLS_OPTIONS(.key_password = "p"), NULL, "key_password");
}

static void pins_are_checked(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "",
        "sha256//",
        "sha1//AAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "/etc/passwd",
        PIN_A ";",
        ";" PIN_A,
        PIN_A " ",
        PIN_A "," PIN_B,
        "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "sha256//-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        refused(INSIST_TLS_OPTIONS(.pinned_key = wrong[i]), NULL, "pinned_key");
    struct network *network = taken(INSIST_TLS_OPTIONS(.pinned_key = PIN_A ";" PIN_B), NULL);
    assert_string_equal(network->pinned_key, PIN_A ";" PIN_B);
    network_free(network);
}

static void versions_are_known(void **state) {
    (void)state;
    refused(INSIST_TLS_OPTIONS(.min_version = (insist_tls_version)2), NULL, "min_version");
    struct network *network = taken(INSIST_TLS_OPTIONS(.min_version = INSIST_TLS_1_3), NULL);
    assert_true(network->tls_1_3);
    network_free(network);
    refused(NULL, INSIST_NET_OPTIONS(.ip_version = (insist_ip_version)3), "ip_version");
}

/* ---- the network ---- */

static void proxies_are_checked(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "",          "proxy:3128",          "https://proxy:3128", "socks5://proxy:1080", "ftp://proxy:21",
        "http://",   "http://proxy",        "http://proxy:0",     "http://proxy:99999",  "http://pro xy:3128",
        "http://u@", "http://proxy:3128/x", "http://proxy:1?q",   "http://a\r\nb:1",      "http://user:p@ss@proxy:1",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        refused(NULL, INSIST_NET_OPTIONS(.proxy = wrong[i]), "proxy");
    static const struct {
        const char *proxy, *host;
        unsigned port;
    } right[] = {
        {"http://proxy:3128", "proxy", 3128},
        {"HTTP://user:p%40ss@Proxy.Example:8080/", "proxy.example", 8080},
        {"socks5h://127.0.0.1:1080", "127.0.0.1", 1080},
        {"http://[::1]:3128", "::1", 3128},
    };
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        struct network *network = taken(NULL, INSIST_NET_OPTIONS(.proxy = right[i].proxy));
        assert_string_equal(network->proxy, right[i].proxy);
        assert_string_equal(network->proxy_at.host, right[i].host);
        assert_int_equal(network->proxy_at.port, right[i].port);
        network_free(network);
    }
}

static void lists_are_checked(void **state) {
    (void)state;
    static const char *const pins[] = {
        "",           "a",           "a:80",       "a:80:",         "a:80:b",   ":80:1.2.3.4",
        "a::1.2.3.4", "a:0:1.2.3.4", "a:80:1.2.3", "a:80:1.2.3.4,", "a:80:::1x"};
    static const char *const detours[] = {"", "a:1", "a:1:b", "a:1:b:2:3", "a:0:b:1", "a:x:b:1", "a b:1:c:2", "::::"};
    for (size_t i = 0; i < sizeof pins / sizeof pins[0]; i++)
        refused(NULL, INSIST_NET_OPTIONS(.resolve = &pins[i], .resolve_count = 1), "resolve");
    for (size_t i = 0; i < sizeof detours / sizeof detours[0]; i++)
        refused(NULL, INSIST_NET_OPTIONS(.connect_to = &detours[i], .connect_to_count = 1), "connect_to");
    refused(NULL, INSIST_NET_OPTIONS(.resolve_count = 1), "resolve");
    char many[20 + 65 * 12];
    size_t length = (size_t)snprintf(many, sizeof many, "a:1:10.0.0.0");
    for (int i = 1; i < 65; i++)
        length += (size_t)snprintf(many + length, sizeof many - length, ",10.0.0.%d", i);
    refused(NULL, INSIST_NET_OPTIONS(.resolve = LIST(many), .resolve_count = 1), "resolve");
    *strrchr(many, ',') = '\0';
    network_free(taken(NULL, INSIST_NET_OPTIONS(.resolve = LIST(many), .resolve_count = 1)));
    refused(NULL, INSIST_NET_OPTIONS(.connect_to_count = 1), "connect_to");
    refused(NULL, INSIST_NET_OPTIONS(.resolve = LIST("a:1:127.0.0.1", NULL), .resolve_count = 2), "resolve");
    refused(NULL, INSIST_NET_OPTIONS(.connect_to = LIST(NULL), .connect_to_count = 1), "connect_to");
}

static void contradictions_are_refused(void **state) {
    (void)state;
    refused(NULL, INSIST_NET_OPTIONS(.no_proxy = "a"), "no_proxy");
    refused(NULL, INSIST_NET_OPTIONS(.proxy = "http://p:1", .no_proxy = "10.0.0.0/8"), "no_proxy");
    refused(NULL, INSIST_NET_OPTIONS(.proxy = "http://p:1", .no_proxy = "a:80"), "no_proxy");
    refused(NULL, INSIST_NET_OPTIONS(.proxy = "http://p:1", .connect_to = LIST("::b:1"), .connect_to_count = 1),
            "connect_to");
    refused(NULL, INSIST_NET_OPTIONS(.unix_socket = "/s", .proxy = "http://p:1"), "unix_socket");
    refused(NULL, INSIST_NET_OPTIONS(.unix_socket = "/s", .interface = "lo"), "unix_socket");
    refused(NULL, INSIST_NET_OPTIONS(.unix_socket = "/s", .ip_version = INSIST_IPV4), "unix_socket");
    refused(NULL, INSIST_NET_OPTIONS(.unix_socket = "/s", .resolve = LIST("a:1:127.0.0.1"), .resolve_count = 1),
            "unix_socket");
    refused(NULL, INSIST_NET_OPTIONS(.stall_bytes_per_s = 1), "stall_bytes_per_s");
    refused(NULL, INSIST_NET_OPTIONS(.keepalive_idle_ms = INSIST_FOREVER, .keepalive_every_ms = 1),
            "keepalive_every_ms");
}

static void places_are_checked(void **state) {
    (void)state;
    char long_path[200];
    memset(long_path, 'x', sizeof long_path);
    long_path[108] = '\0';
    refused(NULL, INSIST_NET_OPTIONS(.unix_socket = long_path), "unix_socket");
    refused(NULL, INSIST_NET_OPTIONS(.unix_socket = ""), "unix_socket");
    refused(NULL, INSIST_NET_OPTIONS(.interface = ""), "interface");
    refused(NULL, INSIST_NET_OPTIONS(.interface = "much-too-long-name"), "interface");
    refused(NULL, INSIST_NET_OPTIONS(.interface = "host!name"), "interface");
    refused(NULL, INSIST_NET_OPTIONS(.interface = "fe80::1%eth0"), "interface");
    struct network *network = taken(NULL, INSIST_NET_OPTIONS(.interface = "eth0"));
    assert_string_equal(network->interface, "if!eth0");
    network_free(network);
    network = taken(NULL, INSIST_NET_OPTIONS(.interface = "127.0.0.2"));
    assert_string_equal(network->interface, "host!127.0.0.2");
    network_free(network);
    long_path[107] = '\0';
    network = taken(NULL, INSIST_NET_OPTIONS(.unix_socket = long_path));
    assert_string_equal(network->unix_socket, long_path);
    network_free(network);
}

static void durations_are_checked(void **state) {
    (void)state;
    refused(NULL, INSIST_NET_OPTIONS(.idle_ms = -1), "idle_ms");
    refused(NULL, INSIST_NET_OPTIONS(.life_ms = -1), "life_ms");
    refused(NULL, INSIST_NET_OPTIONS(.connect_timeout_ms = -1), "connect_timeout_ms");
    refused(NULL, INSIST_NET_OPTIONS(.first_byte_timeout_ms = -1), "first_byte_timeout_ms");
    refused(NULL, INSIST_NET_OPTIONS(.stall_ms = -1), "stall_ms");
    refused(NULL, INSIST_NET_OPTIONS(.keepalive_idle_ms = -1), "keepalive_idle_ms");
    refused(NULL, INSIST_NET_OPTIONS(.keepalive_every_ms = -1), "keepalive_every_ms");
    refused(NULL, INSIST_NET_OPTIONS(.keepalive_idle_ms = 32767001), "keepalive_idle_ms");
    refused(NULL, INSIST_NET_OPTIONS(.keepalive_every_ms = INSIST_FOREVER), "keepalive_every_ms");
}

static void nothing_given_is_the_default(void **state) {
    (void)state;
    struct network *network = taken(INSIST_TLS_OPTIONS(0), INSIST_NET_OPTIONS(0));
    assert_int_equal(network->idle_ns, INT64_C(118000000000));
    assert_int_equal(network->life_ns, TIME_NEVER);
    assert_int_equal(network->connect_ns, TIME_NEVER);
    assert_int_equal(network->first_byte_ns, TIME_NEVER);
    assert_int_equal(network->stall_ns, TIME_NEVER);
    assert_int_equal(network->keepalive_idle_s, 60);
    assert_int_equal(network->keepalive_every_s, 15);
    network_free(network);
}

static void durations_and_rates_are_kept(void **state) {
    (void)state;
    struct network *network =
        taken(NULL, INSIST_NET_OPTIONS(.idle_ms = 1, .life_ms = INSIST_FOREVER, .connect_timeout_ms = 2,
                                       .first_byte_timeout_ms = 3, .stall_ms = 1500, .stall_bytes_per_s = 1000,
                                       .keepalive_idle_ms = 1001, .keepalive_every_ms = 1));
    assert_int_equal(network->idle_ns, 1000000);
    assert_int_equal(network->life_ns, TIME_NEVER);
    assert_int_equal(network->connect_ns, 2000000);
    assert_int_equal(network->first_byte_ns, 3000000);
    assert_int_equal(network->stall_ns, 1500000000);
    assert_int_equal(network->stall_bytes, 1500);
    assert_int_equal(network->keepalive_idle_s, 2);
    assert_int_equal(network->keepalive_every_s, 1);
    network_free(network);
    network = taken(NULL, INSIST_NET_OPTIONS(.stall_ms = 10, .keepalive_idle_ms = INSIST_FOREVER));
    assert_int_equal(network->stall_bytes, 1);
    assert_int_equal(network->keepalive_idle_s, 0);
    network_free(network);
    network = taken(NULL, INSIST_NET_OPTIONS(.stall_ms = 1000000, .stall_bytes_per_s = UINT64_MAX));
    assert_true(network->stall_bytes == UINT64_MAX);
    network_free(network);
}

/* ---- where to ---- */

static void assert_route(const struct network *network, const char *from, unsigned port, const char *to,
                         unsigned to_port, bool proxied) {
    struct route route = network_route(network, from, port);
    assert_string_equal(route.host, to);
    assert_int_equal(route.port, to_port);
    assert_int_equal(route.proxied, proxied);
    assert_false(route.local);
}

static void no_proxy_leaves_names_out(void **state) {
    (void)state;
    struct network *network =
        taken(NULL, INSIST_NET_OPTIONS(.proxy = "http://p:1", .no_proxy = "example.org, .inner.test,,127.0.0.1"));
    assert_route(network, "example.org", 80, "example.org", 80, false);
    assert_route(network, "a.example.org", 80, "a.example.org", 80, false);
    assert_route(network, "EXAMPLE.org", 80, "EXAMPLE.org", 80, false);
    assert_route(network, "anexample.org", 80, "p", 1, true);
    assert_route(network, "example.org.evil", 80, "p", 1, true);
    assert_route(network, "inner.test", 80, "inner.test", 80, false);
    assert_route(network, "x.inner.test", 80, "x.inner.test", 80, false);
    assert_route(network, "127.0.0.1", 80, "127.0.0.1", 80, false);
    assert_route(network, "127.0.0.2", 80, "p", 1, true);
    network_free(network);
    network = taken(NULL, INSIST_NET_OPTIONS(.proxy = "http://p:1", .no_proxy = "0.1"));
    assert_route(network, "127.0.0.1", 80, "p", 1, true); /* an address has no parts */
    network_free(network);
    network = taken(NULL, INSIST_NET_OPTIONS(.proxy = "http://p:1", .no_proxy = "*"));
    assert_route(network, "example.org", 80, "example.org", 80, false);
    network_free(network);
}

static void detours_lead_elsewhere(void **state) {
    (void)state;
    struct network *network = taken(
        NULL, INSIST_NET_OPTIONS(.connect_to = LIST("a:80:b:8080", "a:443::8443", "c::d:", "[::1]:1:[::2]:2", "::z:9"),
                                 .connect_to_count = 5));
    assert_route(network, "a", 80, "b", 8080, false);
    assert_route(network, "a", 443, "a", 8443, false);
    assert_route(network, "c", 81, "d", 81, false);
    assert_route(network, "::1", 1, "::2", 2, false);
    assert_route(network, "other", 80, "z", 9, false);
    network_free(network);
}

static void pins_need_no_lookup(void **state) {
    (void)state;
    struct network *network =
        taken(NULL, INSIST_NET_OPTIONS(.resolve = LIST("a:80:127.0.0.1,[::1],127.0.0.2", "*:443:10.0.0.1"),
                                       .resolve_count = 2));
    struct route route = {.host = "A", .port = 80};
    struct addresses *addresses = network_pinned(network, &route);
    assert_non_null(addresses);
    assert_int_equal(addresses->count, 3);
    assert_string_equal(addresses->text[0], "127.0.0.1");
    assert_string_equal(addresses->text[1], "::1"); /* the families take turns */
    addresses_release(addresses);
    route = (struct route){.host = "b", .port = 443};
    addresses = network_pinned(network, &route);
    assert_string_equal(addresses->text[0], "10.0.0.1");
    addresses_release(addresses);
    route.port = 80;
    assert_null(network_pinned(network, &route));
    network_free(network);
}

static void everything_goes_over_the_unix_socket(void **state) {
    (void)state;
    struct network *network = taken(NULL, INSIST_NET_OPTIONS(.unix_socket = "/s"));
    assert_true(network_route(network, "a", 80).local);
    network_free(network);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    for (size_t n = 1;; n++) {
        insist_problem problem = {0};
        struct network *network = NULL;
        fail_alloc_at(&memory, n);
        insist_err err = network_new(
            &env, INSIST_TLS_OPTIONS(.certificate_file = "/etc/passwd", .key_file = "/etc/passwd", .pinned_key = PIN_A),
            INSIST_NET_OPTIONS(.proxy = "http://p:1", .no_proxy = "a", .interface = "lo",
                               .resolve = LIST("a:1:1.2.3.4"), .resolve_count = 1),
            &problem, &network);
        bool failed = fail_alloc_has_failed(&memory);
        assert_int_equal(err, failed ? INSIST_ENOMEM : INSIST_OK);
        network_free(network);
        assert_int_equal(fail_alloc_outstanding(&memory), 0);
        if (!failed)
            break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_must_be_readable),
        cmocka_unit_test(keys_belong_to_certificates),
        cmocka_unit_test(pins_are_checked),
        cmocka_unit_test(versions_are_known),
        cmocka_unit_test(proxies_are_checked),
        cmocka_unit_test(lists_are_checked),
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(places_are_checked),
        cmocka_unit_test(durations_are_checked),
        cmocka_unit_test(nothing_given_is_the_default),
        cmocka_unit_test(durations_and_rates_are_kept),
        cmocka_unit_test(no_proxy_leaves_names_out),
        cmocka_unit_test(detours_lead_elsewhere),
        cmocka_unit_test(pins_need_no_lookup),
        cmocka_unit_test(everything_goes_over_the_unix_socket),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
