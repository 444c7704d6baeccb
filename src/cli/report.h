/* What the user gets to see: the answer on standard output or in a file, everything else on standard error. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "cli/account.h"
#include "cli/settings.h"
#include "cli/terminal.h"

/* One sentence: "insist: --retries: ...". */
void report_problem(const insist_problem *problem);

/* With -v: the settings in force and the request, secrets left out. */
void report_request(const struct settings *settings);

/* What the call came to, as JSON, as a waterfall, or in a sentence if it failed. False when memory is out. */
bool report_call(const struct settings *settings, const struct terminal *terminal, const insist_result *result);

/* With -v: the answer's status and headers, secrets left out. */
void report_headers(const insist_result *result);

/* The body, and with -i the headers before it. False, and a message, when it cannot be written. */
bool report_answer(const struct settings *settings, const insist_result *result);

#endif
