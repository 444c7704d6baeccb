/* simulate: plays fleet after fleet, each from a seed of its own, until enough executions were played, the time is
 * over, or something is wrong. Exit status 0: nothing was wrong, and what is worth being tested was covered; 1: the
 * seed is printed; 2: bad usage. */
#include "simulation/fleet.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct options {
    uint64_t first_seed;
    bool one_seed, trace, no_coverage;
    uint64_t executions;
    double seconds;
};

static double now_s(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int usage(void) {
    fputs("usage: simulate [--seed N] [--from N] [--executions N] [--time S] [--trace] [--no-coverage]\n"
          "  --seed N        play the fleet of that seed alone\n"
          "  --from N        the seed of the first fleet (1)\n"
          "  --executions N  stop after that many executions (1,000,000)\n"
          "  --time S        stop after that many seconds\n"
          "  --trace         print what happens: with --seed always, else when something is wrong\n"
          "  --no-coverage   ask for no coverage\n",
          stderr);
    return 2;
}

static bool read_number(const char *text, uint64_t *number) {
    char *end;
    errno = 0;
    if (text == NULL || text[0] < '0' || text[0] > '9')
        return false;
    *number = strtoull(text, &end, 10);
    return *end == '\0' && errno == 0;
}

static bool read_options(int count, char **words, struct options *options) {
    uint64_t number = 0;
    for (int i = 1; i < count; i++) {
        const char *word = words[i];
        if (strcmp(word, "--trace") == 0) {
            options->trace = true;
            continue;
        }
        if (strcmp(word, "--no-coverage") == 0) {
            options->no_coverage = true;
            continue;
        }
        if (i + 1 == count || !read_number(words[++i], &number))
            return false;
        if (strcmp(word, "--seed") == 0 || strcmp(word, "--from") == 0)
            options->first_seed = number;
        else if (strcmp(word, "--executions") == 0)
            options->executions = number;
        else if (strcmp(word, "--time") == 0)
            options->seconds = (double)number;
        else
            return false;
        options->one_seed = options->one_seed || strcmp(word, "--seed") == 0;
    }
    return true;
}

static void report_failure(struct fleet *fleet, const struct options *options, uint64_t seed,
                           const struct coverage *coverage, char failure[256]) {
    struct coverage ignored = {0};
    if (options->trace && !options->one_seed)
        (void)fleet_play(fleet, seed, true, &ignored, failure);
    printf("WRONG at seed %llu, execution %llu: %s\nplay it again with --seed %llu --trace\n", (unsigned long long)seed,
           (unsigned long long)coverage->executions + 1, failure, (unsigned long long)seed);
    fflush(
        stdout); /* a sanitizer that misses memory, which a failure does not give back, would end the program first */
}

static void report_speed(const struct coverage *coverage, double wall_s, double cpu_s) {
    printf("%llu executions, %llu attempts, %llu turns in %.1f s (%.1f s of processor time, %.0f executions a second "
           "of it)\n",
           (unsigned long long)coverage->executions, (unsigned long long)coverage->attempts,
           (unsigned long long)coverage->steps, wall_s, cpu_s, (double)coverage->executions / cpu_s);
}

int main(int count, char **words) {
    struct options options = {.first_seed = 1, .executions = 1000000, .seconds = 1e9};
    struct coverage coverage = {0};
    char failure[256] = "";
    if (!read_options(count, words, &options))
        return usage();
    struct fleet *fleet = calloc(1, sizeof *fleet);
    if (fleet == NULL)
        return 2;
    const double begun_s = now_s(CLOCK_MONOTONIC);
    uint64_t seed = options.first_seed;
    do {
        if (!fleet_play(fleet, seed, options.trace && options.one_seed, &coverage, failure)) {
            report_failure(fleet, &options, seed, &coverage, failure);
            free(fleet);
            return 1;
        }
        seed++;
    } while (!options.one_seed && coverage.executions < options.executions &&
             now_s(CLOCK_MONOTONIC) - begun_s < options.seconds);
    free(fleet);
    report_speed(&coverage, now_s(CLOCK_MONOTONIC) - begun_s, now_s(CLOCK_PROCESS_CPUTIME_ID));
    if (options.one_seed || options.no_coverage)
        return 0;
    if (!coverage_print(&coverage)) {
        printf("what is worth being tested came too rarely\n");
        return 1;
    }
    printf("nothing is wrong: seeds %llu to %llu\n", (unsigned long long)options.first_seed,
           (unsigned long long)seed - 1);
    return 0;
}
