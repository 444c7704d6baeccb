/* How it connects: the options about certificates, proxies, addresses and sockets, most of them curl's. */
#ifndef CLI_CONNECT_H
#define CLI_CONNECT_H

#include <insist/insist.h>

struct settings;

/* Takes an option that is one of these. False, with nothing in problem->text: it is none. */
bool connect_option(struct settings *settings, int key, const char *text, insist_problem *problem);

/* What they mean for a client; both structs are initialised. */
void connect_fill_in(const struct settings *settings, insist_tls_options *tls, insist_net_options *net);

/* The library speaks of its own fields, the user of options: names the option in whose place a client refused its field. */
void connect_name_option(insist_problem *problem);

#endif
