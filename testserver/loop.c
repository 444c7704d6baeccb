/* epoll, timerfd and eventfd. See loop.h. */
#include "loop.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_A_TURN = 256 };

uint64_t monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* Empties a timer or an event counter, so that it is not ready any more. */
static void drain_counter(int fd) {
    uint64_t count;
    ssize_t got = read(fd, &count, sizeof count);
    (void)got; /* EAGAIN: it has been emptied already */
}

static void timer_ready(struct source *source, uint32_t events) {
    (void)events;
    struct loop *loop = source->owner;
    drain_counter(loop->timer_fd);
    loop->armed_ns = UINT64_MAX;
}

static void wake_ready(struct source *source, uint32_t events) {
    (void)events;
    struct loop *loop = source->owner;
    drain_counter(loop->wake_fd);
}

bool loop_init(struct loop *loop) {
    memset(loop, 0, sizeof *loop);
    alarms_init(&loop->alarms);
    loop->armed_ns = UINT64_MAX;
    loop->timer = (struct source){timer_ready, loop};
    loop->wake = (struct source){wake_ready, loop};
    loop->timer_fd = -1;
    loop->wake_fd = -1;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0) {
        return false;
    }
    loop->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return loop->timer_fd >= 0 && loop->wake_fd >= 0 && loop_watch(loop, loop->timer_fd, EPOLLIN, &loop->timer) &&
           loop_watch(loop, loop->wake_fd, EPOLLIN, &loop->wake);
}

static void close_descriptor(int *fd) {
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

void loop_fini(struct loop *loop) {
    close_descriptor(&loop->timer_fd);
    close_descriptor(&loop->wake_fd);
    close_descriptor(&loop->epoll_fd);
    alarms_fini(&loop->alarms);
}

static bool control(struct loop *loop, int operation, int fd, uint32_t events, struct source *source) {
    struct epoll_event event = {.events = events, .data.ptr = source};
    return epoll_ctl(loop->epoll_fd, operation, fd, &event) == 0;
}

bool loop_watch(struct loop *loop, int fd, uint32_t events, struct source *source) {
    return control(loop, EPOLL_CTL_ADD, fd, events, source);
}

bool loop_change(struct loop *loop, int fd, uint32_t events, struct source *source) {
    return control(loop, EPOLL_CTL_MOD, fd, events, source);
}

void loop_unwatch(struct loop *loop, int fd) {
    control(loop, EPOLL_CTL_DEL, fd, 0, NULL);
}

bool loop_alarm(struct loop *loop, struct alarm *alarm, uint64_t after_ms) {
    return loop_alarm_at(loop, alarm, monotonic_ns() + after_ms * 1000000);
}

bool loop_alarm_at(struct loop *loop, struct alarm *alarm, uint64_t due_ns) {
    return alarms_set(&loop->alarms, alarm, due_ns);
}

void loop_alarm_clear(struct loop *loop, struct alarm *alarm) {
    alarms_clear(&loop->alarms, alarm);
}

/* The distance of the instants at which alarms are looked at. Every turn that resumes a connection makes libmicrohttpd
 * walk through all that are suspended: where these are many, what falls due within a millisecond is resumed in one turn. */
static uint64_t grain_ns(const struct loop *loop) {
    const size_t many = 1000;
    return loop->alarms.count < many ? 1 : 1000000;
}

/* Sets the timer to the first alarm. One that was set earlier is left: an empty turn costs less than a system call a
 * request. */
static void arm_timer(struct loop *loop) {
    const uint64_t second_ns = 1000000000;
    uint64_t first_ns = alarms_next_ns(&loop->alarms);
    if (first_ns >= loop->armed_ns) {
        return;
    }
    uint64_t grain = grain_ns(loop);
    uint64_t due_ns = (first_ns + grain - 1) / grain * grain;
    struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(due_ns / second_ns), .tv_nsec = (long)(due_ns % second_ns)}};
    if (timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &when, NULL) == 0) {
        loop->armed_ns = due_ns;
    }
}

static void fire_due(struct loop *loop) {
    uint64_t now_ns = monotonic_ns();
    struct alarm *alarm;
    now_ns -= now_ns % grain_ns(loop);
    while ((alarm = alarms_take_due(&loop->alarms, now_ns)) != NULL) {
        alarm->fire(alarm);
    }
}

void loop_turn(struct loop *loop, int timeout_ms) {
    struct epoll_event events[EVENTS_A_TURN];
    arm_timer(loop);
    int count = epoll_wait(loop->epoll_fd, events, EVENTS_A_TURN, timeout_ms);
    for (int i = 0; i < count; i++) {
        struct source *source = events[i].data.ptr;
        source->ready(source, events[i].events);
    }
    fire_due(loop);
}

void loop_wake(struct loop *loop) {
    uint64_t one = 1;
    ssize_t put = write(loop->wake_fd, &one, sizeof one);
    (void)put; /* EAGAIN: it is awake for as long as the counter is full */
}
