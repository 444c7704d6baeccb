/* Files of scripts: lines of PATH SCRIPT, empty lines, and lines that begin with '#'. */
#ifndef TESTSERVER_SCRIPT_FILE_H
#define TESTSERVER_SCRIPT_FILE_H

#include <insist/testserver.h>

struct script_line {
    char *path;
    char *script;
};

struct script_file {
    struct script_line *lines;
    size_t count;
};

/* Reads and checks a file. False: file, line, column and what was expected there are on standard error. */
bool script_file_read(struct script_file *file, const char *name);

/* Hands the scripts to a server. False: no memory. */
bool script_file_apply(const struct script_file *file, insist_testserver *server);

void script_file_fini(struct script_file *file);

#endif
