/* What a client does that was told nothing. */
#ifndef POLICY_DEFAULTS_H
#define POLICY_DEFAULTS_H

#include "policy/retry.h"
#include "policy/timeout.h"

#define DEFAULT_RETRIES 3
#define DEFAULT_RETRY_AFTER_CAP_MS 30000
#define DEFAULT_ATTEMPT_TIMEOUT_MS 5000
#define DEFAULT_DEADLINE_MS 30000

/* INSIST_OK or INSIST_ENOMEM. */
insist_err defaults_retry_policy(const struct env *env, insist_retry_policy **out);
insist_err defaults_timeout_policy(const struct env *env, insist_timeout_policy **out); /* takes_the_rest */

#endif
