/* From the settings to the client: which policies it gets. */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include "cli/settings.h"

/* Refuses as insist_client_new() does. To be freed with insist_client_free(). */
insist_err client_open(const struct settings *settings, insist_problem *problem, insist_client **out);

#endif
