/* From the settings to the plan: method, URL, headers, and a body that may come from files. */
#ifndef CLI_REQUEST_H
#define CLI_REQUEST_H

#include "cli/settings.h"

/* The method that will be sent: what -X says, else POST with -d, else GET. */
const char *request_method(const struct settings *settings);

/* Refuses as insist_plan_new() does, the problem's field being the option at fault. */
insist_err request_plan(const struct settings *settings, insist_problem *problem, insist_plan **out);

#endif
