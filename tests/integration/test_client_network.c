/* A client's network options over real sockets: a tunnel through a proxy, a Unix socket, local addresses and keep-alive as
 * the system sees them, and options of libcurl that a user sets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/relay.h"
#include <curl/curl.h>
#include <insist/insist.h>
#include <insist/testserver.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__})

static insist_testserver *server;
static insist_client *client;
static insist_testserver_journal *journal;
static struct relay *relay;
static char url[256], socket_path[64];

static int begin_with(const insist_testserver_options *options) {
    return insist_testserver_start(options, NULL, &server) == INSIST_OK ? 0 : -1;
}

static int begin(void **state) {
    (void)state;
    return begin_with(NULL);
}

static int begin_tls(void **state) {
    (void)state;
    return begin_with(INSIST_TESTSERVER_OPTIONS(.tls = true));
}

static int end(void **state) {
    (void)state;
    insist_client_free(client);
    client = NULL;
    relay_free(relay);
    relay = NULL;
    if (socket_path[0] != '\0')
        unlink(socket_path);
    socket_path[0] = '\0';
    insist_testserver_journal_free(journal);
    journal = NULL;
    insist_testserver_free(server);
    return 0;
}

static void open_client(const insist_client_options *options) {
    insist_problem problem = {0};
    if (insist_client_new(options, &problem, &client) != INSIST_OK)
        fail_msg("%s: %s", problem.field, problem.text);
}

static insist_result *get(const char *target) {
    insist_result *result = NULL;
    if (insist_get(client, target, &result) != INSIST_OK)
        fail_msg("%s", insist_result_explain(result));
    assert_int_equal(insist_result_status(result), 200);
    return result;
}

static const insist_testserver_entry *entry_of(const char *key, size_t i) {
    insist_testserver_journal_free(journal);
    assert_int_equal(insist_testserver_journal_new(server, NULL, key, &journal), INSIST_OK);
    const insist_testserver_entry *entry = insist_testserver_journal_at(journal, i);
    assert_non_null(entry);
    return entry;
}

static const char *sent_field(const insist_testserver_entry *entry, const char *name) {
    for (size_t i = 0; i < entry->field_count; i++)
        if (strcmp(entry->fields[i].name, name) == 0)
            return entry->fields[i].value;
    return NULL;
}

/* ---- refusals come through ---- */

static void assert_refused(const insist_client_options *options, insist_err err, const char *field) {
    insist_problem problem = {0};
    assert_int_equal(insist_client_new(options, &problem, &client), err);
    assert_null(client);
    assert_string_equal(problem.field, field);
}

static void bad_options_are_refused_by_their_fields(void **state) {
    (void)state;
    struct {
        insist_net_options net;
        int newer;
    } longer = {.net = {.size = sizeof longer}, .newer = 1};
    assert_refused(INSIST_CLIENT_OPTIONS(.tls = INSIST_TLS_OPTIONS(.ca_file = "/nowhere/ca.pem")), INSIST_EINVAL,
                   "ca_file");
    assert_refused(INSIST_CLIENT_OPTIONS(.net = INSIST_NET_OPTIONS(.proxy = "nonsense")), INSIST_EINVAL, "proxy");
    assert_refused(INSIST_CLIENT_OPTIONS(.net = &longer.net), INSIST_ETOONEW, "size");
    assert_refused(INSIST_CLIENT_OPTIONS(.net = &(insist_net_options){.size = 0}), INSIST_EINVAL, "size");
}

/* ---- elsewhere ---- */

static void https_goes_through_a_tunnel(void **state) {
    (void)state;
    char proxy[64], pin[64];
    relay = relay_start(NULL, insist_testserver_port(server));
    assert_non_null(relay);
    snprintf(proxy, sizeof proxy, "http://proxy.test:%u", relay_port(relay));
    snprintf(pin, sizeof pin, "proxy.test:%u:127.0.0.1", relay_port(relay));
    open_client(
        INSIST_CLIENT_OPTIONS(.tls = INSIST_TLS_OPTIONS(.insecure = true),
                              .net = INSIST_NET_OPTIONS(.proxy = proxy, .resolve = LIST(pin), .resolve_count = 1)));
    for (int i = 0; i < 2; i++) {
        insist_result *result =
            get("https://far.test:444/x?do=200;body=here&key=a"); /* a name that only the proxy knows */
        assert_string_equal(insist_result_body(result, NULL), "here");
        assert_null(insist_result_header(result, "X-Proxy"));
        const insist_attempt_record *record = insist_result_attempt(result, 0);
        snprintf(pin, sizeof pin, "127.0.0.1:%u", relay_port(relay));
        assert_string_equal(record->address, pin);
        assert_int_equal(record->reused, i == 1);
        insist_result_free(result);
    }
    assert_int_equal(strncmp(relay_head(relay), "CONNECT far.test:444 HTTP/1.1\r\n", 31), 0);
    assert_string_equal(sent_field(entry_of("a", 0), "Host"), "far.test:444");
    assert_int_equal(relay_connections(relay), 1);
}

static void everything_goes_over_the_unix_socket(void **state) {
    (void)state;
    snprintf(socket_path, sizeof socket_path, "/tmp/insist-%ld.sock", (long)getpid());
    relay = relay_start(socket_path, insist_testserver_port(server));
    assert_non_null(relay);
    open_client(INSIST_CLIENT_OPTIONS(.net = INSIST_NET_OPTIONS(.unix_socket = socket_path)));
    for (unsigned i = 0; i < 3; i++) {
        insist_result *result = get("http://no.such.name.test/x?do=503;retry-after=0,200;body=here&key=a");
        assert_string_equal(insist_result_body(result, NULL), "here");
        assert_string_equal(insist_result_attempt(result, 0)->address, socket_path);
        assert_false(insist_result_attempt(result, 0)->reused);
        insist_result_free(result);
    }
    assert_int_equal(relay_connections(relay), 4); /* none is used twice */
    assert_string_equal(sent_field(entry_of("a", 0), "Host"), "no.such.name.test");
}

static void missing_unix_socket_is_no_connection(void **state) {
    (void)state;
    insist_result *result = NULL;
    insist_timeout_policy *brief = NULL;
    assert_int_equal(insist_timeout_fixed_new(5000, NULL, &brief), INSIST_OK);
    open_client(INSIST_CLIENT_OPTIONS(.timeout = brief, .net = INSIST_NET_OPTIONS(.unix_socket = "/nowhere/at.all")));
    insist_timeout_policy_free(brief);
    assert_int_equal(insist_get(client, "http://a/", &result), INSIST_ECONNECT);
    assert_int_equal(insist_result_attempt(result, 0)->sent, INSIST_NOT_SENT);
    insist_result_free(result);
}

/* ---- as the system sees it ---- */

/* The line of /proc/net/tcp of the established connection to that port, and its parts. */
struct tcp_line {
    unsigned local_address, timer;
    unsigned long jiffies;
};

static struct tcp_line find_connection(uint16_t port) {
    struct tcp_line found = {0};
    char line[512];
    FILE *file = fopen("/proc/self/net/tcp", "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        unsigned local, local_port, remote, remote_port, state, timer;
        unsigned long jiffies;
        int parts = sscanf(line, " %*d: %x:%x %x:%x %x %*x:%*x %x:%lx", &local, &local_port, &remote, &remote_port,
                           &state, &timer, &jiffies);
        if (parts == 7 && remote_port == port && state == 1)
            found = (struct tcp_line){local, timer, jiffies};
    }
    fclose(file);
    return found;
}

static struct tcp_line connection_with(const insist_net_options *net) {
    open_client(INSIST_CLIENT_OPTIONS(.net = net));
    snprintf(url, sizeof url, "%s/x", insist_testserver_url(server));
    insist_result_free(get(url));
    return find_connection(insist_testserver_port(server));
}

static void local_address_is_bound(void **state) {
    (void)state;
    assert_int_equal(connection_with(INSIST_NET_OPTIONS(.interface = "127.0.0.3")).local_address, 0x0300007f);
}

#define KEEPALIVE_TIMER 2

static void probes_begin_after_the_idle_time(void **state) {
    (void)state;
    struct tcp_line line = connection_with(INSIST_NET_OPTIONS(.keepalive_idle_ms = 1000000));
    assert_int_equal(line.timer, KEEPALIVE_TIMER);
    assert_in_range(line.jiffies / (unsigned long)sysconf(_SC_CLK_TCK), 900, 1001);
}

static void probes_can_be_turned_off(void **state) {
    (void)state;
    assert_int_equal(connection_with(INSIST_NET_OPTIONS(.keepalive_idle_ms = INSIST_FOREVER)).timer, 0);
}

/* ---- the way out ---- */

struct setup {
    atomic_uint calls;
    pthread_t caller;
    atomic_bool on_caller;
};

static size_t swallow(char *bytes, size_t size, size_t count, void *data) {
    (void)bytes;
    (void)data;
    return size * count;
}

/* One option that nobody owns, and many that would break everything if they stayed. */
static void set_up(void *easy, void *ctx) {
    struct setup *setup = ctx;
    atomic_fetch_add(&setup->calls, 1);
    if (pthread_equal(pthread_self(), setup->caller))
        atomic_store(&setup->on_caller, true);
    curl_easy_setopt(easy, CURLOPT_REFERER, "http://from.test/");
    curl_easy_setopt(easy, CURLOPT_URL, "http://127.0.0.1:1/");
    curl_easy_setopt(easy, CURLOPT_PORT, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "http://127.0.0.1:1");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 1L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(easy, CURLOPT_HEADER, 1L);
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "BREAK");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, swallow);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, swallow);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, NULL);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, NULL);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, NULL);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "broken");
    curl_easy_setopt(easy, CURLOPT_INTERFACE, "no-such-interface");
    curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, "/nowhere");
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "br");
}

static void options_of_libcurl_can_be_set_and_ours_stay(void **state) {
    (void)state;
    struct setup setup = {.caller = pthread_self()};
    open_client(INSIST_CLIENT_OPTIONS(.curl_setup = set_up, .curl_setup_ctx = &setup));
    snprintf(url, sizeof url, "%s/x?do=503;retry-after=0,redirect=/y&key=a", insist_testserver_url(server));
    assert_int_equal(insist_testserver_script(server, "/y", "200;body=here", NULL), INSIST_OK);
    insist_result *result = get(url);
    assert_string_equal(insist_result_body(result, NULL), "here");
    assert_int_equal(insist_result_attempts(result), 2);
    insist_result_free(result);
    assert_int_equal(atomic_load(&setup.calls), 3); /* an attempt, another, and where it was sent */
    assert_false(atomic_load(&setup.on_caller));
    for (size_t i = 0; i < 2; i++) {
        const insist_testserver_entry *entry = entry_of("a", i);
        assert_string_equal(entry->method, "GET");
        assert_string_equal(sent_field(entry, "Referer"), "http://from.test/");
        assert_string_equal(sent_field(entry, "User-Agent"), "insist/" INSIST_VERSION);
        assert_string_equal(sent_field(entry, "Accept-Encoding"), "gzip, deflate");
    }
}

static void set_target_once(void *easy, void *ctx) {
    atomic_uint *calls = ctx;
    if (atomic_fetch_add(calls, 1) == 0)
        curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, "/other?key=b");
}

static void target_can_be_set_for_one_request(void **state) {
    (void)state;
    atomic_uint calls = 0;
    open_client(INSIST_CLIENT_OPTIONS(.curl_setup = set_target_once, .curl_setup_ctx = &calls));
    snprintf(url, sizeof url, "%s/x?key=a", insist_testserver_url(server));
    insist_result_free(get(url));
    insist_result_free(get(url));
    assert_string_equal(entry_of("b", 0)->path, "/other");
    assert_string_equal(entry_of("a", 0)->path, "/x");
}

/* All that libcurl would send along to whatever host it is asked for. */
static void set_credentials(void *easy, void *ctx) {
    (void)ctx;
    curl_easy_setopt(easy, CURLOPT_USERPWD, "user:password");
    curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, "token");
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)(CURLAUTH_BASIC | CURLAUTH_BEARER));
    curl_easy_setopt(easy, CURLOPT_COOKIE, "session=secret");
    curl_easy_setopt(easy, CURLOPT_COOKIELIST, "Set-Cookie: another=secret");
}

static void set_bearer(void *easy, void *ctx) {
    (void)ctx;
    curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, "token");
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
}

static void set_signature(void *easy, void *ctx) {
    (void)ctx;
    curl_easy_setopt(easy, CURLOPT_USERPWD, "key:secret");
    curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, "aws:amz:us-east-1:es");
}

/* The proxy's own, which its URL has, go to the proxy. */
static void set_what_asks_first(void *easy, void *ctx) {
    (void)ctx;
    curl_easy_setopt(easy, CURLOPT_USERPWD, "user:password");
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_NEGOTIATE);
    curl_easy_setopt(easy, CURLOPT_PROXYAUTH, (long)CURLAUTH_DIGEST);
}

static void assert_without_credentials(const insist_testserver_entry *entry) {
    assert_null(sent_field(entry, "Authorization"));
    assert_null(sent_field(entry, "Cookie"));
}

static void no_credentials_of_libcurls_follow_a_redirect(void **state) {
    (void)state;
    insist_curl_setup_fn *const setups[] = {set_credentials, set_bearer, set_signature};
    char script[128], pin[64];
    unsigned port = insist_testserver_port(server);
    snprintf(script, sizeof script, "redirect=http://far.test:%u/y", port);
    snprintf(pin, sizeof pin, "far.test:%u:127.0.0.1", port);
    snprintf(url, sizeof url, "%s/x?key=a", insist_testserver_url(server));
    for (size_t i = 0; i < sizeof setups / sizeof *setups; i++) {
        assert_int_equal(insist_testserver_script(server, "/x", script, NULL), INSIST_OK);
        open_client(INSIST_CLIENT_OPTIONS(.curl_setup = setups[i],
                                          .net = INSIST_NET_OPTIONS(.resolve = LIST(pin), .resolve_count = 1)));
        insist_result_free(get(url));
        insist_client_free(client);
        client = NULL;
    }
    insist_testserver_journal_free(journal);
    assert_int_equal(insist_testserver_journal_new(server, NULL, NULL, &journal), INSIST_OK);
    for (size_t i = 0; i < 6; i++) {
        const insist_testserver_entry *entry = insist_testserver_journal_at(journal, i);
        assert_non_null(entry);
        assert_string_equal(entry->path, i % 2 == 0 ? "/x" : "/y");
        assert_without_credentials(entry);
    }
}

static void first_request_has_its_body_whatever_libcurl_would_ask_first(void **state) {
    (void)state;
    char proxy[64];
    insist_result *result = NULL;
    snprintf(proxy, sizeof proxy, "http://user:password@127.0.0.1:%u", insist_testserver_port(server));
    const char *const proxies[] = {NULL, proxy};
    for (size_t i = 0; i < 2; i++) {
        open_client(INSIST_CLIENT_OPTIONS(.curl_setup = set_what_asks_first,
                                          .net = INSIST_NET_OPTIONS(.proxy = proxies[i])));
        snprintf(url, sizeof url, "%s/x?key=a", insist_testserver_url(server));
        assert_int_equal(insist_post(client, url, "text/plain", "amount=100", 10, &result), INSIST_OK);
        insist_result_free(result);
        assert_int_equal(entry_of("a", i)->body_bytes, 10);
        assert_without_credentials(entry_of("a", i));
        insist_client_free(client);
        client = NULL;
    }
    assert_non_null(sent_field(entry_of("a", 1), "Proxy-Authorization"));
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(bad_options_are_refused_by_their_fields),
        cmocka_unit_test_setup_teardown(https_goes_through_a_tunnel, begin_tls, end),
        CASE(everything_goes_over_the_unix_socket),
        CASE(missing_unix_socket_is_no_connection),
        CASE(local_address_is_bound),
        CASE(probes_begin_after_the_idle_time),
        CASE(probes_can_be_turned_off),
        CASE(options_of_libcurl_can_be_set_and_ours_stay),
        CASE(target_can_be_set_for_one_request),
        CASE(no_credentials_of_libcurls_follow_a_redirect),
        CASE(first_request_has_its_body_whatever_libcurl_would_ask_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
