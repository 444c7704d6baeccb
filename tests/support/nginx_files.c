/* The files of a test's nginx: configuration, pages, logs. See nginx.h. */
#include "support/nginx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000 };

static FILE *open_file(const struct nginx *nginx, const char *name, const char *mode) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", nginx->directory, name);
    return fopen(path, mode);
}

bool nginx_write(const struct nginx *nginx, const char *name, const void *data, size_t len) {
    FILE *file = open_file(nginx, name, "we");
    if (file == NULL) {
        return false;
    }
    bool written = fwrite(data, 1, len, file) == len;
    return fclose(file) == 0 && written;
}

/* ---- the configuration
 * ---------------------------------------------------------------------------------------------- */

struct placeholder {
    const char *name;
    char value[32];
};

enum { PLACEHOLDERS = NGINX_LISTENERS + 2 };

static void fill_in(const struct nginx *nginx, struct placeholder *placeholders) {
    static const char *const names[NGINX_LISTENERS] = {"@PLAIN@", "@TLS@", "@OTHER@", "@OLD@"};
    for (int i = 0; i < NGINX_LISTENERS; i++) {
        placeholders[i].name = names[i];
        snprintf(placeholders[i].value, sizeof placeholders[i].value, "127.0.0.1:%u", (unsigned)nginx->ports[i]);
    }
    placeholders[NGINX_LISTENERS].name = "@WORKERS@";
    snprintf(placeholders[NGINX_LISTENERS].value, sizeof placeholders->value, "%d", NGINX_WORKERS);
    /* Workers of a master that is root become www-data unless told otherwise, and could not read the directory. */
    placeholders[NGINX_LISTENERS + 1].name = "@USER@";
    snprintf(placeholders[NGINX_LISTENERS + 1].value, sizeof placeholders->value, "%s",
             geteuid() == 0 ? "user root;" : "");
}

static void copy_line(const char *line, const struct placeholder *placeholders, FILE *out) {
    while (*line != '\0') {
        size_t i = 0;
        while (i < PLACEHOLDERS && strncmp(line, placeholders[i].name, strlen(placeholders[i].name)) != 0) {
            i++;
        }
        if (i < PLACEHOLDERS) {
            fputs(placeholders[i].value, out);
            line += strlen(placeholders[i].name);
        } else {
            fputc(*line++, out);
        }
    }
}

bool nginx_configure(const struct nginx *nginx, const char *configuration) {
    struct placeholder placeholders[PLACEHOLDERS];
    char line[1024];
    FILE *in = fopen(configuration, "re");
    FILE *out = open_file(nginx, "nginx.conf", "we");
    if (in == NULL || out == NULL) {
        perror(configuration);
    }
    fill_in(nginx, placeholders);
    while (in != NULL && out != NULL && fgets(line, sizeof line, in) != NULL) {
        copy_line(line, placeholders, out);
    }
    bool ok = in != NULL && fclose(in) == 0;
    return out != NULL && fclose(out) == 0 && ok;
}

/* ---- logs
 * ----------------------------------------------------------------------------------------------------------- */

static long count_lines(const struct nginx *nginx, const char *name, const char *text, bool whole) {
    char line[4096];
    long count = 0;
    FILE *file = open_file(nginx, name, "re");
    if (file == NULL) {
        return -1;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        count += whole ? strcmp(line, text) == 0 : strstr(line, text) != NULL;
    }
    fclose(file);
    return count;
}

long nginx_count_lines(const struct nginx *nginx, const char *name, const char *line) {
    return count_lines(nginx, name, line, true);
}

long nginx_count_lines_with(const struct nginx *nginx, const char *name, const char *text) {
    return count_lines(nginx, name, text, false);
}

bool nginx_wait_lines_with(const struct nginx *nginx, const char *name, const char *text, long count) {
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < PATIENCE_MS; i++) {
        if (nginx_count_lines_with(nginx, name, text) >= count) {
            return true;
        }
        nanosleep(&pause, NULL);
    }
    return false;
}

void nginx_print_errors(const struct nginx *nginx) {
    char line[4096];
    FILE *file = open_file(nginx, "error.log", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        fprintf(stderr, "nginx: %s", line);
    }
    if (file != NULL) {
        fclose(file);
    }
}
