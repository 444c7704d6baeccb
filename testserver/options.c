/* Reading the command line. See options.h. */
#include "options.h"
#include "spelling/spelling.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPT_PORT = 256,
    OPT_BIND,
    OPT_TLS,
    OPT_TLS_FAULT,
    OPT_CONNECTIONS,
    OPT_IDLE_TIMEOUT,
    OPT_MAX_BODY,
    OPT_ADMIN,
    OPT_ADMIN_PREFIX,
    OPT_DRAIN,
    OPT_SEED,
    OPT_SCRIPT,
    OPT_PORT_FILE,
    OPT_ADMIN_PORT,
    OPT_NO_FAMILIAR,
    OPT_QUIET,
    OPT_CERT_FILE,
    OPT_VERSION,
    OPT_HELP = 'h'
};

static const struct option long_options[] = {
    {"port", required_argument, NULL, OPT_PORT},
    {"bind", required_argument, NULL, OPT_BIND},
    {"tls", no_argument, NULL, OPT_TLS},
    {"tls-fault", required_argument, NULL, OPT_TLS_FAULT},
    {"connections", required_argument, NULL, OPT_CONNECTIONS},
    {"idle-timeout", required_argument, NULL, OPT_IDLE_TIMEOUT},
    {"max-body", required_argument, NULL, OPT_MAX_BODY},
    {"admin", required_argument, NULL, OPT_ADMIN},
    {"admin-prefix", required_argument, NULL, OPT_ADMIN_PREFIX},
    {"drain", required_argument, NULL, OPT_DRAIN},
    {"seed", required_argument, NULL, OPT_SEED},
    {"script", required_argument, NULL, OPT_SCRIPT},
    {"port-file", required_argument, NULL, OPT_PORT_FILE},
    {"admin-port", required_argument, NULL, OPT_ADMIN_PORT},
    {"no-familiar", no_argument, NULL, OPT_NO_FAMILIAR},
    {"quiet", no_argument, NULL, OPT_QUIET},
    {"cert-file", required_argument, NULL, OPT_CERT_FILE},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

void program_options_explain(void) {
    fputs(
        "usage: insist-testserver [options]\n"
        "An HTTP server that misbehaves on request, for tests.\n\n"
        "  --port N         port to serve on; 0, the default, takes a free one\n"
        "  --bind ADDR      numeric address to serve on (127.0.0.1)\n"
        "  --tls            serve https, with a self-signed certificate made at start\n"
        "  --tls-fault FAULT  what befalls handshakes: stall, reset, close, alert, plain, expired, wrong-host,\n"
        "                   untrusted, old-version; for ever, or with :3 for three connections, :2s for two seconds\n"
        "  --cert-file FILE write that certificate to FILE, for clients to trust\n"
        "  --seed N         seed of the weighted draws (0)\n"
        "  --script FILE    lines of PATH SCRIPT: what paths answer; # begins a comment line\n"
        "  --port-file FILE write the port to FILE once connections are accepted\n"
        "  --admin-port N   port of the admin paths that no fault touches; 0, the default, takes a free one\n"
        "  --admin WHERE    both (ports), port (the admin port only) or none\n"
        "  --admin-prefix PATH  what the admin paths begin with (/__admin)\n"
        "  --connections N  connections at once (all descriptors but a few); more of them push out idle ones\n"
        "  --idle-timeout N seconds after which an idle connection is closed (120)\n"
        "  --no-familiar    httpbin's paths, such as /status/503, are paths like any other\n"
        "  --max-body N     bytes of a request's body; larger ones are answered 413 (no limit)\n"
        "  --drain N        seconds that answers may still take after SIGTERM or SIGINT; a second signal ends it (5)\n"
        "  --quiet          print nothing but errors\n"
        "  -h, --help, --version\n\n"
        "A request can bring its script along, counted by key:\n"
        "  curl 'http://127.0.0.1:PORT/users/7?do=404x2,200&key=a'\n"
        "What has happened:  GET /__admin/journal  GET /__admin/counts  GET and PUT /__admin/scripts?path=/p\n"
        "For people, in a browser: /__admin/      For Prometheus: /metrics\n",
        stdout);
}

bool program_options_know(const char *name) {
    for (const struct option *option = long_options; option->name; option++) {
        if (strcmp(option->name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool complain(const char *format, const char *word) {
    fputs("insist-testserver: ", stderr);
    fprintf(stderr, format, word);
    fputs("\n", stderr);
    return false;
}

static const char *option_name(size_t number) {
    return long_options[number].name;
}

static bool complain_unknown(const char *word) {
    const char *nearest = spelling_nearest(word, option_name);
    fprintf(stderr, "insist-testserver: unknown option '%.60s'", word);
    if (nearest) {
        fprintf(stderr, "; did you mean --%s?\n", nearest);
    } else {
        fputs("; --help lists them\n", stderr);
    }
    return false;
}

static bool read_number(const char *text, unsigned long long high, unsigned long long *out) {
    char *end;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && *out <= high;
}

static bool read_port(const char *name, const char *text, uint16_t *out) {
    unsigned long long value;
    if (!read_number(text, 65535, &value)) {
        fprintf(stderr, "insist-testserver: %s must be a number from 0 to 65535, not '%.60s'\n", name, text);
        return false;
    }
    *out = (uint16_t)value;
    return true;
}

/* A whole number from low to high. */
static bool read_bounded(const char *name, unsigned long long low, unsigned long long high, unsigned long long *out) {
    if (!read_number(optarg, high, out) || *out < low) {
        fprintf(stderr, "insist-testserver: %s must be a whole number from %llu to %llu, not '%.60s'\n", name, low,
                high, optarg);
        return false;
    }
    return true;
}

static bool read_seconds(const char *name, unsigned low, unsigned *out) {
    unsigned long long value;
    bool ok = read_bounded(name, low, 86400, &value);
    *out = ok ? (unsigned)value : 0;
    return ok;
}

static bool read_admin(insist_testserver_admin *out) {
    static const char *const names[] = {"both", "port", "none"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(optarg, names[i]) == 0) {
            *out = (insist_testserver_admin)i;
            return true;
        }
    }
    return complain("--admin must be both, port or none, not '%.60s'", optarg);
}

static bool read_option(struct program_options *options, int option, const char *word) {
    unsigned long long value;
    switch (option) {
    case OPT_PORT: return read_port("--port", optarg, &options->server.port);
    case OPT_ADMIN_PORT: return read_port("--admin-port", optarg, &options->server.admin_port);
    case OPT_BIND: options->server.bind = optarg; return true;
    case OPT_TLS: options->server.tls = true; return true;
    case OPT_TLS_FAULT: options->server.tls_fault = optarg; return true;
    case OPT_CONNECTIONS:
        if (!read_bounded("--connections", 1, 1000000000, &value)) {
            return false;
        }
        options->server.connection_limit = value;
        return true;
    case OPT_MAX_BODY:
        if (!read_bounded("--max-body", 1, INT64_MAX, &value)) {
            return false;
        }
        options->server.body_limit = value;
        return true;
    case OPT_IDLE_TIMEOUT: return read_seconds("--idle-timeout", 1, &options->server.idle_timeout_s);
    case OPT_DRAIN: return read_seconds("--drain", 0, &options->drain_s);
    case OPT_ADMIN: return read_admin(&options->server.admin);
    case OPT_ADMIN_PREFIX: options->server.admin_prefix = optarg; return true;
    case OPT_SCRIPT: options->script_file = optarg; return true;
    case OPT_PORT_FILE: options->port_file = optarg; return true;
    case OPT_CERT_FILE: options->cert_file = optarg; return true;
    case OPT_NO_FAMILIAR: options->server.no_familiar = true; return true;
    case OPT_QUIET: options->quiet = true; return true;
    case OPT_HELP: options->help = true; return true;
    case OPT_VERSION: options->version = true; return true;
    case OPT_SEED:
        if (!read_bounded("--seed", 0, UINT64_MAX, &value)) {
            return false;
        }
        options->server.seed = value;
        return true;
    case ':': return complain("%.60s needs a value", word);
    default: return optopt >= OPT_PORT ? complain("%.60s: it takes no value", word) : complain_unknown(word);
    }
}

/* getopt_long takes a name's beginning for the name. Here only names count: what is short now may be another's later. */
static bool is_whole(const char *word, const struct option *option) {
    return word[0] != '-' || word[1] != '-' || strcspn(word + 2, "=") == strlen(option->name);
}

bool program_options_read(struct program_options *options, int argc, char **argv) {
    memset(options, 0, sizeof *options);
    insist_testserver_options_init(&options->server);
    options->drain_s = 5;
    opterr = 0;
    for (;;) {
        int next = optind; /* the word that getopt_long reads now */
        int row = 0;
        optopt = 0;
        int option = getopt_long(argc, argv, "+:h", long_options, &row);
        if (option < 0) {
            break;
        }
        if (option != '?' && option != ':' && !is_whole(argv[next], &long_options[row])) {
            return complain_unknown(argv[next]);
        }
        if (!read_option(options, option, argv[next])) {
            return false;
        }
    }
    if (optind < argc) {
        return complain("unexpected argument '%.60s'; --help lists the options", argv[optind]);
    }
    if (options->server.tls_fault && !options->server.tls) {
        return complain("%s makes no sense without --tls", "--tls-fault");
    }
    if (options->cert_file && !options->server.tls) {
        return complain("%s makes no sense without --tls", "--cert-file");
    }
    return true;
}
