/* Faults: their names in scripts, and what they have in common. Pure. */
#ifndef TESTSERVER_FAULT_H
#define TESTSERVER_FAULT_H

#include <insist/testserver.h>

/* Whether no answer is sent; whether it strikes within the header block; after so many bytes of the body. */
bool fault_answers_nothing(enum insist_testserver_fault fault);
bool fault_cuts_headers(enum insist_testserver_fault fault);
bool fault_cuts_body(enum insist_testserver_fault fault);

/* Whether it is an RST that ends the connection; whether the client is left to do so. */
bool fault_resets(enum insist_testserver_fault fault);
bool fault_stalls(enum insist_testserver_fault fault);

/* Whether it ends the connection in a way that the answer does not announce. */
bool fault_ends_connection(enum insist_testserver_fault fault);

/* As scripts spell it, without its number; "none" for no fault. */
const char *fault_name(enum insist_testserver_fault fault);

#endif
