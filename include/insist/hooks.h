/* Hooks: an answer looked at before it is believed, a retry made ready, the last word when a call gives up.
 *
 * A client's hooks serve all its calls; a call's own take their place. They run on the thread that executes the call,
 * with no lock held. Values: copied. A context that several calls share must be safe to use from several threads.
 *
 * Since 0.1.0, all of it, unless a comment says otherwise. */
#ifndef INSIST_HOOKS_H
#define INSIST_HOOKS_H

#include <insist/execution.h>
#include <insist/result.h>

INSIST_BEGIN_DECLS

/** Is the answer as good as its status says? Asked about an answer that the decider accepts, whatever its status, after
 *  its AFTER_ATTEMPT; when its body goes to a sink, at the headers, with an empty body. False turns the answer into the
 *  error INSIST_EREJECTED, which keeps status, headers and body, and the decider is asked once more:
 *  insist_retry_on_error() retries it. */
typedef struct insist_validator {
    bool (*validate)(void *ctx, const insist_execution *execution);
    void *ctx;
} insist_validator;

/** Makes a retry ready: called after its wait and before its BEFORE_ATTEMPT, not for first attempts and hedges. The
 *  execution is about the attempt that the retry replaces: its status, headers, body and error can be read;
 *  next_attempt is the number of the attempt to come, whose own headers insist_execution_set_header() sets.
 *  @return 0 to go on, any other number to end the call like a handler's: INSIST_EHANDLER, the number in the result */
typedef struct insist_preparer {
    int (*prepare)(void *ctx, insist_execution *execution, unsigned next_attempt);
    void *ctx;
} insist_preparer;

/** Has the last word, once, when a call gives up: reasons COUNT, NOT_REPEATABLE, NO_TIME, RETRY_AFTER and BUDGET, and
 *  STOPPED by an error that the decider accepted. Before AFTER_EXECUTION_END; the execution is about the outcome that
 *  is reported.
 *  @param err  what the call is about to return: INSIST_OK when the outcome is an answer
 *  @return what it returns instead. INSIST_OK in place of an error changes nothing; status, headers and body stay */
typedef insist_err insist_exhausted_fn(void *ctx, const insist_execution *execution, insist_reason reason,
                                       insist_err err);
typedef struct insist_on_exhausted {
    insist_exhausted_fn *replace;
    void *ctx;
} insist_on_exhausted;

/** What a client does that was told nothing: err. */
INSIST_API insist_err insist_exhausted_pass_through(void *ctx, const insist_execution *execution, insist_reason reason,
                                                    insist_err err);
/** go-retryablehttp's default: an answer that is not good enough becomes the error INSIST_EGAVEUP. Unlike there its
 *  status, headers and body are kept. */
INSIST_API insist_err insist_exhausted_as_error(void *ctx, const insist_execution *execution, insist_reason reason,
                                                insist_err err);

INSIST_END_DECLS

#endif
