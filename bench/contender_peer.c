/* Another library as a contender: a program of its own, in its own language, makes a load's calls and says on its standard
 * output what they took (peer/retryablehttp.go). Where it was not built, it does not compete. */
#include "contender.h"
#include "program.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORD_BYTES = 40, WORDS = 8 };

static const char program_name[] = "insist-bench-retryablehttp";

bool contender_peer_built(void) {
    char path[PROGRAM_BYTES];
    return program_find_nearby(program_name, "peer", path);
}

/* In the child: becomes the peer. */
static void become_peer(const char *program, const struct load *load, const char *url) {
    char words[WORDS][WORD_BYTES];
    char *arguments[WORDS + 3] = {words[0], words[1], words[2], words[3], words[4], words[5], words[6], words[7]};
    char name[PROGRAM_BYTES], address[192];
    snprintf(name, sizeof name, "%s", program);
    snprintf(address, sizeof address, "%s", url);
    snprintf(words[1], WORD_BYTES, "-callers=%u", load->callers);
    snprintf(words[2], WORD_BYTES, "-calls=%" PRIu64, load->calls);
    snprintf(words[3], WORD_BYTES, "-duration=%" PRId64 "ns", load->duration_ns);
    snprintf(words[4], WORD_BYTES, "-rate=%.17g", load->per_second);
    snprintf(words[5], WORD_BYTES, "-warm=%u", load->warm_calls);
    snprintf(words[6], WORD_BYTES, "-spread=%" PRId64 "ns", load->spread_ns);
    snprintf(words[7], WORD_BYTES, "-settle=%" PRId64 "ns", load->settle_ns);
    arguments[0] = name;
    arguments[WORDS] = address;
    execv(program, arguments);
    fprintf(stderr, "insist-bench: %s: %s\n", program, strerror(errno));
}

/* A number on a line of its own. */
static bool read_number(FILE *in, int64_t *number) {
    char line[32];
    char *end = line;
    if (fgets(line, sizeof line, in) != NULL) {
        *number = strtoll(line, &end, 10);
    }
    return end != line && *end == '\n' && *number >= 0;
}

static bool read_outcome(FILE *in, struct load_outcome *outcome) {
    int64_t count = 0, failed = 0, late = 0, ended = 0, took_ns = 0;
    if (!read_number(in, &count) || !read_number(in, &failed) || !read_number(in, &late) || !read_number(in, &ended) ||
        !read_number(in, &outcome->elapsed_ns) || !read_number(in, &outcome->cpu_us)) {
        return false;
    }
    for (int64_t i = 0; i < count; i++) {
        if (!read_number(in, &took_ns) || !samples_add(&outcome->latencies, took_ns)) {
            return false;
        }
    }
    outcome->calls = outcome->latencies.count;
    outcome->failed = (uint64_t)failed;
    outcome->late = (uint64_t)late;
    outcome->ended = (uint64_t)ended;
    samples_sort(&outcome->latencies);
    return true;
}

static bool run(const struct contender *contender, const char *url, const struct load *load,
                struct load_outcome *outcome) {
    char program[PROGRAM_BYTES];
    struct program child;
    *outcome = (struct load_outcome){0};
    if (!program_find_nearby(program_name, "peer", program) || !program_fork(&child)) {
        return false;
    }
    if (child.pid == 0) {
        become_peer(program, load, url);
        _exit(127);
    }
    FILE *in = fdopen(child.output, "r");
    bool read = in != NULL && read_outcome(in, outcome);
    if (in != NULL) {
        fclose(in);
    } else {
        close(child.output);
    }
    int status = -1;
    while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!read || status != 0) {
        fprintf(stderr, "insist-bench: %s: %s did not measure\n", contender->name, program);
    }
    return read && status == 0;
}

const struct contender_kind contender_peer = {.run = run};
