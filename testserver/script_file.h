/* Files of scripts: lines of PATH SCRIPT, empty lines, and lines that begin with '#'. */
#ifndef TESTSERVER_SCRIPT_FILE_H
#define TESTSERVER_SCRIPT_FILE_H

#include <insist/testserver.h>

struct script_file {
    char **texts; /* a path and its script in turn, and a NULL behind them; NULL: none */
    size_t count; /* of texts */
};

/* Reads and checks a file. False: file, line, column and what was expected there are on standard error. */
bool script_file_read(struct script_file *file, const char *name);

void script_file_fini(struct script_file *file);

#endif
