#include "cli/output.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void say_cannot_write(const char *path) {
    fprintf(stderr, "insist: cannot write %s: %s\n", path, strerror(errno));
}

static void say_failure(struct output *output) {
    if (!output->failed) {
        say_cannot_write(output->path);
    }
    output->failed = true;
}

/* With the first byte, so that a call that brings nothing leaves the file as it was. */
static bool open_file(struct output *output) {
    output->fd = open(output->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (output->fd < 0) {
        return false;
    }
    output->sink = insist_fd_sink_init(&output->file, output->fd);
    return true;
}

static int write_piece(void *ctx, const void *data, size_t len) {
    struct output *output = ctx;
    if ((output->fd < 0 && !open_file(output)) || output->sink.write(output->sink.ctx, data, len) != 0) {
        say_failure(output);
        return -1;
    }
    return 0;
}

static int cut_away(void *ctx) {
    struct output *output = ctx;
    return output->sink.rewind != NULL ? output->sink.rewind(output->sink.ctx) : -1;
}

static int choose_sink(void *ctx, insist_event event, insist_execution *execution) {
    struct output *output = ctx;
    (void)event;
    if (output->fail && insist_execution_status(execution) >= 400) {
        return 0;
    }
    insist_sink sink = {.write = write_piece, .rewind = cut_away, .ctx = output};
    return insist_execution_set_sink(execution, &sink) == INSIST_OK ? 0 : -1;
}

static bool to_file(const struct settings *settings) {
    return settings->output != NULL && strcmp(settings->output, "-") != 0;
}

/* A path that is not empty. Asks for leave instead of opening it: whoever reads a FIFO would see it end. */
static bool may_write(const char *path) {
    struct stat status;
    if (path[strlen(path) - 1] == '/') { /* may be no file, whether or not it is there */
        errno = EISDIR;
        return false;
    }
    if (stat(path, &status) == 0) {
        if (S_ISDIR(status.st_mode)) {
            errno = EISDIR;
            return false;
        }
        return access(path, W_OK) == 0;
    }
    if (errno != ENOENT) {
        return false;
    }
    char *copy = strdup(path);
    bool may = copy != NULL && access(dirname(copy), W_OK | X_OK) == 0;
    free(copy);
    return may;
}

bool output_is_possible(const struct settings *settings) {
    bool possible = !to_file(settings) || may_write(settings->output);
    if (!possible) {
        say_cannot_write(settings->output);
    }
    return possible;
}

insist_err output_init(struct output *output, const struct settings *settings) {
    *output = (struct output){.fail = settings->fail, .fd = -1};
    if (!to_file(settings) || settings->include) { /* headers go before the body: both are kept until the end */
        return INSIST_OK;
    }
    output->path = settings->output;
    insist_err err = insist_handlers_new(&output->handlers);
    if (err == INSIST_OK) {
        err = insist_handlers_push(output->handlers, INSIST_BEFORE_READ_BODY, choose_sink, output);
    }
    return err;
}

bool output_has_written(const struct output *output) {
    return output->fd >= 0;
}

bool output_fini(struct output *output) {
    if (output->fd >= 0 && close(output->fd) != 0) {
        say_failure(output);
    }
    insist_handlers_free(output->handlers);
    return !output->failed;
}
