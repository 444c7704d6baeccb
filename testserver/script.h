/* A script: text in, a list of steps out. Pure; a parsed script is immutable and may be shared by threads.
 *
 *   script := step { "," step } [ "," "..." ]       one step a hit; the last repeats, "..." starts over
 *   step   := choice { "|" choice }                 more than one: a weighted draw
 *   choice := [ weight ":" ] item { ";" item }      choices without a weight share what is left of 1
 *   item   := status [ "x" count ] | fault [ "x" count ] | option          see items.h
 *
 * Texts in options end at the item's end, or stand in double quotes. */
#ifndef TESTSERVER_SCRIPT_H
#define TESTSERVER_SCRIPT_H

#include "choice.h"

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
    bool echoes;        /* some choice needs the request's body */
    bool chooses_early; /* some choice says how the body is read */
};

/* INSIST_OK and *out, or INSIST_EINVAL with *column (from 1) and a sentence in expected[160], or INSIST_ENOMEM. */
insist_err script_parse(const char *text, struct script **out, size_t *column, char expected[160]);
void script_free(struct script *script);

/* The memory that it takes, about. */
size_t script_bytes(const struct script *script);

/* The step of hit number `hit`, from 0. */
const struct step *script_step(const struct script *script, uint64_t hit);

/* The choice that a number drawn from [0, 1) falls on. */
const struct choice *step_choose(const struct step *step, double drawn);

#endif
