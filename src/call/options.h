/* Options structs: their size checked, copied, defaults filled in. */
#ifndef CALL_OPTIONS_H
#define CALL_OPTIONS_H

#include <insist/client.h>

/* Copies an options struct that begins with its size. Missing fields are zero; unknown ones must be. INSIST_EINVAL
 * (no size), INSIST_ETOONEW. */
insist_err options_copy(void *known, size_t known_size, const void *given, insist_problem *problem);

/* Checks and fills in every default that is a number or a name; policies and budget stay NULL where they were. */
insist_err options_complete_client(insist_client_options *options, insist_problem *problem);
/* A hedge whose fixed delay is not below a fixed timeout is never started: refused. Either may be NULL. */
insist_err options_check_race(const insist_race_policy *race, const insist_timeout_policy *timeout,
                              insist_problem *problem);
insist_err options_check_call(const insist_call_options *options, insist_problem *problem);

#endif
