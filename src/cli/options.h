/* The command line. Pure: argv in, settings out. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "cli/settings.h"

enum request { REQUEST_CALL, REQUEST_HELP, REQUEST_VERSION, REQUEST_REFUSED };

/* Fills in *settings, to be freed with settings_fini() whatever is returned. When the line is refused, *problem names
 * the option and says what is wrong. argv is reordered: the URL moves to the end. */
enum request options_parse(int argc, char **argv, struct settings *settings, insist_problem *problem);
void settings_fini(struct settings *settings);

#endif
