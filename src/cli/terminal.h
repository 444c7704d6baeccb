/* What standard error can show. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include "cli/timeline.h"

struct terminal {
    bool present;
    struct timeline_style style;
};

/* 80 columns where there is no terminal; block characters in a UTF-8 locale; colour on a terminal that knows it, unless
 * NO_COLOR is set. Looks at the locale that setlocale() chose. */
struct terminal terminal_look(int fd);

#endif
