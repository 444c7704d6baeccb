/* Who asks: user and password, cookies and the key by which a server knows a repetition. Nothing of them is ever shown. */
#ifndef CLI_CREDENTIALS_H
#define CLI_CREDENTIALS_H

#include "cli/settings.h"

/* Into the plan. A refusal is in the problem, or in the plan's own. */
insist_err credentials_set(insist_plan *plan, const struct settings *settings, insist_problem *problem);

#endif
