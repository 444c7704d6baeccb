/* The loop: one epoll with a timer and a wake-up, and whatever is watched besides. Belongs to the server's thread;
 * loop_wake() may be called from any. */
#ifndef TESTSERVER_LOOP_H
#define TESTSERVER_LOOP_H

#include "alarms.h"

/* Something with a descriptor: what epoll hands back. */
struct source {
    void (*ready)(struct source *source, uint32_t events);
    void *owner;
};

struct loop {
    int epoll_fd;
    int timer_fd;
    int wake_fd;
    uint64_t armed_ns; /* what timer_fd is set to; UINT64_MAX: not set */
    struct alarms alarms;
    struct source timer;
    struct source wake;
};

/* False: errno says why. loop_fini() may follow in both cases. */
bool loop_init(struct loop *loop);
void loop_fini(struct loop *loop);

/* EPOLL… events, level-triggered. False: errno. */
bool loop_watch(struct loop *loop, int fd, uint32_t events, struct source *source);
bool loop_change(struct loop *loop, int fd, uint32_t events, struct source *source);
void loop_unwatch(struct loop *loop, int fd);

/* Sets alarm to fall due `after_ms` from now, or at due_ns (monotonic): never earlier, and as soon after it as the loop
 * gets to it; while a thousand or more are pending, at a whole millisecond. False: no memory. */
bool loop_alarm(struct loop *loop, struct alarm *alarm, uint64_t after_ms);
bool loop_alarm_at(struct loop *loop, struct alarm *alarm, uint64_t due_ns);
void loop_alarm_clear(struct loop *loop, struct alarm *alarm);

/* One turn: waits for at most timeout_ms (-1: for ever), then handles what is ready and what is due. */
void loop_turn(struct loop *loop, int timeout_ms);

/* Ends the wait of the turn under way, or of the next. Any thread. */
void loop_wake(struct loop *loop);

/* CLOCK_MONOTONIC. */
uint64_t monotonic_ns(void);

#endif
