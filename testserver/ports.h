/* The ports of a server and the doors behind them: opened before its thread starts, closed by that thread. */
#ifndef TESTSERVER_PORTS_H
#define TESTSERVER_PORTS_H

#include <insist/testserver.h>

/* Where it fails, ports_close() has to follow. */
insist_err ports_open(struct insist_testserver *server, const insist_testserver_options *options,
                      insist_problem *problem);

/* Runs what has something to do, once; how long the loop may wait then, in ms; -1: for ever. */
void ports_run(struct insist_testserver *server);
int ports_patience_ms(struct insist_testserver *server);

/* Connections are refused from now on, for good. */
void ports_stop_listening(struct insist_testserver *server);

/* Ends every connection; none may be suspended. */
void ports_close(struct insist_testserver *server);

#endif
