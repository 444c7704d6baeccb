/* Sinks: setting one from a handler, and the one that writes to a descriptor. The calling thread. */
#include "base/env.h"
#include "view/execution.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

insist_err insist_execution_set_sink(insist_execution *execution, const insist_sink *sink) {
    bool now = execution != NULL && execution->event == INSIST_BEFORE_READ_BODY && execution->current != NULL;
    if (!now || sink == NULL || sink->write == NULL)
        return INSIST_EINVAL;
    execution->current->sink = *sink;
    return INSIST_OK;
}

/* A descriptor that does not block is waited for. */
static int wait_for_room(int fd) {
    struct pollfd room = {.fd = fd, .events = POLLOUT};
    return poll(&room, 1, -1) >= 0 || errno == EINTR ? 0 : -1;
}

static int write_all(void *ctx, const void *data, size_t len) {
    const insist_fd_sink *state = ctx;
    const char *at = data;
    while (len > 0) {
        ssize_t written = write(state->fd, at, len);
        if (written >= 0) {
            at += written;
            len -= (size_t)written;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (wait_for_room(state->fd) != 0)
                return -1;
        } else if (errno != EINTR) {
            return -1;
        }
    }
    return 0;
}

static int cut_off(void *ctx) {
    const insist_fd_sink *state = ctx;
    if (state->start < 0 || lseek(state->fd, (off_t)state->start, SEEK_SET) < 0)
        return -1;
    return ftruncate(state->fd, (off_t)state->start);
}

/* Only what is written at the end of a file can be cut off again without harm to what was there. */
static int64_t place_to_cut(int fd) {
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return -1;
    int flags = fcntl(fd, F_GETFL);
    bool appends = flags >= 0 && (flags & O_APPEND) != 0;
    return appends || lseek(fd, 0, SEEK_CUR) == status.st_size ? (int64_t)status.st_size : -1;
}

insist_sink insist_fd_sink_init(insist_fd_sink *state, int fd) {
    if (state == NULL)
        return (insist_sink){0};
    *state = (insist_fd_sink){.fd = fd, .start = place_to_cut(fd)};
    return (insist_sink){.write = write_all, .rewind = state->start < 0 ? NULL : cut_off, .ctx = state};
}
