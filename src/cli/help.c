/* What is said about the options: the help screen, and the nearest name for one that was mistyped. Pure. */
#include "cli/help.h"
#include "cli/option_table.h"
#include <stdbool.h>
#include <string.h>

enum { LONGEST_NAME = 40 };

/* Letters of an option and its argument, and of its help, where two fit a line. */
enum { SHORT_FLAGS = 10, SHORT_HELP = 20 };

static size_t least(size_t first, size_t second) {
    return first < second ? first : second;
}

/* Levenshtein's distance; what goes beyond LONGEST_NAME letters is left out. */
static size_t distance(const char *first, const char *second) {
    size_t rows = least(strlen(first), LONGEST_NAME);
    size_t columns = least(strlen(second), LONGEST_NAME);
    size_t row[LONGEST_NAME + 1];
    for (size_t j = 0; j <= columns; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= rows; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= columns; j++) {
            size_t replaced = diagonal + (first[i - 1] != second[j - 1]);
            diagonal = row[j];
            row[j] = least(replaced, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[columns];
}

const char *help_nearest(const char *typed) {
    char name[LONGEST_NAME + 1];
    size_t len = least(strcspn(typed, "="), LONGEST_NAME);
    memcpy(name, typed, len);
    name[len] = '\0';

    const struct option_entry *best = option_table_entry(0);
    const struct option_entry *entry = NULL;
    for (size_t i = 0; (entry = option_table_entry(i)) != NULL; i++) {
        if (entry->help != NULL && distance(name, entry->name) < distance(name, best->name)) {
            best = entry;
        }
    }
    return best->name;
}

static void put_entry(FILE *out, const struct option_entry *entry, int width, int help_width) {
    char flags[64];
    char letter[8] = "    ";
    if (entry->key < 256) {
        snprintf(letter, sizeof(letter), "-%c, ", entry->key);
    }
    const char *argument = entry->argument == NULL ? "" : entry->argument;
    const char *gap = argument[0] == '\0' || argument[0] == '[' ? "" : " ";
    snprintf(flags, sizeof(flags), "%s--%s%s%s", letter, entry->name, gap, argument);
    fprintf(out, "  %-*s %-*s", width, flags, help_width, entry->help);
}

/* Short ones share a line by two. */
static bool is_short(const struct option_entry *entry) {
    size_t argument = entry->argument == NULL ? 0 : strlen(entry->argument);
    return strlen(entry->name) + argument <= SHORT_FLAGS && strlen(entry->help) <= SHORT_HELP;
}

/* All others have a line each. */
void help_print(FILE *out) {
    fputs("insist [options] URL: tries until the answer is good or the deadline comes\n", out);
    unsigned plain = 0;
    const struct option_entry *entry = NULL;
    for (size_t i = 0; (entry = option_table_entry(i)) != NULL; i++) {
        if (entry->help == NULL) {
            continue;
        }
        if (!is_short(entry)) {
            put_entry(out, entry, 29, 0);
            fputc('\n', out);
        } else if (plain++ % 2 == 0) {
            put_entry(out, entry, SHORT_FLAGS + 7, SHORT_HELP);
        } else {
            put_entry(out, entry, SHORT_FLAGS + 7, 0);
            fputc('\n', out);
        }
    }
    if (plain % 2 == 1) {
        fputc('\n', out);
    }
}
