/* The reactor of the wire's tests. One thread, but for the resolver's, which only put commands into the inbox. */
#include "support/wire_host.h"

#include "base/time_math.h"
#include "wire/addresses.h"
#include "wire/url.h"
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define GUARD_S 30

static void push(void *ctx, struct job *job, unsigned command) {
    struct wire_host *host = ctx;
    const unsigned long long one = 1;
    pthread_mutex_lock(&host->lock);
    if (host->commands == WIRE_COMMANDS)
        abort();
    host->inbox[host->commands++] = (struct wire_command){job, command};
    pthread_mutex_unlock(&host->lock);
    if (write(host->wake, &one, sizeof(one)) < 0)
        abort();
}

static void finished(void *ctx, struct job *job) {
    struct wire_attempt *attempt = job->tag;
    (void)ctx;
    attempt->finished++;
    mailbox_post(job->mailbox, job, NEWS_END);
}

static int resolve(void *ctx, const char *name, struct resolved *out) {
    struct wire_host *host = ctx;
    (void)name;
    if (host->hold_lookups)
        sem_wait(&host->lookup_gate);
    for (size_t i = 0; i < 4 && host->addresses[i]; i++)
        resolved_add(out, host->addresses[i]);
    return host->addresses[0] ? 0 : EAI_NONAME;
}

void wire_host_init(struct wire_host *host) {
    memset(host, 0, sizeof(*host));
    virtual_env_init(&host->world);
    host->env = fail_alloc_env(&host->memory, &host->world.env);
    host->epoll = epoll_create1(EPOLL_CLOEXEC);
    host->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(host->epoll, EPOLL_CTL_ADD, host->wake, &event);
    pthread_mutex_init(&host->lock, NULL);
    sem_init(&host->lookup_gate, 0, 0);
    if (!transport_curl_begin() || resolver_new_with(&host->env, resolve, host, &host->resolver) != INSIST_OK)
        abort();
    host->settings = (struct wire_settings){.env = &host->env,
                                            .resolver = host->resolver,
                                            .counters = &host->counters,
                                            .user_agent = "insist-test",
                                            .max_body_bytes = 1 << 20,
                                            .max_header_bytes = 64 * 1024,
                                            .idle_unsafe_s = 2,
                                            .max_redirects = 10,
                                            .max_connections = 100,
                                            .follow = true,
                                            .decode = true};
    host->host = (struct transport_host){.ctx = host, .epoll = host->epoll, .push = push, .finished = finished};
    host->next_ns = TIME_NEVER;
}

void wire_host_fini(struct wire_host *host) {
    if (host->transport)
        host->transport->class->free(host->transport);
    resolver_free(host->resolver);
    close(host->epoll);
    close(host->wake);
    pthread_mutex_destroy(&host->lock);
    sem_destroy(&host->lookup_gate);
    if (host->ca_file[0])
        unlink(host->ca_file);
}

void wire_host_trust(struct wire_host *host, const char *certificate) {
    snprintf(host->ca_file, sizeof(host->ca_file), "%s", "/tmp/insist-wire-XXXXXX");
    int fd = mkstemp(host->ca_file);
    if (fd < 0 || write(fd, certificate, strlen(certificate)) < 0)
        abort();
    close(fd);
    host->settings.ca_file = host->ca_file;
}

static int64_t now_ns(const struct wire_host *host) {
    return env_now_ns(&host->env);
}

static const struct transport_class *class_of(struct wire_host *host) {
    if (!host->transport)
        host->transport = transport_curl_new(&host->settings, &host->host);
    if (!host->transport)
        abort();
    return host->transport->class;
}

static void release_nothing(struct request *request) {
    (void)request;
}

void wire_attempt_init(struct wire_attempt *attempt, struct wire_host *host, const char *method, const char *url) {
    memset(attempt, 0, sizeof(*attempt));
    attempt->host = host;
    insist_problem problem;
    if (url_new(&host->env, url, &problem, &attempt->url) != INSIST_OK)
        abort();
    struct request *request = &attempt->request;
    atomic_init(&request->references, 1);
    request->release = release_nothing;
    request->method = method;
    request->url = attempt->url;
    request->shown_url = attempt->url->text;
    request->origin = attempt->url->origin;
    headers_init(&request->headers, &host->env);
    request->repeatable = request_method_is_repeatable(method);
    attempt->mailbox = mailbox_new(&host->env);
    attempt->job = job_new(&host->env, request, attempt->mailbox, host->settings.max_body_bytes);
    if (!attempt->mailbox || !attempt->job)
        abort();
    attempt->job->tag = attempt;
    attempt->job->may_repeat = request->repeatable;
}

void wire_attempt_body(struct wire_attempt *attempt, const void *body, size_t length) {
    attempt->request.has_body = true;
    attempt->request.body = body;
    attempt->request.body_length = length;
}

void wire_attempt_reader(struct wire_attempt *attempt, size_t length) {
    attempt->request.has_body = attempt->request.body_is_read = true;
    attempt->request.read_length = (int64_t)length;
    attempt->unread = length;
    attempt->job->upload.bytes = env_alloc(&attempt->host->env, UPLOAD_BYTES);
    if (!attempt->job->upload.bytes)
        abort();
}

void wire_attempt_fini(struct wire_attempt *attempt) {
    if (attempt->mailbox) {
        mailbox_close(attempt->mailbox);
        mailbox_release(attempt->mailbox);
    }
    job_release(attempt->job);
    headers_fini(&attempt->request.headers);
    url_free(attempt->url);
}

void wire_attempt_start(struct wire_attempt *attempt) {
    struct wire_host *host = attempt->host;
    class_of(host)->start(host->transport, attempt->job, now_ns(host));
}

void wire_attempt_stop(struct wire_attempt *attempt) {
    struct wire_host *host = attempt->host;
    atomic_store(&attempt->job->stop, true);
    class_of(host)->stop(host->transport, attempt->job);
}

void wire_attempt_read_on(struct wire_attempt *attempt) {
    struct wire_host *host = attempt->host;
    class_of(host)->read_on(host->transport, attempt->job);
}

static void read_news(struct wire_attempt *attempt) {
    struct list taken;
    insist_err interrupted;
    unsigned news;
    struct progress progress;
    list_init(&taken);
    mailbox_take(attempt->mailbox, 0, &taken, &interrupted);
    while (mailbox_read(attempt->mailbox, &taken, &news, &progress))
        attempt->news |= news;
}

void wire_attempt_feed(struct wire_attempt *attempt) {
    struct wire_host *host = attempt->host;
    struct job *job = attempt->job;
    read_news(attempt);
    if ((attempt->news & NEWS_ROOM) == 0)
        return;
    attempt->news &= ~(unsigned)NEWS_ROOM;
    size_t length = attempt->unread < UPLOAD_BYTES ? attempt->unread : UPLOAD_BYTES;
    memset(job->upload.bytes, 'x', length);
    job->upload.restart = false;
    job->upload.used = 0;
    job->upload.length = length;
    job->upload.ended = length == 0;
    attempt->unread -= length;
    class_of(host)->fed(host->transport, job);
}

static bool take_command(struct wire_host *host, struct wire_command *out) {
    pthread_mutex_lock(&host->lock);
    bool any = host->commands > 0;
    if (any) {
        *out = host->inbox[0];
        memmove(host->inbox, host->inbox + 1, --host->commands * sizeof(host->inbox[0]));
    }
    pthread_mutex_unlock(&host->lock);
    return any;
}

static void drain_wake(struct wire_host *host) {
    unsigned long long count;
    while (read(host->wake, &count, sizeof(count)) > 0)
        ;
}

void wire_turn(struct wire_host *host, bool wait) {
    struct epoll_event events[64];
    struct wire_command command;
    const struct transport_class *class = class_of(host);
    bool due = host->next_ns <= now_ns(host);
    int count = epoll_wait(host->epoll, events, 64, wait && !due ? 1000 : 0);
    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr)
            class->ready(host->transport, events[i].data.ptr, events[i].events, now_ns(host));
        else
            drain_wake(host);
    }
    while (take_command(host, &command))
        class->resolved(host->transport, command.job, now_ns(host));
    host->next_ns = class->run(host->transport, now_ns(host));
}

bool wire_run_until(struct wire_host *host, bool (*done)(void *ctx), void *ctx) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    time_t until = now.tv_sec + GUARD_S;
    wire_turn(host, false);
    while (!done(ctx)) {
        wire_turn(host, true);
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec > until)
            return false;
    }
    return true;
}

static bool has_finished(void *ctx) {
    const struct wire_attempt *attempt = ctx;
    return attempt->finished > 0;
}

bool wire_run(struct wire_attempt *attempt) {
    bool ended = wire_run_until(attempt->host, has_finished, attempt);
    read_news(attempt);
    return ended;
}

struct wanted {
    struct wire_attempt *attempt;
    unsigned news;
};

static bool has_news(void *ctx) {
    const struct wanted *wanted = ctx;
    read_news(wanted->attempt);
    return (wanted->attempt->news & wanted->news) != 0;
}

bool wire_run_until_news(struct wire_attempt *attempt, unsigned news) {
    struct wanted wanted = {attempt, news};
    return wire_run_until(attempt->host, has_news, &wanted);
}

void wire_pass_ms(struct wire_host *host, int64_t ms) {
    virtual_env_advance_ns(&host->world, ms * MS_NS);
    wire_turn(host, false);
}
