/* libcurl 7.88 lets go of what it holds back of a paused body when it is told to go on, and when a transfer leaves a
 * connection that nobody shares, but not when the handle is freed. A handle whose transfer has ended on a shared
 * connection meanwhile can do neither: so it begins another, on a connection of its own, which is refused its socket. */
#include "wire/rinse.h"

#include "wire/sweeper.h"
#include "wire/wakeup.h"
#include <stdbool.h>

#define ROUNDS_MAX 8 /* one is enough */

void rinser_fini(struct rinser *rinser) {
    if (rinser->multi)
        curl_multi_cleanup(rinser->multi);
}

static bool is_there(struct rinser *rinser) {
    if (rinser->multi)
        return true;
    rinser->multi = curl_multi_init();
    if (rinser->multi)
        wakeup_close_on_exec(rinser->multi);
    return rinser->multi != NULL;
}

void rinse(struct rinser *rinser, CURL *easy) {
    int running = 1;
    curl_easy_reset(easy);
    if (!sweeper_set_up(easy) || !is_there(rinser) || curl_multi_add_handle(rinser->multi, easy) != CURLM_OK)
        return;
    for (int round = 0; running > 0 && round < ROUNDS_MAX; round++)
        curl_multi_perform(rinser->multi, &running);
    curl_multi_remove_handle(rinser->multi, easy);
}
