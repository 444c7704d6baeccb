/* A user's transport. An exchange is the job's, lent to the user from start until he ends it on whatever thread; that it is on the
 * wire is posted from there, its end comes back through the inbox, and the reactor's driver finishes the job. Nobody else touches the
 * job's progress and outcome in between, so no lock is needed. */
#include "wire/transport_custom.h"

#include "base/sync.h"
#include "base/time_math.h"
#include "wire/mailbox.h"
#include "wire/url.h"
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

struct transport_custom {
    struct transport base;
    const struct custom_settings *settings;
    struct transport_host host;
    atomic_uint ending; /* threads that are handing an exchange back, and still need the host */
};

struct insist_exchange {
    struct job *job;
    struct transport_custom *transport;
    atomic_bool ended;
    uint64_t header_bytes; /* of the answer, as HTTP/1.1 writes them */
    insist_err failed;     /* what an answer's header or body was refused for */
};

static struct transport_custom *own(struct transport *transport) {
    return (struct transport_custom *)(void *)transport;
}

/* ---- the user's side ------------------------------------------------------------------------------------------ */

const char *insist_exchange_method(const insist_exchange *exchange) {
    return exchange->job->request->method;
}

const char *insist_exchange_url(const insist_exchange *exchange) {
    return exchange->job->request->shown_url;
}

const void *insist_exchange_body(const insist_exchange *exchange, size_t *len) {
    const struct request *request = exchange->job->request;
    if (len != NULL)
        *len = request->body_length;
    return request->body_length > 0 ? request->body : "";
}

int64_t insist_exchange_deadline_ns(const insist_exchange *exchange) {
    const struct job *job = exchange->job;
    return job_how_far(job) == INSIST_NOT_SENT ? job->deadline_ns : job->deadline_once_sent_ns;
}

/* What is made of the URL's user and password, unless the request says something else. */
static const char *authorization(const struct job *job) {
    static const char name[] = "Authorization";
    bool is_set = headers_get(&job->request->headers, name) != NULL || headers_get(&job->own_headers, name) != NULL;
    return is_set ? NULL : job->request->url->authorization;
}

/* The plan's, but for those that the attempt has itself, then the attempt's, and then the URL's. */
bool insist_exchange_header_at(const insist_exchange *exchange, size_t i, const char **name, const char **value) {
    const struct headers *plans = &exchange->job->request->headers, *owns = &exchange->job->own_headers;
    for (size_t j = 0; j < headers_count(plans); j++) {
        if (headers_get(owns, headers_name_at(plans, j)) != NULL || i-- > 0)
            continue;
        *name = headers_name_at(plans, j);
        *value = headers_value_at(plans, j);
        return true;
    }
    if (i < headers_count(owns)) {
        *name = headers_name_at(owns, i);
        *value = headers_value_at(owns, i);
        return true;
    }
    const char *of_url = authorization(exchange->job);
    if (of_url == NULL || i > headers_count(owns))
        return false;
    *name = "Authorization";
    *value = of_url;
    return true;
}

bool insist_exchange_send(insist_exchange *exchange) {
    struct job *job = exchange->job;
    if (atomic_load(&job->stop) || !job_pass_gate(job))
        return false;
    if (job->progress.sent_ns != 0)
        return true;
    job->progress.sent_ns = env_now_ns(job->env);
    int before = thread_shield();
    mailbox_post(job->mailbox, job, job->wants_sent ? NEWS_SENT : 0);
    thread_unshield(before);
    return true;
}

static insist_err note(insist_exchange *exchange, insist_err err) {
    if (exchange->failed == INSIST_OK)
        exchange->failed = err;
    return err;
}

static insist_err count_header(insist_exchange *exchange, const char *name, const char *value) {
    uint64_t most = exchange->transport->settings->max_header_bytes;
    exchange->header_bytes += strlen(name) + strlen(": ") + strlen(value) + strlen("\r\n");
    if (exchange->header_bytes <= most)
        return INSIST_OK;
    if (exchange->failed == INSIST_OK)
        exchange->job->outcome.cause = (struct cause){"its headers are longer than max_header_bytes", NULL, most};
    return INSIST_ETOOLARGE;
}

insist_err insist_exchange_add_header(insist_exchange *exchange, const char *name, const char *value) {
    if (count_header(exchange, name, value) != INSIST_OK)
        return note(exchange, INSIST_ETOOLARGE);
    return note(exchange, headers_add(&exchange->job->outcome.headers, name, value));
}

insist_err insist_exchange_add_body(insist_exchange *exchange, const void *data, size_t len) {
    struct job *job = exchange->job;
    job->progress.bytes += len;
    insist_err err = body_append(&job->outcome.body, data, len);
    if (err == INSIST_ETOOLARGE && exchange->failed == INSIST_OK)
        job->outcome.cause = (struct cause){"its body is longer than max_body_bytes", NULL, job->outcome.body.limit};
    return note(exchange, err);
}

/* A second end is noticed while the reactor has not taken the first one in: within start() and abort(), at least. */
void insist_exchange_end(insist_exchange *exchange, int status, insist_err err, insist_transience transience) {
    if (atomic_exchange(&exchange->ended, true))
        return;
    struct job *job = exchange->job;
    struct outcome *outcome = &job->outcome;
    bool answered = status >= 200 && status <= 999;
    outcome->status = job->progress.status = answered ? status : 0;
    outcome->err = exchange->failed != INSIST_OK ? exchange->failed : err;
    outcome->transience = exchange->failed != INSIST_OK ? INSIST_NOT_TRANSIENT : transience;
    if (outcome->err == INSIST_OK && !answered) /* neither an answer nor an error */
        outcome->err = INSIST_EPROTO;
    outcome->sent = answered ? INSIST_ANSWERED : job_how_far(job);
    job->progress.ended_ns = env_now_ns(job->env);
    struct transport_custom *transport = exchange->transport;
    int before = thread_shield();
    atomic_fetch_add(&transport->ending, 1);
    transport->host.push(transport->host.ctx, job, JOB_RESOLVED);
    atomic_fetch_sub(&transport->ending, 1);
    thread_unshield(before);
}

/* ---- the reactor's side --------------------------------------------------------------------------------------- */

static void start(struct transport *transport, struct job *job, int64_t now_ns) {
    struct transport_custom *self = own(transport);
    insist_exchange *exchange = env_alloc(self->settings->env, sizeof(*exchange));
    if (!exchange) {
        job->outcome.err = INSIST_ENOMEM;
        job->progress.ended_ns = now_ns;
        self->host.finished(self->host.ctx, job);
        return;
    }
    exchange->job = job;
    exchange->transport = self;
    atomic_init(&exchange->ended, false);
    job->transfer = exchange;
    self->settings->transport.start(self->settings->transport.ctx, exchange);
}

static void stop(struct transport *transport, struct job *job) {
    const insist_transport *user = &own(transport)->settings->transport;
    const insist_exchange *exchange = job->transfer;
    if (user->abort != NULL && !atomic_load(&exchange->ended))
        user->abort(user->ctx, job->transfer);
}

/* The user has ended it. */
static void resolved(struct transport *transport, struct job *job, int64_t now_ns) {
    struct transport_custom *self = own(transport);
    (void)now_ns;
    env_release(self->settings->env, job->transfer);
    job->transfer = NULL;
    self->host.finished(self->host.ctx, job);
}

static void ignore(struct transport *transport, struct job *job) {
    (void)transport;
    (void)job;
}

static void ready(struct transport *transport, void *source, uint32_t events, int64_t now_ns) {
    (void)transport;
    (void)source;
    (void)events;
    (void)now_ns;
}

static int64_t run(struct transport *transport, int64_t now_ns) {
    (void)transport;
    (void)now_ns;
    return TIME_NEVER;
}

static void close_idle(struct transport *transport) {
    (void)transport;
}

/* Whoever is handing the last exchange back has a few instructions to go. */
static void free_transport(struct transport *transport) {
    while (atomic_load(&own(transport)->ending) > 0)
        sched_yield();
    env_release(own(transport)->settings->env, transport);
}

static const struct transport_class class_of_custom = {
    .start = start,
    .stop = stop,
    .resolved = resolved,
    .read_on = ignore,
    .fed = ignore,
    .ready = ready,
    .run = run,
    .close_idle = close_idle,
    .free = free_transport,
};

struct transport *transport_custom_new(void *settings, const struct transport_host *host) {
    const struct custom_settings *custom = settings;
    struct transport_custom *transport = env_alloc(custom->env, sizeof(*transport));
    if (!transport)
        return NULL;
    transport->base.class = &class_of_custom;
    transport->settings = custom;
    transport->host = *host;
    atomic_init(&transport->ending, 0);
    return &transport->base;
}
