/* libcurl's result codes in our words. Pure. */
#ifndef WIRE_CURL_CODE_H
#define WIRE_CURL_CODE_H

#include <insist/error.h>

struct curl_meaning {
    insist_err err;
    insist_transience transience;
};

/* code: a CURLcode; os_errno: of the connection that failed, 0: unknown or none. Every code has a meaning; how far the request got is not told by it. */
struct curl_meaning curl_code_meaning(int code, int os_errno);

#endif
