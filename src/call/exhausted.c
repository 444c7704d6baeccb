/* The two ready-made last words of a call that gives up. */
#include <insist/hooks.h>

insist_err insist_exhausted_pass_through(void *ctx, const insist_execution *execution, insist_reason reason,
                                         insist_err err) {
    (void)ctx;
    (void)execution;
    (void)reason;
    return err;
}

insist_err insist_exhausted_as_error(void *ctx, const insist_execution *execution, insist_reason reason,
                                     insist_err err) {
    (void)ctx;
    (void)execution;
    (void)reason;
    return err != INSIST_OK ? err : INSIST_EGAVEUP;
}
