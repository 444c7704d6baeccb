/* See listing.h. */
#include "listing.h"

#include "fault.h"
#include "json_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum listing_stage { LISTING_HEAD, LISTING_ENTRIES, LISTING_TAIL, LISTING_DONE };

struct listing {
    struct ledger *ledger;
    struct filter filter; /* its texts are copies */
    uint64_t at;          /* the next number */
    uint64_t until;       /* the first that is left out */
    uint64_t left;        /* how many may still come */
    enum listing_stage stage;
    bool first;
    char *piece; /* being sent */
    size_t piece_at, piece_size;
};

static json_t *fields_json(const insist_testserver_entry *entry) {
    json_t *fields = json_array();
    for (size_t i = 0; i < entry->field_count; i++) {
        json_array_append_new(fields,
                              json_pack("[o,o]", json_text(entry->fields[i].name), json_text(entry->fields[i].value)));
    }
    return fields;
}

static json_t *entry_json(const insist_testserver_entry *entry) {
    json_t *key = entry->key ? json_text(entry->key) : json_null();
    json_t *ended = entry->ended_us < 0 ? json_null() : json_integer((json_int_t)entry->ended_us);
    return json_pack("{s:I,s:I,s:I,s:o,s:I,s:I,s:o,s:o,s:o,s:o,s:o,s:I,s:s,s:i,s:s,s:b,s:I,s:I}", "number",
                     (json_int_t)entry->number, "time_us", (json_int_t)entry->time_us, "read_us",
                     (json_int_t)entry->read_us, "ended_us", ended, "connection", (json_int_t)entry->connection,
                     "place", (json_int_t)entry->place, "method", json_text(entry->method), "path",
                     json_text(entry->path), "query", json_text(entry->query), "key", key, "headers",
                     fields_json(entry), "body_bytes", (json_int_t)entry->body_bytes, "body_sha256", entry->body_sha256,
                     "status", entry->status, "fault", fault_name(entry->fault), "client_gone", (int)entry->client_gone,
                     "gone_bytes", (json_int_t)entry->gone_bytes, "delivery", (json_int_t)entry->delivery);
}

static bool set_piece(struct listing *listing, char *text) {
    free(listing->piece);
    listing->piece = text;
    listing->piece_at = 0;
    listing->piece_size = text ? strlen(text) : 0;
    return text != NULL;
}

static bool write_head(struct listing *listing) {
    insist_testserver_stats stats;
    char text[120];
    ledger_stats(listing->ledger, &stats);
    snprintf(text, sizeof text, "{\"dropped\": %llu, \"newest\": %llu, \"requests\": [",
             (unsigned long long)stats.journal_dropped, (unsigned long long)(listing->until - 1));
    return set_piece(listing, strdup(text));
}

static bool write_entry(struct listing *listing, const insist_testserver_entry *entry) {
    json_t *json = entry_json(entry);
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    char *line = NULL;
    if (text && asprintf(&line, "%s\n%s", listing->first ? "" : ",", text) < 0) {
        line = NULL;
    }
    listing->first = false;
    free(text);
    json_decref(json);
    return set_piece(listing, line);
}

/* The next entry that is wanted, or the tail. False: no memory. */
static bool write_next(struct listing *listing) {
    insist_testserver_entry entry;
    struct record *record = NULL;
    while (listing->left > 0 && (record = ledger_read(listing->ledger, listing->at, &entry)) != NULL &&
           entry.number < listing->until) {
        listing->at = entry.number + 1;
        if (filter_matches(&listing->filter, &entry)) {
            listing->left--;
            bool ok = write_entry(listing, &entry);
            record_release(record);
            return ok;
        }
        record_release(record);
        record = NULL;
    }
    record_release(record);
    listing->stage = LISTING_TAIL;
    return set_piece(listing, strdup("\n]}\n"));
}

static bool advance(struct listing *listing) {
    if (listing->stage == LISTING_HEAD) {
        listing->stage = LISTING_ENTRIES;
        return write_head(listing);
    }
    if (listing->stage == LISTING_ENTRIES) {
        return write_next(listing);
    }
    listing->stage = LISTING_DONE;
    return true;
}

static ssize_t read_listing(void *cls, uint64_t position, char *out, size_t room) {
    struct listing *listing = cls;
    (void)position;
    size_t size = 0;
    while (size < room && listing->stage != LISTING_DONE) {
        size_t left = listing->piece_size - listing->piece_at;
        if (left == 0) {
            if (!advance(listing)) {
                return MHD_CONTENT_READER_END_WITH_ERROR; /* never after a resume: nothing here suspends */
            }
            continue;
        }
        size_t count = left < room - size ? left : room - size;
        memcpy(out + size, listing->piece + listing->piece_at, count);
        listing->piece_at += count;
        size += count;
    }
    return size > 0 ? (ssize_t)size : MHD_CONTENT_READER_END_OF_STREAM;
}

static void free_listing(void *cls) {
    struct listing *listing = cls;
    free((char *)listing->filter.path);
    free((char *)listing->filter.key);
    free((char *)listing->filter.contains);
    free(listing->piece);
    free(listing);
}

static bool copy_text(const char **text) {
    *text = *text ? strdup(*text) : NULL;
    return *text != NULL;
}

/* Copies the texts of filter; on failure those that there was no memory for are NULL. */
static bool copy_filter(struct filter *copy, const struct filter *filter) {
    *copy = *filter;
    bool path = copy_text(&copy->path) || !filter->path;
    bool key = copy_text(&copy->key) || !filter->key;
    bool contains = copy_text(&copy->contains) || !filter->contains;
    return path && key && contains;
}

/* Where to begin: behind `since`, or else so that the newest come. */
static void find_start(struct listing *listing) {
    const struct filter *filter = &listing->filter;
    listing->left = filter->has_limit ? filter->limit : UINT64_MAX;
    if (filter->has_since) {
        listing->at = filter->since < UINT64_MAX ? filter->since + 1 : filter->since;
    } else if (filter->has_limit) {
        listing->at = ledger_start(listing->ledger, filter, filter->limit);
    }
}

struct MHD_Response *listing_response(struct ledger *ledger, const struct filter *filter) {
    const size_t piece_size = 65536;
    struct listing *listing = calloc(1, sizeof *listing);
    if (!listing) {
        return NULL;
    }
    listing->ledger = ledger;
    listing->until = ledger_next(ledger);
    listing->first = true;
    struct MHD_Response *response = NULL;
    if (copy_filter(&listing->filter, filter)) {
        find_start(listing);
        response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, piece_size, read_listing, listing, free_listing);
    }
    if (!response) {
        free_listing(listing);
    }
    return response;
}
