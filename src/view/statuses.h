/* A set of HTTP statuses. Pure. */
#ifndef VIEW_STATUSES_H
#define VIEW_STATUSES_H

#include <stdbool.h>
#include <stdint.h>

#define STATUS_FIRST 100
#define STATUS_LAST 999

struct status_set {
    uint64_t bits[(STATUS_LAST + 64) / 64]; /* all zero: empty */
};

static inline bool status_is_possible(int status) {
    return status >= STATUS_FIRST && status <= STATUS_LAST;
}

static inline void status_set_add(struct status_set *set, int status) { /* a possible one */
    set->bits[status / 64] |= UINT64_C(1) << (status % 64);
}

static inline bool status_set_has(const struct status_set *set, int status) {
    return status_is_possible(status) && (set->bits[status / 64] >> (status % 64) & 1);
}

#endif
