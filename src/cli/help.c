/* The help screen: the options that are used most, and where the others are told of. Pure. */
#include "cli/help.h"
#include "cli/option_table.h"
#include <stdbool.h>
#include <string.h>

/* Letters of an option and its argument, and of its help, where two fit a line. */
enum { SHORT_FLAGS = 10, SHORT_HELP = 20 };

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
    fputs("  connections, TLS, users: man insist\n", out); /* beside the last short one, or below all */
}
