#include "spelling/spelling.h"
#include <stdbool.h>
#include <string.h>

enum { LONGEST_WORD = 40, SHORTEST_BEGINNING = 2, MOST_DIFFERENT = 3 };

static size_t least(size_t first, size_t second) {
    return first < second ? first : second;
}

/* Letters to change, to insert, to leave out or, where two neighbours are swapped, to swap; what goes beyond LONGEST_WORD
 * letters is left out. */
static size_t distance(const char *first, const char *second) {
    size_t rows = least(strlen(first), LONGEST_WORD);
    size_t columns = least(strlen(second), LONGEST_WORD);
    size_t table[LONGEST_WORD + 1][LONGEST_WORD + 1];
    for (size_t i = 0; i <= rows; i++) {
        for (size_t j = 0; j <= columns; j++) {
            if (i == 0 || j == 0) {
                table[i][j] = i + j;
                continue;
            }
            size_t changed = table[i - 1][j - 1] + (first[i - 1] != second[j - 1]);
            table[i][j] = least(changed, least(table[i - 1][j], table[i][j - 1]) + 1);
            if (i > 1 && j > 1 && first[i - 1] == second[j - 2] && first[i - 2] == second[j - 1]) {
                table[i][j] = least(table[i][j], table[i - 2][j - 2] + 1);
            }
        }
    }
    return table[rows][columns];
}

/* At most a third of the letters may differ: beyond that a guess misleads. */
static bool is_likely(const char *word, const char *name) {
    size_t length = strlen(word);
    return (length >= SHORTEST_BEGINNING && strncmp(word, name, length) == 0) ||
           distance(word, name) <= least(length / 3, MOST_DIFFERENT);
}

const char *spelling_nearest(const char *word, const char *(*name)(size_t number)) {
    char typed[LONGEST_WORD + 1] = "";
    const char *start = word + strspn(word, "-");
    memcpy(typed, start, least(strcspn(start, "="), LONGEST_WORD));
    const char *best = NULL;
    const char *candidate = NULL;
    for (size_t i = 0; (candidate = name(i)) != NULL; i++) {
        bool better = best == NULL || distance(typed, candidate) < distance(typed, best);
        if (better && is_likely(typed, candidate)) {
            best = candidate;
        }
    }
    return best;
}
