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

enum { PATIENCE_MS = 20000 };

/* Whether the process of that number, as /proc spells it, is a living child of the parent. */
static bool is_child(const char *number, pid_t parent) {
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
    return strchr("ZX", after_name[2]) == NULL && strtol(after_name + 4, NULL, 10) == parent;
}

/* How many there are; the first NGINX_WORKERS of them are written down. */
static int find_workers(pid_t master, pid_t *workers) {
    int count = 0;
    DIR *directory = opendir("/proc");
    struct dirent *entry = NULL;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        if (isdigit((unsigned char)entry->d_name[0]) && is_child(entry->d_name, master)) {
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
static bool wait_for_workers(const struct nginx *nginx, pid_t *workers) {
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < PATIENCE_MS; i++) {
        if (find_workers(nginx->pid, workers) == NGINX_WORKERS) {
            return true;
        }
        nanosleep(&pause, NULL);
    }
    fputs("nginx: its workers are not there\n", stderr);
    return false;
}

/* Sends the signal to every worker, or to the master alone, and waits until all those workers have ended. */
static bool replace_workers(const struct nginx *nginx, bool master, int signal_number) {
    pid_t workers[NGINX_WORKERS];
    int processes[NGINX_WORKERS];
    if (!wait_for_workers(nginx, workers)) {
        return false;
    }
    for (int i = 0; i < NGINX_WORKERS; i++) {
        processes[i] = pidfd_open(workers[i], 0);
    }
    if (master) {
        kill(nginx->pid, signal_number);
    }
    for (int i = 0; i < NGINX_WORKERS && !master; i++) {
        kill(workers[i], signal_number);
    }
    bool ended = true;
    for (int i = 0; i < NGINX_WORKERS; i++) {
        struct pollfd process = {.fd = processes[i], .events = POLLIN};
        ended = (processes[i] < 0 || poll(&process, 1, PATIENCE_MS) == 1) && ended;
        close(processes[i]);
    }
    return ended && wait_for_workers(nginx, workers);
}

bool nginx_kill_workers(struct nginx *nginx) {
    return replace_workers(nginx, false, SIGKILL);
}

bool nginx_reload(struct nginx *nginx) {
    return replace_workers(nginx, true, SIGHUP);
}
