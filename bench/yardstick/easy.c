/* See easy.h. */
#include "easy.h"
#include "kept.h"
#include <curl/curl.h>
#include <stdlib.h>

struct easy {
    CURL *curl;
    struct kept kept;
    struct curl_slist *lines; /* of a POST's head */
    CURLcode last;            /* what became of the last easy_fetch() or easy_post() */
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
    easy->curl = kept_open(&easy->kept, url);
    easy->lines = curl_slist_append(NULL, "Expect:"); /* large bodies are not announced, but sent */
    if (easy->curl == NULL || easy->lines == NULL) {
        easy_close(easy);
        return NULL;
    }
    return easy;
}

void easy_close(struct easy *easy) {
    if (easy == NULL) {
        return;
    }
    curl_easy_cleanup(easy->curl);
    curl_slist_free_all(easy->lines);
    kept_fini(&easy->kept);
    free(easy);
}

bool easy_get(struct easy *easy) {
    long status = 0;
    kept_clear(&easy->kept);
    return curl_easy_perform(easy->curl) == CURLE_OK &&
           curl_easy_getinfo(easy->curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status == 200;
}

int64_t easy_wait_us(struct easy *easy) {
    return kept_wait_us(easy->curl);
}

void easy_limit_ms(struct easy *easy, int64_t ms) {
    curl_easy_setopt(easy->curl, CURLOPT_TIMEOUT_MS, (long)ms);
}

void easy_trust_all(struct easy *easy) {
    curl_easy_setopt(easy->curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy->curl, CURLOPT_SSL_VERIFYHOST, 0L);
}

static bool go_to(struct easy *easy, const char *url) {
    easy->last = curl_easy_setopt(easy->curl, CURLOPT_URL, url);
    if (easy->last == CURLE_OK) {
        easy->last = curl_easy_perform(easy->curl);
    }
    return easy->last == CURLE_OK;
}

bool easy_fetch(struct easy *easy, const char *url) {
    kept_clear(&easy->kept);
    curl_easy_setopt(easy->curl, CURLOPT_HTTPGET, 1L);
    return go_to(easy, url);
}

bool easy_post(struct easy *easy, const char *url, const void *bytes, size_t length) {
    kept_clear(&easy->kept);
    curl_easy_setopt(easy->curl, CURLOPT_POST, 1L);
    curl_easy_setopt(easy->curl, CURLOPT_HTTPHEADER, easy->lines);
    curl_easy_setopt(easy->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
    curl_easy_setopt(easy->curl, CURLOPT_POSTFIELDS, bytes);
    return go_to(easy, url);
}

bool easy_found_nobody(const struct easy *easy) {
    return easy->last == CURLE_COULDNT_CONNECT;
}
