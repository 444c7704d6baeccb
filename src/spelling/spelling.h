/* What a mistyped word was most likely meant to be, for what the programs say when they refuse one. Pure. */
#ifndef SPELLING_SPELLING_H
#define SPELLING_SPELLING_H

#include <stddef.h>

/* The nearest of the names that `name` gives, from number 0 until it gives NULL: it begins like the word, or few letters
 * differ. NULL: none is near. Dashes before the word, and what stands behind a =, are not looked at; names have no dashes
 * before them. */
const char *spelling_nearest(const char *word, const char *(*name)(size_t number));

#endif
