/* One journal entry and its texts in a single piece of memory. See record.h. */
#include "record.h"

#include <stdlib.h>
#include <string.h>

static size_t text_size(const char *text) {
    return text ? strlen(text) + 1 : 0;
}

/* Copies text to *at and moves *at behind it. */
static const char *put_text(char **at, const char *text) {
    if (!text) {
        return NULL;
    }
    char *start = *at;
    size_t size = strlen(text) + 1;
    memcpy(start, text, size);
    *at += size;
    return start;
}

struct record *record_new(const insist_testserver_entry *entry) {
    size_t fields_size = entry->field_count * sizeof *entry->fields;
    size_t size = sizeof(struct record) + fields_size + text_size(entry->method) + text_size(entry->path) +
                  text_size(entry->query) + text_size(entry->key) + text_size(entry->body_sha256);
    for (size_t i = 0; i < entry->field_count; i++) {
        size += text_size(entry->fields[i].name) + text_size(entry->fields[i].value);
    }
    struct record *record = malloc(size);
    if (!record) {
        return NULL;
    }
    insist_testserver_field *fields = (insist_testserver_field *)(record + 1);
    char *at = (char *)(fields + entry->field_count);
    atomic_init(&record->holders, 1);
    record->bytes = size;
    record->entry = *entry;
    record->entry.method = put_text(&at, entry->method);
    record->entry.path = put_text(&at, entry->path);
    record->entry.query = put_text(&at, entry->query);
    record->entry.key = put_text(&at, entry->key);
    record->entry.body_sha256 = put_text(&at, entry->body_sha256);
    for (size_t i = 0; i < entry->field_count; i++) {
        fields[i].name = put_text(&at, entry->fields[i].name);
        fields[i].value = put_text(&at, entry->fields[i].value);
    }
    record->entry.fields = fields;
    return record;
}

struct record *record_hold(struct record *record) {
    atomic_fetch_add_explicit(&record->holders, 1, memory_order_relaxed);
    return record;
}

void record_release(struct record *record) {
    if (record && atomic_fetch_sub_explicit(&record->holders, 1, memory_order_acq_rel) == 1) {
        free(record);
    }
}
