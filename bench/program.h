/* Programs that run beside this one as processes of their own: where they lie, and how they are started. One thread. */
#ifndef BENCH_PROGRAM_H
#define BENCH_PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

enum { PROGRAM_BYTES = 4096 };

struct program {
    pid_t pid;
    int output; /* its standard output is read here */
};

/* Where that program lies: beside this one, or in the folder of that name beside this one's. False: in neither. */
bool program_find_nearby(const char *name, const char *folder, char path[PROGRAM_BYTES]);
/* fork(): in the child pid is 0, standard output is the pipe, and it ends with this process, however that ends; what is
 * left to it is to become the program or to end by _exit(). False, with a sentence on standard error: no process. */
bool program_fork(struct program *program);

#endif
