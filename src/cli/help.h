/* What is said about the options. Pure. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

/* The option whose name is nearest to what was typed: fewest letters to add, drop or change. */
const char *help_nearest(const char *typed);

/* One screen: at most 24 lines of 80 columns. */
void help_print(FILE *out);

#endif
