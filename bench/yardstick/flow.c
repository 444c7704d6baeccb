/* See flow.h. */
#include "flow.h"
#include "kept.h"
#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 256 };

struct slot {
    CURL *curl;
    struct kept kept;
};

struct flow {
    CURLM *curl;
    int epoll;
    unsigned count;
    struct slot *slots;
    int64_t timer_ns; /* when libcurl wants to be called; INT64_MAX: not */
    /* of a run */
    const struct flow_orders *orders;
    unsigned begun;   /* slots that have had their first order */
    int64_t first_ns; /* of the next such slot's */
    unsigned in_flight;
};

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- what libcurl asks for -------------------------------------------------------------------------------------- */

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *known) {
    struct flow *flow = ctx;
    struct epoll_event event = {.data.fd = fd};
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(flow->epoll, EPOLL_CTL_DEL, fd, NULL); /* it may be closed already */
        return 0;
    }
    event.events = (what & CURL_POLL_IN ? (unsigned)EPOLLIN : 0U) | (what & CURL_POLL_OUT ? (unsigned)EPOLLOUT : 0U);
    if (known == NULL) {
        curl_multi_assign(flow->curl, fd, flow);
    }
    return epoll_ctl(flow->epoll, known == NULL ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
}

static int set_timer(CURLM *multi, long timeout_ms, void *ctx) {
    struct flow *flow = ctx;
    (void)multi;
    flow->timer_ns = timeout_ms < 0 ? INT64_MAX : timeout_ms == 0 ? 0 : now_ns() + (int64_t)timeout_ms * 1000000;
    return 0;
}

/* ---- open and close --------------------------------------------------------------------------------------------- */

static bool open_slots(struct flow *flow, const char *url) {
    for (unsigned i = 0; i < flow->count; i++) {
        struct slot *slot = &flow->slots[i];
        slot->curl = kept_open(&slot->kept, url);
        if (slot->curl == NULL) {
            return false;
        }
        curl_easy_setopt(slot->curl, CURLOPT_PRIVATE, slot);
    }
    return true;
}

struct flow *flow_open(const char *url, unsigned slots) {
    struct flow *flow = calloc(1, sizeof *flow);
    if (flow == NULL) {
        return NULL;
    }
    flow->count = slots;
    flow->timer_ns = INT64_MAX;
    flow->epoll = epoll_create1(EPOLL_CLOEXEC);
    flow->curl = curl_multi_init();
    flow->slots = calloc(slots, sizeof *flow->slots);
    if (flow->epoll < 0 || flow->curl == NULL || flow->slots == NULL || !open_slots(flow, url)) {
        flow_close(flow);
        return NULL;
    }
    curl_multi_setopt(flow->curl, CURLMOPT_MAXCONNECTS, (long)slots);
    curl_multi_setopt(flow->curl, CURLMOPT_SOCKETFUNCTION, watch_socket);
    curl_multi_setopt(flow->curl, CURLMOPT_SOCKETDATA, flow);
    curl_multi_setopt(flow->curl, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(flow->curl, CURLMOPT_TIMERDATA, flow);
    return flow;
}

void flow_close(struct flow *flow) {
    for (unsigned i = 0; flow->slots != NULL && i < flow->count; i++) {
        curl_easy_cleanup(flow->slots[i].curl);
        kept_fini(&flow->slots[i].kept);
    }
    curl_multi_cleanup(flow->curl);
    free(flow->slots);
    if (flow->epoll >= 0) {
        close(flow->epoll);
    }
    free(flow);
}

/* ---- a run ------------------------------------------------------------------------------------------------------ */

static bool begin_request(struct flow *flow, struct slot *slot) {
    kept_clear(&slot->kept);
    flow->in_flight++;
    return curl_multi_add_handle(flow->curl, slot->curl) == CURLM_OK;
}

static void look_at_next_slot(struct flow *flow) {
    bool any = flow->begun < flow->count;
    flow->first_ns = any ? flow->orders->next_ns(flow->orders->ctx, flow->begun) : INT64_MAX;
}

/* Slots that are to send their first request by then. */
static bool begin_slots(struct flow *flow) {
    bool begun = true;
    while (begun && flow->begun < flow->count && (flow->first_ns < 0 || flow->first_ns <= now_ns())) {
        bool wanted = flow->first_ns >= 0;
        struct slot *slot = &flow->slots[flow->begun++];
        begun = !wanted || begin_request(flow, slot);
        look_at_next_slot(flow);
    }
    return begun;
}

/* Takes those that have ended off the handle, and sends what their slots are to send next. */
static bool renew_ended(struct flow *flow) {
    const struct flow_orders *orders = flow->orders;
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(flow->curl, &left)) != NULL) {
        long status = 0;
        char *private = NULL;
        CURL *easy = message->easy_handle;
        CURLcode code = message->data.result;
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
        struct slot *slot = (struct slot *)(void *)private;
        unsigned number = (unsigned)(slot - flow->slots);
        curl_multi_remove_handle(flow->curl, easy);
        flow->in_flight--;
        orders->ended(orders->ctx, number, code == CURLE_OK && status == 200);
        if (orders->next_ns(orders->ctx, number) >= 0 && !begin_request(flow, slot)) {
            return false;
        }
    }
    return true;
}

static int patience_ms(const struct flow *flow) {
    int64_t until_ns = flow->timer_ns < flow->first_ns ? flow->timer_ns : flow->first_ns;
    int64_t left_ns = until_ns == INT64_MAX ? INT64_C(1000000000) : until_ns - now_ns();
    return left_ns <= 0 ? 0 : (int)((left_ns + 999999) / 1000000);
}

static bool drive(struct flow *flow) {
    struct epoll_event events[EVENTS];
    int running;
    int count = epoll_wait(flow->epoll, events, EVENTS, patience_ms(flow));
    if (count < 0 && errno != EINTR) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        int what = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                   (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                   (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
        if (curl_multi_socket_action(flow->curl, events[i].data.fd, what, &running) != CURLM_OK) {
            return false;
        }
    }
    if (flow->timer_ns == INT64_MAX || flow->timer_ns > now_ns()) {
        return true;
    }
    flow->timer_ns = INT64_MAX;
    return curl_multi_socket_action(flow->curl, CURL_SOCKET_TIMEOUT, 0, &running) == CURLM_OK;
}

bool flow_run(struct flow *flow, const struct flow_orders *orders) {
    flow->orders = orders;
    flow->begun = 0;
    look_at_next_slot(flow);
    do {
        if (!begin_slots(flow) || !drive(flow) || !renew_ended(flow)) {
            return false;
        }
    } while (flow->in_flight > 0 || flow->begun < flow->count);
    return true;
}

int64_t flow_wait_us(const struct flow *flow, unsigned slot) {
    return kept_wait_us(flow->slots[slot].curl);
}
