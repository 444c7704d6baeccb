/* See pair.h. */
#include "pair.h"

insist_testserver *server;
insist_client *client;

int pair_begin(void **state) {
    (void)state;
    return insist_testserver_start(NULL, NULL, &server) == INSIST_OK &&
                   insist_client_new(NULL, NULL, &client) == INSIST_OK
               ? 0
               : -1;
}

int pair_end(void **state) {
    (void)state;
    insist_client_free(client);
    insist_testserver_free(server);
    return 0;
}
