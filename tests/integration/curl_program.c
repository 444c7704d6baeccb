/* See curl_program.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "curl_program.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { MOST_ARGUMENTS = 32 };

bool curl_program_exists(void) {
    return access(CURL_PROGRAM, X_OK) == 0;
}

void curl_program_target(char *out, size_t room, const char *path, const char *script) {
    size_t size = (size_t)snprintf(out, room, "%s?do=", path);
    for (const char *at = script; *at && size + 4 < room; at++) {
        size += (size_t)snprintf(out + size, room - size, "%%%02X", (unsigned char)*at);
    }
}

/* The certificate in a file without a name; -1 without TLS. */
static int certificate_file(const insist_testserver *server) {
    const char *pem = insist_testserver_certificate(server);
    if (!pem) {
        return -1;
    }
    int fd = memfd_create("certificate", 0); /* curl inherits it */
    assert_true(fd >= 0);
    assert_int_equal(write(fd, pem, strlen(pem)), strlen(pem));
    return fd;
}

static pid_t spawn(char *const *arguments, int out, int words) {
    posix_spawn_file_actions_t actions;
    pid_t pid;
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, words, STDERR_FILENO), 0);
    assert_int_equal(posix_spawn(&pid, CURL_PROGRAM, &actions, NULL, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static void read_body(int fd, struct curl_run *run) {
    static char piece[1 << 16];
    ssize_t count;
    run->is_pattern = true;
    while ((count = read(fd, piece, sizeof piece)) > 0) {
        int letter = (int)(run->bytes % 26);
        for (size_t i = 0; i < (size_t)count; i++, letter = letter == 25 ? 0 : letter + 1) {
            run->is_pattern = run->is_pattern && piece[i] == 'a' + letter;
        }
        for (size_t i = 0; i < (size_t)count && run->bytes + i + 1 < CURL_KEPT; i++) {
            run->kept[run->bytes + i] = piece[i];
        }
        run->bytes += (size_t)count;
    }
}

static void read_words(int fd, struct curl_run *run) {
    char words[256];
    ssize_t count = pread(fd, words, sizeof words - 1, 0);
    assert_true(count >= 0);
    words[count] = '\0';
    const char *last = strrchr(words, '\n'); /* of several requests */
    assert_non_null(last);
    assert_int_equal(sscanf(last, "%d %ld %ld", &run->status, &run->redirects, &run->connections), 3);
}

static int64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct curl_run curl_program_run(const insist_testserver *server, const char *target, const char *const *options) {
    struct curl_run run = {0};
    char url[2048];
    char certificate[32];
    char *arguments[MOST_ARGUMENTS] = {
        "curl", "-q", "-s", "-N", "-w", "%{stderr}\n%{http_code} %{num_redirects} %{num_connects}", url};
    size_t count = 7;
    int certificate_fd = certificate_file(server);
    int ends[2];
    int words = memfd_create("words", MFD_CLOEXEC);
    assert_true(words >= 0);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    snprintf(url, sizeof url, "%s%s", insist_testserver_url(server), target);
    if (certificate_fd >= 0) {
        snprintf(certificate, sizeof certificate, "/dev/fd/%d", certificate_fd);
        arguments[count++] = "--cacert";
        arguments[count++] = certificate;
    }
    for (; options && *options && count + 1 < MOST_ARGUMENTS; options++) {
        arguments[count++] = (char *)(uintptr_t)*options;
    }
    int64_t started_us = now_us();
    pid_t pid = spawn(arguments, ends[1], words);
    close(ends[1]);
    read_body(ends[0], &run);
    close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    run.total_us = now_us() - started_us;
    run.exit_code = WEXITSTATUS(status);
    read_words(words, &run);
    close(words);
    if (certificate_fd >= 0) {
        close(certificate_fd);
    }
    return run;
}
