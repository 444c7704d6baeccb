/* Reading a distribution of durations: "30ms", "ln(5ms,2ms)", "mix(0.95:5ms,0.05:uniform(40ms,60ms))". Pure. */
#ifndef TESTSERVER_DURATION_H
#define TESTSERVER_DURATION_H

#include "distribution.h"
#include "scan.h"

/* Into *out, which is zeroed before and has to be finished also after a failure. */
bool duration_read(struct scan *scan, struct distribution *out);

#endif
