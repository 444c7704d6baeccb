/* Presets, with the env that they take memory from. */
#ifndef CALL_PRESET_H
#define CALL_PRESET_H

#include "base/env.h"
#include <insist/preset.h>

insist_err preset_httpx(const struct env *env, insist_client_options *options, insist_preset **out);
insist_err preset_pester(const struct env *env, insist_client_options *options, bool too_many_requests_too,
                         unsigned concurrency, insist_preset **out);
insist_err preset_retryablehttp(const struct env *env, insist_client_options *options, insist_preset **out);

#endif
