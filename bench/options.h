/* The command line: words in, options out, or a sentence that says what is wrong. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct workload;

struct options {
    const struct workload *workload;
    uint64_t requests;   /* 0: the workload's number */
    int64_t duration_ms; /* 0: the workload's */
    double per_second;   /* 0: the workload's */
    unsigned rounds;
    uint64_t seed;
    const char *json_file; /* NULL: none */
    const char *svg_file;
    const char *server; /* NULL: insist-testserver, wherever it is found */
    bool help;
    bool version;
};

/* False, with a sentence on standard error: bad usage. */
bool options_read(struct options *options, int argc, char **argv);
/* The help, on standard output. */
void options_explain(void);

#endif
