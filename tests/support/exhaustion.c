/* See exhaustion.h. */
#include "support/exhaustion.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

static atomic_int armed = -1; /* an enum exhausted */
static atomic_size_t at, asked, refused;
static atomic_bool lasts;

const char *exhaustion_name(enum exhausted which) {
    static const char *const names[EXHAUSTED_MAX] = {"pthread_create", "epoll_create1", "eventfd",
                                                     "timerfd_create", "epoll_ctl",     "socket"};
    return names[which];
}

void exhaustion_arm(enum exhausted which, size_t n, bool lasting) {
    atomic_store(&armed, -1);
    atomic_store(&at, n);
    atomic_store(&asked, 0);
    atomic_store(&refused, 0);
    atomic_store(&lasts, lasting);
    atomic_store(&armed, n > 0 ? (int)which : -1);
}

size_t exhaustion_refused(void) {
    return atomic_load(&refused);
}

static bool refuses(enum exhausted which, int error) {
    if (atomic_load(&armed) != (int)which)
        return false;
    size_t number = atomic_fetch_add(&asked, 1) + 1, n = atomic_load(&at);
    if (number != n && !(number > n && atomic_load(&lasts)))
        return false;
    atomic_fetch_add(&refused, 1);
    errno = error;
    return true;
}

/* Seen by shared libraries: the linker sends theirs here, too. */
#define IN_FRONT __attribute__((visibility("default")))

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*main)(void *), void *argument);
IN_FRONT int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*main)(void *), void *argument);
int __real_epoll_create1(int flags);
IN_FRONT int __wrap_epoll_create1(int flags);
int __real_eventfd(unsigned count, int flags);
IN_FRONT int __wrap_eventfd(unsigned count, int flags);
int __real_timerfd_create(int clock, int flags);
IN_FRONT int __wrap_timerfd_create(int clock, int flags);
int __real_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event);
IN_FRONT int __wrap_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event);
int __real_socket(int domain, int type, int protocol);
IN_FRONT int __wrap_socket(int domain, int type, int protocol);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*main)(void *), void *argument) {
    if (refuses(EXHAUSTED_PTHREAD_CREATE, 0))
        return EAGAIN;
    return __real_pthread_create(thread, attributes, main, argument);
}

int __wrap_epoll_create1(int flags) {
    return refuses(EXHAUSTED_EPOLL_CREATE, EMFILE) ? -1 : __real_epoll_create1(flags);
}

int __wrap_eventfd(unsigned count, int flags) {
    return refuses(EXHAUSTED_EVENTFD, EMFILE) ? -1 : __real_eventfd(count, flags);
}

int __wrap_timerfd_create(int clock, int flags) {
    return refuses(EXHAUSTED_TIMERFD, EMFILE) ? -1 : __real_timerfd_create(clock, flags);
}

/* The system counts what is watched, for each user. Ceasing to watch is never refused. */
int __wrap_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event) {
    if (operation == EPOLL_CTL_ADD && refuses(EXHAUSTED_EPOLL_CTL, ENOSPC))
        return -1;
    return __real_epoll_ctl(epoll, operation, fd, event);
}

int __wrap_socket(int domain, int type, int protocol) {
    return refuses(EXHAUSTED_SOCKET, ENFILE) ? -1 : __real_socket(domain, type, protocol);
}
