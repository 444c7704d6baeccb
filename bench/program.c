/* See program.h. */
#include "program.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Where this program lies, without its name. False: not known. */
static bool own_folder(char folder[PROGRAM_BYTES]) {
    ssize_t length = readlink("/proc/self/exe", folder, PROGRAM_BYTES - 1);
    if (length <= 0) {
        return false;
    }
    folder[length] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash == NULL) {
        return false;
    }
    *slash = '\0';
    return true;
}

bool program_find_nearby(const char *name, const char *folder, char path[PROGRAM_BYTES]) {
    char own[PROGRAM_BYTES];
    if (!own_folder(own)) {
        return false;
    }
    int length = snprintf(path, PROGRAM_BYTES, "%s/%s", own, name);
    if (length < PROGRAM_BYTES && access(path, X_OK) == 0) {
        return true;
    }
    length = snprintf(path, PROGRAM_BYTES, "%s/../%s/%s", own, folder, name);
    return length < PROGRAM_BYTES && access(path, X_OK) == 0;
}

static void prepare_child(pid_t parent, int output) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || dup2(output, STDOUT_FILENO) < 0) {
        _exit(127);
    }
}

bool program_fork(struct program *program) {
    int ends[2];
    pid_t parent = getpid();
    *program = (struct program){.pid = -1, .output = -1};
    if (pipe2(ends, O_CLOEXEC) != 0) {
        fprintf(stderr, "insist-bench: no pipe: %s\n", strerror(errno));
        return false;
    }
    program->pid = fork();
    if (program->pid == 0) {
        prepare_child(parent, ends[1]);
        return true;
    }
    close(ends[1]);
    if (program->pid < 0) {
        fprintf(stderr, "insist-bench: no process: %s\n", strerror(errno));
        close(ends[0]);
        return false;
    }
    program->output = ends[0];
    return true;
}
