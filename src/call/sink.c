/* Sinks: handing on to one, and the one that writes to a descriptor. The calling thread. */
#include "call/sink.h"
#include "base/time_math.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_NS INT64_C(5000000) /* so often, whether the call has been cancelled meanwhile */

/* A descriptor that does not block is waited for, a while at a time. */
static insist_err wait_for_room(int fd, const struct sink_patience *patience) {
    struct pollfd room = {.fd = fd, .events = POLLOUT};
    int most_ms = -1;
    if (patience != NULL) {
        insist_err err = mailbox_interruption(patience->mailbox);
        int64_t left_ns = patience->deadline_ns - env_now_ns(patience->env);
        if (err != INSIST_OK || left_ns <= 0)
            return err != INSIST_OK ? err : INSIST_EDEADLINE;
        most_ms = (int)((time_min(left_ns, LOOK_NS) + 999999) / 1000000);
    }
    return poll(&room, 1, most_ms) >= 0 || errno == EINTR ? INSIST_OK : INSIST_ESINK;
}

static insist_err write_within(const insist_fd_sink *state, const void *data, size_t length,
                               const struct sink_patience *patience) {
    const char *at = data;
    insist_err err = INSIST_OK;
    while (length > 0 && err == INSIST_OK) {
        ssize_t written = write(state->fd, at, length);
        if (written >= 0) {
            at += written;
            length -= (size_t)written;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            err = wait_for_room(state->fd, patience);
        } else if (errno != EINTR) {
            err = INSIST_ESINK;
        }
    }
    return err;
}

/* What is called by a sink around it waits for the descriptor alone. */
static int write_all(void *ctx, const void *data, size_t length) {
    return write_within(ctx, data, length, NULL) == INSIST_OK ? 0 : -1;
}

insist_err sink_deliver(const insist_sink *sink, const void *data, size_t length,
                        const struct sink_patience *patience) {
    if (sink->write == write_all)
        return write_within(sink->ctx, data, length, patience);
    return sink->write(sink->ctx, data, length) == 0 ? INSIST_OK : INSIST_ESINK;
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
