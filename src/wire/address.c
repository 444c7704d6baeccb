/* The order in which addresses are tried: in, the resolver's list and how each one did; out, the next one. Pure. */
#include "wire/address.h"

#include <string.h>

static size_t count_of(const struct addresses *addresses) {
    return addresses->count < ADDRESS_MAX ? addresses->count : ADDRESS_MAX;
}

/* By hand: printf would take longer than all else that is done for the address of a request. */
void address_format(char *text, size_t size, const char *address, unsigned port) {
    char digits[16], *digit = digits + sizeof(digits);
    size_t length = strlen(address);
    bool brackets = memchr(address, ':', length) != NULL;
    *--digit = '\0';
    do
        *--digit = (char)('0' + port % 10);
    while ((port /= 10) > 0);
    size_t rest = (size_t)(digits + sizeof(digits) - digit);
    if (size < length + (brackets ? 3 : 1) + rest) {
        text[0] = '\0';
        return;
    }
    if (brackets)
        *text++ = '[';
    memcpy(text, address, length);
    text += length;
    if (brackets)
        *text++ = ']';
    *text++ = ':';
    memcpy(text, digit, rest);
}

static bool is_line_of(const char *lines, const char *text) {
    size_t length = strlen(text);
    const char *end;
    for (; (end = strchr(lines, '\n')); lines = end + 1)
        if ((size_t)(end - lines) == length && memcmp(lines, text, length) == 0)
            return true;
    return false;
}

uint64_t address_find(const struct addresses *addresses, unsigned port, const char *lines) {
    char text[RESOLVER_ADDRESS_SIZE + 16];
    uint64_t found = 0;
    for (size_t i = 0; lines[0] && i < count_of(addresses); i++) {
        address_format(text, sizeof(text), addresses->text[i], port);
        if (is_line_of(lines, text))
            found |= (uint64_t)1 << i;
    }
    return found;
}

/* Appends those that are taken, or those that are not, from the first one round. */
static size_t put_in_order(struct address_walk *walk, size_t put, size_t first, uint64_t taken, bool wanted) {
    for (size_t step = 0; step < walk->count; step++) {
        size_t i = (first + step) % walk->count;
        if ((taken >> i & 1) == wanted)
            walk->order[put++] = (uint8_t)i;
    }
    return put;
}

void address_walk_begin(struct address_walk *walk, struct addresses *addresses, unsigned first, uint64_t taken) {
    *walk = (struct address_walk){.addresses = addresses, .count = count_of(addresses)};
    if (walk->count == 0)
        return;
    size_t put = put_in_order(walk, 0, first % walk->count, taken, false);
    put_in_order(walk, put, first % walk->count, taken, true);
    walk->hurried = walk->count - 1;
}

void address_walk_end(struct address_walk *walk) {
    addresses_release(walk->addresses);
    walk->addresses = NULL;
}

const char *address_walk_text(const struct address_walk *walk) {
    return walk->addresses->text[walk->order[walk->current]];
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
        bool is_ipv6 = strchr(walk->addresses->text[walk->order[i]], ':') != NULL;
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
