/* What is said about an option that there is none of: what curl's is called here, or the nearest name. Pure. */
#ifndef CLI_SUGGESTION_H
#define CLI_SUGGESTION_H

#include <insist/error.h>
#include <stdbool.h>

/* Refuse an option by the word that was typed, dashes and all, and a letter. Each returns false. */
bool suggestion_refuse_name(insist_problem *problem, const char *typed);
bool suggestion_refuse_letter(insist_problem *problem, int typed);

#endif
