/* The items of a choice: statuses, faults and options. Each is a row in one of the tables below and a function beside
 * it; what may not stand together is told in choice.c. Pure. */
#ifndef TESTSERVER_ITEMS_H
#define TESTSERVER_ITEMS_H

#include "choice.h"

struct item {
    const char *name; /* as written, with '=' or '@' if one belongs to it; NULL ends a table */
    unsigned given;   /* its kind, a GIVEN_ bit */
    bool may_repeat;  /* a count may follow: "resetx3" */
    bool (*read)(struct scan *scan, struct choice *choice); /* what follows the name; false when the scan failed */
};

/* Where a name is the beginning of another, the longer one comes first. */
extern const struct item items_port[]; /* before items_fault: "stall=connect" and "stall=" */
extern const struct item items_fault[];
extern const struct item items_broken[];
extern const struct item items_manner[];
extern const struct item items_time[];
extern const struct item items_body[];
extern const struct item items_head[];
extern const struct item items_station[];

/* All of them, in the order in which they are tried; NULL at the end. */
extern const struct item *const item_rooms[];

/* Whether the item after this comma belongs to the same choice: slots=8,queue=50,service=10ms is one. Takes the comma. */
bool items_go_on(struct scan *scan, const struct choice *choice);

/* Reads one item into choice. *may_repeat: a count may follow. */
bool item_read(struct scan *scan, struct choice *choice, bool *may_repeat);

/* A text that can stand in a header: no control characters but the tab. *out is allocated. */
bool item_header_text(struct scan *scan, char **out);

/* A header's name and the '=' behind it; `form` is told where they are missing. *out is allocated. */
bool item_name(struct scan *scan, const char *form, char **out);

/* Notes an item of the manner, whose name has just been read. False: it was given before. */
bool item_once(struct scan *scan, struct choice *choice, unsigned given, const char *name);

/* The choice counts as this fault unless it has another. Always true. */
bool item_flaw(struct choice *choice, enum insist_testserver_fault flaw);

/* A whole number from 1, or "endless". */
bool item_count_or_endless(struct scan *scan, const char *what, uint64_t *out);

/* The place of a redirect. */
bool item_location(struct scan *scan, struct choice *choice);

#endif
