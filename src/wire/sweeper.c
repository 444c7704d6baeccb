/* libcurl closes dead idle connections when a transfer looks for one to use, at most once a second. Where no request
 * comes along this is the transfer that looks: it is refused its socket, and over. There is a timer as long as there
 * is something to sweep, and no longer. */
#include "wire/sweeper.h"

#include "base/time_math.h"
#include "wire/transfer.h"

#define EVERY_NS INT64_C(1010000000) /* libcurl's second, and what its clock rounds away */

static curl_socket_t refuse_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)data;
    (void)purpose;
    (void)address;
    return CURL_SOCKET_BAD;
}

bool sweeper_set_up(CURL *easy) {
    bool failed = false;
    failed |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_URL, "http://127.0.0.1/") != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_PROXY, "") != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)INT32_MAX) != CURLE_OK; /* only the dead */
    failed |= curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L) != CURLE_OK;
    failed |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, refuse_socket) != CURLE_OK;
    return !failed;
}

bool sweeper_init(struct sweeper *sweeper) {
    *sweeper = (struct sweeper){.easy = curl_easy_init(), .not_before_ns = INT64_MIN};
    return sweeper->easy && sweeper_set_up(sweeper->easy);
}

void sweeper_fini(struct sweeper *sweeper) {
    curl_easy_cleanup(sweeper->easy);
}

/* What closes a multi handle's connections is a hidden handle of its own. It would set and restore the process's
 * action for SIGPIPE, which two threads cannot do at once; it takes over NOSIGNAL from whatever was added last. */
bool sweeper_introduce(const struct sweeper *sweeper, CURLM *multi) {
    return curl_multi_add_handle(multi, sweeper->easy) == CURLM_OK &&
           curl_multi_remove_handle(multi, sweeper->easy) == CURLM_OK;
}

void sweep_soon(struct transport_curl *transport) {
    struct sweeper *sweeper = &transport->sweeper;
    if (sweeper->timer.place == 0)
        timers_set(&transport->timers, &sweeper->timer, time_max(transport->now_ns, sweeper->not_before_ns));
}

/* Ends in this turn, as a rule; until then adding it again fails, and does no harm. */
void sweep(struct transport_curl *transport) {
    if (transport->connections.dead == 0) /* another transfer was first */
        return;
    transport->sweeper.not_before_ns = time_add(transport->now_ns, EVERY_NS);
    curl_multi_add_handle(transport->multi, transport->sweeper.easy);
    sweep_soon(transport);
}

void swept(struct transport_curl *transport) {
    curl_multi_remove_handle(transport->multi, transport->sweeper.easy);
    if (transport->connections.dead == 0)
        timers_clear(&transport->timers, &transport->sweeper.timer);
}
