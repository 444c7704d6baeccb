/* A system that has run out: this program stands in front of the functions that give out threads and descriptors (linked
 * with --wrap, see insist_exhaustion_test in tests/integration/safety.cmake), and the n-th time one of them is asked it
 * refuses. Any thread; arming and reading on one. */
#ifndef SUPPORT_EXHAUSTION_H
#define SUPPORT_EXHAUSTION_H

#include <stdbool.h>
#include <stddef.h>

enum exhausted {
    EXHAUSTED_PTHREAD_CREATE,
    EXHAUSTED_EPOLL_CREATE,
    EXHAUSTED_EVENTFD,
    EXHAUSTED_TIMERFD,
    EXHAUSTED_EPOLL_CTL,
    EXHAUSTED_SOCKET,
    EXHAUSTED_MAX
};

const char *exhaustion_name(enum exhausted which);
/* From here the n-th request is refused, counted from 1, and, if lasting, all that follow. n 0: none. */
void exhaustion_arm(enum exhausted which, size_t n, bool lasting);
size_t exhaustion_refused(void); /* how many were, since it was armed */

#endif
