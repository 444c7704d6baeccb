/* The items of a choice: statuses, faults and options. A table of them, one function each. Pure. */
#ifndef TESTSERVER_ITEMS_H
#define TESTSERVER_ITEMS_H

#include "scan.h"
#include "script.h"

/* Reads one item into choice. *may_repeat: a count may follow. */
bool item_read(struct scan *scan, struct choice *choice, bool *may_repeat);

/* Whether the items of a finished choice, which began at byte `start`, make sense together. */
bool items_agree(struct scan *scan, size_t start, const struct choice *choice);

/* Faults that send no status line; faults that strike after so many bytes of the body. */
bool fault_answers_nothing(enum insist_testserver_fault fault);
bool fault_cuts_body(enum insist_testserver_fault fault);

/* The fault's name in scripts. */
const char *fault_name(enum insist_testserver_fault fault);

#endif
