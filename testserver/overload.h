/* Requests at stations: what `slots=8,queue=50,service=10ms` means for the path, or the named station, that they come to.
 * conduct.c takes them through it. */
#ifndef TESTSERVER_OVERLOAD_H
#define TESTSERVER_OVERLOAD_H

#include "exchange.h"

struct insist_testserver;

/* The request, whose choice has slots, arrives at its station. Loop's thread. */
enum arrival overload_arrive(struct exchange *exchange);

/* path has been given another script: its station has the numbers of the first step from now on. Any thread. */
void overload_follow(struct insist_testserver *server, const char *path);

#endif
