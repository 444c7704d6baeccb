/* Runs a program and keeps what it printed. */
#ifndef RUN_PROGRAM_H
#define RUN_PROGRAM_H

#include <stddef.h>
#include <sys/types.h>

enum { RUN_ARGUMENTS = 32 };

struct run {
    pid_t pid;
    int files[3];    /* standard input, output, error: files without a name */
    int exit_status; /* -1: ended by a signal, or could not be started */
    char *out;
    size_t out_len;
    char *err;
    size_t err_len;
};

/* Starts it with these arguments, NULL after the last, and that text as standard input. Plain locale, no terminal. */
void run_start(struct run *run, const char *program, const char *const *arguments, const char *input);
/* Waits for its end and reads what it printed. */
void run_wait(struct run *run);
void run_fini(struct run *run);

#endif
