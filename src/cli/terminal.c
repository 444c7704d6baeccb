#include "cli/terminal.h"
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool wants_colour(void) {
    const char *refused = getenv("NO_COLOR");
    const char *kind = getenv("TERM");
    return (refused == NULL || refused[0] == '\0') && kind != NULL && strcmp(kind, "dumb") != 0;
}

struct terminal terminal_look(int fd) {
    struct terminal terminal = {
        .present = isatty(fd) == 1,
        .style = {.width = 80, .utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0},
    };
    struct winsize size;
    if (terminal.present && ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        terminal.style.width = size.ws_col;
    }
    terminal.style.colour = terminal.present && wants_colour();
    return terminal;
}
