/* libcurl's result codes in our words. Pure. */
#ifndef WIRE_CURL_CODE_H
#define WIRE_CURL_CODE_H

#include <insist/error.h>
#include <stdbool.h>

struct curl_meaning {
    insist_err err;
    insist_transience transience;
};

/* code: a CURLcode; os_errno: of the connection that failed, 0: unknown or none. Every code has a meaning; how far
 * the request got is not told by it. */
struct curl_meaning curl_code_meaning(int code, int os_errno);
/* The same, told more exactly by libcurl's own sentence about the failure (CURLOPT_ERRORBUFFER; NULL or "": none):
 * only it tells a TLS handshake that was cut by an orderly close from one that was refused, and headers beyond
 * libcurl's own limit from a broken chunk. */
struct curl_meaning curl_code_meaning_in_detail(int code, int os_errno, const char *detail);

bool curl_code_known(int code); /* has a row of its own; all others mean INSIST_EPROTO, not transient */

#endif
