/* See lateness.h. */
#include "lateness.h"
#include "instant.h"
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

static const int64_t period_ns = 2000000;

static int64_t tick_ns(const struct lateness *lateness, size_t number) {
    return lateness->start_ns + ((int64_t)number + 1) * period_ns;
}

/* All ticks whose time has come were late by as much as it is past. */
static bool note_ticks(struct lateness *lateness) {
    int64_t now_ns = instant_now_ns();
    bool noted = true;
    while (noted && tick_ns(lateness, lateness->late.count) <= now_ns) {
        noted = samples_add(&lateness->late, now_ns - tick_ns(lateness, lateness->late.count));
    }
    return noted;
}

static void *watch(void *argument) {
    struct lateness *lateness = argument;
    struct epoll_event event;
    bool noted = true;
    while (noted && !atomic_load(&lateness->stopped)) {
        uint64_t expired;
        if (epoll_wait(lateness->poll, &event, 1, -1) == 1 &&
            read(lateness->timer, &expired, sizeof expired) == sizeof expired) {
            noted = note_ticks(lateness);
        }
    }
    return NULL;
}

static struct timespec spec_of(int64_t ns) {
    return (struct timespec){.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
}

static bool set_timer(struct lateness *lateness) {
    struct epoll_event event = {.events = EPOLLIN};
    lateness->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    lateness->poll = epoll_create1(EPOLL_CLOEXEC);
    lateness->start_ns = instant_now_ns();
    struct itimerspec ticks = {.it_value = spec_of(tick_ns(lateness, 0)), .it_interval = spec_of(period_ns)};
    return lateness->timer >= 0 && lateness->poll >= 0 &&
           epoll_ctl(lateness->poll, EPOLL_CTL_ADD, lateness->timer, &event) == 0 &&
           timerfd_settime(lateness->timer, TFD_TIMER_ABSTIME, &ticks, NULL) == 0;
}

static void close_both(struct lateness *lateness) {
    if (lateness->timer >= 0) {
        close(lateness->timer);
    }
    if (lateness->poll >= 0) {
        close(lateness->poll);
    }
}

bool lateness_start(struct lateness *lateness) {
    memset(lateness, 0, sizeof *lateness);
    atomic_init(&lateness->stopped, false);
    if (set_timer(lateness) && pthread_create(&lateness->thread, NULL, watch, lateness) == 0) {
        return true;
    }
    close_both(lateness);
    perror("insist-bench: a timer to compare with");
    return false;
}

void lateness_stop(struct lateness *lateness) {
    atomic_store(&lateness->stopped, true);
    pthread_join(lateness->thread, NULL);
    close_both(lateness);
}

void lateness_fini(struct lateness *lateness) {
    samples_fini(&lateness->late);
}

/* Of the first tick at that instant or behind it. */
static int64_t tick_from(const struct lateness *lateness, int64_t instant_ns) {
    int64_t number = (instant_ns - lateness->start_ns + period_ns - 1) / period_ns - 1;
    return number > 0 ? number : 0;
}

int64_t lateness_between_ns(const struct lateness *lateness, int64_t from_ns, int64_t to_ns) {
    int64_t latest_ns = 0;
    int64_t last = tick_from(lateness, to_ns);
    for (int64_t i = tick_from(lateness, from_ns); i <= last && (size_t)i < lateness->late.count; i++) {
        latest_ns = lateness->late.ns[i] > latest_ns ? lateness->late.ns[i] : latest_ns;
    }
    return latest_ns;
}
