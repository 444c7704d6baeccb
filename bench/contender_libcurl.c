/* The yardsticks as contenders. Their state is what a caller needs to open its own handle. */
#include "contender.h"
#include "bench/yardstick/easy.h"
#include "bench/yardstick/multi.h"
#include <stdio.h>
#include <stdlib.h>

struct yardstick {
    unsigned width;
    char url[192];
};

static void *open_yardstick(const struct contender *contender, const char *url) {
    struct yardstick *yardstick = calloc(1, sizeof *yardstick);
    if (yardstick == NULL) {
        fputs("insist-bench: out of memory\n", stderr);
        return NULL;
    }
    yardstick->width = contender->width;
    snprintf(yardstick->url, sizeof yardstick->url, "%s", url);
    return yardstick;
}

static void *enter_easy(void *state) {
    const struct yardstick *yardstick = state;
    return easy_open(yardstick->url);
}

static void leave_easy(void *caller) {
    easy_close(caller);
}

static struct contender_answer call_easy(void *state, void *caller) {
    (void)state;
    struct contender_answer answer = {.good = easy_get(caller)};
    answer.slow = easy_wait_us(caller) > contender_slow_us;
    return answer;
}

static void *enter_multi(void *state) {
    const struct yardstick *yardstick = state;
    return multi_open(yardstick->url, yardstick->width);
}

static void leave_multi(void *caller) {
    multi_close(caller);
}

static struct contender_answer call_multi(void *state, void *caller) {
    (void)state;
    struct contender_answer answer = {.good = multi_get_all(caller)};
    answer.slow = multi_count_slow(caller, contender_slow_us);
    return answer;
}

const struct contender_kind contender_easy = {
    .open = open_yardstick, .close = free, .enter = enter_easy, .leave = leave_easy, .call = call_easy};
const struct contender_kind contender_multi = {
    .open = open_yardstick, .close = free, .enter = enter_multi, .leave = leave_multi, .call = call_multi};
