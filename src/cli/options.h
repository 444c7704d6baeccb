/* The command line: one table of options, from which it is read and --help is made. Pure: argv in, settings out. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "cli/settings.h"
#include <stdio.h>

enum request { REQUEST_CALL, REQUEST_HELP, REQUEST_VERSION, REQUEST_REFUSED };

/* An option as the user sees it. */
struct option_entry {
    const char *name;     /* without its dashes */
    const char *argument; /* what it takes, as --help shows it; NULL: nothing; beginning with '[': it may be left out */
    const char *help;     /* NULL: --help is silent about it */
    int key;              /* its letter; above 255: it has none */
};

/* The i-th option, NULL beyond the last. */
const struct option_entry *options_entry(size_t i);

/* Fills in *settings, to be freed with settings_fini() whatever is returned. When the line is refused, *problem names
 * the option and says what is wrong. argv is reordered: the URL moves to the end. */
enum request options_parse(int argc, char **argv, struct settings *settings, insist_problem *problem);
void settings_fini(struct settings *settings);

/* The option whose name is nearest to what was typed: fewest letters to add, drop or change. */
const char *options_nearest(const char *typed);

/* One screen: at most 24 lines of 80 columns. */
void options_help(FILE *out);

#endif
