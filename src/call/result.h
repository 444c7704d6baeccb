/* A result's inside, and how it is made of an execution that is over. */
#ifndef CALL_RESULT_H
#define CALL_RESULT_H

#include "call/failures.h"
#include "engine/execution.h"
#include <insist/result.h>

struct kept_attempt {
    insist_attempt_record record;
    int64_t retry_after_us;
    char address[sizeof((struct progress *)0)->address];
};

struct insist_result {
    const struct env *env;
    insist_err err;
    insist_reason reason;
    struct cause cause; /* of err */
    int handler_number;
    int status;
    insist_racing racing;
    int64_t elapsed_us;
    int64_t retry_after_us;    /* -1: none */
    struct outcome_room *room; /* of both; may be NULL */
    struct headers headers;
    struct body body;
    const char *url;
    char *redirected; /* the url where it is not the plan's own */
    struct body explain;
    struct body giving_up; /* empty: it did not */
    struct failures failures;
    struct kept_attempt *attempts; /* first, if it is a single one */
    size_t count;                  /* of them … */
    size_t made;                   /* … and of all that there were: more, if there was no memory for them */
    struct kept_attempt first;
    char texts[]; /* room for the plan's url, and for what most explanations take */
};

/* hidden: keys of a query whose values are not shown. */

/* For a call that is about to begin: what it will come to always has a place. NULL: no memory. */
insist_result *result_new(const struct env *env, const struct request *request);
/* Takes the reported outcome's headers and body over. Cannot fail: what there is no memory for is left out, of the
 * attempts' records all but that of the reported one. */
void result_fill(insist_result *result, const struct headers *hidden, struct execution *execution,
                 size_t failures_kept);
/* Nothing could be started. url may be NULL; sentence says why. */
insist_result *result_of_refusal(const struct env *env, const struct headers *hidden, const char *method,
                                 const char *url, insist_err err, const char *sentence);

/* explain.c: the lines for people. */
insist_err explain_result(struct body *text, const struct headers *hidden, const struct request *request,
                          const insist_result *result);
insist_err explain_refusal(struct body *text, const struct headers *hidden, const char *method, const char *url,
                           insist_err err, const char *sentence);
insist_err explain_giving_up(struct body *text, const struct headers *hidden, const struct request *request,
                             const insist_result *result);

#endif
