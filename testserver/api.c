/* The public functions that ask or tell a server something. Any thread. */
#include "fault.h"
#include "lot.h"
#include "overload.h"
#include "problem.h"
#include "server.h"

#include <string.h>

void insist_testserver_options_init(insist_testserver_options *options) {
    *options = (insist_testserver_options){.size = sizeof *options};
}

const char *insist_testserver_url(const insist_testserver *server) {
    return server->url;
}

const char *insist_testserver_admin_url(const insist_testserver *server) {
    return server->admin_url[0] ? server->admin_url : NULL;
}

uint16_t insist_testserver_port(const insist_testserver *server) {
    return acceptor_port(&server->acceptors[PORT_SERVICE]);
}

uint16_t insist_testserver_admin_port(const insist_testserver *server) {
    return acceptor_port(&server->acceptors[PORT_CONTROL]);
}

const char *insist_testserver_certificate(const insist_testserver *server) {
    return server->certificate.certificate_pem;
}

/* ---- scripts ---------------------------------------------------------------------------------------------------- */

insist_err insist_testserver_check(const char *text, size_t *column, insist_problem *problem) {
    struct script *script = NULL;
    size_t at = 0;
    char expected[160] = "must not be NULL";
    insist_err err = text ? script_parse(text, &script, &at, expected) : INSIST_EINVAL;
    script_free(script);
    if (column) {
        *column = at;
    }
    return err == INSIST_OK ? INSIST_OK : problem_tell(problem, err, "script", "%s", expected);
}

insist_err insist_testserver_script(insist_testserver *server, const char *path, const char *text,
                                    insist_problem *problem) {
    struct script *script = NULL;
    size_t column = 0;
    char expected[160];
    if (!path || path[0] != '/') {
        return problem_tell(problem, INSIST_EINVAL, "path", "must begin with '/'");
    }
    insist_err err = text ? script_parse(text, &script, &column, expected) : INSIST_OK;
    if (err == INSIST_EINVAL) {
        return problem_tell(problem, err, "script", "column %zu: %s", column, expected);
    }
    if (err == INSIST_OK) {
        err = rulebook_set(&server->rules, path, script);
        overload_follow(server, path);
    }
    return err == INSIST_OK ? INSIST_OK : problem_tell(problem, err, "script", "out of memory");
}

const char *insist_testserver_fault_name(insist_testserver_fault fault) {
    return fault_name(fault);
}

insist_err insist_testserver_foretell(uint64_t seed, const char *text, const char *key, uint64_t hit,
                                      insist_testserver_step *step) {
    struct script *script;
    size_t column;
    char expected[160];
    insist_testserver_step all;
    size_t size = step ? step->size : 0;
    if (!text || !key || size < sizeof step->size || size > sizeof all) {
        return INSIST_EINVAL;
    }
    insist_err err = script_parse(text, &script, &column, expected);
    if (err != INSIST_OK) {
        return err;
    }
    const struct lot lot = lot_draw(script, seed, key, hit);
    const struct choice *choice = lot.choice;
    all = (insist_testserver_step){
        .size = size,
        .fault = choice->fault,
        .cut_bytes = choice->cut,
        .delay_ms = (lot.delay_us + 500) / 1000,
        .delay_us = lot.delay_us,
        .service_us = lot.service_us,
    };
    all.status = choice_status(choice);
    memcpy(step, &all, size);
    script_free(script);
    return INSIST_OK;
}

/* ---- the ledger ------------------------------------------------------------------------------------------------- */

/* Reading takes the ledger's lock, which is the only thing that changes. */
static struct ledger *ledger_of(const insist_testserver *server) {
    return (struct ledger *)&server->ledger;
}

size_t insist_testserver_hits(const insist_testserver *server, const char *path) {
    return (size_t)ledger_path_hits(ledger_of(server), path);
}

size_t insist_testserver_hits_by_key(const insist_testserver *server, const char *key) {
    return (size_t)ledger_key_hits(ledger_of(server), key);
}

size_t insist_testserver_hits_by_status(const insist_testserver *server, const char *path, int status) {
    return (size_t)ledger_status_hits(ledger_of(server), path, status);
}

size_t insist_testserver_duplicates(const insist_testserver *server, const char *path) {
    return (size_t)ledger_duplicates(ledger_of(server), path);
}

bool insist_testserver_wait_hits(insist_testserver *server, const char *path, size_t hits, int64_t timeout_ms) {
    return ledger_wait_hits(&server->ledger, path, hits, timeout_ms);
}

bool insist_testserver_wait_held(insist_testserver *server, size_t held, int64_t timeout_ms) {
    return ledger_wait_held(&server->ledger, held, timeout_ms);
}

bool insist_testserver_wait_idle(insist_testserver *server, int64_t timeout_ms) {
    return ledger_wait_idle(&server->ledger, timeout_ms);
}

void insist_testserver_reset(insist_testserver *server) {
    ledger_reset_journal(&server->ledger);
    ledger_reset_counts(&server->ledger);
    rulebook_reset(&server->rules);
    stations_reset(&server->stations);
}

insist_err insist_testserver_get_stats(const insist_testserver *server, insist_testserver_stats *stats) {
    insist_testserver_stats all;
    size_t size = stats ? stats->size : 0;
    if (size < sizeof stats->size || size > sizeof all) {
        return INSIST_EINVAL;
    }
    ledger_stats(ledger_of(server), &all);
    struct station_state stations;
    stations_report((struct stations *)&server->stations, NULL, &stations);
    all.in_service = stations.in_service;
    all.queued = stations.queued;
    all.refused = stations.refused;
    all.size = size;
    memcpy(stats, &all, size);
    return INSIST_OK;
}
