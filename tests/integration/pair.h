/* A test server and a client with its defaults, new for each case. */
#ifndef TESTS_PAIR_H
#define TESTS_PAIR_H

#include <insist/insist.h>
#include <insist/testserver.h>

extern insist_testserver *server;
extern insist_client *client;

/* For cmocka, before and after a case. */
int pair_begin(void **state);
int pair_end(void **state);

#endif
