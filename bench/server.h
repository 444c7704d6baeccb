/* The test server as a process of its own, and its control port. One thread at a time. */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <insist/insist.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct server {
    pid_t pid;
    int output; /* its standard output: held open, so that it can write there */
    char url[64];
    char admin[64];
    insist_client *client; /* for the control port */
};

/* Starts `program`; NULL: insist-testserver, looked for beside this program, in the build tree, then in PATH. False,
 * with a sentence on standard error. server_stop() may follow in either case. */
bool server_start(struct server *server, const char *program, uint64_t seed);
/* The same, serving https with a certificate of its own; fault: what befalls every handshake ("stall"), NULL: nothing. */
bool server_start_tls(struct server *server, const char *program, uint64_t seed, const char *fault);
void server_stop(struct server *server);

/* All of these: false, with a sentence on standard error. */
bool server_script(struct server *server, const char *path, const char *script);
/* Forgets journal and counts; every script is at its first step again, so that the next contender meets the same
 * draws. */
bool server_forget(struct server *server);
/* How many requests to that path have been read. */
bool server_hits(struct server *server, const char *path, uint64_t *hits);
/* How many requests with ?key=key have been read, on any path. */
bool server_hits_by_key(struct server *server, const char *key, uint64_t *hits);
/* How many requests have been delivered again: same method, path and body. */
bool server_duplicates(struct server *server, uint64_t *duplicates);
/* How many connections it has accepted for its service. */
bool server_connections(struct server *server, uint64_t *connections);
/* Of these: that are open, and that suffered what befell the port. */
bool server_connections_open(struct server *server, uint64_t *connections);
bool server_connections_faulted(struct server *server, uint64_t *connections);
/* Waits until no request is being worked on. */
bool server_wait_idle(struct server *server);

#endif
