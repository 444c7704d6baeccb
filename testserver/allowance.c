/* One number and its limit. See allowance.h. */
#include "allowance.h"

bool allowance_take(struct allowance *allowance, size_t bytes) {
    size_t limit = atomic_load_explicit(&allowance->limit, memory_order_relaxed);
    if (allowance->used > limit || bytes > limit - allowance->used) {
        return false;
    }
    allowance->used += bytes;
    return true;
}

void allowance_take_anyway(struct allowance *allowance, size_t bytes) {
    allowance->used += bytes;
}

void allowance_give(struct allowance *allowance, size_t bytes) {
    allowance->used -= bytes;
}
