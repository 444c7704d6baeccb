/* A script: text in, a list of steps out. Pure; a parsed script is immutable and may be shared by threads.
 *
 *   script := step { "," step } [ "," "..." ]       one step a hit; the last repeats, "..." starts over
 *   step   := choice { "|" choice }                 more than one: a weighted draw
 *   choice := [ weight ":" ] item { ";" item }      choices without a weight share what is left of 1
 *   item   := status [ "x" count ] | fault [ "x" count ] | option          see items.c
 *
 * Texts in options end at the item's end, or stand in double quotes. */
#ifndef TESTSERVER_SCRIPT_H
#define TESTSERVER_SCRIPT_H

#include <insist/testserver.h>

enum retry_after {
    RETRY_AFTER_NONE = 0,
    RETRY_AFTER_SECONDS, /* a number */
    RETRY_AFTER_DATE,    /* an HTTP date that many seconds from the moment of the answer */
    RETRY_AFTER_TEXT     /* as written */
};

enum body_kind {
    BODY_DEFAULT = 0, /* the status line's words */
    BODY_TEXT,
    BODY_PATTERN, /* byte i is 'a' + i mod 26 */
    BODY_ECHO
};

struct field {
    char *name;
    char *value;
};

/* What one hit does, as written. */
struct choice {
    double weight;  /* negative while not given; after parsing the weights of a step sum to 1 */
    unsigned given; /* bits of the items that were written, see items.c */

    int status; /* 0: not written */
    enum insist_testserver_fault fault;
    uint64_t cut; /* N of reset@body:N and the like */
    uint64_t refuse_ms;
    uint64_t delay_ms;

    enum retry_after retry_after;
    int64_t retry_after_s;
    char *retry_after_text;

    enum body_kind body;
    char *text;
    uint64_t size; /* of text or pattern */
    bool gzip;
    char *type;
    char *location;
    struct field *fields;
    size_t field_count;

    char *hold_path;
    uint64_t hold_hits;
};

struct step {
    uint64_t repeat; /* hits that it takes */
    struct choice *choices;
    size_t choice_count;
};

struct script {
    char *text; /* as given */
    struct step *steps;
    size_t step_count;
    bool loops;
    bool echoes; /* some choice needs the request's body */
};

/* INSIST_OK and *out, or INSIST_EINVAL with *column (from 1) and a sentence in expected[160], or INSIST_ENOMEM. */
insist_err script_parse(const char *text, struct script **out, size_t *column, char expected[160]);
void script_free(struct script *script);

/* The step of hit number `hit`, from 0. */
const struct step *script_step(const struct script *script, uint64_t hit);

/* The choice that a number drawn from [0, 1) falls on. */
const struct choice *step_choose(const struct step *step, double drawn);

#endif
