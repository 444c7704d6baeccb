/* insist-testserver: the server as a program. Exit status: 0 ended by SIGTERM or SIGINT; 1 it could not start; 2 bad
 * usage or a bad script. */
#include "options.h"
#include "script_file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_FINE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* As many descriptors as the system grants: one is needed for every connection. */
static void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* Writes a file that appears all at once, so that whoever waits for it never reads a part of it. */
static bool write_at_once(const char *name, const char *text) {
    char temporary[4096];
    int length = snprintf(temporary, sizeof temporary, "%s.new", name);
    if (length < 0 || (size_t)length >= sizeof temporary) {
        errno = ENAMETOOLONG;
        return false;
    }
    FILE *out = fopen(temporary, "we");
    if (!out) {
        return false;
    }
    bool ok = fputs(text, out) >= 0;
    ok = fclose(out) == 0 && ok;
    if (!ok || rename(temporary, name) != 0) {
        int reason = errno;
        unlink(temporary);
        errno = reason;
        return false;
    }
    return true;
}

static bool write_file(const char *option, const char *name, const char *text) {
    bool ok = write_at_once(name, text);
    if (!ok) {
        fprintf(stderr, "insist-testserver: %s: %s: %s\n", option, name, strerror(errno));
    }
    return ok;
}

static bool write_files(const struct program_options *options, const insist_testserver *server) {
    char port[16];
    snprintf(port, sizeof port, "%u\n", insist_testserver_port(server));
    if (options->cert_file && !write_file("--cert-file", options->cert_file, insist_testserver_certificate(server))) {
        return false;
    }
    return !options->port_file || write_file("--port-file", options->port_file, port);
}

/* 127.0.0.0/8, also as IPv4 within IPv6, and ::1 in whatever spelling. */
static bool is_loopback(const char *address) {
    struct in6_addr v6;
    if (!address || strncmp(address, "127.", 4) == 0) {
        return true;
    }
    return inet_pton(AF_INET6, address, &v6) == 1 &&
           (IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127));
}

static void announce(const struct program_options *options, const insist_testserver *server) {
    if (options->quiet) {
        return;
    }
    printf("listening on %s\n", insist_testserver_url(server));
    if (insist_testserver_admin_url(server)) {
        printf("admin on %s\n", insist_testserver_admin_url(server));
    }
    fflush(stdout);
}

/* Said even where nothing else is: it is not what anybody expects. */
static void warn_of_others(const struct program_options *options) {
    const char *const reached[] = {"set faults and read the journal", "set faults and read the journal",
                                   "set faults with ?do="};
    if (!is_loopback(options->server.bind)) {
        fprintf(stderr, "insist-testserver: bound to %s: whoever can reach that address can %s\n", options->server.bind,
                reached[options->server.admin]);
    }
}

static int64_t monotonic_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Lets answers that are under way come to their end, for a while, or until another signal comes. */
static void drain(const struct program_options *options, insist_testserver *server, const sigset_t *ends) {
    const struct timespec at_once = {0};
    const int64_t look_ms = 50; /* for another signal */
    int64_t until_ms = monotonic_ms() + (int64_t)options->drain_s * 1000;
    int64_t left_ms = until_ms - monotonic_ms();
    while (!insist_testserver_drain(server, left_ms < look_ms ? left_ms : look_ms)) {
        left_ms = until_ms - monotonic_ms();
        if (left_ms <= 0 || sigtimedwait(ends, NULL, &at_once) > 0) {
            return;
        }
    }
}

/* By the name that whoever wrote the command line knows: "admin_port" is --admin-port. */
static void complain(const insist_problem *problem) {
    char name[sizeof problem->field];
    size_t at = 0;
    do {
        name[at] = problem->field[at] == '_' ? '-' : problem->field[at];
    } while (problem->field[at++] != '\0');
    const char *dashes = program_options_know(name) ? "--" : "";
    fprintf(stderr, "insist-testserver: %s%s: %s\n", dashes, name, problem->text);
}

/* Serves until a signal comes. The signals in `ends` are blocked in every thread. */
static int run(const struct program_options *options, const sigset_t *ends) {
    insist_testserver *server;
    insist_problem problem;
    int status = EXIT_FAILED;
    insist_err err = insist_testserver_start(&options->server, &problem, &server);
    if (err != INSIST_OK) {
        complain(&problem);
        return err == INSIST_EINVAL ? EXIT_USAGE : EXIT_FAILED;
    }
    if (write_files(options, server)) {
        warn_of_others(options);
        announce(options, server);
        while (sigwaitinfo(ends, NULL) < 0 && errno == EINTR) {
        }
        drain(options, server, ends);
        status = EXIT_FINE;
    }
    insist_testserver_free(server);
    return status;
}

/* What was asked for on standard output has to have got there. */
static int printed(void) {
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "insist-testserver: cannot write standard output: %s\n", strerror(errno));
        return EXIT_FAILED;
    }
    return EXIT_FINE;
}

int main(int argc, char **argv) {
    struct program_options options;
    struct script_file scripts = {0};
    if (!program_options_read(&options, argc, argv)) {
        return EXIT_USAGE;
    }
    if (options.help) {
        program_options_explain();
        return printed();
    }
    if (options.version) {
        puts("insist-testserver " INSIST_VERSION);
        return printed();
    }
    if (options.script_file && !script_file_read(&scripts, options.script_file)) {
        script_file_fini(&scripts);
        return EXIT_USAGE;
    }
    options.server.scripts = (const char *const *)scripts.texts;
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    raise_descriptor_limit();
    int status = run(&options, &ends);
    script_file_fini(&scripts);
    return status;
}
