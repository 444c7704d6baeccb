/* See testserver_process.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver_process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_ARGUMENTS = 30 };

static void become(const char *const *arguments, unsigned descriptors, int out, int err) {
    char *words[MOST_ARGUMENTS + 2] = {(char *)(uintptr_t)TESTSERVER_PROGRAM};
    struct rlimit limit = {.rlim_cur = descriptors, .rlim_max = descriptors};
    for (size_t i = 0; i < MOST_ARGUMENTS && arguments[i]; i++) {
        words[i + 1] = (char *)(uintptr_t)arguments[i];
    }
    if ((descriptors == 0 || setrlimit(RLIMIT_NOFILE, &limit) == 0) && dup2(out, STDOUT_FILENO) >= 0 &&
        dup2(err, STDERR_FILENO) >= 0 && close_range(STDERR_FILENO + 1, ~0U, 0) == 0) { /* nothing inherited counts */
        execv(TESTSERVER_PROGRAM, words);
    }
    _exit(127);
}

void process_start(struct process *process, const char *const *arguments, unsigned descriptors) {
    int out[2];
    int err[2];
    *process = (struct process){.pid = -1};
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    assert_int_equal(pipe2(err, O_CLOEXEC), 0);
    process->pid = fork();
    if (process->pid == 0) {
        become(arguments, descriptors, out[1], err[1]);
    }
    close(out[1]);
    close(err[1]);
    process->out = fdopen(out[0], "r");
    process->err = fdopen(err[0], "r");
    assert_true(process->pid > 0 && process->out && process->err);
}

static uint16_t read_line(FILE *out, const char *beginning, char *line, int size) {
    assert_non_null(fgets(line, size, out));
    line[strcspn(line, "\n")] = '\0';
    assert_memory_equal(line, beginning, strlen(beginning));
    return (uint16_t)strtoul(strrchr(line, ':') + 1, NULL, 10);
}

void process_start_server(struct process *process, const char *const *arguments) {
    process_start(process, arguments, 0);
    process_read_ports(process);
}

void process_read_ports(struct process *process) {
    process->port = read_line(process->out, "listening on http", process->first, sizeof process->first);
    process->admin_port = read_line(process->out, "admin on http://", process->second, sizeof process->second);
}

int process_wait(struct process *process) {
    int status = 0;
    pid_t pid = waitpid(process->pid, &status, 0);
    assert_int_equal(pid, process->pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int process_end(struct process *process) {
    assert_int_equal(kill(process->pid, SIGTERM), 0);
    return process_wait(process);
}

void process_read(FILE *stream, char *out, size_t size) {
    size_t count = fread(out, 1, size - 1, stream);
    out[count] = '\0';
}

void process_fini(struct process *process) {
    fclose(process->out);
    fclose(process->err);
}
