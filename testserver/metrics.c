/* See metrics.h. */
#include "metrics.h"

#include "fault.h"

#include <stdio.h>
#include <stdlib.h>

#define PREFIX "insist_testserver_"

static void family(FILE *out, const char *name, const char *type, const char *help) {
    fprintf(out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help, name, type);
}

static void single(FILE *out, const char *name, const char *type, const char *help, uint64_t value) {
    family(out, name, type, help);
    fprintf(out, PREFIX "%s %llu\n", name, (unsigned long long)value);
}

static void counter(FILE *out, const char *name, const char *help, uint64_t value) {
    single(out, name, "counter", help, value);
}

static void gauge(FILE *out, const char *name, const char *help, uint64_t value) {
    single(out, name, "gauge", help, value);
}

static void write_statuses(FILE *out, const struct ledger_totals *totals) {
    family(out, "requests_total", "counter", "Requests read completely, by the status they got; 0: none was sent.");
    for (int status = 0; status < LEDGER_STATUSES; status++) {
        if (totals->statuses[status] > 0) {
            fprintf(out, PREFIX "requests_total{status=\"%d\"} %llu\n", status,
                    (unsigned long long)totals->statuses[status]);
        }
    }
}

static void write_faults(FILE *out, const struct ledger_totals *totals) {
    family(out, "faults_total", "counter", "Requests that got a fault instead of a proper answer, by fault.");
    for (int fault = INSIST_TESTSERVER_NO_FAULT + 1; fault < LEDGER_FAULTS; fault++) {
        if (totals->faults[fault] > 0) {
            fprintf(out, PREFIX "faults_total{fault=\"%s\"} %llu\n", fault_name((insist_testserver_fault)fault),
                    (unsigned long long)totals->faults[fault]);
        }
    }
}

static void write_requests(FILE *out, const struct ledger_totals *totals) {
    const insist_testserver_stats *stats = &totals->stats;
    write_statuses(out, totals);
    write_faults(out, totals);
    counter(out, "requests_incomplete_total", "Requests whose client left within them.", stats->incomplete);
    counter(out, "client_aborts_total", "Requests whose client left before the answer was complete.",
            stats->client_aborts);
    counter(out, "duplicates_total", "Deliveries of a request beyond its first.", stats->duplicates);
    counter(out, "uncounted_total", "Requests missing from a count that was full.", stats->uncounted);
    gauge(out, "requests_in_flight", "Requests read completely whose answer is not finished.", stats->in_flight);
    gauge(out, "requests_in_flight_peak", "The most of them at once.", stats->in_flight_peak);
    gauge(out, "requests_held", "Requests waiting for a delay, a hold, a hang or a stall.", stats->held);
    gauge(out, "requests_held_peak", "The most of them at once.", stats->held_peak);
}

static void write_stations(FILE *out, const struct station_state *stations) {
    gauge(out, "requests_in_service", "Requests in service at the stations that slots= makes.", stations->in_service);
    gauge(out, "requests_queued", "Requests that wait in their queues.", stations->queued);
    counter(out, "requests_refused_total", "Requests that found no place there.", stations->refused);
}

static void write_the_rest(FILE *out, const struct ledger_totals *totals, size_t scripts) {
    const insist_testserver_stats *stats = &totals->stats;
    counter(out, "connections_accepted_total", "Connections accepted on the service's port.",
            stats->connections_accepted);
    counter(out, "connections_faulted_total", "Connections that got a fault before their first request.",
            stats->connections_faulted);
    counter(out, "connections_dropped_total", "Idle connections closed to make room for others.",
            stats->connections_dropped);
    gauge(out, "connections_open", "Connections open on the service's port.", stats->connections_open);
    gauge(out, "listening", "1 while the service's port accepts connections.", stats->listening);
    gauge(out, "journal_entries", "Requests that the journal keeps.", totals->journal_entries);
    gauge(out, "journal_bytes", "Memory that they take.", totals->journal_bytes);
    counter(out, "journal_dropped_total", "Requests that the journal has dropped because of its limits.",
            stats->journal_dropped);
    gauge(out, "scripts", "Paths that have a script.", scripts);
}

char *metrics_text(struct insist_testserver *server, size_t *size) {
    struct ledger_totals totals;
    struct station_state stations;
    char *text = NULL;
    ledger_totals(&server->ledger, &totals);
    stations_report(&server->stations, NULL, &stations);
    FILE *out = open_memstream(&text, size);
    if (!out) {
        return NULL;
    }
    write_requests(out, &totals);
    write_stations(out, &stations);
    write_the_rest(out, &totals, rulebook_count(&server->rules));
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}
