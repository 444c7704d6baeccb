/* A choice: what one hit does, as its script says it. Which items it has been given, and whether they make sense
 * together. Pure. */
#ifndef TESTSERVER_CHOICE_H
#define TESTSERVER_CHOICE_H

#include "distribution.h"
#include "fill.h"
#include "manner.h"
#include "port_fault.h"
#include "scan.h"
#include "shape.h"

#include <insist/testserver.h>

/* Kinds of items; each but GIVEN_FIELD and GIVEN_MANNER may be given once. */
enum {
    GIVEN_STATUS = 1 << 0,
    GIVEN_FAULT = 1 << 1,
    GIVEN_DELAY = 1 << 2,
    GIVEN_RETRY_AFTER = 1 << 3,
    GIVEN_BODY = 1 << 4,
    GIVEN_GZIP = 1 << 5,
    GIVEN_TYPE = 1 << 6,
    GIVEN_HOLD = 1 << 7,
    GIVEN_PORT = 1 << 8,
    GIVEN_FIELD = 1 << 9,
    GIVEN_MANNER = 1 << 20, /* which of them: manner.given */
    GIVEN_SLOTS = 1 << 24,
    GIVEN_QUEUE = 1 << 25,
    GIVEN_SERVICE = 1 << 26,
    GIVEN_STATION = 1 << 27
};

enum retry_after {
    RETRY_AFTER_NONE = 0,
    RETRY_AFTER_SECONDS, /* a number */
    RETRY_AFTER_DATE,    /* an HTTP date that many seconds from the moment of the answer */
    RETRY_AFTER_TEXT     /* as written */
};

enum body_kind {
    BODY_DEFAULT = 0, /* the status line's words */
    BODY_TEXT,
    BODY_PATTERN, /* a fill */
    BODY_ECHO
};

enum gzip_flaw {
    GZIP_SOUND = 0,
    GZIP_TRUNCATED, /* the last half is missing, though the length is true */
    GZIP_CRC,       /* the checksum is wrong */
    GZIP_LENGTH,    /* the length at its end is wrong */
    GZIP_PLAIN      /* not compressed at all */
};

struct field {
    char *name;
    char *value;
};

/* Zeroed, it says nothing yet. */
struct choice {
    double weight;  /* negative while not given; after parsing the weights of a step sum to 1 */
    unsigned given; /* GIVEN_ bits of the items that were written */

    int status; /* 0: not written */
    enum insist_testserver_fault fault;
    bool cut_given;
    uint64_t cut; /* N of reset@body:N and the like */
    struct distribution delay;
    struct port_order port; /* what befalls connections that come after this hit */

    enum retry_after retry_after;
    int64_t retry_after_s;
    char *retry_after_text;

    enum body_kind body;
    char *text;
    uint64_t size; /* of text or fill; ENDLESS */
    struct fill fill;
    bool seeded;               /* the fill's start is written; else a random one is the hit's own */
    const struct shape *shape; /* of an echo; NULL: the request's body */
    uint64_t lines;            /* of a shape that is made of lines */
    bool gzip;                 /* compressed */
    bool deflate;              /* in zlib's format instead */
    enum gzip_flaw gzip_flaw;
    char *type;
    char *location;
    bool location_self; /* to where the request was for */
    struct field *fields;
    size_t field_count;
    struct manner manner; /* in which all this is sent */

    uint64_t slots, queue; /* of the station, if slots= was given */
    struct distribution service;
    char *station; /* NULL: the path's own */

    char *hold_path;
    uint64_t hold_hits;
};

/* Notes that an item of this kind was given, written from byte `start` on. False: it may not be given again. */
bool choice_note(struct scan *scan, size_t start, struct choice *choice, unsigned given);

/* Whether the items of a finished choice, which began at byte `start`, make sense together. */
bool choice_agrees(struct scan *scan, size_t start, const struct choice *choice);

/* The status that goes out, 0 where none does, or none that the server itself would write. */
int choice_status(const struct choice *choice);

void choice_fini(struct choice *choice);

#endif
