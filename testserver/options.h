/* The command line of insist-testserver. */
#ifndef TESTSERVER_OPTIONS_H
#define TESTSERVER_OPTIONS_H

#include <insist/testserver.h>

struct program_options {
    insist_testserver_options server;
    const char *script_file; /* NULL: none, as with the others */
    const char *port_file;
    const char *cert_file;
    unsigned drain_s; /* that answers may take after SIGTERM */
    bool quiet;
    bool help;
    bool version;
};

/* False: a sentence about what is wrong has been written to standard error. */
bool program_options_read(struct program_options *options, int argc, char **argv);

/* Whether there is an option --name. */
bool program_options_know(const char *name);

/* One screen about the options, on standard output. */
void program_options_explain(void);

#endif
