/* The worker processes of a test's nginx: found in /proc, killed, replaced. See nginx.h. */
#include "support/nginx.h"

#include <ctype.h>
#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000 };

/* States of a process in /proc. */
#define ALIVE "RSDI"
#define STOPPED "T"

/* Whether the process of that number, as /proc spells it, is a child of the parent and in one of these states. */
static bool is_child(const char *number, pid_t parent, const char *states) {
    char path[300];
    char text[512];
    snprintf(path, sizeof path, "/proc/%s/stat", number);
    FILE *file = fopen(path, "re");
    size_t len = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file != NULL) {
        fclose(file);
    }
    text[len] = '\0';
    const char *after_name = strrchr(text, ')'); /* "12 (nginx) S 11 …" */
    if (after_name == NULL || strlen(after_name) < 5) {
        return false;
    }
    return strchr(states, after_name[2]) != NULL && strtol(after_name + 4, NULL, 10) == parent;
}

/* How many there are; the first NGINX_WORKERS of them are written down. */
static int find_workers(pid_t master, const char *states, pid_t *workers) {
    int count = 0;
    DIR *directory = opendir("/proc");
    struct dirent *entry = NULL;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        if (isdigit((unsigned char)entry->d_name[0]) && is_child(entry->d_name, master, states)) {
            if (count < NGINX_WORKERS) {
                workers[count] = (pid_t)strtol(entry->d_name, NULL, 10);
            }
            count++;
        }
    }
    if (directory != NULL) {
        closedir(directory);
    }
    return count;
}

/* The master forks them one after the other, so the full number is waited for. */
static bool wait_for_workers(const struct nginx *nginx, const char *states, pid_t *workers) {
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < PATIENCE_MS; i++) {
        if (find_workers(nginx->pid, states, workers) == NGINX_WORKERS) {
            return true;
        }
        nanosleep(&pause, NULL);
    }
    fputs("nginx: its workers are not there\n", stderr);
    return false;
}

static void signal_all(const pid_t *workers, int number) {
    for (int i = 0; i < NGINX_WORKERS; i++) {
        kill(workers[i], number);
    }
}

/* They are stopped first, so that a call that one of them has let down does not find the other one just before its end. */
static bool kill_all(const struct nginx *nginx, pid_t *workers) {
    signal_all(workers, SIGSTOP);
    bool stopped = wait_for_workers(nginx, STOPPED, workers);
    signal_all(workers, SIGKILL);
    return stopped;
}

static bool ask_master(const struct nginx *nginx, pid_t *workers) {
    (void)workers;
    return kill(nginx->pid, SIGHUP) == 0;
}

/* Does that to the workers, waits until all of them have ended, and until others have been started. */
static bool replace_workers(const struct nginx *nginx, bool (*end)(const struct nginx *, pid_t *)) {
    pid_t workers[NGINX_WORKERS];
    int processes[NGINX_WORKERS];
    if (!wait_for_workers(nginx, ALIVE, workers)) {
        return false;
    }
    for (int i = 0; i < NGINX_WORKERS; i++) {
        processes[i] = pidfd_open(workers[i], 0);
    }
    bool ended = end(nginx, workers);
    for (int i = 0; i < NGINX_WORKERS; i++) {
        struct pollfd process = {.fd = processes[i], .events = POLLIN};
        ended = processes[i] >= 0 && poll(&process, 1, PATIENCE_MS) == 1 && ended;
        close(processes[i]);
    }
    return ended && wait_for_workers(nginx, ALIVE, workers);
}

bool nginx_kill_workers(struct nginx *nginx) {
    return replace_workers(nginx, kill_all);
}

bool nginx_reload(struct nginx *nginx) {
    return replace_workers(nginx, ask_master);
}
