/* Presets: client options with which a client behaves as one of three other libraries does.
 *
 *     insist_client_options options;
 *     insist_preset *preset;
 *     insist_client_options_init(&options);
 *     insist_preset_httpx(&options, &preset);
 *     options.workers = 4;                        what is set after a preset goes before its part
 *     insist_client_new(&options, NULL, &client);
 *     insist_preset_free(preset);                 the client keeps what it needs
 *
 * A preset sets these fields and no others: retry, timeout, budget, race, deadline_ms, max_body_bytes,
 * max_header_bytes, max_redirects, repeat_unsafe, on_exhausted. What their model lacks is off: no deadline, no budget,
 * no limits on sizes, and any method is repeated, so a POST may be carried out twice. At most 9 redirects are followed,
 * as Go's client sends 10 requests. What is known to be wrong with a model is not copied.
 * The functions here may be called from any thread.
 *
 * Since 0.1.0, all of it, unless a comment says otherwise. */
#ifndef INSIST_PRESET_H
#define INSIST_PRESET_H

#include <insist/client.h>

INSIST_BEGIN_DECLS

/** What a preset has made for the options: they point into it, so it has to live until the last client was made of
 *  them. [IMMUTABLE] */
typedef struct insist_preset insist_preset;

/* All of them write into options whose size is set (insist_client_options_init()), and fail without touching them:
 * INSIST_EINVAL when a pointer is NULL or the size is too small for those fields, or INSIST_ENOMEM. */

/** gogama/httpx: 429 502 503 504, timeouts, refused and reset connections and early ends are tried again, 5 times at
 *  most, after waits drawn evenly from nothing to 50 ms, 100 ms and so on, 1 s at most. An attempt may take 5 s.
 *  Retry-After is ignored. Of a call that gives up the last answer stays, without an error. No racing: a race policy
 *  that is to behave as theirs is of the mode INSIST_CLOSE.
 *  @return INSIST_OK, INSIST_EINVAL or INSIST_ENOMEM */
INSIST_API insist_err insist_preset_httpx(insist_client_options *options, insist_preset **out) INSIST_MUST_USE;

/** sethgrid/pester: 3 attempts, a second apart, after any status of 500 or above and any error until the headers have
 *  come; after 429 only when asked. No timeout. Retry-After is ignored. Of a call that gives up the last answer stays,
 *  without an error.
 *  @param concurrency  of GET that many attempts are made at once, of any other method one; 0 and 1: one. The first
 *                      answer that is good wins, and the others are given up
 *  @return INSIST_OK, INSIST_EINVAL or INSIST_ENOMEM */
INSIST_API insist_err insist_preset_pester(insist_client_options *options, bool too_many_requests_too,
                                           unsigned concurrency, insist_preset **out) INSIST_MUST_USE;

/** hashicorp/go-retryablehttp: 5 attempts, after waits of 1, 2, 4 and 8 s, or of what Retry-After says beside 429 and
 *  503, however long; after 429, 500 and above but 501, and any error until the headers have come but those that stay
 *  (insist_retry_retryablehttp()). No timeout. A call that gives up returns INSIST_EGAVEUP when an answer came (its
 *  status, headers and body are kept), else its error; insist_result_giving_up() tells the sentence.
 *  @return INSIST_OK, INSIST_EINVAL or INSIST_ENOMEM */
INSIST_API insist_err insist_preset_retryablehttp(insist_client_options *options, insist_preset **out) INSIST_MUST_USE;

/** Gives it up. NULL is fine. */
INSIST_API void insist_preset_free(insist_preset *preset);

INSIST_END_DECLS

#endif
