/* The admin paths about what has happened: journal, counts, totals, duplicates. Loop's thread. */
#include "control_rooms.h"
#include "identity.h"
#include "json_text.h"
#include "listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t enough = 10000; /* names in a list */

/* ---- journal ---------------------------------------------------------------------------------------------------- */

struct reply control_get_journal(const struct control_request *request) {
    struct MHD_Response *response = listing_response(&request->server->ledger, &request->filter);
    return (struct reply){.status = 200, .response = response, .type = "application/json"};
}

struct reply control_delete_journal(const struct control_request *request) {
    ledger_reset_journal(&request->server->ledger);
    return reply_empty();
}

/* ---- totals and counts ------------------------------------------------------------------------------------------ */

static void add_number(json_t *json, const char *name, uint64_t number) {
    json_object_set_new(json, name, json_integer((json_int_t)number));
}

/* What is the same in /__admin/stats and /__admin/counts. */
static json_t *totals_json(struct stations *stations, const struct ledger_totals *totals) {
    const insist_testserver_stats *stats = &totals->stats;
    json_t *json = json_object();
    add_number(json, "requests", stats->requests);
    add_number(json, "in_flight", stats->in_flight);
    add_number(json, "in_flight_peak", stats->in_flight_peak);
    add_number(json, "held", stats->held);
    add_number(json, "held_peak", stats->held_peak);
    add_number(json, "connections_accepted", stats->connections_accepted);
    add_number(json, "connections_open", stats->connections_open);
    add_number(json, "connections_faulted", stats->connections_faulted);
    add_number(json, "connections_dropped", stats->connections_dropped);
    json_object_set_new(json, "listening", json_boolean(stats->listening));
    add_number(json, "client_aborts", stats->client_aborts);
    add_number(json, "incomplete", stats->incomplete);
    add_number(json, "duplicates", stats->duplicates);
    add_number(json, "uncounted", stats->uncounted);
    add_number(json, "journal_dropped", stats->journal_dropped);
    add_number(json, "journal_entries", totals->journal_entries);
    struct station_state state;
    stations_report(stations, NULL, &state);
    add_number(json, "in_service", state.in_service);
    add_number(json, "queued", state.queued);
    add_number(json, "refused", state.refused);
    return json;
}

struct reply control_get_stats(const struct control_request *request) {
    struct insist_testserver *server = request->server;
    struct ledger_totals totals;
    char seed[24];
    ledger_totals(&server->ledger, &totals);
    json_t *json = totals_json(&server->stations, &totals);
    add_number(json, "uptime_us", (uint64_t)totals.uptime_us);
    add_number(json, "changes", totals.revision);
    add_number(json, "scripts_changes", rulebook_changes(&server->rules));
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)server->seed);
    json_object_set_new(json, "seed", json_string(seed));
    json_object_set_new(json, "url", json_string(server->url));
    json_object_set_new(json, "version", json_string(INSIST_VERSION));
    return reply_json(200, json);
}

static bool add_count(void *ctx, const char *name, uint64_t count) {
    json_t *json = ctx;
    json_t *text = json_text(name);
    if (text) {
        json_object_set_new_nocheck(json, json_string_value(text), json_integer((json_int_t)count));
        json_decref(text);
    }
    return json_object_size(json) < enough;
}

static json_t *all_counts(struct ledger *ledger, enum ledger_list list) {
    json_t *json = json_object();
    ledger_each(ledger, list, add_count, json);
    return json;
}

/* Of the station that is called so: the path's own. NULL: there is none. */
static json_t *station_json(struct stations *stations, const char *name) {
    struct station_state state;
    if (!stations_report(stations, name, &state)) {
        return NULL;
    }
    json_t *json = json_object();
    add_number(json, "slots", state.slots);
    add_number(json, "queue", state.queue);
    add_number(json, "in_service", state.in_service);
    add_number(json, "queued", state.queued);
    add_number(json, "refused", state.refused);
    return json;
}

static struct reply path_counts(struct insist_testserver *server, const char *path) {
    struct ledger *ledger = &server->ledger;
    uint64_t hits = ledger_path_hits(ledger, path);
    json_t *json = json_pack("{s:o,s:I,s:I}", "path", json_text(path), "hits", (json_int_t)hits, "duplicates",
                             (json_int_t)ledger_duplicates(ledger, path));
    json_t *statuses = json_object();
    for (int status = 0; status < LEDGER_STATUSES; status++) {
        uint64_t count = ledger_status_hits(ledger, path, status);
        char name[16];
        if (count > 0) {
            snprintf(name, sizeof name, "%d", status);
            add_number(statuses, name, count);
        }
    }
    json_object_set_new(json, "statuses", statuses);
    json_t *station = station_json(&server->stations, path);
    if (station) {
        json_object_set_new(json, "station", station);
    }
    return reply_json(200, json);
}

struct reply control_get_counts(const struct control_request *request) {
    struct ledger *ledger = &request->server->ledger;
    const struct filter *filter = &request->filter;
    if (filter->path) {
        return path_counts(request->server, filter->path);
    }
    if (filter->key) {
        uint64_t hits = ledger_key_hits(ledger, filter->key);
        return reply_json(200, json_pack("{s:o,s:I}", "key", json_text(filter->key), "hits", (json_int_t)hits));
    }
    struct ledger_totals totals;
    ledger_totals(ledger, &totals);
    json_t *json = totals_json(&request->server->stations, &totals);
    json_object_set_new(json, "paths", all_counts(ledger, LEDGER_PATHS));
    json_object_set_new(json, "keys", all_counts(ledger, LEDGER_KEYS));
    return reply_json(200, json);
}

struct reply control_delete_counts(const struct control_request *request) {
    ledger_reset_counts(&request->server->ledger);
    rulebook_reset(&request->server->rules);
    stations_reset(&request->server->stations);
    return reply_empty();
}

/* ---- duplicates ------------------------------------------------------------------------------------------------- */

struct duplicates {
    const char *path; /* NULL: any */
    json_t *list;
};

/* The first `length` bytes of text. NULL: no memory. */
static json_t *part_json(const char *text, size_t length) {
    char *part = strndup(text, length);
    json_t *json = part ? json_text(part) : NULL;
    free(part);
    return json;
}

static bool add_duplicate(void *ctx, const char *text, uint64_t deliveries) {
    struct duplicates *duplicates = ctx;
    if (deliveries < 2) {
        return true;
    }
    struct identity identity = identity_split(text);
    if (duplicates->path && strcmp(identity.path, duplicates->path) != 0) {
        return true;
    }
    const char *token_name = identity.by_key ? "idempotency_key" : "body_sha256";
    json_t *json = json_pack("{s:o,s:o,s:o,s:I}", "method", part_json(identity.method, identity.method_length), "path",
                             json_text(identity.path), token_name, part_json(identity.token, identity.token_length),
                             "deliveries", (json_int_t)deliveries);
    return json_array_append_new(duplicates->list, json) == 0 && json_array_size(duplicates->list) < enough;
}

struct reply control_get_duplicates(const struct control_request *request) {
    struct ledger *ledger = &request->server->ledger;
    struct duplicates duplicates = {.path = request->filter.path, .list = json_array()};
    ledger_each(ledger, LEDGER_IDENTITIES, add_duplicate, &duplicates);
    uint64_t count = ledger_duplicates(ledger, request->filter.path);
    return reply_json(200, json_pack("{s:I,s:o}", "duplicates", (json_int_t)count, "requests", duplicates.list));
}
