/* Races through nginx, over HTTP/1.1 and HTTP/2: attempts that are under way at the same time never share a connection,
 * so that none of them waits behind what it is to overtake. The test is nginx's upstream: it takes all requests of a
 * call, looks at the connections on which they came, and then answers. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "nginx_load.h"
#include "nginx_site.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROUNDS = 10, RACERS = 4 };

static struct nginx_site site;

struct held {
    int upstream;
    long connection; /* -1: nobody told */
};

static struct held take(void) {
    char head[4096];
    struct held held = {.upstream = nginx_take_held(&site.nginx, head, sizeof head), .connection = -1};
    const char *told = held.upstream < 0 ? NULL : strstr(head, "X-Connection: ");
    if (told != NULL) {
        held.connection = strtol(told + strlen("X-Connection: "), NULL, 10);
    }
    return held;
}

static void answer_with(struct held *held, int status, const char *header) {
    char text[512];
    int len = snprintf(text, sizeof text, "HTTP/1.0 %d Told\r\n%sContent-Length: 5\r\n\r\nhello", status, header);
    if (held->upstream >= 0) {
        (void)!send(held->upstream, text, (size_t)len, MSG_NOSIGNAL);
        close(held->upstream);
        held->upstream = -1;
    }
}

static void answer(struct held *held, int status) {
    answer_with(held, status, "");
}

static void assert_all_apart(const struct held *held) {
    for (size_t i = 0; i < RACERS; i++) {
        assert_true(held[i].connection > 0);
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(held[i].connection, held[j].connection);
        }
    }
}

static insist_race_policy *at_once(unsigned n) {
    insist_race_policy *policy = NULL;
    assert_int_equal(
        insist_race_policy_new(insist_race_at_once(n), insist_start_always(), INSIST_REFILL, NULL, &policy), INSIST_OK);
    return policy;
}

static insist_client *racing_client(const struct nginx_way *way, unsigned n) {
    insist_race_policy *race = at_once(n);
    insist_client_options options = {.size = sizeof options, .race = race, .budget = insist_budget_none()};
    insist_client *client = nginx_site_client(&site, way, &options);
    insist_race_policy_free(race);
    return client;
}

/* More racers than reactors, on a client whose connections are idle from the round before. */
static void racers_share_no_connection(void **state) {
    const struct nginx_way *way = *state;
    insist_client *client = racing_client(way, RACERS);
    insist_plan *plan = nginx_site_plan(&site, way, "GET", "/held");
    for (int round = 0; round < ROUNDS; round++) {
        struct side_call call;
        struct held held[RACERS];
        side_call_start(&call, client, plan, NULL);
        for (size_t i = 0; i < RACERS; i++) {
            held[i] = take();
        }
        for (size_t i = RACERS; i-- > 0;) {
            answer(&held[i], 200);
        }
        insist_result *result = side_call_join(&call);
        assert_all_apart(held);
        nginx_site_expect_answer(result, 200, RACERS);
        nginx_site_expect_header(result, "X-Protocol", way->protocol);
        insist_result_free(result);
    }
    insist_plan_free(plan);
    insist_client_free(client);
}

/* Sent on to another origin they stay apart: the earlier does not go out on the later's connection, nor the later on the
 * earlier's. One goes on at a time, the first first and the last first. */
static void racers_share_no_connection_behind_a_redirect(void **state) {
    const struct nginx_way *way = *state;
    insist_plan *plan = nginx_site_plan(&site, way, "GET", "/held");
    const char *scheme = way->listener == NGINX_PLAIN ? "http" : "https";
    char location[128];
    snprintf(location, sizeof location, "Location: %s://localhost:%d/held\r\n", scheme,
             (int)site.nginx.ports[way->listener]);
    for (int round = 0; round < 4; round++) {
        insist_client *client = racing_client(way, RACERS);
        struct side_call call;
        struct held held[RACERS], next[RACERS];
        side_call_start(&call, client, plan, NULL);
        for (size_t i = 0; i < RACERS; i++) {
            held[i] = take();
        }
        for (size_t i = 0; i < RACERS; i++) {
            answer_with(&held[round % 2 == 0 ? i : RACERS - 1 - i], 307, location);
            next[i] = take();
        }
        for (size_t i = 0; i < RACERS; i++) {
            answer(&next[i], 200);
        }
        insist_result *result = side_call_join(&call);
        assert_all_apart(next);
        nginx_site_expect_answer(result, 200, RACERS);
        insist_result_free(result);
        insist_client_free(client);
    }
    insist_plan_free(plan);
}

/* What replaces a racer that failed is kept apart from the one that hangs, too. */
static void replacement_shares_no_connection_with_the_hung_one(void **state) {
    const struct nginx_way *way = *state;
    insist_client *client = racing_client(way, 2);
    insist_plan *plan = nginx_site_plan(&site, way, "GET", "/held");
    for (int round = 0; round < ROUNDS; round++) {
        struct side_call call;
        side_call_start(&call, client, plan, NULL);
        struct held first = take();
        struct held second = take();
        struct held *failing = round % 2 == 0 ? &first : &second;
        struct held *hung = round % 2 == 0 ? &second : &first;
        answer(failing, 503);
        struct held replacement = take();
        answer(&replacement, 200);
        insist_result *result = side_call_join(&call);
        close(hung->upstream);
        assert_true(replacement.connection > 0);
        assert_int_not_equal(replacement.connection, hung->connection);
        nginx_site_expect_answer(result, 200, 3);
        assert_int_equal(insist_result_attempt(result, 2)->kind, INSIST_RETRIED);
        assert_int_equal(insist_result_attempt(result, 2)->why_ended, INSIST_ENDED_WON);
        insist_result_free(result);
    }
    insist_plan_free(plan);
    insist_client_free(client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(racers_share_no_connection),
        cmocka_unit_test(racers_share_no_connection_behind_a_redirect),
        cmocka_unit_test(replacement_shares_no_connection_with_the_hung_one),
    };
    return nginx_site_run(&site, tests, sizeof tests / sizeof tests[0]);
}
