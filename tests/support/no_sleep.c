/* What every unit test is linked with: whoever waits for time to pass dies. The definitions here come before the system's,
 * for the program's own objects and for the libraries that it uses. A timeout of 0 waits for nothing, and is let through.
 *
 * Waits without a timeout (a join, a plain condition) stay as they are: they last as long as another thread needs. */
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define OURS __attribute__((visibility("default")))

static void die(const char *function) {
    static const char text[] = ": a unit test waits for time to pass\n";
    ssize_t ignored = write(STDERR_FILENO, function, strlen(function));
    ignored += write(STDERR_FILENO, text, sizeof text - 1);
    (void)ignored;
    abort();
}

static bool is_zero(const struct timespec *time) {
    return time != NULL && time->tv_sec == 0 && time->tv_nsec == 0;
}

/* ---- sleeping ---------------------------------------------------------------------------------------------------- */

OURS int nanosleep(const struct timespec *time, struct timespec *rest) {
    (void)time, (void)rest;
    die(__func__);
    return -1;
}

OURS int clock_nanosleep(clockid_t clock, int flags, const struct timespec *time, struct timespec *rest) {
    (void)clock, (void)flags, (void)time, (void)rest;
    die(__func__);
    return -1;
}

OURS int usleep(useconds_t us) {
    (void)us;
    die(__func__);
    return -1;
}

OURS unsigned sleep(unsigned seconds) {
    (void)seconds;
    die(__func__);
    return 0;
}

OURS int thrd_sleep(const struct timespec *time, struct timespec *rest) {
    (void)time, (void)rest;
    die(__func__);
    return -1;
}

/* ---- waiting for descriptors ------------------------------------------------------------------------------------- */

static int poll_now(struct pollfd *fds, nfds_t n) {
    const struct timespec none = {0, 0};
    return (int)syscall(SYS_ppoll, fds, n, &none, NULL, 0);
}

OURS int poll(struct pollfd *fds, nfds_t n, int timeout_ms) {
    if (timeout_ms != 0)
        die(__func__);
    return poll_now(fds, n);
}

OURS int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *signals) {
    (void)signals;
    if (!is_zero(timeout))
        die(__func__);
    return poll_now(fds, n);
}

OURS int select(int n, fd_set *reads, fd_set *writes, fd_set *excepts, struct timeval *timeout) {
    (void)n, (void)reads, (void)writes, (void)excepts, (void)timeout;
    die(__func__);
    return -1;
}

OURS int pselect(int n, fd_set *reads, fd_set *writes, fd_set *excepts, const struct timespec *timeout,
                 const sigset_t *signals) {
    (void)n, (void)reads, (void)writes, (void)excepts, (void)timeout, (void)signals;
    die(__func__);
    return -1;
}

static int epoll_now(int epoll, struct epoll_event *events, int most) {
    return (int)syscall(SYS_epoll_pwait, epoll, events, most, 0, NULL, 0);
}

OURS int epoll_wait(int epoll, struct epoll_event *events, int most, int timeout_ms) {
    if (timeout_ms != 0)
        die(__func__);
    return epoll_now(epoll, events, most);
}

OURS int epoll_pwait(int epoll, struct epoll_event *events, int most, int timeout_ms, const sigset_t *signals) {
    (void)signals;
    if (timeout_ms != 0)
        die(__func__);
    return epoll_now(epoll, events, most);
}

OURS int epoll_pwait2(int epoll, struct epoll_event *events, int most, const struct timespec *timeout,
                      const sigset_t *signals) {
    (void)signals;
    if (!is_zero(timeout))
        die(__func__);
    return epoll_now(epoll, events, most);
}

/* ---- waiting for threads until an instant ------------------------------------------------------------------------ */

OURS int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until) {
    (void)condition, (void)mutex, (void)until;
    die(__func__);
    return -1;
}

OURS int pthread_cond_clockwait(pthread_cond_t *condition, pthread_mutex_t *mutex, clockid_t clock,
                                const struct timespec *until) {
    (void)condition, (void)mutex, (void)clock, (void)until;
    die(__func__);
    return -1;
}

OURS int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *until) {
    (void)condition, (void)mutex, (void)until;
    die(__func__);
    return -1;
}

OURS int sem_timedwait(sem_t *semaphore, const struct timespec *until) {
    (void)semaphore, (void)until;
    die(__func__);
    return -1;
}

OURS int sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *until) {
    (void)semaphore, (void)clock, (void)until;
    die(__func__);
    return -1;
}

OURS int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *until) {
    (void)mutex, (void)until;
    die(__func__);
    return -1;
}
