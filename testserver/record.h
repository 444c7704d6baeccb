/* One journal entry and its texts in a single piece of memory, shared by the journal and its copies. Texts never
 * change; the rest of the entry changes under the ledger's lock only. */
#ifndef TESTSERVER_RECORD_H
#define TESTSERVER_RECORD_H

#include <insist/testserver.h>
#include <stdatomic.h>

struct record {
    atomic_uint holders;
    size_t bytes;
    insist_testserver_entry entry;
};

/* Copies entry with all its texts, one holder. NULL: no memory. */
struct record *record_new(const insist_testserver_entry *entry);
struct record *record_hold(struct record *record);
void record_release(struct record *record); /* NULL is allowed */

#endif
