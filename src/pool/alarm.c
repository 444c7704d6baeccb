/* An absolute timer, so it is never early. Two that set it may overtake each other between saying when and setting the
 * timer: the last to set it finds the other's instant there, and sets it to that. */
#include "pool/alarm.h"

#include "base/time_math.h"
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000

bool alarm_clock_init(struct alarm_clock *alarm) {
    alarm->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    atomic_init(&alarm->due_ns, TIME_NEVER);
    return alarm->timer >= 0;
}

void alarm_clock_fini(struct alarm_clock *alarm) {
    if (alarm->timer >= 0)
        close(alarm->timer);
}

static void set_timer(const struct alarm_clock *alarm, int64_t due_ns) {
    const int64_t at_ns = time_max(due_ns, 1); /* 0 would mean: never */
    const struct itimerspec at = {
        .it_value = {.tv_sec = (time_t)(at_ns / NS_PER_S), .tv_nsec = (long)(at_ns % NS_PER_S)}};
    timerfd_settime(alarm->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

void alarm_clock_set(struct alarm_clock *alarm, int64_t due_ns) {
    long long found = atomic_load(&alarm->due_ns);
    while (due_ns < found && !atomic_compare_exchange_weak(&alarm->due_ns, &found, due_ns))
        ;
    if (due_ns >= found)
        return;
    for (int64_t set_ns = TIME_NEVER; due_ns != set_ns && due_ns != TIME_NEVER;) { /* never: it has rung meanwhile */
        set_timer(alarm, due_ns);
        set_ns = due_ns;
        due_ns = atomic_load(&alarm->due_ns);
    }
}

void alarm_clock_rung(struct alarm_clock *alarm) {
    atomic_store(&alarm->due_ns, TIME_NEVER);
}
