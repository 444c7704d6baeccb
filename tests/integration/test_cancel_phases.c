/* A cancel from another thread in every phase of a call. The phase is held by something that does not let go before
 * the call has returned, and the token is fired once it is certain that the call is in it: so a call that waited for
 * anything else would hang here. Looked at are causes, counts and what the other side sees, never how long it took. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cancel_scene.h"
#include "support/crowd.h"
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <poll.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BIG_BYTES ((int64_t)256 * 1024 * 1024)
/* ---- names ---- */

static sem_t lookup_entered, lookup_may_go;
static atomic_int lookups_left;

typedef int lookup_fn(const char *, const char *, const struct addrinfo *, struct addrinfo **);

/* Stands in front of the system's: hangs.test is held until the test lets it go. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out);
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out) {
    lookup_fn *real;
    void *found = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&real, &found, sizeof real);
    if (node == NULL || strcmp(node, "hangs.test") != 0)
        return real(node, service, hints, out);
    sem_post(&lookup_entered);
    while (sem_wait(&lookup_may_go) != 0)
        ;
    atomic_fetch_add(&lookups_left, 1);
    return EAI_AGAIN;
}

/* ---- before there is a connection ---- */

static void until_it_waits_for_room(void) {
    while (stats_now().waiting == 0)
        pause_a_moment();
}

static void occupy(void *shared, size_t i) {
    (void)i;
    insist_result *result = NULL;
    insist_plan *plan = plan_of("GET", at("/occupied?do=hang"));
    insist_err *err = shared;
    *err = insist_execute(client, plan, INSIST_CALL_OPTIONS(.deadline_ms = INSIST_FOREVER), &result);
    insist_result_free(result);
    insist_plan_free(plan);
}

static void in_the_queue(void **state) {
    (void)state;
    insist_err err_of_occupant = INSIST_OK;
    struct crowd *occupant = crowd_start(1, occupy, &err_of_occupant);
    assert_true(insist_testserver_wait_hits(server, "/occupied", 1, PATIENCE_MS));
    insist_result *result = cancelled_call(plan_of("GET", at("/never")), plain(), until_it_waits_for_room);
    assert_int_equal(insist_result_attempts(result), 1);
    assert_attempt(result, 0, INSIST_ENDED_CANCELLED, INSIST_NOT_SENT);
    assert_int_equal(insist_result_attempt(result, 0)->started_us, -1);
    assert_int_equal(stats_now().waiting, 0); /* its place in the queue is free at once */
    assert_int_equal(stats_now().in_flight, 1);
    insist_result_free(result);
    insist_client_free(client);
    client = NULL;
    crowd_join(occupant);
    assert_int_equal(err_of_occupant, INSIST_ESHUTDOWN);
    assert_int_equal(insist_testserver_hits(server, "/never"), 0);
}

static void until_the_lookup_hangs(void) {
    wait_for(&lookup_entered);
}

static void in_a_lookup(void **state) {
    (void)state;
    sem_init(&lookup_entered, 0, 0);
    sem_init(&lookup_may_go, 0, 0);
    insist_result *result = cancelled_call(plan_of("POST", "http://hangs.test/"), plain(), until_the_lookup_hangs);
    assert_int_equal(atomic_load(&lookups_left), 0);
    assert_int_equal(insist_result_attempts(result), 1);
    assert_attempt(result, 0, INSIST_ENDED_CANCELLED, INSIST_NOT_SENT);
    assert_string_equal(insist_result_attempt(result, 0)->address, "");
    insist_result_free(result);
    assert_nothing_follows(1);
    assert_int_equal(atomic_load(&lookups_left), 0);
    sem_post(&lookup_may_go);
}

/* Listens and never accepts, its queue full: a connection to it hangs. */
static struct {
    int listener, fillers[3];
    unsigned port;
    unsigned connecting_before;
} silence;

/* How many sockets of this network try to connect to the port (SYN_SENT, 02). */
static unsigned count_connecting(unsigned port) {
    char line[256];
    unsigned remote, status, count = 0;
    FILE *in = fopen("/proc/net/tcp", "re");
    assert_non_null(in);
    while (fgets(line, sizeof line, in) != NULL)
        count += sscanf(line, " %*u: %*x:%*x %*x:%x %x", &remote, &status) == 2 && remote == port && status == 2;
    fclose(in);
    return count;
}

static void silence_begin(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    silence.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(silence.listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(silence.listener, 0), 0);
    assert_int_equal(getsockname(silence.listener, (struct sockaddr *)&address, &length), 0);
    for (size_t i = 0; i < 3; i++) {
        silence.fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        connect(silence.fillers[i], (struct sockaddr *)&address, length);
    }
    struct pollfd first = {.fd = silence.fillers[0], .events = POLLOUT};
    assert_int_equal(poll(&first, 1, PATIENCE_MS), 1);
    silence.port = ntohs(address.sin_port);
    silence.connecting_before = count_connecting(silence.port);
}

static void silence_end(void) {
    for (size_t i = 0; i < 3; i++)
        close(silence.fillers[i]);
    close(silence.listener);
}

static void until_it_connects(void) {
    while (count_connecting(silence.port) <= silence.connecting_before)
        pause_a_moment();
}

static void in_a_connect(void **state) {
    (void)state;
    char url[64], address[64];
    silence_begin();
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", silence.port);
    snprintf(address, sizeof address, "127.0.0.1:%u", silence.port);
    insist_result *result = cancelled_call(plan_of("POST", url), plain(), until_it_connects);
    assert_int_equal(insist_result_attempts(result), 1);
    assert_attempt(result, 0, INSIST_ENDED_CANCELLED, INSIST_NOT_SENT);
    assert_string_equal(insist_result_attempt(result, 0)->address, address);
    assert_int_equal(insist_result_attempt(result, 0)->connected_us, -1);
    insist_result_free(result);
    assert_nothing_follows(1);
    while (count_connecting(silence.port) > silence.connecting_before)
        pause_a_moment();
    silence_end();
}

/* Accepts, and never answers a handshake. */
static struct { int listener, accepted; } mute;

static void until_the_handshake_hangs(void) {
    char byte;
    mute.accepted = accept(mute.listener, NULL, NULL);
    while (recv(mute.accepted, &byte, 1, MSG_PEEK) != 1)
        ;
}

static void in_a_handshake(void **state) {
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    char url[64], bytes[4096];
    mute.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(mute.listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(mute.listener, 4), 0);
    assert_int_equal(getsockname(mute.listener, (struct sockaddr *)&address, &length), 0);
    snprintf(url, sizeof url, "https://127.0.0.1:%u/", ntohs(address.sin_port));
    insist_result *result = cancelled_call(plan_of("POST", url), plain(), until_the_handshake_hangs);
    assert_int_equal(insist_result_attempts(result), 1);
    assert_attempt(result, 0, INSIST_ENDED_CANCELLED, INSIST_NOT_SENT);
    insist_result_free(result);
    while (recv(mute.accepted, bytes, sizeof bytes, 0) > 0)
        ; /* behind the handshake's beginning the client is gone */
    assert_nothing_follows(1);
    struct pollfd other = {.fd = mute.listener, .events = POLLIN};
    assert_int_equal(poll(&other, 1, 0), 0); /* and nobody else came */
    close(mute.accepted);
    close(mute.listener);
}

/* ---- with a request under way ---- */

static void until_one_is_held(void) {
    insist_testserver_wait_held(server, 1, PATIENCE_MS);
}

static void before_the_headers(void **state) {
    (void)state;
    insist_result *result = cancelled_call(plan_of("POST", at("/held?do=hold=/never>=1")), plain(), until_one_is_held);
    assert_int_equal(insist_result_attempts(result), 1);
    assert_attempt(result, 0, INSIST_ENDED_CANCELLED, INSIST_MAYBE_SENT);
    insist_result_free(result);
    assert_nothing_follows(1);
    assert_gone("/held", 1);
}

/* How far it got never goes back: what was given up behind a redirect had been answered. */
static void behind_a_redirect(void **state) {
    (void)state;
    assert_int_equal(insist_testserver_script(server, "/led", "hold=/never>=1", NULL), INSIST_OK);
    insist_result *result = cancelled_call(plan_of("GET", at("/lead?do=redirect=/led")), plain(), until_one_is_held);
    assert_int_equal(insist_result_attempts(result), 1);
    assert_attempt(result, 0, INSIST_ENDED_CANCELLED, INSIST_ANSWERED);
    assert_int_equal(insist_result_attempt(result, 0)->status, 0);
    insist_result_free(result);
    assert_nothing_follows(1);
    assert_gone("/led", 1);
}

static void within_the_headers(void **state) {
    (void)state;
    insist_result *result = cancelled_call(plan_of("GET", at("/half?do=stall=headers")), plain(), until_one_is_held);
    assert_int_equal(insist_result_attempts(result), 1);
    assert_attempt(result, 0, INSIST_ENDED_CANCELLED, INSIST_MAYBE_SENT);
    insist_result_free(result);
    assert_nothing_follows(1);
    assert_gone("/half", 1);
}

static void until_the_headers_are_here(void) {
    wait_for(&reached);
    until_one_is_held();
}

static void cancel_in_the_body(const char *target, const char *path) {
    assert_int_equal(insist_handlers_push(handlers, INSIST_BEFORE_READ_BODY, note_reached, NULL), INSIST_OK);
    insist_result *result = cancelled_call(plan_of("GET", at(target)), plain(), until_the_headers_are_here);
    assert_int_equal(insist_result_attempts(result), 1);
    assert_attempt(result, 0, INSIST_ENDED_CANCELLED, INSIST_ANSWERED);
    assert_int_equal(insist_result_attempt(result, 0)->status, 200);
    insist_result_free(result);
    assert_nothing_follows(1);
    assert_gone(path, 1);
}

static void in_a_body_that_stalls(void **state) {
    (void)state;
    cancel_in_the_body("/stalls?do=stall=body@100;size=1000", "/stalls");
}

static void until_the_headers_of_the_drip_are_here(void) {
    wait_for(&reached);
}

static void in_a_body_that_drips(void **state) {
    (void)state;
    assert_int_equal(insist_handlers_push(handlers, INSIST_BEFORE_READ_BODY, note_reached, NULL), INSIST_OK);
    insist_result *result = cancelled_call(plan_of("GET", at("/drips?do=200;size=1MB;drip=5ms/1")), plain(),
                                           until_the_headers_of_the_drip_are_here);
    assert_attempt(result, 0, INSIST_ENDED_CANCELLED, INSIST_ANSWERED);
    insist_result_free(result);
    assert_nothing_follows(1);
    assert_gone("/drips", 1);
}

/* ---- between attempts ---- */

static void until_the_retry_is_scheduled(void) {
    wait_for(&reached);
}

static void in_the_wait_for_a_retry(void **state) {
    (void)state;
    assert_int_equal(insist_handlers_push(handlers, INSIST_RETRY_SCHEDULED, note_reached, NULL), INSIST_OK);
    insist_result *result =
        cancelled_call(plan_of("GET", at("/later?do=503;retry-after=20")), plain(), until_the_retry_is_scheduled);
    assert_int_equal(insist_result_attempts(result), 1);
    assert_attempt(result, 0, INSIST_ENDED_RETRYABLE, INSIST_ANSWERED);
    assert_int_equal(insist_result_status(result), 503); /* the most useful outcome so far */
    assert_int_equal(events[INSIST_RETRY_SCHEDULED], 1);
    insist_result_free(result);
    assert_nothing_follows(1);
    assert_int_equal(insist_testserver_hits(server, "/later"), 1);
}

static void until_two_race(void) {
    insist_testserver_wait_held(server, 2, PATIENCE_MS);
}

/* Two are under way, the third would start in an hour. */
static void between_racing_attempts(void **state) {
    (void)state;
    static const int64_t offsets[] = {1, 3600000};
    insist_race_policy *race = NULL;
    assert_int_equal(
        insist_race_policy_new(insist_race_static_ms(offsets, 2), insist_start_always(), INSIST_REFILL, NULL, &race),
        INSIST_OK);
    insist_call_options options = plain();
    options.race = race;
    insist_result *result = cancelled_call(plan_of("GET", at("/race?do=hang")), options, until_two_race);
    assert_int_equal(insist_result_racing(result), INSIST_RACING_ON);
    assert_int_equal(insist_result_attempts(result), 2);
    assert_attempt(result, 0, INSIST_ENDED_CANCELLED, INSIST_MAYBE_SENT);
    assert_attempt(result, 1, INSIST_ENDED_CANCELLED, INSIST_MAYBE_SENT);
    assert_int_equal(insist_result_attempt(result, 1)->kind, INSIST_HEDGE);
    insist_result_free(result);
    assert_nothing_follows(2);
    assert_gone("/race", 2);
    insist_race_policy_free(race);
}

/* ---- in user code ---- */

static sem_t fired;
static size_t pieces;
static bool waits_inside; /* user code does not return before the token has been fired */

static void until_user_code_runs_then_fire(void) {
    wait_for(&reached);
    if (waits_inside) {
        insist_cancel_fire(cancel);
        sem_post(&fired);
    } else {
        until_one_is_held(); /* the server has sent, or taken, what it will */
    }
}

static void pass_through_user_code(void) {
    pieces++;
    if (pieces > 1)
        return;
    sem_post(&reached);
    if (waits_inside)
        wait_for(&fired);
}

static int take_piece(void *ctx, const void *data, size_t length) {
    (void)ctx;
    (void)data;
    (void)length;
    pass_through_user_code();
    return 0;
}

static void cancel_while_streaming(const char *target, bool inside) {
    insist_sink sink = {.write = take_piece};
    insist_call_options options = plain();
    options.sink = &sink;
    sem_init(&fired, 0, 0);
    pieces = 0;
    waits_inside = inside;
    insist_result *result = cancelled_call(plan_of("GET", at(target)), options, until_user_code_runs_then_fire);
    assert_int_equal(insist_result_attempts(result), 1);
    assert_attempt(result, 0, INSIST_ENDED_CANCELLED, INSIST_ANSWERED);
    insist_result_free(result);
    assert_nothing_follows(1);
    assert_gone("/stream", 1);
}

static void between_pieces_for_a_sink(void **state) {
    (void)state;
    cancel_while_streaming("/stream?do=stall=body@100000;size=200000", false);
}

static void inside_a_sink(void **state) {
    (void)state;
    cancel_while_streaming("/stream?do=200;endless", true);
    assert_true(pieces <= 2); /* what had come meanwhile goes before a cancel, and nothing follows it */
}

static int64_t give_bytes(void *ctx, void *buffer, size_t room) {
    (void)ctx;
    memset(buffer, 'x', room);
    pass_through_user_code();
    return (int64_t)room;
}

static void cancel_while_reading(bool inside) {
    insist_plan *plan = plan_of("PUT", at("/upload?do=unread;hang"));
    insist_reader reader = {.read = give_bytes, .length = BIG_BYTES};
    assert_int_equal(insist_plan_set_body_reader(plan, &reader), INSIST_OK);
    sem_init(&fired, 0, 0);
    pieces = 0;
    waits_inside = inside;
    insist_result *result = cancelled_call(plan, plain(), until_user_code_runs_then_fire);
    assert_int_equal(insist_result_attempts(result), 1);
    assert_attempt(result, 0, INSIST_ENDED_CANCELLED, INSIST_MAYBE_SENT);
    insist_result_free(result);
    assert_nothing_follows(1);
    assert_true(insist_testserver_hits(server, "/upload") <= 1);
}

static void between_pieces_of_a_reader(void **state) {
    (void)state;
    cancel_while_reading(false);
    assert_int_equal(insist_testserver_hits(server, "/upload"), 1);
}

static void inside_a_reader(void **state) {
    (void)state;
    cancel_while_reading(true);
    assert_true(pieces <= 2); /* it may have been asked for more already */
}

static int fire_from_within(void *ctx, insist_event event, insist_execution *execution) {
    (void)ctx;
    (void)event;
    (void)execution;
    sem_post(&reached);
    wait_for(&fired);
    return 0;
}

/* A handler holds the call up behind an attempt whose retry is due at once: it is not started any more. */
static void inside_a_handler(void **state) {
    (void)state;
    insist_retry_policy *at_once = NULL;
    insist_decider decider = insist_retry_and(insist_retry_times(5), insist_retry_standard());
    assert_int_equal(insist_retry_policy_new(decider, insist_wait_constant_ms(0), NULL, &at_once), INSIST_OK);
    insist_call_options options = plain();
    options.retry = at_once;
    sem_init(&fired, 0, 0);
    waits_inside = true;
    assert_int_equal(insist_handlers_push(handlers, INSIST_AFTER_ATTEMPT, fire_from_within, NULL), INSIST_OK);
    insist_result *result =
        cancelled_call(plan_of("GET", at("/again?do=503")), options, until_user_code_runs_then_fire);
    assert_int_equal(insist_result_attempts(result), 1);
    assert_attempt(result, 0, INSIST_ENDED_RETRYABLE, INSIST_ANSWERED);
    insist_result_free(result);
    assert_nothing_follows(1);
    assert_int_equal(insist_testserver_hits(server, "/again"), 1);
    insist_retry_policy_free(at_once);
}

/* Nothing is started any more behind the user code in which the token was fired, not even the first attempt. */
static void inside_a_handler_before(insist_event event, size_t attempts) {
    sem_init(&fired, 0, 0);
    waits_inside = true;
    assert_int_equal(insist_handlers_push(handlers, event, fire_from_within, NULL), INSIST_OK);
    insist_result *result = cancelled_call(plan_of("POST", at("/never")), plain(), until_user_code_runs_then_fire);
    assert_int_equal(insist_result_attempts(result), attempts);
    if (attempts > 0) {
        assert_attempt(result, 0, INSIST_ENDED_CANCELLED, INSIST_NOT_SENT);
        assert_int_equal(insist_result_attempt(result, 0)->started_us, -1);
    }
    insist_result_free(result);
    assert_nothing_follows(0);
    assert_int_equal(insist_testserver_hits(server, "/never"), 0);
}

static void inside_a_handler_before_the_call(void **state) {
    (void)state;
    inside_a_handler_before(INSIST_BEFORE_EXECUTION_START, 0);
}

static void inside_a_handler_before_an_attempt(void **state) {
    (void)state;
    inside_a_handler_before(INSIST_BEFORE_ATTEMPT, 1);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, scene_begin, scene_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(in_the_queue, scene_begin_with_room_for_one, scene_end),
        CASE(in_a_lookup),
        CASE(in_a_connect),
        CASE(in_a_handshake),
        CASE(before_the_headers),
        CASE(behind_a_redirect),
        CASE(within_the_headers),
        CASE(in_a_body_that_stalls),
        CASE(in_a_body_that_drips),
        CASE(in_the_wait_for_a_retry),
        CASE(between_racing_attempts),
        CASE(between_pieces_for_a_sink),
        CASE(inside_a_sink),
        CASE(between_pieces_of_a_reader),
        CASE(inside_a_reader),
        CASE(inside_a_handler),
        CASE(inside_a_handler_before_the_call),
        CASE(inside_a_handler_before_an_attempt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
