#include "run_program.h"
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* The caller's environment with a plain locale and no colours. */
static char **plain_environment(void) {
    static char plain[3][32] = {"LC_ALL=C", "TERM=dumb", "NO_COLOR="};
    size_t n = 0;
    while (environ[n] != NULL) {
        n++;
    }
    char **copy = calloc(n + 4, sizeof(*copy));
    size_t kept = 0;
    for (size_t i = 0; copy != NULL && i < 3; i++) {
        copy[kept++] = plain[i];
    }
    for (size_t i = 0; copy != NULL && i < n; i++) {
        if (strncmp(environ[i], "LC_", 3) != 0 && strncmp(environ[i], "TERM=", 5) != 0 &&
            strncmp(environ[i], "NO_COLOR=", 9) != 0) {
            copy[kept++] = environ[i];
        }
    }
    return copy;
}

void run_start(struct run *run, const char *program, const char *const *arguments, const char *input) {
    char *argv[RUN_ARGUMENTS + 2] = {(char *)(size_t)program};
    for (size_t i = 0; i < RUN_ARGUMENTS && arguments[i] != NULL; i++) {
        argv[i + 1] = (char *)(size_t)arguments[i];
    }
    *run = (struct run){.exit_status = -1};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (int i = 0; i < 3; i++) {
        run->files[i] = memfd_create("insist-test", MFD_CLOEXEC);
        posix_spawn_file_actions_adddup2(&actions, run->files[i], i);
    }
    if (input != NULL && write(run->files[0], input, strlen(input)) == (ssize_t)strlen(input)) {
        lseek(run->files[0], 0, SEEK_SET);
    }
    char **environment = plain_environment();
    if (posix_spawn(&run->pid, program, &actions, NULL, argv, environment) != 0) {
        run->pid = -1;
    }
    free(environment);
    posix_spawn_file_actions_destroy(&actions);
}

static char *read_all(int file, size_t *len) {
    off_t size = lseek(file, 0, SEEK_END);
    char *text = calloc((size_t)(size > 0 ? size : 0) + 1, 1);
    if (text != NULL && size > 0) {
        ssize_t got = pread(file, text, (size_t)size, 0);
        *len = got > 0 ? (size_t)got : 0;
    }
    return text;
}

void run_wait(struct run *run) {
    int status = 0;
    if (run->pid > 0 && waitpid(run->pid, &status, 0) == run->pid && WIFEXITED(status)) {
        run->exit_status = WEXITSTATUS(status);
    }
    run->out = read_all(run->files[1], &run->out_len);
    run->err = read_all(run->files[2], &run->err_len);
}

void run_fini(struct run *run) {
    for (int i = 0; i < 3; i++) {
        close(run->files[i]);
    }
    free(run->out);
    free(run->err);
}
