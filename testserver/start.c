/* The public functions that start and stop a server, and its thread. */
#include "barrier.h"
#include "exchange.h"
#include "problem.h"
#include "reception.h"
#include "server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t default_journal_limit = 300000;
static const size_t barrier_limit = 100000;

/* ---- the thread ------------------------------------------------------------------------------------------------- */

/* The shorter of two times to wait; -1 is for ever. */
static int shorter(int a, int b) {
    if (a < 0 || b < 0) {
        return a < 0 ? b : a;
    }
    return a < b ? a : b;
}

/* libmicrohttpd aborts the process when it is stopped with a suspended connection. */
static void resume_all(struct insist_testserver *server) {
    server->stopping = true;
    for (struct exchange *exchange = server->exchanges; exchange; exchange = exchange->next) {
        exchange_resume(exchange);
    }
}

static void *serve(void *argument) {
    struct insist_testserver *server = argument;
    while (!atomic_load(&server->stop)) {
        int patience_ms =
            shorter(door_patience_ms(&server->doors[DOOR_SERVICE]), door_patience_ms(&server->doors[DOOR_CONTROL]));
        loop_turn(&server->loop, patience_ms);
        for (int i = 0; i < DOOR_COUNT; i++) {
            door_run(&server->doors[i]);
        }
    }
    resume_all(server);
    for (int i = 0; i < DOOR_COUNT; i++) {
        acceptor_close(&server->acceptors[i]);
        door_close(&server->doors[i]);
    }
    return NULL;
}

/* The thread takes no signals: they are the embedding program's. */
static bool start_thread(struct insist_testserver *server) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0) {
        return false;
    }
    int code = pthread_create(&server->thread, NULL, serve, server);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (code != 0) {
        errno = code;
        return false;
    }
    pthread_setname_np(server->thread, "testserver");
    server->running = true;
    return true;
}

/* ---- starting --------------------------------------------------------------------------------------------------- */

/* A failure of the system, with errno in words. */
static insist_err fail_system(insist_problem *problem, const char *what) {
    char reason[80];
    insist_err err = errno == ENOMEM ? INSIST_ENOMEM : INSIST_ESYSTEM;
    return problem_tell(problem, err, "system", "%s: %s", what, strerror_r(errno, reason, sizeof reason));
}

static insist_err read_options(const insist_testserver_options *given, insist_testserver_options *options,
                               insist_problem *problem) {
    memset(options, 0, sizeof *options);
    if (given && given->size < sizeof given->size) {
        problem_tell(problem, INSIST_EINVAL, "size", "must be sizeof(insist_testserver_options)");
        return INSIST_EINVAL;
    }
    if (given) {
        const unsigned char *bytes = (const unsigned char *)given;
        for (size_t i = sizeof *options; i < given->size; i++) {
            if (bytes[i] != 0) {
                problem_tell(problem, INSIST_ETOONEW, "size", "options are set that this version does not know");
                return INSIST_ETOONEW;
            }
        }
        memcpy(options, given, given->size < sizeof *options ? given->size : sizeof *options);
    }
    options->bind = options->bind ? options->bind : "127.0.0.1";
    options->journal_limit = options->journal_limit ? options->journal_limit : default_journal_limit;
    return INSIST_OK;
}

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
    default: return fail_system(problem, "no socket to listen on");
    }
}

static insist_err open_port(struct insist_testserver *server, const insist_testserver_options *options, int which,
                            insist_problem *problem) {
    bool control = which == DOOR_CONTROL;
    bool tls = options->tls && !control;
    uint16_t port = control ? options->admin_port : options->port;
    struct door *door = &server->doors[which];
    *door = (struct door){.loop = &server->loop, .handlers = &reception, .server = server, .control = control};
    if (!door_open(door, tls ? &server->certificate : NULL)) {
        return problem_tell(problem, INSIST_ESYSTEM, "system", "libmicrohttpd could not be started");
    }
    struct acceptor *acceptor = &server->acceptors[which];
    insist_err err = acceptor_open(acceptor, &server->loop, door, options->bind, port);
    if (err == INSIST_EINVAL) {
        return problem_tell(problem, err, "bind", "must be a numeric address, such as 127.0.0.1 or ::1");
    }
    if (err != INSIST_OK) {
        return fail_bind(problem, err, control ? "admin_port" : "port", port, options->bind);
    }
    write_url(control ? server->admin_url : server->url, tls ? "https" : "http", acceptor, options->bind);
    return INSIST_OK;
}

static insist_err start(struct insist_testserver *server, const insist_testserver_options *options,
                        insist_problem *problem) {
    server->seed = options->seed;
    if (!loop_init(&server->loop)) {
        return fail_system(problem, "no descriptor for the loop");
    }
    if (options->tls && !certificate_make(&server->certificate, options->bind)) {
        return problem_tell(problem, INSIST_ESYSTEM, "tls", "GnuTLS could not make a certificate");
    }
    for (int i = 0; i < DOOR_COUNT; i++) {
        insist_err err = open_port(server, options, i, problem);
        if (err != INSIST_OK) {
            return err;
        }
    }
    return start_thread(server) ? INSIST_OK : fail_system(problem, "no thread");
}

/* Memory and locks. NULL: not to be had, and nothing is left. */
static struct insist_testserver *server_new(size_t journal_limit) {
    struct insist_testserver *server = calloc(1, sizeof *server);
    if (!server) {
        return NULL;
    }
    server->loop = (struct loop){.epoll_fd = -1, .timer_fd = -1, .wake_fd = -1};
    table_init(&server->barriers, barrier_limit);
    if (pthread_mutex_init(&server->stop_lock, NULL) != 0) {
        free(server);
        return NULL;
    }
    bool ledger = ledger_init(&server->ledger, journal_limit);
    if (ledger && rulebook_init(&server->rules)) {
        return server;
    }
    if (ledger) {
        ledger_fini(&server->ledger);
    }
    pthread_mutex_destroy(&server->stop_lock);
    free(server);
    return NULL;
}

insist_err insist_testserver_start(const insist_testserver_options *given, insist_problem *problem,
                                   insist_testserver **out) {
    insist_testserver_options options;
    if (!out) {
        return problem_tell(problem, INSIST_EINVAL, "out", "must not be NULL");
    }
    *out = NULL;
    insist_err err = read_options(given, &options, problem);
    if (err != INSIST_OK) {
        return err;
    }
    struct insist_testserver *server = server_new(options.journal_limit);
    if (!server) {
        return problem_tell(problem, INSIST_ENOMEM, "system", "out of memory");
    }
    err = start(server, &options, problem);
    if (err != INSIST_OK) {
        insist_testserver_free(server);
        return err;
    }
    *out = server;
    return INSIST_OK;
}

/* ---- stopping --------------------------------------------------------------------------------------------------- */

void insist_testserver_stop(insist_testserver *server) {
    if (!server) {
        return;
    }
    pthread_mutex_lock(&server->stop_lock); /* a second caller waits until the first has finished */
    if (server->running) {
        atomic_store(&server->stop, true);
        loop_wake(&server->loop);
        pthread_join(server->thread, NULL);
        server->running = false;
        ledger_stop(&server->ledger);
    }
    pthread_mutex_unlock(&server->stop_lock);
}

void insist_testserver_free(insist_testserver *server) {
    if (!server) {
        return;
    }
    insist_testserver_stop(server);
    for (int i = 0; i < DOOR_COUNT; i++) { /* for a server that never ran; else there is nothing left to close */
        acceptor_close(&server->acceptors[i]);
        door_close(&server->doors[i]);
    }
    loop_fini(&server->loop);
    barriers_fini(&server->barriers);
    rulebook_fini(&server->rules);
    ledger_fini(&server->ledger);
    certificate_fini(&server->certificate);
    pthread_mutex_destroy(&server->stop_lock);
    free(server);
}
