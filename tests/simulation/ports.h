/* The ports of an execution in the simulation, and the rules that it is given. One thread. */
#ifndef SIMULATION_PORTS_H
#define SIMULATION_PORTS_H

#include "engine/execution.h"

struct call;

const struct execution_ports *ports_of(const struct call *call);
void ports_rules(const struct call *call, struct execution_rules *rules);
/* An attempt has paused behind its headers: they become visible. */
void ports_show_headers(const struct call *call, struct attempt *attempt);

#endif
