/* insist-testserver as a process of its own. cmocka's asserts are used inside: call from the test's own thread. */
#ifndef TESTS_TESTSERVER_PROCESS_H
#define TESTS_TESTSERVER_PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct process {
    pid_t pid;
    FILE *out; /* its standard output */
    FILE *err;
    uint16_t port; /* where process_start_server() was told of them */
    uint16_t admin_port;
    char first[128]; /* its first two lines, without the line ends */
    char second[128];
};

/* Starts it with the arguments, a list that ends in NULL. descriptors: its limit; 0: as here. */
void process_start(struct process *process, const char *const *arguments, unsigned descriptors);

/* Reads the two lines by which it says that it is ready. */
void process_read_ports(struct process *process);

/* Both, with the limit of descriptors that is here. */
void process_start_server(struct process *process, const char *const *arguments);

/* Waits for its end: the exit status, 128 + the number of the signal that ended it. */
int process_wait(struct process *process);

/* SIGTERM, then the same. */
int process_end(struct process *process);

/* Reads what is left of a stream, at most size - 1 bytes. */
void process_read(FILE *stream, char *out, size_t size);
void process_fini(struct process *process);

#endif
