/* What a call keeps in memory of attempts that have ended: of each what it was, its headers and body only while somebody
 * may ask for them. A start has done with what it replaces, and a wave whose most useful outcome is still to be asked
 * about (INSIST_CLOSE) starts nothing: what may be reported is all that is left then. */
#include "engine/held.h"

static bool is_wanted(const struct execution *execution, const struct attempt *attempt) {
    return attempt->state != ATTEMPT_ENDED || attempt == execution->best.attempt;
}

void held_let_go(struct execution *execution) {
    struct attempt *next = held_next(execution, NULL);
    while (next != NULL) {
        struct attempt *attempt = next;
        next = held_next(execution, attempt);
        if (is_wanted(execution, attempt))
            continue;
        list_remove(&attempt->place);
        outcome_drop_content(&attempt->outcome);
        headers_fini(&attempt->own_headers);
    }
}
