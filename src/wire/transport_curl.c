/* The transport: one multi handle, driven by its socket interface on the host's epoll. In: jobs, events, time. Out:
 * finished jobs. It keeps the transfers that have no job for the next ones, and all timers, libcurl's own included.
 * Whoever drives the reactor. */
#include "wire/transport_curl.h"

#include "base/time_math.h"
#include "wire/transfer.h"
#include "wire/wakeup.h"
#include <pthread.h>
#include <sys/epoll.h>

#define SPARE_MAX 1024 /* 6 KiB each */
#define ROUNDS_MAX 16  /* of libcurl's timer in one turn: what is due then waits for the sockets to be asked again */

static CURLcode begun;

static void begin(void) {
    begun = curl_global_init(CURL_GLOBAL_DEFAULT);
}

bool transport_curl_begin(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    return pthread_once(&once, begin) == 0 && begun == CURLE_OK;
}

/* Before 8.2 libcurl still knows the last header of a handle's answer after it has freed it, and writes there when the next
 * answer's first header line begins with a blank: any server could do that (curl issue 11101). */
static bool lines_are_a_danger(void) {
    return curl_version_info(CURLVERSION_NOW)->version_num < 0x080200;
}

static struct transport_curl *own(struct transport *transport) {
    return (struct transport_curl *)(void *)transport;
}

/* ---- libcurl's side ---------------------------------------------------------------------------------------------- */

/* libcurl takes a refusal here for the end of everything, so only the transfer fails. Some versions name a handle of
 * their own. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *ignored) {
    struct transport_curl *transport = data;
    struct transfer *transfer = NULL;
    uint32_t events = 0;
    (void)ignored;
    if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
        events |= EPOLLIN;
    if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        events |= EPOLLOUT;
    bool watched = connections_watch(&transport->connections, fd, events);
    bool reads_only = watched && events == EPOLLIN;
    if (watched && !(reads_only && transport->network->first_byte_ns != TIME_NEVER))
        return 0;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
    if (transfer && transfer->job && watched)
        transfer_moved_on(transfer); /* its body may be out */
    else if (transfer && !watched)
        transfer_fail_soon(transfer, INSIST_ESYSTEM);
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *data) {
    struct transport_curl *transport = data;
    (void)multi;
    if (timeout_ms < 0)
        timers_clear(&transport->timers, &transport->curl_timer);
    else if (timeout_ms == 0)
        timers_set(&transport->timers, &transport->curl_timer, transport->now_ns);
    else
        timers_set(&transport->timers, &transport->curl_timer,
                   time_add(env_now_ns(transport->settings->env), time_from_ms(timeout_ms)));
    return 0;
}

static CURLM *make_multi(struct transport_curl *transport) {
    CURLM *multi = curl_multi_init();
    if (!multi)
        return NULL;
    wakeup_close_on_exec(multi);
    bool failed = !sweeper_introduce(&transport->sweeper, multi);
    failed |= curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket) != CURLM_OK;
    failed |= curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, transport) != CURLM_OK;
    failed |= curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer) != CURLM_OK;
    failed |= curl_multi_setopt(multi, CURLMOPT_TIMERDATA, transport) != CURLM_OK;
    failed |= curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)transport->settings->max_connections) != CURLM_OK;
    if (failed) {
        curl_multi_cleanup(multi);
        return NULL;
    }
    return multi;
}

static void collect(struct transport_curl *transport) {
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(transport->multi, &left));) {
        struct transfer *transfer = NULL;
        CURLcode code = message->data.result; /* the message is gone once the handle is removed */
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        if (transfer)
            course_done(transfer, code);
        else
            swept(transport);
    }
}

/* libcurl that finds no memory to note whom a socket is for has spoilt its note about that socket number, and divides by
 * zero when it looks at it next (7.88.1, and later ones). So it never does: all that it carries here ends, and another
 * multi handle takes the place of the spoilt one, at once or when there is memory for it. */
static void start_over(struct transport_curl *transport) {
    struct list *next;
    for (struct list *link = transport->busy.next; link != &transport->busy; link = next) {
        struct transfer *transfer = LIST_ENTRY(link, struct transfer, link);
        next = link->next;
        if (transfer->stage == STAGE_WIRE)
            transfer_fail(transfer, INSIST_ENOMEM);
    }
    curl_multi_cleanup(transport->multi);
    timers_clear(&transport->timers, &transport->curl_timer);
    transport->multi = make_multi(transport);
}

static void act(struct transport_curl *transport, curl_socket_t socket, int what) {
    int running;
    CURLMcode code = curl_multi_socket_action(transport->multi, socket, what, &running);
    collect(transport);
    if (code == CURLM_OUT_OF_MEMORY)
        start_over(transport);
}

/* ---- transfers --------------------------------------------------------------------------------------------------- */

static struct transfer *take_transfer(struct transport_curl *transport) {
    struct list *spare;
    if (!timers_reserve(&transport->timers, transport->busy_count + 3)) /* its own, libcurl's, the sweeper's */
        return NULL;
    spare = list_take_first(&transport->spare);
    if (!spare)
        return transfer_new(transport);
    transport->spare_count--;
    return LIST_ENTRY(spare, struct transfer, link);
}

static void finish(struct transport_curl *transport, struct transfer *transfer) {
    struct job *job = transfer->job;
    job->transfer = NULL;
    transfer->job = NULL;
    transport->busy_count--;
    list_remove(&transfer->link);
    if (!transfer->spoilt && transport->spare_count < SPARE_MAX) {
        list_append(&transport->spare, &transfer->link);
        transport->spare_count++;
    } else {
        transfer_free(transfer);
    }
    transport->host.finished(transport->host.ctx, job);
}

/* ---- the reactor's side ------------------------------------------------------------------------------------------ */

static void start(struct transport *transport, struct job *job, int64_t now_ns) {
    struct transport_curl *self = own(transport);
    self->now_ns = now_ns;
    struct transfer *transfer = take_transfer(self);
    if (!transfer) {
        job->outcome.err = INSIST_ENOMEM;
        job->progress.ended_ns = now_ns;
        self->host.finished(self->host.ctx, job);
        return;
    }
    if (!self->multi) /* without it the request is refused for want of memory */
        self->multi = make_multi(self);
    self->busy_count++;
    list_append(&self->busy, &transfer->link);
    course_start(transfer, job);
}

static void stop(struct transport *transport, struct job *job) {
    (void)transport;
    course_stop(job->transfer);
}

static void resolved(struct transport *transport, struct job *job, int64_t now_ns) {
    own(transport)->now_ns = now_ns;
    course_resolved(job->transfer);
}

static void read_on(struct transport *transport, struct job *job) {
    (void)transport;
    course_read_on(job->transfer);
}

static void fed(struct transport *transport, struct job *job) {
    (void)transport;
    course_fed(job->transfer);
}

static void free_spare(struct transport_curl *transport) {
    for (struct list *link; (link = list_take_first(&transport->spare));)
        transfer_free(LIST_ENTRY(link, struct transfer, link));
    transport->spare_count = 0;
}

/* And lets go of the handles that were kept for more of them. */
static void close_idle(struct transport *transport) {
    struct transport_curl *self = own(transport);
    free_spare(self);
    if (connections_give_up_idle(&self->connections))
        sweep_soon(self);
}

/* Nobody waits for this socket: what came is for a transfer that is paused, or it is idle. */
static void note_unasked(struct transport_curl *transport, struct connection *connection, uint32_t events) {
    bool ended = events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
    if (connection->users) {
        connection_mute(&transport->connections, connection);
    } else if (ended || connection_is_stale(connection)) {
        connections_give_up(&transport->connections, connection);
        sweep_soon(transport);
    } else {
        connections_await_end(&transport->connections, connection);
    }
}

static void ready(struct transport *transport, void *source, uint32_t events, int64_t now_ns) {
    struct transport_curl *self = own(transport);
    struct connection *connection = source;
    int what = 0;
    self->now_ns = now_ns;
    if (connection->closed)
        return;
    if (!connection->wanted) {
        note_unasked(self, connection, events);
        return;
    }
    if (events & EPOLLOUT)
        what |= CURL_CSELECT_OUT;
    if (events & ~(uint32_t)EPOLLOUT) /* an error too: reading tells which */
        what |= CURL_CSELECT_IN;
    act(self, connection->fd, what);
}

static int64_t run(struct transport *transport, int64_t now_ns) {
    struct transport_curl *self = own(transport);
    int rounds = 0;
    self->now_ns = now_ns;
    for (struct timer *timer; rounds < ROUNDS_MAX && (timer = timers_take_due(&self->timers, now_ns));) {
        if (timer == &self->sweeper.timer) {
            sweep(self);
            continue;
        }
        if (timer != &self->curl_timer) {
            course_wake(LIST_ENTRY(timer, struct transfer, timer));
            continue;
        }
        rounds++;
        act(self, CURL_SOCKET_TIMEOUT, 0);
    }
    connections_bury(&self->connections);
    return timers_next_ns(&self->timers);
}

static void free_transport(struct transport *transport) {
    struct transport_curl *self = own(transport);
    const struct env *env = self->settings->env;
    resolver_settle(self->settings->resolver); /* the lookups are back, but a thread may still be waking the host */
    free_spare(self);
    sweeper_fini(&self->sweeper);
    rinser_fini(&self->rinser);
    if (self->multi)
        curl_multi_cleanup(self->multi);
    connections_fini(&self->connections);
    timers_fini(&self->timers);
    env_release(env, self);
}

static const struct transport_class class_of_curl = {
    .start = start,
    .stop = stop,
    .resolved = resolved,
    .read_on = read_on,
    .fed = fed,
    .ready = ready,
    .run = run,
    .close_idle = close_idle,
    .free = free_transport,
};

struct transport *transport_curl_new(void *settings, const struct transport_host *host) {
    const struct wire_settings *wire = settings;
    struct transport_curl *transport = env_alloc(wire->env, sizeof(*transport));
    if (!transport)
        return NULL;
    transport->base.class = &class_of_curl;
    transport->settings = wire;
    transport->network = wire->network ? wire->network : &network_default;
    transport->host = *host;
    transport->finish = finish;
    transport->looks_at_lines_first = lines_are_a_danger();
    transport->now_ns = env_now_ns(wire->env);
    list_init(&transport->spare);
    list_init(&transport->busy);
    timers_init(&transport->timers, wire->env);
    connections_init(&transport->connections, wire->env, host->epoll);
    if (sweeper_init(&transport->sweeper) && timers_reserve(&transport->timers, 2))
        transport->multi = make_multi(transport);
    if (!transport->multi) {
        free_transport(&transport->base);
        return NULL;
    }
    return &transport->base;
}
