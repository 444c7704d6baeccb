/* Ending in order: no new connection, no idle one, and the answers that are under way are brought to an end. Loop's
 * thread. */
#ifndef TESTSERVER_DRAIN_H
#define TESTSERVER_DRAIN_H

#include <stdbool.h>

struct insist_testserver;

/* Once a turn of the loop, if the server is to be drained: begins, goes on, and tells the ledger when nothing is left
 * to be waited for. */
void drain_turn(struct insist_testserver *server);

#endif
