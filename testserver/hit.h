/* What a request counts as: the script that it follows, the step of it that its hit falls on, the answer made from
 * that, and its entry in the ledger. Loop's thread. */
#ifndef TESTSERVER_HIT_H
#define TESTSERVER_HIT_H

#include "exchange.h"

/* Finds the script of a request whose header block has been read, or the answer that refuses it. False: no memory. */
bool hit_find_script(struct exchange *exchange);

/* Makes the answer that refuses a request for the size of its body. False: no memory. */
bool hit_refuse_body(struct exchange *exchange);

/* Counts a hit and chooses its step before its body has been read, for scripts that say how it is read. */
void hit_choose_early(struct exchange *exchange);

/* Counts a complete request, chooses its step and makes its answer. Returns the hits of its path after it; without
 * memory the exchange keeps its number 0. */
uint64_t hit_enter(struct exchange *exchange);

#endif
