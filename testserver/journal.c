/* A ring of records. See journal.h. */
#include "journal.h"

#include <stdlib.h>
#include <string.h>

static const size_t default_bytes_limit = (size_t)512 << 20;
static const size_t first_room = 1024;

void journal_init(struct journal *journal, size_t limit) {
    memset(journal, 0, sizeof *journal);
    journal->limit = limit;
    journal->bytes_limit = default_bytes_limit;
    journal->first = 1;
    journal->next = 1;
}

void journal_fini(struct journal *journal) {
    journal_clear(journal);
    free(journal->ring);
}

size_t journal_count(const struct journal *journal) {
    return (size_t)(journal->next - journal->first);
}

/* Where entry `number` lies, if it is kept; NULL while there is no ring. */
static struct record **slot_of(const struct journal *journal, uint64_t number) {
    return journal->room > 0 ? &journal->ring[number % journal->room] : NULL;
}

static void drop_oldest(struct journal *journal) {
    struct record **slot = slot_of(journal, journal->first++);
    if (slot && *slot) {
        journal->bytes -= (*slot)->bytes;
        record_release(*slot);
        *slot = NULL;
    }
}

void journal_clear(struct journal *journal) {
    while (journal->first < journal->next) {
        drop_oldest(journal);
    }
    journal->dropped = 0;
}

/* Room for one more: a ring twice as large, up to the limit. */
static void grow(struct journal *journal) {
    size_t room = journal->room ? journal->room * 2 : first_room;
    room = room < journal->limit ? room : journal->limit;
    if (room <= journal->room) {
        return;
    }
    struct record **ring = calloc(room, sizeof(struct record *));
    if (!ring) {
        return;
    }
    for (uint64_t number = journal->first; number < journal->next; number++) {
        struct record **slot = slot_of(journal, number);
        ring[number % room] = slot ? *slot : NULL;
    }
    free(journal->ring);
    journal->ring = ring;
    journal->room = room;
}

void journal_enter(struct journal *journal, struct record *record) {
    if (journal_count(journal) == journal->room) {
        grow(journal);
    }
    if (journal->room > 0 && journal_count(journal) == journal->room) {
        drop_oldest(journal);
        journal->dropped++;
    }
    struct record **slot = slot_of(journal, journal->next++);
    if (!slot) {
        record_release(record);
        record = NULL;
        journal->first = journal->next;
    } else {
        *slot = record;
    }
    journal->dropped += record == NULL;
    journal->bytes += record ? record->bytes : 0;
    while (journal->bytes > journal->bytes_limit && journal_count(journal) > 1) {
        drop_oldest(journal);
        journal->dropped++;
    }
}

struct record *journal_find(const struct journal *journal, uint64_t number) {
    bool kept = number >= journal->first && number < journal->next;
    struct record **slot = kept ? slot_of(journal, number) : NULL;
    return slot ? *slot : NULL;
}

struct record *journal_from(const struct journal *journal, uint64_t from) {
    for (uint64_t number = from > journal->first ? from : journal->first; number < journal->next; number++) {
        struct record *record = journal_find(journal, number);
        if (record) {
            return record;
        }
    }
    return NULL;
}
