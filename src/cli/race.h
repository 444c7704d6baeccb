/* From --race and --wave to the plan's race policy. */
#ifndef CLI_RACE_H
#define CLI_RACE_H

#include "cli/settings.h"

/* Refuses as insist_plan_set_race() does. Without --race nothing happens. */
insist_err race_set(insist_plan *plan, const struct race *race, insist_problem *problem);

#endif
