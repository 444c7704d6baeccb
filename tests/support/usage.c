#include "support/usage.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static size_t entries_of(pid_t pid, const char *folder) {
    char path[64];
    size_t count = 0;
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, folder);
    DIR *directory = opendir(path);
    if (directory == NULL)
        abort();
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

static long status_kb(pid_t pid, const char *name) {
    char text[256];
    long kb = -1;
    snprintf(text, sizeof text, "/proc/%d/status", (int)pid);
    FILE *file = fopen(text, "re");
    while (file != NULL && fgets(text, sizeof text, file) != NULL)
        if (strncmp(text, name, strlen(name)) == 0)
            kb = strtol(text + strlen(name), NULL, 10);
    if (kb < 0)
        abort();
    fclose(file);
    return kb;
}

size_t usage_descriptors(pid_t pid) {
    return entries_of(pid, "fd") - (pid == getpid()); /* without the one that is reading */
}

size_t usage_threads(pid_t pid) {
    return entries_of(pid, "task");
}

long usage_resident_kb(pid_t pid) {
    return status_kb(pid, "VmRSS:");
}

long usage_peak_kb(pid_t pid) {
    return status_kb(pid, "VmHWM:");
}

/* The second number of a task's schedstat, in nanoseconds. */
static int64_t starved_ns(const char *tasks, const char *task) {
    char path[400];
    long long ran = 0, waited = 0;
    snprintf(path, sizeof path, "%s/%s/schedstat", tasks, task);
    FILE *file = fopen(path, "re");
    bool told = file != NULL && fscanf(file, "%lld %lld", &ran, &waited) == 2;
    if (file != NULL)
        fclose(file);
    return told ? waited : 0;
}

int64_t usage_starved_us(pid_t pid) {
    char tasks[64];
    int64_t sum_ns = 0;
    snprintf(tasks, sizeof tasks, "/proc/%d/task", (int)pid);
    DIR *folder = opendir(tasks);
    if (folder == NULL)
        abort();
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (entry->d_name[0] != '.')
            sum_ns += starved_ns(tasks, entry->d_name);
    closedir(folder);
    return sum_ns / 1000;
}

bool usage_falls_to(size_t threads, size_t descriptors) {
    for (int i = 0; i < 60000; i++) {
        if (usage_threads(getpid()) <= threads && usage_descriptors(getpid()) <= descriptors)
            return true;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return false;
}

void usage_raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        abort();
    limit.rlim_cur = limit.rlim_max < 65536 ? limit.rlim_max : 65536;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        abort();
}
