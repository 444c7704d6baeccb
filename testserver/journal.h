/* The last requests in the order in which they came: a ring that grows up to a limit and then drops its oldest.
 * Numbers go on for ever, also where an entry could not be kept. Pure; whoever shares one locks. */
#ifndef TESTSERVER_JOURNAL_H
#define TESTSERVER_JOURNAL_H

#include "record.h"

struct journal {
    size_t limit;         /* fixed: entries at most */
    size_t bytes_limit;   /* fixed: of all entries together, but the newest is always kept; 512 MiB */
    struct record **ring; /* entry number n lies at n % room; NULL where there was no memory for it */
    size_t room;
    uint64_t first; /* number of the oldest that is kept */
    uint64_t next;  /* number of the next to be entered; the very first is 1 */
    size_t bytes;
    uint64_t dropped; /* because of the limits, or without memory */
};

void journal_init(struct journal *journal, size_t limit);
void journal_fini(struct journal *journal);

/* Enters record, which it takes over, under the next number. NULL: there was no memory for it. */
void journal_enter(struct journal *journal, struct record *record);

/* The entry of that number, the journal's; NULL: it is not kept. */
struct record *journal_find(const struct journal *journal, uint64_t number);

/* The oldest entry numbered `from` or later, the journal's; NULL: none. */
struct record *journal_from(const struct journal *journal, uint64_t from);

/* How many entries it has, those included for which there was no memory. */
size_t journal_count(const struct journal *journal);

/* Forgets the entries and what was dropped; the numbers go on. */
void journal_clear(struct journal *journal);

#endif
