/* The programs and where they write to: a terminal, a pipe, a full disk, a reader who has left, nothing at all. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <insist/testserver.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BODY = 4000000 }; /* more than any pipe holds */

static insist_testserver *server;

static int start_server(void **state) {
    (void)state;
    return insist_testserver_start(NULL, NULL, &server) == INSIST_OK ? 0 : -1;
}

static int stop_server(void **state) {
    (void)state;
    insist_testserver_free(server);
    return 0;
}

static void url_of(char url[256], const char *path) {
    snprintf(url, 256, "%s%s", insist_testserver_url(server), path);
}

/* Starts it, SIGPIPE being what it is at login. */
static pid_t start(const char *program, const posix_spawn_file_actions_t *actions, const char *const *arguments,
                   const char *const *environment) {
    char *argv[8] = {(char *)(size_t)program};
    char *envp[8] = {NULL};
    for (size_t i = 0; arguments[i] != NULL; i++) {
        argv[i + 1] = (char *)(size_t)arguments[i];
    }
    for (size_t i = 0; environment[i] != NULL; i++) {
        envp[i] = (char *)(size_t)environment[i];
    }
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    pid_t pid = -1;
    assert_int_equal(posix_spawn(&pid, program, actions, &attributes, argv, envp), 0);
    posix_spawnattr_destroy(&attributes);
    return pid;
}

static int end_of(pid_t pid) {
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

/* What is there to be read at once; the writer has ended. */
static void read_rest(int fd, char *text, size_t size) {
    size_t len = 0;
    ssize_t got = 0;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    while (len + 1 < size && (got = read(fd, text + len, size - 1 - len)) > 0) {
        len += (size_t)got;
    }
    text[len] = '\0';
}

/* ---- colours --------------------------------------------------------------------------------------------------- */

/* Two ends of a terminal, or of a pipe: ends[1] is the program's. */
static void open_ends(int ends[2], bool terminal) {
    if (!terminal) {
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        return;
    }
    ends[0] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(ends[0] >= 0 && grantpt(ends[0]) == 0 && unlockpt(ends[0]) == 0);
    ends[1] = open(ptsname(ends[0]), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(ends[1] >= 0);
}

static void colour_is_for_terminals_that_have_not_declined(void **state) {
    (void)state;
    static const struct {
        bool terminal, coloured;
        const char *environment[4];
    } rows[] = {
        {true, true, {"TERM=xterm", "LC_ALL=C"}},
        {true, true, {"TERM=xterm", "LC_ALL=C", "NO_COLOR="}}, /* empty is unset */
        {true, false, {"TERM=xterm", "LC_ALL=C", "NO_COLOR=1"}},
        {true, false, {"TERM=dumb", "LC_ALL=C"}},
        {true, false, {"LC_ALL=C"}},
        {false, false, {"TERM=xterm", "LC_ALL=C"}},
    };
    char url[256];
    url_of(url, "/coloured");
    const char *const arguments[] = {"--timeline=always", "-o", "/dev/null", url, NULL};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int ends[2];
        char text[8192];
        posix_spawn_file_actions_t actions;
        open_ends(ends, rows[i].terminal);
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
        int status = end_of(start(INSIST_PROGRAM, &actions, arguments, rows[i].environment));
        read_rest(ends[0], text, sizeof(text));
        posix_spawn_file_actions_destroy(&actions);
        close(ends[0]);
        close(ends[1]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        assert_non_null(strstr(text, "#0 first 127.0.0.1:"));
        if ((strstr(text, "\033[") != NULL) != rows[i].coloured) {
            fail_msg("row %zu: %s", i, text);
        }
    }
}

/* ---- standard output ------------------------------------------------------------------------------------------- */

static const char *const plain[] = {"LC_ALL=C", NULL};

/* The exit status with that file as standard output, or with fd closed where file is NULL. */
static int exit_with(const char *program, const char *const *arguments, const char *file, int fd) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    if (file != NULL) {
        posix_spawn_file_actions_addopen(&actions, fd, file, O_WRONLY, 0);
    } else {
        posix_spawn_file_actions_addclose(&actions, fd);
    }
    int status = end_of(start(program, &actions, arguments, plain));
    posix_spawn_file_actions_destroy(&actions);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void help_and_version_that_cannot_be_written_are_failures(void **state) {
    (void)state;
    static const struct {
        const char *program;
        int exit_status;
    } rows[] = {{INSIST_PROGRAM, 23}, {TESTSERVER_PROGRAM, 1}, {BENCH_PROGRAM, 1}};
    static const char *const help[] = {"--help", NULL};
    static const char *const version[] = {"--version", NULL};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *program = rows[i].program;
        assert_int_equal(exit_with(program, help, "/dev/full", STDOUT_FILENO), rows[i].exit_status);
        assert_int_equal(exit_with(program, version, "/dev/full", STDOUT_FILENO), rows[i].exit_status);
        assert_int_equal(exit_with(program, version, NULL, STDOUT_FILENO), rows[i].exit_status);
        assert_int_equal(exit_with(program, version, "/dev/null", STDOUT_FILENO), 0);
    }
}

/* Without standard output the answer is lost; without the others nothing is. */
static void closed_streams_cost_what_they_would_carry(void **state) {
    (void)state;
    char url[256];
    url_of(url, "/closed?do=200;body=hello");
    const char *const arguments[] = {"-v", "--timeline=always", url, NULL};
    assert_int_equal(exit_with(INSIST_PROGRAM, arguments, NULL, STDOUT_FILENO), 23);
    assert_int_equal(exit_with(INSIST_PROGRAM, arguments, "/dev/full", STDOUT_FILENO), 23);
    assert_int_equal(exit_with(INSIST_PROGRAM, arguments, NULL, STDERR_FILENO), 0);
    assert_int_equal(exit_with(INSIST_PROGRAM, arguments, "/dev/full", STDERR_FILENO), 0);
    assert_int_equal(exit_with(INSIST_PROGRAM, arguments, NULL, STDIN_FILENO), 0);
    assert_int_equal(insist_testserver_hits(server, "/closed"), 5);
}

/* In the middle of a call their numbers stand for no socket that an answer or a message could get into. */
static void closed_streams_are_not_taken_by_sockets(void **state) {
    (void)state;
    char url[256], link[64], places[3][16] = {{0}};
    url_of(url, "/held?do=hang");
    const char *const arguments[] = {"--deadline", "forever", "--timeout", "forever", url, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (int fd = 0; fd < 3; fd++) {
        posix_spawn_file_actions_addclose(&actions, fd);
    }
    pid_t pid = start(INSIST_PROGRAM, &actions, arguments, plain);
    posix_spawn_file_actions_destroy(&actions);
    bool came = insist_testserver_wait_hits(server, "/held", 1, 60000);
    for (int fd = 0; fd < 3; fd++) {
        snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)pid, fd);
        (void)!readlink(link, places[fd], sizeof(places[fd]) - 1);
    }
    kill(pid, SIGINT);
    int status = end_of(pid);
    assert_true(came);
    for (int fd = 0; fd < 3; fd++) {
        assert_string_equal(places[fd], "/dev/null");
    }
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 130);
}

static void a_reader_who_leaves_ends_it(void **state) {
    (void)state;
    char url[256], path[64], byte = 0;
    snprintf(path, sizeof(path), "/left?do=200;size=%d", BODY);
    url_of(url, path);
    const char *const arguments[] = {"-s", url, NULL};
    int ends[2];
    open_ends(ends, false);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    pid_t pid = start(INSIST_PROGRAM, &actions, arguments, plain);
    close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    int status = end_of(pid);
    posix_spawn_file_actions_destroy(&actions);
    assert_true((WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE) ||
                (WIFEXITED(status) && WEXITSTATUS(status) == 23));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(colour_is_for_terminals_that_have_not_declined),
        cmocka_unit_test(help_and_version_that_cannot_be_written_are_failures),
        cmocka_unit_test(closed_streams_cost_what_they_would_carry),
        cmocka_unit_test(closed_streams_are_not_taken_by_sockets),
        cmocka_unit_test(a_reader_who_leaves_ends_it),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
