/* The public functions that start and stop a server, and its thread. */
#include "barrier.h"
#include "drain.h"
#include "exchange.h"
#include "job.h"
#include "ports.h"
#include "problem.h"
#include "respond.h"
#include "server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const size_t default_journal_limit = 300000;
static const unsigned default_idle_timeout_s = 120; /* no test leaves a connection idle for so long */
static const size_t barrier_limit = 100000;
static const size_t allowance_limit = (size_t)512 << 20;

/* ---- the thread ------------------------------------------------------------------------------------------------- */

/* libmicrohttpd aborts the process when it is stopped with a suspended connection. */
static void resume_all(struct insist_testserver *server) {
    server->stopping = true;
    jobs_close(&server->stations);
    for (struct exchange *exchange = server->exchanges; exchange; exchange = exchange->next) {
        exchange_resume(exchange);
    }
}

static void *serve(void *argument) {
    struct insist_testserver *server = argument;
    while (!atomic_load(&server->stop)) {
        loop_turn(&server->loop, ports_patience_ms(server));
        ports_run(server);
        jobs_settle(&server->stations);
        if (atomic_load(&server->drain)) {
            drain_turn(server);
        }
    }
    resume_all(server);
    ports_close(server);
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

/* As many as there are descriptors, but for some of its own, so that the control port can always be reached. */
static size_t default_connection_limit(void) {
    const rlim_t own = 64;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > SIZE_MAX) {
        return SIZE_MAX;
    }
    rlim_t kept = limit.rlim_cur / 2 < own ? limit.rlim_cur / 2 : own;
    return (size_t)(limit.rlim_cur - kept);
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
    options->idle_timeout_s = options->idle_timeout_s ? options->idle_timeout_s : default_idle_timeout_s;
    options->connection_limit = options->connection_limit ? options->connection_limit : default_connection_limit();
    return INSIST_OK;
}

/* A path that requests can have and that needs no escapes. */
static bool is_prefix(const char *text) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-._~";
    size_t length = strlen(text);
    return text[0] == '/' && length > 1 && length < ADMIN_PREFIX_SIZE - 1 && text[length - 1] != '/' &&
           strspn(text, allowed) == length;
}

static insist_err read_admin(struct insist_testserver *server, const insist_testserver_options *options,
                             insist_problem *problem) {
    const char *prefix = options->admin_prefix ? options->admin_prefix : "/__admin";
    if (!is_prefix(prefix)) {
        return problem_tell(problem, INSIST_EINVAL, "admin_prefix",
                            "must begin with '/', go on with letters, digits and -._~/, not end with '/', and be at "
                            "most 64 characters long");
    }
    if ((unsigned)options->admin > INSIST_TESTSERVER_ADMIN_NONE) {
        return problem_tell(problem, INSIST_EINVAL, "admin", "must be a value of insist_testserver_admin");
    }
    if (options->admin == INSIST_TESTSERVER_ADMIN_NONE && (options->admin_port != 0 || options->admin_prefix)) {
        return problem_tell(problem, INSIST_EINVAL, options->admin_port != 0 ? "admin_port" : "admin_prefix",
                            "there are no admin paths that it could be for");
    }
    server->admin = options->admin;
    snprintf(server->admin_prefix, sizeof server->admin_prefix, "%s", prefix);
    snprintf(server->admin_page, sizeof server->admin_page, "%s/", prefix);
    return INSIST_OK;
}

/* Before anybody can have connected. */
static insist_err set_scripts(struct insist_testserver *server, const char *const *scripts, insist_problem *problem) {
    insist_err err = INSIST_OK;
    for (size_t i = 0; scripts && scripts[i] && err == INSIST_OK; i += 2) {
        if (!scripts[i + 1]) {
            return problem_tell(problem, INSIST_EINVAL, "scripts", "the last path has no script");
        }
        err = insist_testserver_script(server, scripts[i], scripts[i + 1], problem);
    }
    return err;
}

static insist_err start(struct insist_testserver *server, const insist_testserver_options *options,
                        insist_problem *problem) {
    insist_err err = read_admin(server, options, problem);
    if (err != INSIST_OK) {
        return err;
    }
    server->seed = options->seed;
    server->familiar = !options->no_familiar;
    server->body_limit = options->body_limit;
    if (!loop_init(&server->loop)) {
        return fail_system(problem, "no descriptor for the loop");
    }
    server->plain = respond_plain_new();
    if (!server->plain) {
        return problem_tell(problem, INSIST_ENOMEM, "system", "out of memory");
    }
    err = set_scripts(server, options->scripts, problem);
    err = err == INSIST_OK ? ports_open(server, options, problem) : err;
    if (err != INSIST_OK) {
        return err;
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
    atomic_init(&server->allowance.limit, allowance_limit);
    if (pthread_mutex_init(&server->stop_lock, NULL) != 0) {
        free(server);
        return NULL;
    }
    bool ledger = ledger_init(&server->ledger, journal_limit);
    bool stations = ledger && stations_init(&server->stations, &server->loop);
    if (stations && rulebook_init(&server->rules)) {
        return server;
    }
    if (stations) {
        stations_fini(&server->stations);
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

bool insist_testserver_drain(insist_testserver *server, int64_t timeout_ms) {
    atomic_store(&server->drain, true);
    pthread_mutex_lock(&server->stop_lock);
    if (server->running) {
        loop_wake(&server->loop);
    }
    pthread_mutex_unlock(&server->stop_lock);
    return ledger_wait_drained(&server->ledger, timeout_ms);
}

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
    ports_close(server); /* for a server that never ran; else there is nothing left to close */
    if (server->plain) {
        MHD_destroy_response(server->plain);
    }
    loop_fini(&server->loop);
    barriers_fini(&server->barriers);
    jobs_free(&server->stations);
    stations_fini(&server->stations);
    rulebook_fini(&server->rules);
    ledger_fini(&server->ledger);
    certificate_fini(&server->certificate);
    pthread_mutex_destroy(&server->stop_lock);
    free(server);
}
