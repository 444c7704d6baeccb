/* See easy.h. */
#include "easy.h"
#include "kept.h"
#include <curl/curl.h>
#include <stdlib.h>

struct easy {
    CURL *curl;
    struct kept kept;
};

const char *easy_version(void) {
    return curl_version();
}

bool easy_init(void) {
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

struct easy *easy_open(const char *url) {
    struct easy *easy = calloc(1, sizeof *easy);
    if (easy == NULL) {
        return NULL;
    }
    easy->curl = curl_easy_init();
    if (easy->curl == NULL || curl_easy_setopt(easy->curl, CURLOPT_URL, url) != CURLE_OK) {
        easy_close(easy);
        return NULL;
    }
    curl_easy_setopt(easy->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy->curl, CURLOPT_WRITEFUNCTION, kept_write);
    curl_easy_setopt(easy->curl, CURLOPT_WRITEDATA, &easy->kept.body);
    curl_easy_setopt(easy->curl, CURLOPT_HEADERFUNCTION, kept_write);
    curl_easy_setopt(easy->curl, CURLOPT_HEADERDATA, &easy->kept.headers);
    return easy;
}

void easy_close(struct easy *easy) {
    if (easy == NULL) {
        return;
    }
    curl_easy_cleanup(easy->curl);
    kept_fini(&easy->kept);
    free(easy);
}

bool easy_get(struct easy *easy) {
    long status = 0;
    kept_clear(&easy->kept);
    return curl_easy_perform(easy->curl) == CURLE_OK &&
           curl_easy_getinfo(easy->curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status == 200;
}
