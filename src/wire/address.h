/* Which of a name's addresses is tried next. Pure.
 *
 * Each address but the last of a first round has ADDRESS_PATIENCE_NS to connect; one that fails is not tried again,
 * one that was only slow may be. */
#ifndef WIRE_ADDRESS_H
#define WIRE_ADDRESS_H

#include "wire/resolver.h"

#define ADDRESS_PATIENCE_NS 250000000 /* RFC 8305 section 5: the recommended connection attempt delay */
#define ADDRESS_MAX 64                /* of one name; the others are not tried */

struct address_walk {
    struct addresses *addresses; /* a reference, or NULL */
    size_t count, current;       /* current: a place in the order */
    uint64_t failed;             /* a bit for each place */
    size_t hurried;              /* how many more are to be left when they are slow */
    uint8_t order[ADDRESS_MAX];  /* indices of addresses */
};

/* "192.0.2.7:443", "[2001:db8::1]:443"; "" when it does not fit. */
void address_format(char *text, size_t size, const char *address, unsigned port);
/* Which of them, at this port, are among these lines, each as address_format() writes it: a bit each. */
uint64_t address_find(const struct addresses *addresses, unsigned port, const char *lines);

/* Takes the reference over. first: the attempt's index, so that another attempt begins with another address. taken (a
 * bit each): where others are at this moment; these come last. */
void address_walk_begin(struct address_walk *walk, struct addresses *addresses, unsigned first, uint64_t taken);
void address_walk_end(struct address_walk *walk); /* drops the reference; harmless when there is none */
const char *address_walk_text(const struct address_walk *walk);
bool address_walk_is_hurried(
    const struct address_walk *walk); /* a slow connection is to be left for the next address */
/* Leaves out the addresses of the other family. False: none is left. Right after the beginning. */
bool address_walk_keep(struct address_walk *walk, bool ipv6);
bool address_walk_next(struct address_walk *walk, bool failed); /* failed, or only slow. False: there is none left */

#endif
