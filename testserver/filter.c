/* See filter.h. */
#include "filter.h"

#include <string.h>

bool filter_matches(const struct filter *filter, const insist_testserver_entry *entry) {
    if (filter->path && strcmp(entry->path, filter->path) != 0) {
        return false;
    }
    if (filter->key && (!entry->key || strcmp(entry->key, filter->key) != 0)) {
        return false;
    }
    return !filter->contains || strstr(entry->path, filter->contains) != NULL;
}
