/* nginx from the system's package as the server of a test: a directory and a configuration of its own, on free ports.
 *
 * The test makes the listening sockets and nginx inherits them, so ports never race and connections queue while
 * nginx starts. One thread at a time. Everything is below the directory; nothing of nginx is printed unless it does
 * not start or the test asks. */
#ifndef SUPPORT_NGINX_H
#define SUPPORT_NGINX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The listeners, each with a placeholder for its address in the configuration. */
enum nginx_listener {
    NGINX_PLAIN, /* @PLAIN@ */
    NGINX_TLS,   /* @TLS@ */
    NGINX_OTHER, /* @OTHER@: TLS 1.3 with a certificate for another host */
    NGINX_OLD,   /* @OLD@: TLS 1.1 */
    NGINX_LISTENERS
};

enum { NGINX_WORKERS = 2 }; /* @WORKERS@ */

struct nginx {
    char directory
        [64]; /* nginx.conf, ca.pem and the other certificates, site/, error.log, what the configuration names */
    int listeners[NGINX_LISTENERS]; /* -1 once nginx has them */
    uint16_t ports[NGINX_LISTENERS];
    int held; /* listening on held.sock in the directory: an upstream of nginx whose requests the test takes by hand */
    pid_t pid;
};

/* Starts it with that configuration file, its placeholders filled in (@USER@: the user directive, where one is needed). It
 * serves when this returns true. False: the reason and nginx's own words are on standard error; nginx_stop() is owed all
 * the same. */
bool nginx_start(struct nginx *nginx, const char *configuration);
/* Ends it and removes the directory. */
void nginx_stop(struct nginx *nginx);

/* What nginx_start() begins with: nginx.conf in the directory, made of the configuration given. */
bool nginx_configure(const struct nginx *nginx, const char *configuration);
/* Writes a file below the directory. */
bool nginx_write(const struct nginx *nginx, const char *name, const void *data, size_t len);
/* How many lines of a file below the directory are exactly this text; -1: there is no such file. */
long nginx_count_lines(const struct nginx *nginx, const char *name, const char *line);
/* How many of its lines contain this text; -1: there is no such file. */
long nginx_count_lines_with(const struct nginx *nginx, const char *name, const char *text);
/* Waits until that many of its lines contain this text. False: not within a minute. */
bool nginx_wait_lines_with(const struct nginx *nginx, const char *name, const char *text, long count);
/* Puts the error log on standard error. */
void nginx_print_errors(const struct nginx *nginx);

/* Kills the workers by SIGKILL, all at one moment, connections and all, and returns when new ones have been started. */
bool nginx_kill_workers(struct nginx *nginx);
/* Replaces the workers as a reload does: the old ones close idle connections, finish their requests and write their log
 * lines; all that has happened when this returns. */
bool nginx_reload(struct nginx *nginx);

/* Takes the next request that nginx hands to held.sock: a connection whose request's head has been read into head,
 * to be answered or not, and closed. -1: none came within a minute. */
int nginx_take_held(struct nginx *nginx, char *head, size_t size);
/* True when no request is waiting at held.sock at this moment. */
bool nginx_held_is_empty(struct nginx *nginx);

struct nginx_url {
    char text[256];
};

/* "https://127.0.0.1:4711/x" for NGINX_TLS and "/x". */
struct nginx_url nginx_url(const struct nginx *nginx, enum nginx_listener listener, const char *path);

#endif
