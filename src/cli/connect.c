#include "cli/connect.h"
#include "cli/option_table.h"
#include "cli/settings.h"
#include <stdio.h>
#include <string.h>

static bool take(const char **place, const char *text) {
    *place = text;
    return true;
}

static bool add(struct texts *texts, const char *text) {
    texts->items[texts->count++] = text;
    return true;
}

bool connect_option(struct settings *settings, int key, const char *text, insist_problem *problem) {
    struct connect *connect = &settings->connect;
    switch (key) {
    case 'k': return settings->insecure = true;
    case KEY_CACERT: return take(&settings->ca_file, text);
    case 'E': return take(&connect->certificate_file, text);
    case KEY_KEY: return take(&connect->key_file, text);
    case KEY_PASS: return take(&connect->key_password, text);
    case KEY_PINNEDPUBKEY: return take(&connect->pinned_key, text);
    case 'x': return take(&connect->proxy, text);
    case KEY_NOPROXY: return take(&connect->no_proxy, text);
    case KEY_UNIX_SOCKET: return take(&connect->unix_socket, text);
    case KEY_INTERFACE: return take(&connect->interface, text);
    case KEY_RESOLVE: return add(&connect->resolve, text);
    case KEY_CONNECT_TO: return add(&connect->connect_to, text);
    case KEY_CONNECT_TIMEOUT: return spec_positive_duration_ms(text, &connect->timeout_ms, problem);
    default: return false;
    }
}

void connect_fill_in(const struct settings *settings, insist_tls_options *tls, insist_net_options *net) {
    const struct connect *connect = &settings->connect;
    tls->ca_file = settings->ca_file;
    tls->insecure = settings->insecure;
    tls->certificate_file = connect->certificate_file;
    tls->key_file = connect->key_file;
    tls->key_password = connect->key_password;
    tls->pinned_key = connect->pinned_key;
    net->proxy = connect->proxy;
    net->no_proxy = connect->no_proxy;
    net->unix_socket = connect->unix_socket;
    net->interface = connect->interface;
    net->resolve = connect->resolve.items;
    net->resolve_count = connect->resolve.count;
    net->connect_to = connect->connect_to.items;
    net->connect_to_count = connect->connect_to.count;
    net->connect_timeout_ms = connect->timeout_ms;
}

void connect_name_option(insist_problem *problem) {
    static const char *const names[][2] = {
        {"user_agent", "--user-agent"},
        {"ca_file", "--cacert"},
        {"certificate_file", "--cert"},
        {"key_file", "--key"},
        {"key_password", "--pass"},
        {"proxy", "--proxy"},
        {"pinned_key", "--pinnedpubkey"},
        {"unix_socket", "--unix-socket"},
        {"no_proxy", "--noproxy"},
        {"interface", "--interface"},
        {"resolve", "--resolve"},
        {"connect_to", "--connect-to"},
        {"connect_timeout_ms", "--connect-timeout"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(problem->field, names[i][0]) == 0) {
            snprintf(problem->field, sizeof(problem->field), "%s", names[i][1]);
            return;
        }
    }
}
