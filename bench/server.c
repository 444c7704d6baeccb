/* See server.h. */
#include "server.h"
#include "instant.h"
#include "program.h"
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct server_kind {
    uint64_t seed;
    bool tls;
    const char *tls_fault; /* NULL: none */
};

/* ---- the process ------------------------------------------------------------------------------------------------ */

/* Beside this program, in the build tree, or wherever PATH has it. */
static void find_program(const char *wanted, char program[PROGRAM_BYTES]) {
    if (wanted != NULL || !program_find_nearby("insist-testserver", "testserver", program)) {
        snprintf(program, PROGRAM_BYTES, "%s", wanted != NULL ? wanted : "insist-testserver");
    }
}

/* In the child: becomes the server. */
static void become_server(const char *program, const struct server_kind *kind) {
    char number[24];
    snprintf(number, sizeof number, "%llu", (unsigned long long)kind->seed);
    const char *tls = kind->tls ? "--tls" : NULL; /* the first word that is missing ends the list */
    const char *fault = kind->tls && kind->tls_fault != NULL ? "--tls-fault" : NULL;
    execlp(program, program, "--port", "0", "--seed", number, tls, fault, kind->tls_fault, (char *)NULL);
    fprintf(stderr, "insist-bench: %s: %s\n", program, strerror(errno));
    _exit(127);
}

/* Reads "WHAT on URL" and keeps the URL. */
static bool read_url(FILE *in, const char *what, char url[64]) {
    char line[128];
    char format[32];
    snprintf(format, sizeof format, "%s on %%63s", what);
    return fgets(line, sizeof line, in) != NULL && sscanf(line, format, url) == 1;
}

/* The two lines by which it says that it accepts. */
static bool read_announcement(struct server *server) {
    int copy = dup(server->output);
    FILE *in = copy >= 0 ? fdopen(copy, "r") : NULL;
    if (in == NULL) {
        if (copy >= 0) {
            close(copy);
        }
        return false;
    }
    bool read = read_url(in, "listening", server->url) && read_url(in, "admin", server->admin);
    fclose(in);
    return read;
}

static bool launch(struct server *server, const char *wanted, const struct server_kind *kind) {
    char path[PROGRAM_BYTES];
    struct program program;
    find_program(wanted, path);
    if (!program_fork(&program)) {
        return false;
    }
    if (program.pid == 0) {
        become_server(path, kind);
    }
    server->pid = program.pid;
    server->output = program.output;
    return read_announcement(server);
}

static bool start(struct server *server, const char *program, const struct server_kind *kind) {
    *server = (struct server){.output = -1};
    if (!launch(server, program, kind)) {
        fputs("insist-bench: the test server could not be started (--server PROGRAM says where it is)\n", stderr);
        return false;
    }
    insist_problem problem;
    insist_err err = insist_client_new(
        INSIST_CLIENT_OPTIONS(.workers = 1, .budget = insist_budget_none(), .user_agent = "insist-bench"), &problem,
        &server->client);
    if (err != INSIST_OK) {
        fprintf(stderr, "insist-bench: %s: %s\n", problem.field, problem.text);
    }
    return err == INSIST_OK;
}

bool server_start(struct server *server, const char *program, uint64_t seed) {
    return start(server, program, &(struct server_kind){.seed = seed});
}

bool server_start_tls(struct server *server, const char *program, uint64_t seed, const char *fault) {
    return start(server, program, &(struct server_kind){.seed = seed, .tls = true, .tls_fault = fault});
}

void server_stop(struct server *server) {
    insist_client_free(server->client);
    if (server->pid > 0) {
        kill(server->pid, SIGTERM);
        while (waitpid(server->pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    if (server->output >= 0) {
        close(server->output);
    }
    *server = (struct server){.output = -1};
}

/* ---- the control port ------------------------------------------------------------------------------------------- */

/* One request; the answer is kept for the caller. */
static bool ask(struct server *server, const char *method, const char *what, const char *body, insist_result **result) {
    char url[192];
    insist_plan *plan = NULL;
    snprintf(url, sizeof url, "%s/__admin/%s", server->admin, what);
    *result = NULL;
    insist_err err = insist_plan_new(method, url, NULL, &plan);
    if (err == INSIST_OK && body != NULL) {
        err = insist_plan_set_body(plan, body, strlen(body));
    }
    if (err == INSIST_OK) {
        err = insist_execute(server->client, plan, NULL, result);
    }
    insist_plan_free(plan);
    if (err == INSIST_OK && insist_result_ok(*result)) {
        return true;
    }
    size_t length = 0;
    const char *said = *result != NULL ? insist_result_body(*result, &length) : "";
    fprintf(stderr, "insist-bench: %s %s: %s %s\n", method, url, insist_strerror(err), said);
    return false;
}

static bool order(struct server *server, const char *method, const char *what, const char *body) {
    insist_result *result;
    bool done = ask(server, method, what, body, &result);
    insist_result_free(result);
    return done;
}

/* A number of the JSON object that the server answers with. */
static bool ask_number(struct server *server, const char *what, const char *key, uint64_t *number) {
    insist_result *result;
    bool done = ask(server, "GET", what, NULL, &result);
    if (done) {
        json_t *json = json_loads(insist_result_body(result, NULL), 0, NULL);
        const json_t *value = json_object_get(json, key);
        done = json_is_integer(value);
        *number = done ? (uint64_t)json_integer_value(value) : 0;
        json_decref(json);
        if (!done) {
            fprintf(stderr, "insist-bench: %s: no %s in the server's answer\n", what, key);
        }
    }
    insist_result_free(result);
    return done;
}

bool server_script(struct server *server, const char *path, const char *script) {
    char what[96];
    snprintf(what, sizeof what, "scripts?path=%s", path);
    return order(server, "PUT", what, script);
}

bool server_forget(struct server *server) {
    return order(server, "DELETE", "journal", NULL) && order(server, "DELETE", "counts", NULL);
}

bool server_hits(struct server *server, const char *path, uint64_t *hits) {
    char what[96];
    snprintf(what, sizeof what, "counts?path=%s", path);
    return ask_number(server, what, "hits", hits);
}

bool server_hits_by_key(struct server *server, const char *key, uint64_t *hits) {
    char what[96];
    snprintf(what, sizeof what, "counts?key=%s", key);
    return ask_number(server, what, "hits", hits);
}

bool server_duplicates(struct server *server, uint64_t *duplicates) {
    return ask_number(server, "stats", "duplicates", duplicates);
}

bool server_connections(struct server *server, uint64_t *connections) {
    return ask_number(server, "stats", "connections_accepted", connections);
}

bool server_connections_open(struct server *server, uint64_t *connections) {
    return ask_number(server, "stats", "connections_open", connections);
}

bool server_connections_faulted(struct server *server, uint64_t *connections) {
    return ask_number(server, "stats", "connections_faulted", connections);
}

bool server_wait_idle(struct server *server) {
    const int64_t pause_ns = 10000000;
    uint64_t in_flight = 1;
    while (ask_number(server, "counts", "in_flight", &in_flight) && in_flight > 0) {
        instant_wait_until_ns(instant_now_ns() + pause_ns);
    }
    return in_flight == 0;
}
