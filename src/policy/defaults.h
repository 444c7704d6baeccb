/* What a client does that was told nothing. */
#ifndef POLICY_DEFAULTS_H
#define POLICY_DEFAULTS_H

#include "view/policies.h"

#define DEFAULT_RETRIES 3
#define DEFAULT_RETRY_AFTER_CAP_MS 30000
#define DEFAULT_ATTEMPT_TIMEOUT_MS 5000
#define DEFAULT_DEADLINE_MS 30000

insist_err defaults_retry_policy(const struct env *env, insist_retry_policy **out);
insist_err defaults_timeout_policy(const struct env *env, insist_timeout_policy **out); /* takes_the_rest */

insist_retry_policy *retry_policy_retain(const insist_retry_policy *policy);
insist_timeout_policy *timeout_policy_retain(const insist_timeout_policy *policy);

#endif
