/* Faults: their names in scripts, and what they have in common. Pure. */
#ifndef TESTSERVER_FAULT_H
#define TESTSERVER_FAULT_H

#include <insist/testserver.h>

/* Whether it sends no status line; whether it strikes after so many bytes of the body. */
bool fault_answers_nothing(enum insist_testserver_fault fault);
bool fault_cuts_body(enum insist_testserver_fault fault);

/* As scripts spell it, without its number; "none" for no fault. */
const char *fault_name(enum insist_testserver_fault fault);

#endif
