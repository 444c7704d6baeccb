/* What is counted of one path besides its hits: which status how often, what came more than once, and the newest. Pure;
 * whoever shares one locks. */
#ifndef TESTSERVER_TALLY_H
#define TESTSERVER_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tally_status {
    int status;
    uint64_t count;
};

struct tally {
    uint64_t duplicates; /* deliveries beyond the first of each request */
    uint64_t newest;     /* number of the newest request */
    struct tally_status *statuses;
    size_t status_count;
};

/* Empty. NULL: no memory. */
struct tally *tally_new(void);

/* For table_clear(): a struct tally, or NULL. */
void tally_free(void *tally);

/* One more with this status. False: no memory. */
bool tally_add_status(struct tally *tally, int status);

uint64_t tally_status_count(const struct tally *tally, int status);

#endif
