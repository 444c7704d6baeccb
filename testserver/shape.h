/* The shapes in which a request is told back as JSON: which members an object of that name has. Pure. */
#ifndef TESTSERVER_SHAPE_H
#define TESTSERVER_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

/* What a member tells; names as in the JSON are in mirror.c. */
enum member {
    MEMBER_END = 0,
    MEMBER_ARGS,
    MEMBER_COOKIES,
    MEMBER_DATA,
    MEMBER_DEFLATED,
    MEMBER_FILES,
    MEMBER_FORM,
    MEMBER_GZIPPED,
    MEMBER_HEADERS,
    MEMBER_JSON,
    MEMBER_METHOD,
    MEMBER_ORIGIN,
    MEMBER_URL,
    MEMBER_USER_AGENT,
    MEMBER_UUID
};

struct shape {
    const char *name;
    enum member members[10]; /* ends in MEMBER_END */
    bool lines;              /* not one object over several lines, but so many of one line each, with an id */
};

/* The shape whose name begins text and is `length` bytes long; NULL: there is none. */
const struct shape *shape_find(const char *text, size_t length);

#endif
