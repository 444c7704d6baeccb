/* The curl program as a poster: a process for each POST, with the GET before it, so that they share a connection as the
 * others' do, and --retry, as people have it in their scripts. Any thread. */
#include "curl_program.h"
#include "duplicates_posts.h"
#include "instant.h"
#include <stdio.h>
#include <stdlib.h>

struct curl {
    char before[192]; /* the GET's URL; empty: none */
};

static void *open_curl(void) {
    static int nothing;
    return &nothing;
}

static void close_curl(void *nothing) {
    (void)nothing;
}

static void *enter(void *state, const char *url) {
    (void)state;
    (void)url;
    return calloc(1, sizeof(struct curl));
}

static bool get(void *state, void *caller, const char *url) {
    struct curl *curl = caller;
    (void)state;
    snprintf(curl->before, sizeof curl->before, "%s", url);
    return false; /* nobody knows yet */
}

static void post_by_program(void *state, void *caller, const char *url, const char *text, struct post *post) {
    struct curl *curl = caller;
    (void)state;
    const char *const words[] = {"curl", "-q",      "-s", curl->before,         "--next", "-s", "--max-time",
                                 "10",   "--retry", "1",  "--retry-all-errors", "--data", text, url,
                                 NULL};
    const char *const alone[] = {"curl",   "-q", "-s", "--max-time", "10", "--retry", "1", "--retry-all-errors",
                                 "--data", text, url,  NULL};
    int64_t begun_ns = instant_now_ns();
    post->answered = curl_program_run(curl->before[0] != '\0' ? words : alone);
    post->took_ns = instant_now_ns() - begun_ns;
    post->failed = !post->answered;
    curl->before[0] = '\0';
}

const struct poster poster_curl = {.name = "curl --retry",
                                   .few = true,
                                   .able = curl_program_able,
                                   .open = open_curl,
                                   .close = close_curl,
                                   .enter = enter,
                                   .leave = free,
                                   .get = get,
                                   .post = post_by_program};
