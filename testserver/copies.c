/* The public functions that hand out copies of journal entries. Any thread. */
#include "identity.h"
#include "server.h"

#include <stdlib.h>

struct copied {
    insist_testserver_entry entry;
    struct record *record; /* holds the entry's texts */
};

struct insist_testserver_journal {
    size_t count;
    size_t room;
    struct copied *entries;
};

static bool append(struct insist_testserver_journal *journal, const struct copied *copied) {
    if (journal->count == journal->room) {
        size_t room = journal->room ? journal->room * 2 : 64;
        struct copied *grown = realloc(journal->entries, room * sizeof *grown);
        if (!grown) {
            return false;
        }
        journal->entries = grown;
        journal->room = room;
    }
    journal->entries[journal->count++] = *copied;
    return true;
}

insist_err insist_testserver_journal_new(insist_testserver *server, const char *path, const char *key,
                                         insist_testserver_journal **out) {
    struct insist_testserver_journal *journal = calloc(1, sizeof *journal);
    *out = NULL;
    if (!journal) {
        return INSIST_ENOMEM;
    }
    const struct filter filter = {.path = path, .key = key};
    struct copied copied;
    uint64_t next = ledger_next(&server->ledger); /* what comes in while this is copied is left out */
    uint64_t from = 0;
    while ((copied.record = ledger_read(&server->ledger, from, &copied.entry)) != NULL && copied.entry.number < next) {
        from = copied.entry.number + 1;
        if (!filter_matches(&filter, &copied.entry)) {
            record_release(copied.record);
        } else if (!append(journal, &copied)) {
            record_release(copied.record);
            insist_testserver_journal_free(journal);
            return INSIST_ENOMEM;
        }
    }
    record_release(copied.record);
    *out = journal;
    return INSIST_OK;
}

size_t insist_testserver_journal_count(const insist_testserver_journal *journal) {
    return journal->count;
}

const insist_testserver_entry *insist_testserver_journal_at(const insist_testserver_journal *journal, size_t i) {
    return i < journal->count ? &journal->entries[i].entry : NULL;
}

void insist_testserver_journal_free(insist_testserver_journal *journal) {
    if (!journal) {
        return;
    }
    for (size_t i = 0; i < journal->count; i++) {
        record_release(journal->entries[i].record);
    }
    free(journal->entries);
    free(journal);
}

/* ---- one entry -------------------------------------------------------------------------------------------------- */

insist_testserver_entry *insist_testserver_last(insist_testserver *server, const char *path) {
    insist_testserver_entry entry;
    uint64_t newest = ledger_newest(&server->ledger, path);
    struct record *kept = newest > 0 ? ledger_read(&server->ledger, newest, &entry) : NULL;
    if (!kept) {
        return NULL;
    }
    bool found = !path || entry.number == newest; /* else it has been dropped, and this is a later one */
    struct record *copy = found ? record_new(&entry) : NULL;
    record_release(kept);
    return copy ? &copy->entry : NULL;
}

void insist_testserver_entry_free(insist_testserver_entry *entry) {
    if (entry) {
        record_release((struct record *)((char *)entry - offsetof(struct record, entry)));
    }
}

const char *insist_testserver_entry_header(const insist_testserver_entry *entry, const char *name) {
    return entry ? identity_header(entry, name) : NULL;
}
