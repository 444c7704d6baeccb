/* The presets by name, and what the settings become with one. Pure. */
#ifndef CLI_PRESET_H
#define CLI_PRESET_H

#include "cli/settings.h"

bool preset_by_name(const char *name, enum preset *preset, insist_problem *problem);

/* What no option of its own was given for becomes the preset's. */
void preset_fill_in(struct settings *settings);

/* What it retries, for people: "429 502 503 504 …". Of PRESET_NONE: the library's standard. */
const char *preset_retried(enum preset preset);

#endif
