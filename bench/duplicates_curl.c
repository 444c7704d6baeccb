/* The curl program as a poster: a process for each POST, with the GET before it, so that they share a connection as the
 * others' do, and --retry, as people have it in their scripts. Any thread. */
#include "duplicates_posts.h"
#include "instant.h"
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

extern char **environ;

struct curl {
    char before[192]; /* the GET's URL; empty: none */
};

/* Runs curl with these words, silently. False: there is none, or its exit status was not 0. */
static bool run(const char *const *words) {
    pid_t pid;
    int status = -1;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    int failed = posix_spawnp(&pid, "curl", &actions, NULL, (char *const *)(uintptr_t)words, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) {
        return false;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status == 0;
}

static bool able(void) {
    return run((const char *const[]){"curl", "--version", NULL});
}

static void *open_curl(void) {
    static int nothing;
    return &nothing;
}

static void close_curl(void *nothing) {
    (void)nothing;
}

static void *enter(void *state, const char *url) {
    (void)state;
    (void)url;
    return calloc(1, sizeof(struct curl));
}

static void get(void *state, void *caller, const char *url) {
    struct curl *curl = caller;
    (void)state;
    snprintf(curl->before, sizeof curl->before, "%s", url);
}

static struct post post(void *state, void *caller, const char *url, const char *text) {
    struct curl *curl = caller;
    (void)state;
    const char *const words[] = {"curl", "-q",      "-s", curl->before,         "--next", "-s", "--max-time",
                                 "10",   "--retry", "1",  "--retry-all-errors", "--data", text, url,
                                 NULL};
    const char *const alone[] = {"curl",   "-q", "-s", "--max-time", "10", "--retry", "1", "--retry-all-errors",
                                 "--data", text, url,  NULL};
    int64_t begun_ns = instant_now_ns();
    bool answered = run(curl->before[0] != '\0' ? words : alone);
    curl->before[0] = '\0';
    return (struct post){.took_ns = instant_now_ns() - begun_ns, .answered = answered};
}

const struct poster poster_curl = {.name = "curl --retry",
                                   .few = true,
                                   .able = able,
                                   .open = open_curl,
                                   .close = close_curl,
                                   .enter = enter,
                                   .leave = free,
                                   .get = get,
                                   .post = post};
