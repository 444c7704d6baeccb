/* A body on its way to a file, as it comes: a broken one is cut away and asked for again, and no limit of size applies. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "cli/settings.h"

struct output {
    const char *path; /* NULL: the body is kept, and printed when the call is over */
    bool fail;        /* an answer of 400 or more is not written */
    int fd;           /* -1: nothing was written yet */
    bool failed;
    insist_handlers *handlers;
    insist_fd_sink file;
    insist_sink sink;
};

/* Before anything is sent: false, and a message, when the file could not be written. It is left as it is. */
bool output_is_possible(const struct settings *settings);

/* INSIST_OK or INSIST_ENOMEM. */
insist_err output_init(struct output *output, const struct settings *settings);
bool output_has_written(const struct output *output); /* the answer's body went to the file */
bool output_fini(struct output *output);              /* false: writing failed, and it has been said */

#endif
