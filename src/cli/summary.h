/* What many calls came to: counts by outcome and the percentiles of their latencies. Pure. */
#ifndef CLI_SUMMARY_H
#define CLI_SUMMARY_H

#include <insist/error.h>
#include <stddef.h>
#include <stdint.h>

enum { SUMMARY_ERRORS = 64, SUMMARY_STATUSES = 1000 };

struct summary {
    size_t room;
    size_t calls;
    size_t attempts;
    size_t statuses[SUMMARY_STATUSES]; /* calls that were answered, by status */
    size_t errors[SUMMARY_ERRORS];     /* those that were not, by error */
    int64_t *latencies_us;
};

/* Room for that many calls. False when memory is out. */
bool summary_init(struct summary *summary, size_t calls);
void summary_fini(struct summary *summary);

void summary_add(struct summary *summary, insist_err error, int status, size_t attempts, int64_t elapsed_us);

/* A few lines, to be freed with free(); NULL when memory is out. Sorts the latencies. */
char *summary_text(struct summary *summary, int64_t elapsed_us, unsigned parallel);

/* The smallest of n sorted values that is not exceeded by that share of them; 0 of none. */
int64_t summary_quantile(const int64_t *sorted, size_t n, double share);

#endif
