/* See kept.h. */
#include "kept.h"
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

size_t kept_write(char *data, size_t size, size_t count, void *ctx) {
    struct kept_text *text = ctx;
    size_t bytes = size * count;
    if (text->room - text->length < bytes) {
        size_t room = (text->length + bytes) * 2;
        char *larger = realloc(text->data, room);
        if (larger == NULL) {
            return 0;
        }
        text->data = larger;
        text->room = room;
    }
    memcpy(text->data + text->length, data, bytes);
    text->length += bytes;
    return bytes;
}

void kept_clear(struct kept *kept) {
    kept->body.length = 0;
    kept->headers.length = 0;
}

void kept_fini(struct kept *kept) {
    free(kept->body.data);
    free(kept->headers.data);
    *kept = (struct kept){0};
}

void *kept_open(struct kept *kept, const char *url) {
    CURL *curl = curl_easy_init();
    if (curl == NULL || curl_easy_setopt(curl, CURLOPT_URL, url) != CURLE_OK) {
        curl_easy_cleanup(curl);
        return NULL;
    }
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, kept_write);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &kept->body);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, kept_write);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &kept->headers);
    return curl;
}

int64_t kept_wait_us(void *curl) {
    curl_off_t sent = 0;
    curl_off_t begun = 0;
    curl_easy_getinfo(curl, CURLINFO_PRETRANSFER_TIME_T, &sent);
    curl_easy_getinfo(curl, CURLINFO_STARTTRANSFER_TIME_T, &begun);
    return begun - sent;
}
