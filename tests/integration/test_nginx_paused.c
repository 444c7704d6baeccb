/* Bodies that libcurl holds back while a handler looks at the headers, and that nobody wants any more: the call gives up,
 * or the server resets the stream, while another call's request is under way on the same connection. Not a byte of them
 * comes with another call's body, and their memory is freed. The test is nginx's upstream for some of the requests. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "nginx_load.h"
#include "nginx_site.h"
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROUNDS = 20, OTHERS = 4, HALF_BYTES = 40 * 1000 };

/* In nginx's words. */
#define CUT "upstream prematurely closed"

static struct nginx_site site;

/* A call whose body is held back, beside one whose answer is still out. */
struct scene {
    const struct nginx_way *way;
    insist_client *client;
    pthread_t upstream_thread; /* makes */
    int upstream;              /* the upstream's connection of the body that is held back; -1: it failed */
    long resets;               /* before this one */
};

static void expect_small_bodies(const struct scene *scene, const insist_handlers *handlers, int times) {
    insist_plan *plan = nginx_site_plan(&site, scene->way, "GET", "/small.txt");
    for (int i = 0; i < times; i++) {
        insist_result *result = NULL;
        assert_int_equal(insist_execute(scene->client, plan, INSIST_CALL_OPTIONS(.handlers = handlers), &result),
                         INSIST_OK);
        nginx_site_expect_body(result, SITE_SMALL, strlen(SITE_SMALL));
        insist_result_free(result);
    }
    insist_plan_free(plan);
}

/* ---- what happens while a body is held back ------------------------------------------------------------------------ */

/* An answer that comes later on the same connection has passed what is held back. */
static int go_on(void *ctx, insist_event event, insist_execution *execution) {
    (void)event;
    (void)execution;
    expect_small_bodies(ctx, NULL, 2);
    return 0;
}

static int give_up(void *ctx, insist_event event, insist_execution *execution) {
    go_on(ctx, event, execution);
    return 1;
}

/* The end of the upstream's connection in the middle of the body is a reset of the stream. */
static int have_it_reset(void *ctx, insist_event event, insist_execution *execution) {
    struct scene *scene = ctx;
    go_on(ctx, event, execution);
    assert_int_equal(pthread_join(scene->upstream_thread, NULL), 0);
    assert_true(scene->upstream >= 0);
    close(scene->upstream);
    assert_true(nginx_wait_lines_with(&site.nginx, "error.log", CUT, scene->resets + 1));
    return go_on(ctx, event, execution);
}

/* The upstream, on a thread of its own: half a body, and silence. */
static void *send_half_a_body(void *ctx) {
    struct scene *scene = ctx;
    char text[HALF_BYTES + 100];
    scene->upstream = nginx_take_held(&site.nginx, text, sizeof text);
    int head = snprintf(text, sizeof text, "HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n", 2 * HALF_BYTES);
    memset(text + head, 'x', HALF_BYTES);
    if (scene->upstream >= 0)
        (void)!send(scene->upstream, text, (size_t)head + HALF_BYTES, MSG_NOSIGNAL);
    return NULL;
}

static insist_handlers *handlers_of(insist_handler_fn *handler, struct scene *scene) {
    insist_handlers *handlers = NULL;
    assert_int_equal(insist_handlers_new(&handlers), INSIST_OK);
    assert_int_equal(insist_handlers_push(handlers, INSIST_BEFORE_READ_BODY, handler, scene), INSIST_OK);
    return handlers;
}

static size_t used_bytes(void) {
    const struct mallinfo2 heap = mallinfo2();
    return heap.uordblks + heap.hblkhd;
}

/* Those that come after it are held back for a moment, too: what is left would come with them. */
static void beside_another(const struct nginx_way *way, void (*call)(struct scene *scene)) {
    struct scene scene = {.way = way, .client = nginx_site_lone_client(&site, way), .upstream = -1};
    insist_handlers *handlers = handlers_of(go_on, &scene);
    insist_plan *plan = nginx_site_plan(&site, way, "GET", "/held");
    struct side_call other;
    char head[4096];
    size_t before = 0;
    side_call_start(&other, scene.client, plan, NULL);
    int upstream = nginx_take_held(&site.nginx, head, sizeof head);
    assert_true(upstream >= 0);
    for (int round = 0; round < ROUNDS; round++) {
        call(&scene);
        expect_small_bodies(&scene, handlers, OTHERS);
        if (round == ROUNDS / 4) /* all that is made once is there */
            before = used_bytes();
    }
    assert_true(used_bytes() < before + (ROUNDS / 4) * (size_t)HALF_BYTES);
    close(upstream);
    insist_result_free(side_call_join(&other));
    insist_plan_free(plan);
    insist_handlers_free(handlers);
    insist_client_free(scene.client);
}

/* ---- the cases ----------------------------------------------------------------------------------------------------- */

static void give_a_call_up(struct scene *scene) {
    insist_plan *plan = nginx_site_plan(&site, scene->way, "GET", "/slow.bin");
    insist_handlers *handlers = handlers_of(give_up, scene);
    insist_result *result = NULL;
    assert_int_equal(insist_execute(scene->client, plan, INSIST_CALL_OPTIONS(.handlers = handlers), &result),
                     INSIST_EHANDLER);
    insist_result_free(result);
    insist_handlers_free(handlers);
    insist_plan_free(plan);
}

static void a_call_that_gives_up_leaves_nothing(void **state) {
    beside_another(*state, give_a_call_up);
}

static void reset_a_stream(struct scene *scene) {
    insist_plan *plan = nginx_site_plan(&site, scene->way, "GET", "/held");
    insist_handlers *handlers = handlers_of(have_it_reset, scene);
    insist_result *result = NULL;
    long cut = nginx_count_lines_with(&site.nginx, "error.log", CUT);
    scene->resets = cut > 0 ? cut : 0;
    assert_int_equal(pthread_create(&scene->upstream_thread, NULL, send_half_a_body, scene), 0);
    assert_int_not_equal(insist_execute(scene->client, plan, INSIST_CALL_OPTIONS(.handlers = handlers), &result),
                         INSIST_OK);
    nginx_site_expect_error(result, insist_result_error(result), INSIST_STOPPED, INSIST_ANSWERED);
    insist_result_free(result);
    insist_handlers_free(handlers);
    insist_plan_free(plan);
}

static void a_stream_that_is_reset_leaves_nothing(void **state) {
    beside_another(*state, reset_a_stream);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_that_gives_up_leaves_nothing),
        cmocka_unit_test(a_stream_that_is_reset_leaves_nothing),
    };
    return nginx_site_run(&site, tests, sizeof tests / sizeof tests[0]);
}
