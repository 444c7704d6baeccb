/* Counts by status in a short list: a path seldom answers more than three. See tally.h. */
#include "tally.h"

#include <stdlib.h>

struct tally *tally_new(void) {
    return calloc(1, sizeof(struct tally));
}

void tally_free(void *object) {
    struct tally *tally = object;
    if (tally) {
        free(tally->statuses);
        free(tally);
    }
}

static struct tally_status *find(const struct tally *tally, int status) {
    for (size_t i = 0; i < tally->status_count; i++) {
        if (tally->statuses[i].status == status) {
            return &tally->statuses[i];
        }
    }
    return NULL;
}

bool tally_add_status(struct tally *tally, int status) {
    struct tally_status *found = find(tally, status);
    if (found) {
        found->count++;
        return true;
    }
    struct tally_status *grown = realloc(tally->statuses, (tally->status_count + 1) * sizeof *grown);
    if (!grown) {
        return false;
    }
    grown[tally->status_count++] = (struct tally_status){status, 1};
    tally->statuses = grown;
    return true;
}

uint64_t tally_status_count(const struct tally *tally, int status) {
    const struct tally_status *found = find(tally, status);
    return found ? found->count : 0;
}
