/* Starting and ending nginx, its listening sockets, and the upstream that the test plays itself. See nginx.h. */
#include "support/nginx.h"
#include "support/authority.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000, BACKLOG = 512 };

/* ---- sockets
 * -------------------------------------------------------------------------------------------------------- */

/* Non-blocking, for nginx takes an inherited socket as it is. */
static int listen_on_any_port(uint16_t *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        perror("nginx: a listening socket");
    }
    *port = ntohs(address.sin_port);
    return fd;
}

static int listen_on_path(const char *directory) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/held.sock", directory);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, BACKLOG) != 0) {
        perror("nginx: held.sock");
    }
    return fd;
}

static void close_listeners(struct nginx *nginx) {
    for (int i = 0; i < NGINX_LISTENERS; i++) {
        if (nginx->listeners[i] >= 0) {
            close(nginx->listeners[i]);
        }
        nginx->listeners[i] = -1;
    }
}

/* ---- the process
 * ---------------------------------------------------------------------------------------------------- */

static const char *find_program(void) {
    static const char *const places[] = {"/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (access(places[i], X_OK) == 0) {
            return places[i];
        }
    }
    return NULL;
}

/* In the child: only what may be called after fork(). It ends when the test does, however that comes about. */
static void become_nginx(const struct nginx *nginx, const char *program, char *const *argv, char *const *environment) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    for (int i = 0; i < NGINX_LISTENERS; i++) {
        fcntl(nginx->listeners[i], F_SETFD, 0);
    }
    int output = -1;
    if (chdir(nginx->directory) == 0) {
        output = open("output.txt", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    }
    int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (output >= 0 && input >= 0 && dup2(input, 0) == 0 && dup2(output, 1) == 1 && dup2(output, 2) == 2) {
        execve(program, argv, environment);
    }
    _exit(127);
}

static bool spawn(struct nginx *nginx, const char *program) {
    char inherited[128];
    int len = snprintf(inherited, sizeof inherited, "NGINX=");
    for (int i = 0; i < NGINX_LISTENERS; i++) {
        len += snprintf(inherited + len, sizeof inherited - (size_t)len, "%d;", nginx->listeners[i]);
    }
    char prefix[80];
    snprintf(prefix, sizeof prefix, "%s/", nginx->directory);
    char texts[][16] = {"nginx", "-p", "-c", "nginx.conf", "-e", "error.log"};
    char *argv[] = {texts[0], texts[1], prefix, texts[2], texts[3], texts[4], texts[5], NULL};
    char *environment[] = {inherited, NULL};
    nginx->pid = fork();
    if (nginx->pid == 0) {
        become_nginx(nginx, program, argv, environment);
    }
    close_listeners(nginx);
    return nginx->pid > 0;
}

/* A first answer came, and not the end of the process. */
static bool has_answered(const struct nginx *nginx) {
    static const char request[] = "HEAD / HTTP/1.0\r\n\r\n";
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(nginx->ports[NGINX_PLAIN])};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int process = pidfd_open(nginx->pid, 0);
    bool sent = fd >= 0 && process >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
                send(fd, request, sizeof request - 1, MSG_NOSIGNAL) == (ssize_t)(sizeof request - 1);
    struct pollfd either[] = {{.fd = fd, .events = POLLIN}, {.fd = process, .events = POLLIN}};
    char byte;
    bool answered = sent && poll(either, 2, PATIENCE_MS) > 0 && either[1].revents == 0 && recv(fd, &byte, 1, 0) == 1;
    close(fd);
    close(process);
    return answered;
}

static void print_output(const struct nginx *nginx) {
    char path[128];
    char text[4096];
    snprintf(path, sizeof path, "%s/output.txt", nginx->directory);
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        size_t length = fread(text, 1, sizeof text, file);
        fwrite(text, 1, length, stderr);
        fclose(file);
    }
}

static bool prepare(struct nginx *nginx, const char *configuration) {
    if (mkdtemp(nginx->directory) == NULL) {
        perror("nginx: its directory");
        nginx->directory[0] = '\0';
        return false;
    }
    char site[80];
    snprintf(site, sizeof site, "%s/site", nginx->directory);
    bool ok = mkdir(site, 0700) == 0 && authority_write(nginx->directory);
    for (int i = 0; i < NGINX_LISTENERS; i++) {
        nginx->listeners[i] = listen_on_any_port(&nginx->ports[i]);
        ok = ok && nginx->listeners[i] >= 0;
    }
    nginx->held = listen_on_path(nginx->directory);
    return ok && nginx->held >= 0 && nginx_configure(nginx, configuration);
}

bool nginx_start(struct nginx *nginx, const char *configuration) {
    *nginx = (struct nginx){.directory = "/tmp/insist-nginx-XXXXXX", .held = -1, .pid = -1};
    memset(nginx->listeners, -1, sizeof nginx->listeners);
    const char *program = find_program();
    if (program == NULL) {
        nginx->directory[0] = '\0';
        fputs("nginx is not installed, and this test needs it (Debian: nginx-light)\n", stderr);
        return false;
    }
    if (!prepare(nginx, configuration)) {
        fputs("nginx: cannot make its files\n", stderr);
        return false;
    }
    if (!spawn(nginx, program) || !has_answered(nginx)) {
        fputs("nginx does not start\n", stderr);
        print_output(nginx);
        nginx_print_errors(nginx);
        return false;
    }
    return true;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk) {
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

void nginx_stop(struct nginx *nginx) {
    if (nginx->pid > 0) {
        kill(nginx->pid, SIGTERM);
        waitpid(nginx->pid, NULL, 0);
    }
    close_listeners(nginx);
    if (nginx->held >= 0) {
        close(nginx->held);
    }
    if (nginx->directory[0] != '\0') {
        nftw(nginx->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    }
}

struct nginx_url nginx_url(const struct nginx *nginx, enum nginx_listener listener, const char *path) {
    struct nginx_url url;
    snprintf(url.text, sizeof url.text, "%s://127.0.0.1:%u%s", listener == NGINX_PLAIN ? "http" : "https",
             (unsigned)nginx->ports[listener], path);
    return url;
}

/* ---- the upstream played by the test
 * ---------------------------------------------------------------------------------- */

int nginx_take_held(struct nginx *nginx, char *head, size_t size) {
    struct pollfd listener = {.fd = nginx->held, .events = POLLIN};
    int fd = poll(&listener, 1, PATIENCE_MS) > 0 ? accept4(nginx->held, NULL, NULL, SOCK_CLOEXEC) : -1;
    size_t len = 0;
    head[0] = '\0';
    while (fd >= 0 && strstr(head, "\r\n\r\n") == NULL) {
        ssize_t got = recv(fd, head + len, size - 1 - len, 0);
        if (got <= 0) {
            close(fd);
            return -1;
        }
        len += (size_t)got;
        head[len] = '\0';
    }
    return fd;
}

bool nginx_held_is_empty(struct nginx *nginx) {
    struct pollfd listener = {.fd = nginx->held, .events = POLLIN};
    return poll(&listener, 1, 0) == 0;
}
