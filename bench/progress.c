/* See progress.h. */
#include "progress.h"
#include "instant.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BAR_COLUMNS = 30 }; /* with the longest label less than 80 */
static const int64_t redraw_ns = 100000000;

void progress_init(struct progress *progress) {
    *progress = (struct progress){.shown = isatty(STDERR_FILENO) == 1};
}

void progress_begin(struct progress *progress, unsigned round, unsigned rounds, const char *name) {
    snprintf(progress->label, sizeof progress->label, "round %u of %u, %s", round, rounds, name);
    progress->drawn_ns = 0;
    progress_show(progress, 0);
}

void progress_show(struct progress *progress, double done) {
    int64_t now_ns = instant_now_ns();
    if (!progress->shown || now_ns - progress->drawn_ns < redraw_ns) {
        return;
    }
    progress->drawn_ns = now_ns;
    double share = done < 0 ? 0 : done > 1 ? 1 : done;
    char bar[BAR_COLUMNS + 1];
    memset(bar, '-', BAR_COLUMNS);
    memset(bar, '#', (size_t)(share * BAR_COLUMNS));
    bar[BAR_COLUMNS] = '\0';
    fprintf(stderr, "\r\033[K[%s] %s", bar, progress->label);
}

void progress_end(struct progress *progress) {
    if (progress->shown) {
        fputs("\r\033[K", stderr);
    }
}
