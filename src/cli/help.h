/* The help screen. Pure. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

/* One screen: at most 23 lines of 80 columns, and the prompt below it. */
void help_print(FILE *out);

#endif
