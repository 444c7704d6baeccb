/* See ports.h. */
#include "ports.h"

#include "connection.h"
#include "problem.h"
#include "reception.h"
#include "server.h"
#include "stuck.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What is wrong with the doors that faults of the TLS handshake lead to. */
static const struct bad_door {
    enum port_fault fault;
    int door;
    enum certificate_kind certificate;
    const char *priorities; /* NULL: the library's */
} bad_doors[] = {
    {TLS_EXPIRED, DOOR_EXPIRED, CERTIFICATE_EXPIRED, NULL},
    {TLS_WRONG_HOST, DOOR_WRONG_HOST, CERTIFICATE_WRONG_HOST, NULL},
    {TLS_UNTRUSTED, DOOR_UNTRUSTED, CERTIFICATE_UNTRUSTED, NULL},
    {TLS_OLD_VERSION, DOOR_OLD_VERSION, CERTIFICATE_GOOD, "NORMAL:-VERS-ALL:+VERS-TLS1.1:+VERS-TLS1.0"},
};
enum { BAD_DOORS = sizeof bad_doors / sizeof bad_doors[0] };

static const size_t control_connection_limit = 16;

/* ---- doors ------------------------------------------------------------------------------------------------------ */

static insist_err fail_tls(insist_problem *problem) {
    return problem_tell(problem, INSIST_ESYSTEM, "tls", "GnuTLS could not make a certificate");
}

static bool open_door(struct insist_testserver *server, int which, const struct door_settings *settings) {
    struct door *door = &server->doors[which];
    bool control = which == DOOR_CONTROL;
    *door = (struct door){.loop = &server->loop,
                          .handlers = &reception,
                          .server = server,
                          .crowd = &server->crowds[control ? PORT_CONTROL : PORT_SERVICE],
                          .control = control};
    return door_open(door, settings);
}

static insist_err open_bad_doors(struct insist_testserver *server, const insist_testserver_options *options,
                                 insist_problem *problem) {
    for (size_t i = 0; i < BAD_DOORS; i++) {
        const struct bad_door *bad = &bad_doors[i];
        bool good = bad->certificate == CERTIFICATE_GOOD;
        struct certificate own = {0};
        if (!good && !certificate_make(&own, bad->certificate, options->bind, &server->certificate)) {
            return fail_tls(problem);
        }
        const struct door_settings settings = {good ? &server->certificate : &own, bad->priorities,
                                               options->idle_timeout_s};
        bool ok = open_door(server, bad->door, &settings);
        certificate_fini(&own); /* the door has read it */
        if (!ok) {
            return problem_tell(problem, INSIST_ESYSTEM, "system", "libmicrohttpd could not be started with TLS");
        }
    }
    return INSIST_OK;
}

static insist_err open_doors(struct insist_testserver *server, const insist_testserver_options *options,
                             insist_problem *problem) {
    if (options->tls && !certificate_make(&server->certificate, CERTIFICATE_GOOD, options->bind, NULL)) {
        return fail_tls(problem);
    }
    const struct door_settings service = {options->tls ? &server->certificate : NULL, NULL, options->idle_timeout_s};
    const struct door_settings control = {NULL, NULL, options->idle_timeout_s};
    bool closed = options->admin == INSIST_TESTSERVER_ADMIN_NONE;
    if (!open_door(server, DOOR_SERVICE, &service) || (!closed && !open_door(server, DOOR_CONTROL, &control))) {
        return problem_tell(problem, INSIST_ESYSTEM, "system", "libmicrohttpd could not be started");
    }
    return options->tls ? open_bad_doors(server, options, problem) : INSIST_OK;
}

/* ---- ports ------------------------------------------------------------------------------------------------------ */

static void write_url(char *url, const char *scheme, const struct acceptor *acceptor, const char *address) {
    bool v6 = acceptor->address.ss_family == AF_INET6;
    if (strcmp(address, "0.0.0.0") == 0) {
        address = "127.0.0.1"; /* bound to all: here is one that can be connected to */
    } else if (strcmp(address, "::") == 0) {
        address = "::1";
    }
    snprintf(url, URL_SIZE, "%s://%s%s%s:%u", scheme, v6 ? "[" : "", address, v6 ? "]" : "", acceptor_port(acceptor));
}

/* The port cannot be had, with errno: which option is at fault. */
static insist_err fail_bind(insist_problem *problem, insist_err err, const char *field, uint16_t port,
                            const char *address) {
    char buffer[80];
    const char *reason = strerror_r(errno, buffer, sizeof buffer);
    switch (errno) {
    case EADDRINUSE: return problem_tell(problem, err, field, "port %u of %s is in use", port, address);
    case EACCES: return problem_tell(problem, err, field, "port %u of %s may not be used: %s", port, address, reason);
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
    case EINVAL: /* such as a link-local one, which names no interface */
        return problem_tell(problem, err, "bind", "%s cannot be listened on: %s", address, reason);
    default:
        return problem_tell(problem, errno == ENOMEM ? INSIST_ENOMEM : INSIST_ESYSTEM, "system",
                            "no socket to listen on: %s", reason);
    }
}

static insist_err open_port(struct insist_testserver *server, const struct acceptor_place *place, int which,
                            const insist_testserver_options *options, insist_problem *problem) {
    bool control = which == PORT_CONTROL;
    uint16_t port = control ? options->admin_port : options->port;
    struct acceptor *acceptor = &server->acceptors[which];
    insist_err err = acceptor_open(acceptor, place, options->bind, port);
    if (err == INSIST_EINVAL) {
        return problem_tell(problem, err, "bind", "must be a numeric address, such as 127.0.0.1 or ::1");
    }
    if (err != INSIST_OK) {
        return fail_bind(problem, err, control ? "admin_port" : "port", port, options->bind);
    }
    const char *scheme = options->tls && !control ? "https" : "http";
    write_url(control ? server->admin_url : server->url, scheme, acceptor, options->bind);
    return INSIST_OK;
}

static insist_err read_tls_fault(const insist_testserver_options *options, struct port_order *order,
                                 insist_problem *problem) {
    size_t column;
    char expected[160];
    if (!options->tls_fault) {
        return INSIST_OK;
    }
    if (!options->tls) {
        return problem_tell(problem, INSIST_EINVAL, "tls_fault", "makes no sense without tls");
    }
    if (!port_order_parse_tls(options->tls_fault, order, &column, expected)) {
        return problem_tell(problem, INSIST_EINVAL, "tls_fault", "column %zu: %s", column, expected);
    }
    return INSIST_OK;
}

insist_err ports_open(struct insist_testserver *server, const insist_testserver_options *options,
                      insist_problem *problem) {
    struct acceptor_place control = {
        .loop = &server->loop, .door = &server->doors[DOOR_CONTROL], .crowd = &server->crowds[PORT_CONTROL]};
    struct acceptor_place service = {.loop = &server->loop,
                                     .door = &server->doors[DOOR_SERVICE],
                                     .crowd = &server->crowds[PORT_SERVICE],
                                     .ledger = &server->ledger};
    for (size_t i = 0; options->tls && i < BAD_DOORS; i++) {
        service.by_fault[bad_doors[i].fault] = &server->doors[bad_doors[i].door];
    }
    server->crowds[PORT_SERVICE] =
        (struct crowd){.limit = options->connection_limit, .close_quiet = connection_close_quiet};
    server->crowds[PORT_CONTROL] =
        (struct crowd){.limit = control_connection_limit, .close_quiet = connection_close_quiet, .cut = connection_cut};
    insist_err err = read_tls_fault(options, &service.first, problem);
    err = err == INSIST_OK ? open_doors(server, options, problem) : err;
    err = err == INSIST_OK ? open_port(server, &service, PORT_SERVICE, options, problem) : err;
    bool closed = options->admin == INSIST_TESTSERVER_ADMIN_NONE;
    return err == INSIST_OK && !closed ? open_port(server, &control, PORT_CONTROL, options, problem) : err;
}

/* ---- running and closing ---------------------------------------------------------------------------------------- */

/* The shorter of two times to wait; -1 is for ever. */
static int shorter(int a, int b) {
    if (a < 0 || b < 0) {
        return a < 0 ? b : a;
    }
    return a < b ? a : b;
}

int ports_patience_ms(struct insist_testserver *server) {
    int patience_ms = -1;
    for (int i = 0; i < DOOR_COUNT; i++) {
        if (server->doors[i].daemon) {
            patience_ms = shorter(patience_ms, door_patience_ms(&server->doors[i]));
        }
    }
    return patience_ms;
}

void ports_run(struct insist_testserver *server) {
    for (int i = 0; i < DOOR_COUNT; i++) {
        door_run(&server->doors[i]);
        stuck_end(&server->doors[i]);
    }
}

void ports_stop_listening(struct insist_testserver *server) {
    for (int i = 0; i < PORT_COUNT; i++) {
        acceptor_stop_listening(&server->acceptors[i]);
    }
}

void ports_close(struct insist_testserver *server) {
    for (int i = 0; i < PORT_COUNT; i++) {
        acceptor_close(&server->acceptors[i]);
    }
    for (int i = 0; i < DOOR_COUNT; i++) {
        door_close(&server->doors[i]);
    }
}
