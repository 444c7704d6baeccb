/* See multi.h. */
#include "multi.h"
#include "kept.h"
#include <curl/curl.h>
#include <stdlib.h>

struct transfer {
    CURL *curl;
    struct kept kept;
};

struct multi {
    CURLM *curl;
    unsigned width;
    struct transfer *transfers;
};

struct multi *multi_open(const char *url, unsigned width) {
    struct multi *multi = calloc(1, sizeof *multi);
    if (multi == NULL) {
        return NULL;
    }
    multi->width = width;
    multi->curl = curl_multi_init();
    multi->transfers = calloc(width, sizeof *multi->transfers);
    bool opened = multi->curl != NULL && multi->transfers != NULL;
    for (unsigned i = 0; opened && i < width; i++) {
        multi->transfers[i].curl = kept_open(&multi->transfers[i].kept, url);
        opened = multi->transfers[i].curl != NULL;
    }
    if (!opened) {
        multi_close(multi);
        return NULL;
    }
    curl_multi_setopt(multi->curl, CURLMOPT_MAXCONNECTS, (long)width);
    return multi;
}

void multi_close(struct multi *multi) {
    if (multi == NULL) {
        return;
    }
    for (unsigned i = 0; multi->transfers != NULL && i < multi->width; i++) {
        curl_easy_cleanup(multi->transfers[i].curl);
        kept_fini(&multi->transfers[i].kept);
    }
    curl_multi_cleanup(multi->curl);
    free(multi->transfers);
    free(multi);
}

/* Takes those that have ended off the handle; how many were good. */
static unsigned take_ended(struct multi *multi) {
    int left;
    unsigned good = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi->curl, &left)) != NULL) {
        long status = 0;
        CURL *easy = message->easy_handle;
        CURLcode code = message->data.result;
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        good += code == CURLE_OK && status == 200;
        curl_multi_remove_handle(multi->curl, easy);
    }
    return good;
}

bool multi_get_all(struct multi *multi) {
    unsigned good = 0;
    int running = 0;
    for (unsigned i = 0; i < multi->width; i++) {
        kept_clear(&multi->transfers[i].kept);
        if (curl_multi_add_handle(multi->curl, multi->transfers[i].curl) != CURLM_OK) {
            return false;
        }
    }
    do {
        if (curl_multi_perform(multi->curl, &running) != CURLM_OK) {
            return false;
        }
        good += take_ended(multi);
        if (running > 0 && curl_multi_poll(multi->curl, NULL, 0, 1000, NULL) != CURLM_OK) {
            return false;
        }
    } while (running > 0);
    return good == multi->width;
}

unsigned multi_count_slow(const struct multi *multi, int64_t us) {
    unsigned slow = 0;
    for (unsigned i = 0; i < multi->width; i++) {
        slow += kept_wait_us(multi->transfers[i].curl) > us;
    }
    return slow;
}
