/* The items of a choice: statuses, faults and options. A table of them, one function each. Pure. */
#ifndef TESTSERVER_ITEMS_H
#define TESTSERVER_ITEMS_H

#include "choice.h"

/* Reads one item into choice. *may_repeat: a count may follow. */
bool item_read(struct scan *scan, struct choice *choice, bool *may_repeat);

#endif
