/* Ten thousand delays at once on one thread: every request is held for a second, the arrivals are spread over nearly a
 * second, and all are pending together. By the journal's own times nobody is answered early; how many are answered
 * within 1.1 s, with how many threads and how much memory, is printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver_peer.h"
#include "testserver_process.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { WANTED = 2000, TRIES = 10 }; /* so slow a server has too much to do in a second */
#else
enum { WANTED = 10000, TRIES = 10 };
#endif
/* The program's own, which waits for signals, and the one that serves. */
#if defined __SANITIZE_THREAD__
enum { THREADS = 3 }; /* and the sanitizer's */
#else
enum { THREADS = 2 };
#endif
static const int64_t arrival_ns = 900000000; /* over which the requests are sent */
static const int64_t delay_us = 1000000;
static const int64_t in_time_us = 1100000;

static int raise_descriptor_limit(void **state) {
    struct rlimit limit;
    (void)state;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return -1;
    }
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit);
}

static int64_t monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- what the server tells -------------------------------------------------------------------------------------- */

static json_t *ask(uint16_t port, const char *target) {
    struct peer peer;
    char text[128];
    snprintf(text, sizeof text, "GET %s HTTP/1.0\r\nHost: test\r\n\r\n", target); /* in 1.0 there are no chunks */
    assert_true(peer_connect_port(&peer, port));
    assert_true(peer_send(&peer, text));
    struct peer_answer answer = peer_read_bytes(&peer, (size_t)60 << 20); /* or up to the end */
    assert_int_equal(answer.status, 200);
    assert_non_null(answer.body);
    json_t *json = json_loadb(answer.body, answer.body_size, 0, NULL);
    assert_non_null(json);
    peer_answer_free(&answer);
    peer_close(&peer);
    return json;
}

static int64_t number(const json_t *json, const char *name) {
    return (int64_t)json_integer_value(json_object_get(json, name));
}

static int64_t stat_of(uint16_t port, const char *name) {
    json_t *json = ask(port, "/__admin/stats");
    int64_t value = number(json, name);
    json_decref(json);
    return value;
}

static size_t threads_of(pid_t pid) {
    char name[64];
    size_t count = 0;
    snprintf(name, sizeof name, "/proc/%d/task", (int)pid);
    DIR *directory = opendir(name);
    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        count += entry->d_name[0] != '.';
    }
    closedir(directory);
    return count;
}

static long resident_kb(pid_t pid) {
    char name[64], line[256];
    long kb = 0;
    snprintf(name, sizeof name, "/proc/%d/status", (int)pid);
    FILE *file = fopen(name, "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "VmRSS:", 6) == 0) {
            kb = strtol(line + 6, NULL, 10);
        }
    }
    fclose(file);
    return kb;
}

/* ---- the run ---------------------------------------------------------------------------------------------------- */

static void send_spread(struct peer *peers, size_t count) {
    int64_t begun_ns = monotonic_ns();
    for (size_t i = 0; i < count; i++) {
        int64_t due_ns = begun_ns + arrival_ns * (int64_t)i / (int64_t)count;
        struct timespec due = {.tv_sec = (time_t)(due_ns / 1000000000), .tv_nsec = (long)(due_ns % 1000000000)};
        while (monotonic_ns() < due_ns && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) != 0) {
        }
        assert_true(peer_get(&peers[i], "/wait?do=200;delay=1s"));
    }
}

static int by_size(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The times from read to answered, shortest first; for free(). */
static int64_t *held_times(uint16_t admin_port, size_t count) {
    json_t *json = ask(admin_port, "/__admin/journal?path=/wait");
    const json_t *entries = json_object_get(json, "requests");
    int64_t *times = calloc(count, sizeof *times);
    assert_non_null(times);
    assert_int_equal(json_array_size(entries), count);
    for (size_t i = 0; i < count; i++) {
        const json_t *entry = json_array_get(entries, i);
        assert_int_equal(number(entry, "status"), 200);
        assert_true(number(entry, "ended_us") >= 0);
        times[i] = number(entry, "ended_us") - number(entry, "read_us");
    }
    json_decref(json);
    qsort(times, count, sizeof *times, by_size);
    return times;
}

static void report(const int64_t *times, size_t count) {
    size_t in_time = 0;
    for (size_t i = 0; i < count; i++) {
        in_time += times[i] <= in_time_us;
    }
    print_message("answered within 1.000 to 1.100 s after they had been read: %zu of %zu (%.2f %%)\n", in_time, count,
                  100.0 * (double)in_time / (double)count);
    print_message("shortest %.6f s, median %.6f s, 99 %% %.6f s, longest %.6f s\n", (double)times[0] / 1e6,
                  (double)times[count / 2] / 1e6, (double)times[count - 1 - count / 100] / 1e6,
                  (double)times[count - 1] / 1e6);
}

/* Whether all were pending together: this machine may have been too busy to send them within the second. */
static bool run(size_t count) {
    struct process server;
    const char *arguments[] = {NULL};
    process_start_server(&server, arguments);
    struct peer *peers = calloc(count, sizeof *peers);
    assert_non_null(peers);
    for (size_t i = 0; i < count; i++) {
        assert_true(peer_connect_port(&peers[i], server.port));
    }
    while (stat_of(server.admin_port, "connections_open") < (int64_t)count) {
        usleep(1000);
    }
    send_spread(peers, count);
    long memory_kb = resident_kb(server.pid);
    size_t threads = threads_of(server.pid);
    for (size_t i = 0; i < count; i++) {
        struct peer_answer answer = peer_read(&peers[i]);
        assert_int_equal(answer.status, 200);
        peer_answer_free(&answer);
    }
    while (stat_of(server.admin_port, "in_flight") > 0) {
        usleep(1000);
    }
    int64_t peak = stat_of(server.admin_port, "held_peak");
    int64_t *times = held_times(server.admin_port, count);
    assert_true(times[0] >= delay_us); /* nobody early */
    assert_int_equal(threads, THREADS);
    print_message("%zu requests, at most %lld of them pending together; %zu threads, %ld KiB of memory\n", count,
                  (long long)peak, threads, memory_kb);
    report(times, count);
    free(times);
    for (size_t i = 0; i < count; i++) {
        peer_close(&peers[i]);
    }
    free(peers);
    assert_int_equal(process_end(&server), 0);
    process_fini(&server);
    return peak == (int64_t)count;
}

static void ten_thousand_delays_pending_together(void **state) {
    (void)state;
    struct rlimit limit;
    bool together = false;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    size_t count = limit.rlim_cur >= WANTED + 200 ? WANTED : (size_t)limit.rlim_cur - 200;
    for (int i = 0; i < TRIES && !together; i++) {
        together = run(count);
    }
    assert_true(together);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_thousand_delays_pending_together),
    };
    return cmocka_run_group_tests(tests, raise_descriptor_limit, NULL);
}
