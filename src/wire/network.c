/* In: the options of a client about TLS and the network. Out: an immutable struct network, or the field that makes no
 * sense. Reads the named files. Any thread. */
#include "wire/network.h"

#include "base/base64.h"
#include "base/headers.h"
#include "base/problem.h"
#include "base/time_math.h"
#include "wire/signpost.h"
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SECOND_NS INT64_C(1000000000)
#define IDLE_MS 118000 /* below what servers and middle boxes usually allow */
#define KEEPALIVE_IDLE_MS 60000
#define KEEPALIVE_EVERY_MS 15000
#define KEEPALIVE_MOST_S 32767 /* Linux takes no more */
#define PIN_BYTES 32           /* of a SHA-256 */

const struct network network_default = {
    .idle_ns = (int64_t)IDLE_MS * 1000000,
    .life_ns = TIME_NEVER,
    .connect_ns = TIME_NEVER,
    .first_byte_ns = TIME_NEVER,
    .stall_ns = TIME_NEVER,
    .stall_bytes = 1,
    .keepalive_idle_s = KEEPALIVE_IDLE_MS / 1000,
    .keepalive_every_s = KEEPALIVE_EVERY_MS / 1000,
};

void network_free(struct network *network) {
    if (!network)
        return;
    char *const texts[] = {network->ca_dir,       network->certificate_file, network->key_file,
                           network->key_password, network->pinned_key,       network->proxy,
                           network->no_proxy,     network->interface,        network->unix_socket};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        env_release(network->env, texts[i]);
    for (size_t i = 0; i < network->pin_count; i++)
        addresses_release(network->pins[i].addresses);
    env_release(network->env, network->pins);
    env_release(network->env, network->detours);
    env_release(network->env, network);
}

static insist_err refuse(insist_problem *problem, const char *field, const char *sentence) {
    return problem_set(problem, INSIST_EINVAL, field, "%s", sentence);
}

static insist_err no_memory(insist_problem *problem) {
    return problem_set(problem, INSIST_ENOMEM, "network", "out of memory");
}

static insist_err copy(const struct env *env, const char *text, insist_problem *problem, char **out) {
    *out = text ? env_copy_text(env, text) : NULL;
    return text && !*out ? no_memory(problem) : INSIST_OK;
}

/* ---- TLS --------------------------------------------------------------------------------------------------------- */

static insist_err check_readable(const char *field, const char *name, bool directory, insist_problem *problem) {
    struct stat status;
    if (!name)
        return INSIST_OK;
    int fd = open(name, O_RDONLY | O_CLOEXEC | (directory ? O_DIRECTORY : 0));
    if (fd < 0)
        return problem_set(problem, INSIST_EINVAL, field, "cannot read %.90s: %s", name, strerrordesc_np(errno));
    bool fits = directory || (fstat(fd, &status) == 0 && !S_ISDIR(status.st_mode));
    close(fd);
    return fits ? INSIST_OK : problem_set(problem, INSIST_EINVAL, field, "%.90s is a directory", name);
}

static bool is_pin(const char *text, size_t length) {
    static const char prefix[] = "sha256//";
    const size_t skip = sizeof(prefix) - 1;
    return length > skip && memcmp(text, prefix, skip) == 0 && base64_is_of(text + skip, length - skip, PIN_BYTES);
}

static bool are_pins(const char *text) {
    for (;;) {
        size_t length = strcspn(text, ";");
        if (!is_pin(text, length))
            return false;
        if (text[length] == '\0')
            return true;
        text += length + 1;
    }
}

static insist_err check_tls(const insist_tls_options *tls, insist_problem *problem) {
    if ((tls->key_file || tls->key_password) && !tls->certificate_file)
        return refuse(problem, tls->key_file ? "key_file" : "key_password", "there is no certificate_file it is for");
    if (tls->pinned_key && !are_pins(tls->pinned_key))
        return refuse(problem, "pinned_key", "a pin is sha256// and the base64 of 32 bytes; a semicolon parts several");
    if ((unsigned)tls->min_version > INSIST_TLS_1_3)
        return refuse(problem, "min_version", "there is no such version");
    insist_err err = check_readable("ca_file", tls->ca_file, false, problem);
    if (err == INSIST_OK)
        err = check_readable("ca_dir", tls->ca_dir, true, problem);
    if (err == INSIST_OK)
        err = check_readable("certificate_file", tls->certificate_file, false, problem);
    return err == INSIST_OK ? check_readable("key_file", tls->key_file, false, problem) : err;
}

static insist_err take_tls(struct network *network, const insist_tls_options *tls, insist_problem *problem) {
    const struct env *env = network->env;
    insist_err err = check_tls(tls, problem);
    if (err == INSIST_OK)
        err = copy(env, tls->ca_dir, problem, &network->ca_dir);
    if (err == INSIST_OK)
        err = copy(env, tls->certificate_file, problem, &network->certificate_file);
    if (err == INSIST_OK)
        err = copy(env, tls->key_file, problem, &network->key_file);
    if (err == INSIST_OK)
        err = copy(env, tls->key_password, problem, &network->key_password);
    if (err == INSIST_OK)
        err = copy(env, tls->pinned_key, problem, &network->pinned_key);
    network->tls_1_3 = tls->min_version == INSIST_TLS_1_3;
    return err;
}

/* ---- where to ---------------------------------------------------------------------------------------------------- */

static insist_err take_proxy(struct network *network, const char *proxy, insist_problem *problem) {
    static const char *const schemes[] = {"http://", "socks5h://"};
    const char *rest = NULL;
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (strncasecmp(proxy, schemes[i], strlen(schemes[i])) == 0)
            rest = proxy + strlen(schemes[i]);
    if (!rest)
        return refuse(problem, "proxy", "it has to begin with http:// or socks5h://");
    for (const char *c = rest; *c != '\0'; c++)
        if ((unsigned char)*c <= ' ' || *c == 0x7f || *c == '?' || *c == '#')
            return refuse(problem, "proxy", "it is no URL of user, password, host and port");
    const char *at = strchr(rest, '@'), *host = at ? at + 1 : rest;
    if (strchr(host, '@'))
        return refuse(problem, "proxy", "an @ in the user's name or password is written as %40");
    size_t length = strcspn(host, "/");
    if (host[length] == '/' && host[length + 1] != '\0')
        return refuse(problem, "proxy", "it has a path, which a proxy cannot have");
    const char *flaw = authority_parse(host, length, &network->proxy_at);
    if (!flaw && network->proxy_at.port == 0)
        flaw = "it has no port, and there is no usual one";
    return flaw ? refuse(problem, "proxy", flaw) : copy(network->env, proxy, problem, &network->proxy);
}

static insist_err take_interface(struct network *network, const char *name, insist_problem *problem) {
    char text[64];
    bool address = address_is_literal(name);
    if (!address && (name[0] == '\0' || strlen(name) >= IFNAMSIZ || strpbrk(name, "/ !%\t\r\n")))
        return refuse(problem, "interface", "it is neither an interface's name nor an address");
    snprintf(text, sizeof(text), "%s!%s", address ? "host" : "if", name); /* libcurl's way to say which of them */
    return copy(network->env, text, problem, &network->interface);
}

static insist_err take_unix_socket(struct network *network, const char *path, insist_problem *problem) {
    const struct sockaddr_un room;
    if (path[0] == '\0' || strlen(path) >= sizeof(room.sun_path))
        return refuse(problem, "unix_socket", "a path of 1 to 107 characters is wanted");
    return copy(network->env, path, problem, &network->unix_socket);
}

static insist_err take_pin(struct network *network, const char *text, insist_problem *problem) {
    struct pin *pin = &network->pins[network->pin_count];
    struct resolved resolved = {.count = 0};
    const char *flaw = signpost_parse_pin(text, &pin->name, &resolved);
    if (flaw)
        return refuse(problem, "resolve", flaw);
    pin->addresses = addresses_new(network->env, &resolved);
    if (!pin->addresses)
        return no_memory(problem);
    network->pin_count++;
    return INSIST_OK;
}

static insist_err take_detour(struct network *network, const char *text, insist_problem *problem) {
    struct detour *detour = &network->detours[network->detour_count];
    const char *flaw = signpost_parse_detour(text, &detour->from, &detour->to);
    if (flaw)
        return refuse(problem, "connect_to", flaw);
    network->detour_count++;
    return INSIST_OK;
}

static insist_err take_lists(struct network *network, const insist_net_options *net, insist_problem *problem) {
    insist_err err = INSIST_OK;
    if ((net->resolve_count > 0 && !net->resolve) || net->resolve_count > UINT16_MAX)
        return refuse(problem, "resolve", "the list is NULL, or longer than any list is");
    if ((net->connect_to_count > 0 && !net->connect_to) || net->connect_to_count > UINT16_MAX)
        return refuse(problem, "connect_to", "the list is NULL, or longer than any list is");
    network->pins = env_alloc(network->env, net->resolve_count * sizeof(*network->pins));
    network->detours = env_alloc(network->env, net->connect_to_count * sizeof(*network->detours));
    if (!network->pins || !network->detours)
        return no_memory(problem);
    for (size_t i = 0; i < net->resolve_count && err == INSIST_OK; i++)
        err = take_pin(network, net->resolve[i], problem);
    for (size_t i = 0; i < net->connect_to_count && err == INSIST_OK; i++)
        err = take_detour(network, net->connect_to[i], problem);
    return err;
}

/* What cannot be meant together. */
static insist_err check_together(const insist_net_options *net, insist_problem *problem) {
    bool elsewhere = net->proxy || net->interface || net->resolve_count > 0 || net->connect_to_count > 0 ||
                     net->ip_version != INSIST_IP_ANY;
    if (net->unix_socket && elsewhere)
        return refuse(problem, "unix_socket", "with it nothing else can say where to connect");
    if (net->proxy && net->connect_to_count > 0)
        return refuse(problem, "connect_to", "with a proxy it is the proxy that connects");
    if (net->no_proxy && !net->proxy)
        return refuse(problem, "no_proxy", "there is no proxy");
    if (net->no_proxy && strpbrk(net->no_proxy, "/:[]"))
        return refuse(problem, "no_proxy", "names and IPv4 addresses, without ports and masks, are wanted");
    if ((unsigned)net->ip_version > INSIST_IPV6)
        return refuse(problem, "ip_version", "there is no such version");
    if (net->stall_bytes_per_s > 0 && net->stall_ms == 0)
        return refuse(problem, "stall_bytes_per_s", "stall_ms does not say over which time");
    if (net->keepalive_idle_ms == INSIST_FOREVER && net->keepalive_every_ms > 0)
        return refuse(problem, "keepalive_every_ms", "keepalive_idle_ms says that there are no probes");
    return INSIST_OK;
}

static insist_err take_places(struct network *network, const insist_net_options *net, insist_problem *problem) {
    insist_err err = check_together(net, problem);
    if (err == INSIST_OK && net->proxy)
        err = take_proxy(network, net->proxy, problem);
    if (err == INSIST_OK)
        err = copy(network->env, net->no_proxy, problem, &network->no_proxy);
    if (err == INSIST_OK && net->interface)
        err = take_interface(network, net->interface, problem);
    if (err == INSIST_OK && net->unix_socket)
        err = take_unix_socket(network, net->unix_socket, problem);
    network->ip_version = net->ip_version;
    return err == INSIST_OK ? take_lists(network, net, problem) : err;
}

/* ---- how long ---------------------------------------------------------------------------------------------------- */

/* 0 leaves the default. */
static insist_err take_ms(int64_t ms, const char *field, insist_problem *problem, int64_t *ns) {
    if (ms < 0)
        return refuse(problem, field, "a duration cannot be negative");
    if (ms > 0)
        *ns = time_from_ms(ms);
    return INSIST_OK;
}

/* libcurl knows whole seconds. */
static insist_err take_keepalive(int64_t ms, const char *field, insist_problem *problem, long *seconds) {
    int64_t ns = 0;
    insist_err err = take_ms(ms, field, problem, &ns);
    if (err != INSIST_OK || ns == 0)
        return err;
    if (ns > KEEPALIVE_MOST_S * SECOND_NS)
        return refuse(problem, field, "the system takes at most 32,767 s");
    *seconds = (long)((ns + SECOND_NS - 1) / SECOND_NS);
    return INSIST_OK;
}

static insist_err take_keepalives(struct network *network, const insist_net_options *net, insist_problem *problem) {
    if (net->keepalive_idle_ms == INSIST_FOREVER) {
        network->keepalive_idle_s = 0;
        return INSIST_OK;
    }
    insist_err err = take_keepalive(net->keepalive_idle_ms, "keepalive_idle_ms", problem, &network->keepalive_idle_s);
    if (err != INSIST_OK)
        return err;
    return take_keepalive(net->keepalive_every_ms, "keepalive_every_ms", problem, &network->keepalive_every_s);
}

static uint64_t bytes_of_window(uint64_t per_s, int64_t window_ns) {
    uint64_t bytes;
    uint64_t window_ms = (uint64_t)(window_ns / 1000000);
    if (__builtin_mul_overflow(per_s > 0 ? per_s : 1, window_ms, &bytes))
        return UINT64_MAX;
    return bytes < 1000 ? 1 : bytes / 1000;
}

static insist_err take_times(struct network *network, const insist_net_options *net, insist_problem *problem) {
    insist_err err = take_ms(net->idle_ms, "idle_ms", problem, &network->idle_ns);
    if (err == INSIST_OK)
        err = take_ms(net->life_ms, "life_ms", problem, &network->life_ns);
    if (err == INSIST_OK)
        err = take_ms(net->connect_timeout_ms, "connect_timeout_ms", problem, &network->connect_ns);
    if (err == INSIST_OK)
        err = take_ms(net->first_byte_timeout_ms, "first_byte_timeout_ms", problem, &network->first_byte_ns);
    if (err == INSIST_OK)
        err = take_ms(net->stall_ms, "stall_ms", problem, &network->stall_ns);
    network->stall_bytes = bytes_of_window(net->stall_bytes_per_s, network->stall_ns);
    return err == INSIST_OK ? take_keepalives(network, net, problem) : err;
}

insist_err network_new(const struct env *env, const insist_tls_options *tls, const insist_net_options *net,
                       insist_problem *problem, struct network **out) {
    struct network *network = env_alloc(env, sizeof(*network));
    insist_err err = INSIST_OK;
    *out = NULL;
    if (!network)
        return no_memory(problem);
    *network = network_default;
    network->env = env;
    if (tls)
        err = take_tls(network, tls, problem);
    if (err == INSIST_OK && net)
        err = take_places(network, net, problem);
    if (err == INSIST_OK && net)
        err = take_times(network, net, problem);
    if (err == INSIST_OK)
        *out = network;
    else
        network_free(network);
    return err;
}
