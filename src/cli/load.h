/* --count and --parallel: the same call many times, from several threads over one client, and a summary. */
#ifndef CLI_LOAD_H
#define CLI_LOAD_H

#include "cli/settings.h"
#include "cli/terminal.h"

/* Returns the exit status of the worst call. A cancelled call is the last one of its thread. */
int load_run(const struct settings *settings, const struct terminal *terminal, insist_client *client,
             const insist_plan *plan, insist_cancel *cancel);

#endif
