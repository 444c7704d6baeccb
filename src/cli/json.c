#include "cli/json.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Bytes that are no UTF-8 would make the whole object fail; they become question marks. */
static json_t *text_value(const char *text) {
    json_t *value = json_string(text);
    if (value != NULL) {
        return value;
    }
    char *plain = strdup(text);
    if (plain == NULL) {
        return NULL;
    }
    for (char *byte = plain; *byte != '\0'; byte++) {
        if ((unsigned char)*byte >= 0x80) {
            *byte = '?';
        }
    }
    value = json_string(plain);
    free(plain);
    return value;
}

static json_t *time_value(int64_t us) {
    return us < 0 ? json_null() : json_integer(us);
}

/* Adds and takes over the value; a NULL one, or no memory, clears *complete. */
static void add(json_t *object, const char *key, json_t *value, bool *complete) {
    if (json_object_set_new(object, key, value) != 0) {
        *complete = false;
    }
}

static json_t *attempt_value(const insist_attempt_record *record, bool *complete) {
    json_t *object = json_object();
    add(object, "index", json_integer(record->index), complete);
    add(object, "wave", json_integer(record->wave), complete);
    add(object, "kind", text_value(insist_kind_name(record->kind)), complete);
    add(object, "reactor", json_integer(record->reactor), complete);
    add(object, "connection", json_integer(record->connection), complete);
    add(object, "reused", json_boolean(record->reused), complete);
    add(object, "address", text_value(record->address), complete);
    add(object, "queued_us", time_value(record->queued_us), complete);
    add(object, "started_us", time_value(record->started_us), complete);
    add(object, "connected_us", time_value(record->connected_us), complete);
    add(object, "sent_us", time_value(record->sent_us), complete);
    add(object, "first_byte_us", time_value(record->first_byte_us), complete);
    add(object, "ended_us", time_value(record->ended_us), complete);
    add(object, "status", json_integer(record->status), complete);
    add(object, "error", text_value(insist_err_name(record->error)), complete);
    add(object, "errno", json_integer(record->os_errno), complete);
    add(object, "sent", text_value(insist_sent_name(record->sent)), complete);
    add(object, "why_started", text_value(insist_why_started_name(record->why_started)), complete);
    add(object, "wait_us", json_integer(record->wait_us), complete);
    add(object, "why_ended", text_value(insist_why_ended_name(record->why_ended)), complete);
    add(object, "bytes", json_integer((json_int_t)record->bytes), complete);
    return object;
}

static json_t *call_value(const struct account *account, bool *complete) {
    json_t *object = json_object();
    add(object, "url", text_value(account->url), complete);
    add(object, "method", text_value(account->method), complete);
    add(object, "status", json_integer(account->status), complete);
    add(object, "error", text_value(insist_err_name(account->error)), complete);
    add(object, "reason", text_value(insist_reason_name(account->reason)), complete);
    add(object, "explain", text_value(account->explain), complete);
    add(object, "elapsed_us", json_integer(account->elapsed_us), complete);
    add(object, "racing", text_value(insist_racing_name(account->racing)), complete);

    json_t *attempts = json_array();
    for (size_t i = 0; i < account->attempt_count; i++) {
        if (json_array_append_new(attempts, attempt_value(&account->attempts[i], complete)) != 0) {
            *complete = false;
        }
    }
    add(object, "attempts", attempts, complete);
    return object;
}

/* jansson's own text ends without a line feed, and comes from its own allocator. */
static char *as_line(const json_t *value) {
    size_t len = json_dumpb(value, NULL, 0, JSON_COMPACT);
    char *line = len == 0 ? NULL : malloc(len + 2);
    if (line == NULL || json_dumpb(value, line, len, JSON_COMPACT) != len) {
        free(line);
        return NULL;
    }
    line[len] = '\n';
    line[len + 1] = '\0';
    return line;
}

char *json_of_account(const struct account *account) {
    bool complete = true;
    json_t *value = call_value(account, &complete);
    char *line = complete ? as_line(value) : NULL;
    json_decref(value);
    return line;
}
