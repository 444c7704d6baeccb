/* Where it was measured: what matters to the figures, and nothing that names the machine. */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

struct machine {
    long processors;
    char system[64];     /* "Linux 6.1.0" */
    char hardware[32];   /* "x86_64" */
    char libcurl[64];    /* "libcurl/7.88.1 OpenSSL/3.0.11 …" */
    const char *library; /* libinsist's version */
    const char *compiler;
    const char *build;    /* "optimised" or "not optimised" */
    char scheduling[128]; /* the class in which client and server run: "normal scheduling", "real-time class" …; and the
                             limit that the kernel sets to it, if it does */
    double load_before;   /* the average number of running processes in the last minute; -1: not known */
};

void machine_look(struct machine *machine);

#endif
