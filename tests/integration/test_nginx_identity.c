/* Many calls through nginx at once, each asking for bytes that tell whose they are, whole or cut off, large or small: to
 * buffers and sinks, with and without handlers that look at the headers, with deadlines that pass in the middle and sinks
 * that refuse. Not one call is handed a byte of another's. The test is nginx's upstream. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "nginx_site.h"
#include "support/crowd.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CALLERS = 12, CALLS = 120, UPSTREAMS = 8, SMALL = 5, LARGE = 100 * 1000 };

static struct nginx_site site;

/* A call's number tells all about it. */
static char byte_of(size_t id) {
    return (char)('a' + id % 26);
}

static size_t length_of(size_t id) {
    return id % 3 == 0 ? LARGE : SMALL;
}

static bool is_cut(size_t id) {
    return id % 7 == 0;
}

/* ---- the upstream -------------------------------------------------------------------------------------------------- */

static void answer(int connection) {
    char head[4096], *text = malloc(LARGE + 200);
    size_t got = 0;
    for (ssize_t n; got < sizeof head - 1 && (n = recv(connection, head + got, sizeof head - 1 - got, 0)) > 0;) {
        got += (size_t)n;
        head[got] = '\0';
        if (strstr(head, "\r\n\r\n") != NULL)
            break;
    }
    const char *told = got > 0 ? strstr(head, "id=") : NULL;
    if (told != NULL && text != NULL) {
        size_t id = strtoul(told + 3, NULL, 10), length = length_of(id);
        int begun = snprintf(text, 200, "HTTP/1.0 200 OK\r\nContent-Length: %zu\r\n\r\n", length);
        size_t sent = is_cut(id) ? length / 2 : length;
        memset(text + begun, byte_of(id), sent);
        (void)!send(connection, text, (size_t)begun + sent, MSG_NOSIGNAL);
    }
    free(text);
    close(connection);
}

struct upstream {
    pthread_t threads[UPSTREAMS];
    int quit[2]; /* a pipe whose end is their end */
};

static void *serve(void *ctx) {
    const struct upstream *upstream = ctx;
    struct pollfd waits[] = {{.fd = site.nginx.held, .events = POLLIN}, {.fd = upstream->quit[0], .events = POLLIN}};
    while (poll(waits, 2, -1) >= 0 && waits[1].revents == 0) {
        int connection = accept4(site.nginx.held, NULL, NULL, SOCK_CLOEXEC);
        if (connection >= 0)
            answer(connection);
    }
    return NULL;
}

/* ---- the callers --------------------------------------------------------------------------------------------------- */

struct scene {
    const struct nginx_way *way;
    insist_client *client;
    insist_handlers *handlers;
    atomic_size_t foreign, wrong_lengths, answered;
};

struct taken {
    struct scene *scene;
    size_t id, length;
};

static void look(struct scene *scene, size_t id, const char *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != byte_of(id)) {
            atomic_fetch_add(&scene->foreign, 1);
            return;
        }
    }
}

static int take(void *ctx, const void *data, size_t length) {
    struct taken *taken = ctx;
    look(taken->scene, taken->id, data, length);
    taken->length += length;
    return taken->id % 11 == 0 ? -1 : 0;
}

static int go_on(void *ctx, insist_event event, insist_execution *execution) {
    (void)ctx;
    (void)event;
    (void)execution;
    return 0;
}

static void judge(struct taken *taken, const insist_result *result, insist_err err, bool to_sink) {
    struct scene *scene = taken->scene;
    size_t length = 0;
    const char *body = insist_result_body(result, &length);
    if (insist_result_status(result) != 200)
        return;
    look(scene, taken->id, body, length);
    if (err != INSIST_OK)
        return;
    atomic_fetch_add(&scene->answered, 1);
    if ((to_sink ? taken->length : length) != length_of(taken->id))
        atomic_fetch_add(&scene->wrong_lengths, 1);
}

static void call_once(struct scene *scene, size_t id) {
    char path[64];
    snprintf(path, sizeof path, "/held?id=%zu", id);
    struct taken taken = {.scene = scene, .id = id};
    const insist_sink sink = {.write = take, .ctx = &taken};
    insist_call_options options = {.size = sizeof options};
    insist_plan *plan = NULL;
    insist_result *result = NULL;
    bool to_sink = id / 2 % 2 == 0;
    if (to_sink)
        options.sink = &sink;
    if (id % 4 != 0)
        options.handlers = scene->handlers;
    if (id % 5 == 0)
        options.deadline_ms = (int64_t)(1 + id % 17);
    if (insist_plan_new("GET", nginx_site_url(&site, scene->way, path).text, NULL, &plan) != INSIST_OK)
        return;
    insist_err err = insist_execute(scene->client, plan, &options, &result);
    judge(&taken, result, err, to_sink);
    insist_result_free(result);
    insist_plan_free(plan);
}

static void call_all(void *shared, size_t caller) {
    for (size_t i = 0; i < CALLS; i++)
        call_once(shared, caller * CALLS + i);
}

/* ---- all of it ----------------------------------------------------------------------------------------------------- */

static void each_call_gets_its_own_bytes(void **state) {
    struct upstream upstream;
    struct scene scene = {.way = *state, .client = nginx_site_lone_client(&site, *state)};
    assert_int_equal(pipe(upstream.quit), 0);
    assert_int_equal(insist_handlers_new(&scene.handlers), INSIST_OK);
    assert_int_equal(insist_handlers_push(scene.handlers, INSIST_BEFORE_READ_BODY, go_on, NULL), INSIST_OK);
    for (size_t i = 0; i < UPSTREAMS; i++)
        assert_int_equal(pthread_create(&upstream.threads[i], NULL, serve, &upstream), 0);
    struct crowd *callers = crowd_start(CALLERS, call_all, &scene);
    crowd_join(callers);
    close(upstream.quit[1]);
    for (size_t i = 0; i < UPSTREAMS; i++)
        assert_int_equal(pthread_join(upstream.threads[i], NULL), 0);
    close(upstream.quit[0]);
    insist_client_free(scene.client);
    insist_handlers_free(scene.handlers);
    assert_int_equal(scene.foreign, 0);
    assert_int_equal(scene.wrong_lengths, 0);
    assert_true(scene.answered > CALLERS * CALLS / 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_call_gets_its_own_bytes)};
    /* Of several threads that see a connection one gets it. */
    if (!nginx_site_start(&site) || fcntl(site.nginx.held, F_SETFL, O_NONBLOCK) != 0) {
        return nginx_site_stop(&site, 1);
    }
    return nginx_site_stop(&site, nginx_site_run_each_way(tests, 1));
}
