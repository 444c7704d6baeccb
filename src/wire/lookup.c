/* Answering a lookup. */
#include "wire/lookup.h"

bool lookup_answer(struct lookup *lookup, insist_err err, bool again, struct addresses *addresses) {
    lookup->err = err;
    lookup->again = again;
    lookup->addresses = addresses ? addresses_retain(addresses) : NULL;
    return true;
}
