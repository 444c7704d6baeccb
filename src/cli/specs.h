/* The small languages of option values: durations, numbers, what to retry, backoffs. Pure: text in, values out.
 *
 * Each returns true, or false with one sentence in problem->text; the field is for the caller to fill in. */
#ifndef CLI_SPECS_H
#define CLI_SPECS_H

#include <insist/error.h>
#include <stddef.h>
#include <stdint.h>

/* What --retry-on names. Default (all zero): nothing beside the standard list. */
struct retry_list {
    bool replaces; /* a leading =: instead of the standard list */
    bool transient;
    bool any;
    bool classes[10]; /* [5]: every 5xx */
    int statuses[64];
    size_t status_count;
};

enum backoff_shape { BACKOFF_STANDARD = 0, BACKOFF_CONSTANT, BACKOFF_LINEAR, BACKOFF_EXPONENTIAL };
enum jitter { JITTER_NONE = 0, JITTER_FULL, JITTER_EQUAL, JITTER_SPREAD };

/* What --backoff describes. Default (all zero): insist_wait_standard(). */
struct backoff {
    enum backoff_shape shape;
    int64_t base_ms;
    double factor;
    int64_t max_ms; /* INSIST_FOREVER: no cap */
    enum jitter jitter;
    int64_t step_ms; /* of a linear one; may be negative */
    double spread;   /* with JITTER_SPREAD */
};

/* 500ms, 1.5s, 2m, 1h, or forever (INSIST_FOREVER); 0 needs a unit, too. */
bool spec_duration_ms(const char *text, int64_t *ms, insist_problem *problem);
bool spec_positive_duration_ms(const char *text, int64_t *ms, insist_problem *problem);

/* A whole number from min to max. */
bool spec_number(const char *text, unsigned min, unsigned max, unsigned *number, insist_problem *problem);

/* 404,429,5xx,transient,any; = in front replaces the standard list. */
bool spec_retry_list(const char *text, struct retry_list *list, insist_problem *problem);

/* constant:1s   linear:100ms[+50ms][..20s]   exp:50ms[*2][..20s]; behind each [,full|equal|none|spread=0.33] */
bool spec_backoff(const char *text, struct backoff *backoff, insist_problem *problem);

#endif
