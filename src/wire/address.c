/* The order in which addresses are tried: in, the resolver's list and how each one did; out, the next one. Pure. */
#include "wire/address.h"

#include <string.h>

void address_walk_begin(struct address_walk *walk, struct addresses *addresses, unsigned first) {
    size_t count = addresses->count < ADDRESS_MAX ? addresses->count : ADDRESS_MAX;
    *walk = (struct address_walk){.addresses = addresses, .count = count};
    if (count == 0)
        return;
    walk->current = first % count;
    walk->hurried = count - 1;
}

void address_walk_end(struct address_walk *walk) {
    addresses_release(walk->addresses);
    walk->addresses = NULL;
}

const char *address_walk_text(const struct address_walk *walk) {
    return walk->addresses->text[walk->current];
}

bool address_walk_is_hurried(const struct address_walk *walk) {
    return walk->hurried > 0;
}

static bool has_failed(const struct address_walk *walk, size_t i) {
    return (walk->failed >> i & 1) != 0;
}

bool address_walk_keep(struct address_walk *walk, bool ipv6) {
    size_t kept = 0;
    for (size_t i = 0; i < walk->count; i++) {
        bool is_ipv6 = strchr(walk->addresses->text[i], ':') != NULL;
        if (is_ipv6 == ipv6)
            kept++;
        else
            walk->failed |= (uint64_t)1 << i;
    }
    walk->hurried = kept > 0 ? kept - 1 : 0;
    while (kept > 0 && has_failed(walk, walk->current))
        walk->current = (walk->current + 1) % walk->count;
    return kept > 0;
}

bool address_walk_next(struct address_walk *walk, bool failed) {
    if (failed)
        walk->failed |= (uint64_t)1 << walk->current;
    if (walk->hurried > 0)
        walk->hurried--;
    for (size_t step = 1; step <= walk->count; step++) {
        size_t i = (walk->current + step) % walk->count;
        if (has_failed(walk, i))
            continue;
        walk->current = i;
        return true;
    }
    return false;
}
