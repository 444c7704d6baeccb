/* Which entries of the journal somebody asks for. Pure. */
#ifndef TESTSERVER_FILTER_H
#define TESTSERVER_FILTER_H

#include <insist/testserver.h>

/* All zero: every entry. The texts are the caller's. */
struct filter {
    const char *path;     /* exactly; NULL: any */
    const char *key;      /* exactly; NULL: any */
    const char *contains; /* somewhere in the path; NULL: any */
    bool has_since;
    uint64_t since; /* entries numbered higher */
    bool has_limit;
    uint64_t limit; /* so many at most: the first after since, or else the newest */
};

/* Whether entry's texts are what path, key and contains ask for. */
bool filter_matches(const struct filter *filter, const insist_testserver_entry *entry);

#endif
