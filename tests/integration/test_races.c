/* Races over real sockets: who wins, that nobody waits for a loser, what is kept apart, what is held back and refused.
 *
 * Losers hang in whatever a test lets go of only after the call has returned: if the caller waited for one, the test
 * would hang. Where the order matters a handler holds the hedge back until the first attempt hangs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/raw_server.h"
#include <arpa/inet.h>
#include <dlfcn.h>
#include <insist/insist.h>
#include <insist/testserver.h>
#include <netdb.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 30000

/* ---- names ---- */

static sem_t lookup_entered, lookup_may_go;
static atomic_int lookups_left;

typedef int lookup_fn(const char *, const char *, const struct addrinfo *, struct addrinfo **);

/* Stands in front of the system's: hangs.test is held until the test lets it go, two.test has two addresses, three.test
 * has three, and 150-1.late.test and the like take that many milliseconds. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out);
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **out) {
    lookup_fn *real;
    void *found = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&real, &found, sizeof real);
    if (node != NULL && strcmp(node, "two.test") == 0) {
        int code = real("127.0.0.1", service, hints, out);
        return code != 0 ? code : real("127.0.0.2", service, hints, &(*out)->ai_next);
    }
    if (node != NULL && strcmp(node, "three.test") == 0) {
        int code = getaddrinfo("two.test", service, hints, out);
        struct addrinfo *last = code == 0 ? *out : NULL;
        while (last != NULL && last->ai_next != NULL)
            last = last->ai_next;
        return last == NULL ? code : real("127.0.0.3", service, hints, &last->ai_next);
    }
    if (node != NULL && strstr(node, ".late.test") != NULL) {
        nanosleep(&(struct timespec){.tv_nsec = strtol(node, NULL, 10) * 1000000L}, NULL);
        return real("127.0.0.1", service, hints, out);
    }
    if (node == NULL || strcmp(node, "hangs.test") != 0)
        return real(node, service, hints, out);
    sem_post(&lookup_entered);
    while (sem_wait(&lookup_may_go) != 0)
        ;
    atomic_fetch_add(&lookups_left, 1);
    return EAI_AGAIN;
}

/* ---- a client without limits in time ---- */

static insist_testserver *server;
static insist_client *client;
static insist_timeout_policy *patient;
static insist_race_policy *two, *three; /* at once */
static char url[256];

static insist_race_policy *race_of(insist_scheduler scheduler, insist_wave_mode mode) {
    insist_race_policy *policy = NULL;
    assert_int_equal(insist_race_policy_new(scheduler, insist_start_always(), mode, NULL, &policy), INSIST_OK);
    return policy;
}

static insist_retry_policy *retries_of(unsigned n) {
    insist_retry_policy *policy = NULL;
    insist_decider decider = insist_retry_and(insist_retry_times(n), insist_retry_standard());
    assert_int_equal(insist_retry_policy_new(decider, insist_wait_constant_ms(1), NULL, &policy), INSIST_OK);
    return policy;
}

static int begin(void **state) {
    (void)state;
    sem_init(&lookup_entered, 0, 0);
    sem_init(&lookup_may_go, 0, 0);
    atomic_store(&lookups_left, 0);
    two = race_of(insist_race_at_once(2), INSIST_REFILL);
    three = race_of(insist_race_at_once(3), INSIST_REFILL);
    if (insist_timeout_infinite_new(NULL, &patient) != INSIST_OK)
        return -1;
    const insist_client_options *options =
        INSIST_CLIENT_OPTIONS(.timeout = patient, .deadline_ms = INSIST_FOREVER, .budget = insist_budget_none());
    return insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.bind = "0.0.0.0"), NULL, &server) == INSIST_OK &&
                   insist_client_new(options, NULL, &client) == INSIST_OK
               ? 0
               : -1;
}

static int end(void **state) {
    (void)state;
    insist_client_free(client);
    insist_testserver_free(server);
    insist_timeout_policy_free(patient);
    insist_race_policy_free(two);
    insist_race_policy_free(three);
    return 0;
}

static const char *at(const char *host, const char *path) {
    snprintf(url, sizeof url, "http://%s:%u%s", host, insist_testserver_port(server), path);
    return url;
}

static void script(const char *path, const char *text) {
    insist_problem problem = {0};
    insist_err err = insist_testserver_script(server, path, text, &problem);
    if (err != INSIST_OK)
        print_error("%s\n", problem.text);
    assert_int_equal(err, INSIST_OK);
}

static insist_result *call_with(insist_client *with, const char *method, const char *where,
                                const insist_call_options *options) {
    insist_plan *plan = NULL;
    insist_result *result = NULL;
    assert_int_equal(insist_plan_new(method, where, NULL, &plan), INSIST_OK);
    insist_err err = insist_execute(with, plan, options, &result);
    insist_plan_free(plan);
    assert_non_null(result);
    assert_int_equal(insist_result_error(result), err);
    return result;
}

static insist_result *call(const char *path, const insist_call_options *options) {
    return call_with(client, "GET", at("127.0.0.1", path), options);
}

static const insist_attempt_record *winner_of(const insist_result *result) {
    for (size_t i = 0; i < insist_result_attempts(result); i++)
        if (insist_result_attempt(result, i)->why_ended == INSIST_ENDED_WON)
            return insist_result_attempt(result, i);
    fail_msg("nobody won: %s", insist_result_explain(result));
    return NULL;
}

static size_t count_ends(const insist_result *result, insist_why_ended why) {
    size_t n = 0;
    for (size_t i = 0; i < insist_result_attempts(result); i++)
        n += insist_result_attempt(result, i)->why_ended == why;
    return n;
}

/* ---- the winner ---- */

struct probe {
    insist_client *other;
    unsigned ends, wanted;
};

/* The slow answer is only let go when so many others have ended and were judged. */
static int let_the_slow_one_go(void *ctx, insist_event event, insist_execution *execution) {
    struct probe *probe = ctx;
    insist_result *result = NULL;
    (void)event;
    (void)execution;
    if (++probe->ends != probe->wanted)
        return 0;
    insist_err err = insist_get(probe->other, at("127.0.0.1", "/probe"), &result);
    insist_result_free(result);
    return err == INSIST_OK ? 0 : 1;
}

static void slow_answer_wins_although_the_retries_are_used_up(void **state) { /* httpx cancels it */
    (void)state;
    insist_retry_policy *once = retries_of(1);
    insist_handlers *handlers = NULL;
    struct probe probe = {.wanted = 3};
    assert_int_equal(insist_client_new(NULL, NULL, &probe.other), INSIST_OK);
    assert_int_equal(insist_handlers_new(&handlers), INSIST_OK);
    insist_handlers_push(handlers, INSIST_AFTER_ATTEMPT, let_the_slow_one_go, &probe);
    script("/three",
           "503;hold=/three>=3,503;hold=/three>=3,200;hold=/probe>=1," /* the three racers, all of them there */
           "503");                                                     /* the retry: the count is used up */
    insist_result *result = call("/three", INSIST_CALL_OPTIONS(.race = three, .retry = once, .handlers = handlers));
    assert_int_equal(insist_result_status(result), 200);
    assert_int_equal(insist_result_reason(result), INSIST_DONE);
    assert_int_equal(insist_result_racing(result), INSIST_RACING_ON);
    assert_int_equal(insist_result_attempts(result), 4);
    assert_int_equal(insist_testserver_hits(server, "/three"), 4);
    assert_int_not_equal(winner_of(result)->kind, INSIST_RETRIED);
    insist_result_free(result);
    insist_handlers_free(handlers);
    insist_client_free(probe.other);
    insist_retry_policy_free(once);
}

static void replacement_of_a_fast_failure_wins_while_the_first_hangs(void **state) { /* httpx waits for the first */
    (void)state;
    insist_retry_policy *retries = retries_of(3);
    script("/hung", "hang,503,200");
    insist_result *result = call("/hung", INSIST_CALL_OPTIONS(.race = two, .retry = retries));
    assert_int_equal(insist_result_status(result), 200);
    assert_int_equal(insist_result_attempts(result), 3);
    assert_int_equal(winner_of(result)->kind, INSIST_RETRIED);
    assert_int_equal(winner_of(result)->wave, 0);
    assert_int_equal(count_ends(result, INSIST_ENDED_LOST), 1);
    assert_int_equal(count_ends(result, INSIST_ENDED_RETRYABLE), 1);
    insist_result_free(result);
    insist_retry_policy_free(retries);
}

static void fastest_of_three_wins_and_the_others_are_gone(void **state) { /* pester's Concurrency(3) */
    (void)state;
    insist_race_policy *pester = race_of(insist_race_pester(3), INSIST_REFILL);
    insist_testserver_journal *journal = NULL;
    script("/pester", "200;hold=/later>=2;body=slow,200;hold=/later>=1;body=medium,200;hold=/pester>=3;body=fast");
    insist_result *result = call("/pester", INSIST_CALL_OPTIONS(.race = pester));
    assert_string_equal(insist_result_body(result, NULL), "fast");
    assert_int_equal(insist_result_attempts(result), 3);
    assert_int_equal(count_ends(result, INSIST_ENDED_LOST), 2);
    for (size_t i = 0; i < 3; i++)
        if (insist_result_attempt(result, i)->why_ended == INSIST_ENDED_LOST)
            assert_int_equal(insist_result_attempt(result, i)->error, INSIST_EREDUNDANT);
    insist_result_free(result);
    assert_true(insist_testserver_wait_idle(server, PATIENCE_MS));
    assert_int_equal(insist_testserver_journal_new(server, "/pester", NULL, &journal), INSIST_OK);
    assert_int_equal(insist_testserver_journal_count(journal), 3);
    for (size_t i = 0; i < 3; i++) /* in the order of the script's steps */
        assert_int_equal(insist_testserver_journal_at(journal, i)->client_gone, i < 2);
    insist_testserver_journal_free(journal);
    result = call_with(client, "HEAD", at("127.0.0.1", "/alone"), INSIST_CALL_OPTIONS(.race = pester));
    assert_int_equal(insist_result_attempts(result), 1);
    insist_result_free(result);
    insist_race_policy_free(pester);
}

static int count_event(void *ctx, insist_event event, insist_execution *execution) {
    (void)execution;
    ((unsigned *)ctx)[event]++;
    return 0;
}

static void every_loser_has_its_event_before_the_call_returns(void **state) {
    (void)state;
    unsigned counts[INSIST_EVENTS] = {0};
    insist_handlers *handlers = NULL;
    assert_int_equal(insist_handlers_new(&handlers), INSIST_OK);
    for (int event = 0; event < INSIST_EVENTS; event++)
        insist_handlers_push(handlers, (insist_event)event, count_event, counts);
    script("/events", "200;hold=/events>=3,hang");
    insist_result *result = call("/events", INSIST_CALL_OPTIONS(.race = three, .handlers = handlers));
    assert_int_equal(insist_result_status(result), 200);
    assert_int_equal(counts[INSIST_BEFORE_ATTEMPT], 3);
    assert_int_equal(counts[INSIST_AFTER_ATTEMPT], 3);
    assert_int_equal(counts[INSIST_AFTER_ATTEMPT_TIMEOUT], 0);
    assert_int_equal(counts[INSIST_AFTER_EXECUTION_END], 1);
    insist_result_free(result);
    insist_handlers_free(handlers);
}

/* ---- nobody waits for a loser ---- */

struct hold {
    insist_handler_fn *until; /* called before the hedge: returns once the first attempt hangs */
    void *ctx;
};

static int hold_the_hedge(void *ctx, insist_event event, insist_execution *execution) {
    const struct hold *hold = ctx;
    return insist_execution_attempt(execution) == 0 ? 0 : hold->until(hold->ctx, event, execution);
}

/* Two at once, the second not before the first hangs. */
static insist_result *race_against_a_hung_one(const char *where, struct hold hold) {
    insist_handlers *handlers = NULL;
    assert_int_equal(insist_handlers_new(&handlers), INSIST_OK);
    insist_handlers_push(handlers, INSIST_BEFORE_ATTEMPT, hold_the_hedge, &hold);
    insist_result *result = call_with(client, "GET", where, INSIST_CALL_OPTIONS(.race = two, .handlers = handlers));
    insist_handlers_free(handlers);
    assert_int_equal(insist_result_status(result), 200);
    assert_int_equal(insist_result_attempts(result), 2);
    assert_int_equal(winner_of(result)->kind, INSIST_HEDGE);
    assert_int_equal(insist_result_attempt(result, 0)->why_ended, INSIST_ENDED_LOST);
    assert_int_equal(insist_result_attempt(result, 0)->error, INSIST_EREDUNDANT);
    return result;
}

static int until_lookup_hangs(void *ctx, insist_event event, insist_execution *execution) {
    (void)ctx;
    (void)event;
    (void)execution;
    while (sem_wait(&lookup_entered) != 0)
        ;
    return 0;
}

static void loser_in_a_lookup_is_left_behind(void **state) {
    (void)state;
    script("/dns", "307=http://hangs.test/,200");
    insist_result *result = race_against_a_hung_one(at("127.0.0.1", "/dns"), (struct hold){until_lookup_hangs, NULL});
    assert_int_equal(atomic_load(&lookups_left), 0);
    insist_result_free(result);
    sem_post(&lookup_may_go);
}

struct silent {
    int listener, accepted;
};

/* Accepts, waits for the first byte, of a handshake or a request, and never answers. */
static int until_first_byte_hangs(void *ctx, insist_event event, insist_execution *execution) {
    struct silent *silent = ctx;
    char byte;
    (void)event;
    (void)execution;
    silent->accepted = accept(silent->listener, NULL, NULL);
    return silent->accepted >= 0 && recv(silent->accepted, &byte, 1, MSG_PEEK) == 1 ? 0 : 1;
}

/* Connections are made, and nobody ever speaks on them. where: its URL. */
static struct silent silent_listener(char *where, size_t size) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    struct silent silent = {.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .accepted = -1};
    assert_int_equal(bind(silent.listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(silent.listener, 4), 0);
    assert_int_equal(getsockname(silent.listener, (struct sockaddr *)&address, &length), 0);
    snprintf(where, size, "https://127.0.0.1:%u/", ntohs(address.sin_port));
    return silent;
}

static void loser_in_a_handshake_is_left_behind(void **state) {
    (void)state;
    char where[64], text[128], byte;
    struct silent silent = silent_listener(where, sizeof where);
    snprintf(text, sizeof text, "307=%s,200", where);
    script("/tls", text);
    insist_result *result =
        race_against_a_hung_one(at("127.0.0.1", "/tls"), (struct hold){until_first_byte_hangs, &silent});
    insist_result_free(result);
    while (recv(silent.accepted, &byte, 1, 0) > 0) /* it is cut by the reactor, without a word from this side */
        ;
    close(silent.accepted);
    close(silent.listener);
}

static void half_an_answer_first(struct raw_connection *connection, void *ctx) {
    (void)ctx;
    if (!raw_read_request(connection))
        return;
    if (raw_number(connection) > 1) {
        raw_send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        return;
    }
    raw_send(connection, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nthe beginning");
    raw_signal(connection);
    raw_wait(connection);
}

static int until_body_hangs(void *ctx, insist_event event, insist_execution *execution) {
    (void)event;
    (void)execution;
    return raw_server_wait_signals(ctx, 1) ? 0 : 1;
}

static void loser_in_a_body_is_left_behind(void **state) {
    (void)state;
    struct raw_server *raw = raw_server_start(NULL, half_an_answer_first, NULL);
    char where[64];
    assert_non_null(raw);
    snprintf(where, sizeof where, "http://127.0.0.1:%u/", raw_server_port(raw));
    insist_result *result = race_against_a_hung_one(where, (struct hold){until_body_hangs, raw});
    assert_string_equal(insist_result_body(result, NULL), "ok");
    insist_result_free(result);
    raw_server_release(raw);
    raw_server_free(raw);
}

/* ---- from when the delay counts ---- */

#define CONNECT_DELAY_US 250000

/* Its name is found late: the request is on the wire long after its attempt was started. False: on a busy machine so
 * late that the other delay counted, or the caller was told of it so late. */
static bool delay_counted_from_the_wire(int round, long late_ms, const insist_race_policy *race) {
    char host[32], path[32], text[64];
    snprintf(host, sizeof host, "%ld-%d.late.test", late_ms, round);
    snprintf(path, sizeof path, "/wire/%d", round);
    snprintf(text, sizeof text, "200;hold=%s>=2", path);
    script(path, text);
    insist_result *result = call_with(client, "GET", at(host, path), INSIST_CALL_OPTIONS(.race = race));
    assert_int_equal(insist_result_status(result), 200);
    assert_int_equal(insist_result_attempts(result), 2);
    int64_t sent_us = insist_result_attempt(result, 0)->sent_us;
    const insist_attempt_record *hedge = insist_result_attempt(result, 1);
    assert_true(sent_us >= late_ms * 1000);
    assert_int_equal(hedge->wait_us, 400000);
    bool counted = sent_us < CONNECT_DELAY_US && hedge->queued_us >= sent_us + hedge->wait_us;
    insist_result_free(result);
    return counted;
}

static void delay_counts_from_the_request_on_the_wire(void **state) {
    (void)state;
    const int64_t offset = 400; /* longer than what counts while it is still connecting */
    insist_race_policy *race = race_of(insist_race_static_ms(&offset, 1), INSIST_REFILL);
    bool counted = false;
    for (int round = 0; round < 60 && !counted; round++)
        counted = delay_counted_from_the_wire(round, round < 20 ? 150 : 60, race);
    assert_true(counted);
    insist_race_policy_free(race);
}

/* A busy machine may come to nothing before a deadline: then that is longer next time. */
static void one_that_still_connects_is_hedged_later(void **state) {
    (void)state;
    const int64_t offset = 1;
    char where[64];
    insist_race_policy *soon = race_of(insist_race_static_ms(&offset, 1), INSIST_REFILL);
    struct silent silent = silent_listener(where, sizeof where);
    insist_result *result = NULL;
    for (int64_t deadline_ms = 600; deadline_ms < 60000; deadline_ms *= 2) {
        insist_result_free(result);
        result = call_with(client, "GET", where, INSIST_CALL_OPTIONS(.race = soon, .deadline_ms = deadline_ms));
        if (insist_result_attempts(result) == 2)
            break;
    }
    assert_int_equal(insist_result_error(result), INSIST_EDEADLINE);
    assert_int_equal(insist_result_attempts(result), 2);
    assert_true(insist_result_attempt(result, 1)->queued_us >= 250000);
    assert_int_equal(insist_result_attempt(result, 0)->sent, INSIST_NOT_SENT);
    insist_result_free(result);
    insist_race_policy_free(soon);
    close(silent.listener);
}

/* ---- kept apart ---- */

#define ROUNDS 20

static void attempts_of_a_wave_share_no_connection(void **state) {
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        insist_testserver_journal *journal = NULL;
        char path[32], text[64];
        snprintf(path, sizeof path, "/apart/%d", round);
        snprintf(text, sizeof text, "200;hold=%s>=3", path); /* all three are under way at once */
        script(path, text);
        insist_result *result = call(path, INSIST_CALL_OPTIONS(.race = three));
        assert_int_equal(insist_result_status(result), 200);
        assert_int_not_equal(insist_result_attempt(result, 0)->reactor, insist_result_attempt(result, 1)->reactor);
        insist_result_free(result);
        assert_int_equal(insist_testserver_journal_new(server, path, NULL, &journal), INSIST_OK);
        assert_int_equal(insist_testserver_journal_count(journal), 3);
        uint64_t first = insist_testserver_journal_at(journal, 0)->connection;
        uint64_t second = insist_testserver_journal_at(journal, 1)->connection;
        uint64_t third = insist_testserver_journal_at(journal, 2)->connection;
        assert_true(first != second && second != third && first != third);
        insist_testserver_journal_free(journal);
    }
}

static void a_hedge_takes_another_address(void **state) {
    (void)state;
    char other[64];
    script("/address", "200;hold=/address>=2");
    insist_result *result = call_with(client, "GET", at("two.test", "/address"), INSIST_CALL_OPTIONS(.race = two));
    assert_int_equal(insist_result_status(result), 200);
    snprintf(other, sizeof other, "127.0.0.1:%u", insist_testserver_port(server));
    assert_string_equal(insist_result_attempt(result, 0)->address, other);
    snprintf(other, sizeof other, "127.0.0.2:%u", insist_testserver_port(server));
    assert_string_equal(insist_result_attempt(result, 1)->address, other);
    insist_result_free(result);
}

/* -1: somebody has the port there. */
static int bound_to(const char *address, unsigned port) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(inet_pton(AF_INET, address, &at.sin_addr), 1);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    close(fd);
    return -1;
}

/* One port at three addresses: where nobody listens, where nobody answers, and a server's. */
struct three_addresses {
    int refuses, hangs;
    insist_testserver *answers;
};

static bool take_three_addresses(struct three_addresses *three_of_them) {
    insist_err err =
        insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.bind = "127.0.0.3"), NULL, &three_of_them->answers);
    assert_int_equal(err, INSIST_OK);
    unsigned port = insist_testserver_port(three_of_them->answers);
    three_of_them->refuses = bound_to("127.0.0.1", port);
    three_of_them->hangs = bound_to("127.0.0.2", port);
    return three_of_them->refuses >= 0 && three_of_them->hangs >= 0 && listen(three_of_them->hangs, 4) == 0;
}

static void give_three_addresses_back(const struct three_addresses *three_of_them) {
    if (three_of_them->hangs >= 0)
        close(three_of_them->hangs);
    if (three_of_them->refuses >= 0)
        close(three_of_them->refuses);
    insist_testserver_free(three_of_them->answers);
}

/* The first is refused at its first address, and has walked on to the second, where it hangs, and where the hedge's index
 * would let it begin. */
static void a_hedge_takes_another_address_than_where_the_first_has_come_to(void **state) {
    (void)state;
    struct three_addresses addresses;
    char where[64], address[64];
    while (!take_three_addresses(&addresses))
        give_three_addresses_back(&addresses);
    unsigned port = insist_testserver_port(addresses.answers);
    struct silent silent = {.listener = addresses.hangs, .accepted = -1};
    snprintf(where, sizeof where, "http://three.test:%u/", port);
    insist_result *result = race_against_a_hung_one(where, (struct hold){until_first_byte_hangs, &silent});
    snprintf(address, sizeof address, "127.0.0.2:%u", port);
    assert_string_equal(insist_result_attempt(result, 0)->address, address);
    snprintf(address, sizeof address, "127.0.0.3:%u", port);
    assert_string_equal(insist_result_attempt(result, 1)->address, address);
    insist_result_free(result);
    close(silent.accepted);
    give_three_addresses_back(&addresses);
}

/* ---- held back ---- */

static insist_stats stats_of(insist_client *of) {
    insist_stats stats = {.size = sizeof stats};
    assert_int_equal(insist_client_stats(of, &stats), INSIST_OK);
    return stats;
}

static void hedges_take_half_of_the_room_and_never_wait(void **state) {
    (void)state;
    insist_client *narrow = NULL;
    insist_race_policy *four = race_of(insist_race_at_once(4), INSIST_REFILL);
    const insist_client_options *options =
        INSIST_CLIENT_OPTIONS(.race = four, .max_in_flight = 4, .budget = insist_budget_none());
    assert_int_equal(insist_client_new(options, NULL, &narrow), INSIST_OK);
    insist_race_policy_free(four);
    script("/narrow", "200;hold=/narrow>=3");
    insist_result *result = call_with(narrow, "GET", at("127.0.0.1", "/narrow"), NULL);
    assert_int_equal(insist_result_status(result), 200);
    assert_int_equal(insist_result_attempts(result), 4);
    const insist_attempt_record *refused = insist_result_attempt(result, 3);
    assert_int_equal(refused->why_ended, INSIST_ENDED_REJECTED);
    assert_int_equal(refused->error, INSIST_EQUEUEFULL);
    assert_int_equal(insist_testserver_hits(server, "/narrow"), 3);
    assert_int_equal(stats_of(narrow).hedges, 2);
    assert_int_equal(stats_of(narrow).queue_refusals, 0);
    insist_result_free(result);
    insist_client_free(narrow);
}

static void hedge_without_room_uses_up_no_attempt(void **state) {
    (void)state;
    insist_client *narrow = NULL;
    insist_retry_policy *twice = NULL;
    insist_race_policy *four = race_of(insist_race_at_once(4), INSIST_REFILL);
    insist_decider decider = insist_retry_and(insist_retry_attempts(2), insist_retry_standard());
    assert_int_equal(insist_retry_policy_new(decider, insist_wait_constant_ms(1), NULL, &twice), INSIST_OK);
    const insist_client_options *options =
        INSIST_CLIENT_OPTIONS(.race = four, .retry = twice, .max_in_flight = 1, .budget = insist_budget_none());
    assert_int_equal(insist_client_new(options, NULL, &narrow), INSIST_OK);
    insist_race_policy_free(four);
    insist_retry_policy_free(twice);
    script("/alone", "503,200");
    insist_result *result = call_with(narrow, "GET", at("127.0.0.1", "/alone"), NULL);
    assert_int_equal(insist_result_status(result), 200);
    assert_int_equal(insist_result_attempts(result), 4); /* each with a hedge that was refused */
    assert_int_equal(count_ends(result, INSIST_ENDED_REJECTED), 2);
    assert_int_equal(insist_testserver_hits(server, "/alone"), 2);
    insist_result_free(result);
    insist_client_free(narrow);
}

/* Each failure comes before its hedge would; with the retry's wait still to be waited there is none to come. */
static void racing_leaves_the_backoff_on(void **state) {
    (void)state;
    insist_retry_policy *patiently = NULL;
    insist_race_policy *eager = race_of(insist_race_every_ms(20, 1), INSIST_REFILL);
    insist_decider decider = insist_retry_and(insist_retry_times(2), insist_retry_standard());
    assert_int_equal(insist_retry_policy_new(decider, insist_wait_constant_ms(120), NULL, &patiently), INSIST_OK);
    script("/down", "503");
    insist_result *result = call("/down", INSIST_CALL_OPTIONS(.race = eager, .retry = patiently));
    assert_int_equal(insist_result_status(result), 503);
    for (size_t i = 1; i < insist_result_attempts(result); i++) {
        const insist_attempt_record *record = insist_result_attempt(result, i);
        const insist_attempt_record *before = insist_result_attempt(result, i - 1);
        if (record->kind == INSIST_RETRIED && record->why_started == INSIST_START_BACKOFF)
            assert_true(record->queued_us >= before->ended_us + 120000 || before->kind == INSIST_HEDGE);
        else /* the machine was busy: it was hedged while it was under way */
            assert_true(before->ended_us >= record->queued_us);
    }
    insist_result_free(result);
    insist_retry_policy_free(patiently);
    insist_race_policy_free(eager);
}

#define BUDGETED 40

static void budget_leaves_hedges_out_and_nothing_else(void **state) {
    (void)state;
    insist_client *thrifty = NULL;
    assert_int_equal(insist_client_new(INSIST_CLIENT_OPTIONS(.race = two), NULL, &thrifty), INSIST_OK);
    for (int i = 0; i < BUDGETED; i++) {
        insist_result *result = call_with(thrifty, "GET", at("127.0.0.1", "/budget"), NULL);
        assert_int_equal(insist_result_status(result), 200);
        insist_result_free(result);
    }
    insist_stats stats = stats_of(thrifty);
    assert_in_range(stats.hedges, 10, 10 + BUDGETED / 5);
    assert_int_equal(stats.hedges + stats.budget_refusals, BUDGETED);
    assert_int_equal(stats.calls_done, BUDGETED);
    insist_client_free(thrifty);
}

/* What one client has used up the other lacks. */
static void budget_is_shared_by_clients(void **state) {
    (void)state;
    insist_budget *budget = NULL;
    insist_client *clients[2] = {NULL};
    assert_int_equal(insist_budget_new(&budget), INSIST_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(insist_client_new(INSIST_CLIENT_OPTIONS(.race = two, .budget = budget), NULL, &clients[i]),
                         INSIST_OK);
    insist_budget_free(budget);
    for (int i = 0; i < BUDGETED; i++)
        insist_result_free(call_with(clients[0], "GET", at("127.0.0.1", "/shared"), NULL));
    assert_true(stats_of(clients[0]).budget_refusals > 0);
    insist_result_free(call_with(clients[1], "GET", at("127.0.0.1", "/shared"), NULL));
    assert_int_equal(stats_of(clients[1]).hedges, 0);
    assert_int_equal(stats_of(clients[1]).budget_refusals, 1);
    insist_client_free(clients[0]);
    insist_client_free(clients[1]);
}

static void throttle_is_shared_by_all_calls(void **state) {
    (void)state;
    const insist_throttle_window windows[] = {{100, 3600000}, {5, INSIST_FOREVER}};
    insist_race_policy *throttled = NULL;
    assert_int_equal(insist_race_policy_new(insist_race_at_once(2), insist_start_throttle(windows, 2), INSIST_CLOSE,
                                            NULL, &throttled),
                     INSIST_OK);
    size_t attempts = 0;
    for (int i = 0; i < 20; i++) {
        insist_result *result = call("/throttled", INSIST_CALL_OPTIONS(.race = throttled));
        assert_int_equal(insist_result_status(result), 200);
        attempts += insist_result_attempts(result);
        insist_result_free(result);
    }
    assert_int_equal(attempts, 20 + 5);
    insist_race_policy_free(throttled);
}

/* ---- what may be raced ---- */

static insist_racing racing_of(insist_client *of, const char *method, const insist_call_options *options) {
    insist_result *result = call_with(of, method, at("127.0.0.1", "/which"), options);
    assert_int_equal(insist_result_status(result), 200);
    insist_racing racing = insist_result_racing(result);
    if (racing != INSIST_RACING_ON)
        assert_int_equal(insist_result_attempts(result), 1);
    insist_result_free(result);
    return racing;
}

static int post_instead(void *ctx, insist_event event, insist_execution *execution) {
    (void)event;
    return insist_execution_set_plan(execution, ctx) == INSIST_OK ? 0 : 1;
}

static void race_of_a_client_is_left_out_where_it_may_do_harm(void **state) {
    (void)state;
    insist_client *racing = NULL;
    insist_plan *plan = NULL;
    insist_result *result = NULL;
    insist_handlers *handlers = NULL;
    const insist_client_options *options = INSIST_CLIENT_OPTIONS(.race = two, .budget = insist_budget_none());
    assert_int_equal(insist_client_new(options, NULL, &racing), INSIST_OK);
    static const char *const raced[] = {"GET", "HEAD", "OPTIONS", "QUERY"};
    static const char *const others[] = {"POST", "PUT", "DELETE", "PATCH", "TRACE"};
    for (size_t i = 0; i < sizeof raced / sizeof raced[0]; i++)
        assert_int_equal(racing_of(racing, raced[i], NULL), INSIST_RACING_ON);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_int_equal(racing_of(racing, others[i], NULL), INSIST_RACING_NOT_ALLOWED);
    assert_int_equal(racing_of(client, "GET", NULL), INSIST_RACING_OFF);
    assert_int_equal(racing_of(client, "POST", NULL), INSIST_RACING_OFF);

    assert_int_equal(insist_plan_new("POST", at("127.0.0.1", "/which"), NULL, &plan), INSIST_OK);
    assert_int_equal(insist_handlers_new(&handlers), INSIST_OK);
    insist_handlers_push(handlers, INSIST_BEFORE_EXECUTION_START, post_instead, plan);
    assert_int_equal(racing_of(racing, "GET", INSIST_CALL_OPTIONS(.handlers = handlers)), INSIST_RACING_NOT_ALLOWED);
    insist_handlers_free(handlers);
    insist_plan_free(plan);

    assert_int_equal(insist_plan_new("POST", at("127.0.0.1", "/marked"), NULL, &plan), INSIST_OK);
    assert_int_equal(insist_plan_set_idempotent(plan, true), INSIST_OK);
    script("/marked", "200;hold=/marked>=2");
    assert_int_equal(insist_execute(racing, plan, NULL, &result), INSIST_OK);
    assert_int_equal(insist_result_racing(result), INSIST_RACING_ON);
    assert_int_equal(insist_result_attempts(result), 2);
    insist_result_free(result);
    insist_plan_free(plan);
    insist_client_free(racing);
}

static void call_goes_before_plan_and_plan_before_client(void **state) {
    (void)state;
    insist_client *racing = NULL;
    insist_plan *plan = NULL;
    insist_result *result = NULL;
    insist_race_policy *alone = race_of(insist_race_at_once(1), INSIST_REFILL);
    const insist_client_options *options = INSIST_CLIENT_OPTIONS(.race = two, .budget = insist_budget_none());
    assert_int_equal(insist_client_new(options, NULL, &racing), INSIST_OK);
    assert_int_equal(insist_plan_new("GET", at("127.0.0.1", "/order"), NULL, &plan), INSIST_OK);
    assert_int_equal(insist_plan_set_race(plan, two), INSIST_OK);
    assert_int_equal(insist_plan_set_race(plan, NULL), INSIST_OK);
    assert_int_equal(insist_plan_set_race(plan, three), INSIST_OK);
    script("/order", "200;hold=/order>=3");
    assert_int_equal(insist_execute(racing, plan, NULL, &result), INSIST_OK);
    assert_int_equal(insist_result_attempts(result), 3);
    insist_result_free(result);
    assert_int_equal(insist_execute(racing, plan, INSIST_CALL_OPTIONS(.race = alone), &result), INSIST_OK);
    assert_int_equal(insist_result_attempts(result), 1);
    insist_result_free(result);
    assert_int_equal(insist_plan_set_race(plan, NULL), INSIST_EFROZEN);
    assert_int_equal(insist_plan_set_race(NULL, NULL), INSIST_EINVAL);
    insist_race_policy_free(alone);
    insist_plan_free(plan);
    insist_client_free(racing);
}

/* ---- refused ---- */

static void assert_call_refused(const insist_plan *plan, const insist_call_options *options, const char *why) {
    insist_result *result = NULL;
    assert_int_equal(insist_execute(client, plan, options, &result), INSIST_EINVAL);
    assert_int_equal(insist_result_reason(result), INSIST_REJECTED);
    assert_int_equal(insist_result_attempts(result), 0);
    assert_non_null(strstr(insist_result_explain(result), why));
    insist_result_free(result);
}

static void race_of_a_plan_that_may_not_be_raced_is_refused(void **state) {
    (void)state;
    insist_plan *plan = NULL;
    assert_int_equal(insist_plan_new("POST", at("127.0.0.1", "/refused"), NULL, &plan), INSIST_OK);
    assert_int_equal(insist_plan_set_race(plan, two), INSIST_EINVAL);
    assert_string_equal(insist_plan_problem(plan)->field, "race");
    assert_call_refused(plan, NULL, "may not be raced");
    insist_plan_free(plan);

    assert_int_equal(insist_plan_new("POST", at("127.0.0.1", "/refused"), NULL, &plan), INSIST_OK);
    assert_call_refused(plan, INSIST_CALL_OPTIONS(.race = two), "may not be raced");
    insist_plan_free(plan);

    assert_int_equal(insist_plan_new("POST", at("127.0.0.1", "/refused"), NULL, &plan), INSIST_OK);
    assert_int_equal(insist_plan_set_idempotent(plan, true), INSIST_OK);
    assert_int_equal(insist_plan_set_race(plan, two), INSIST_OK);
    assert_int_equal(insist_plan_set_idempotent(plan, false), INSIST_OK); /* thought better of */
    assert_call_refused(plan, NULL, "may not be raced");
    insist_plan_free(plan);
    assert_int_equal(insist_testserver_hits(server, "/refused"), 0);
}

static void delay_that_is_not_below_the_timeout_is_refused(void **state) {
    (void)state;
    const int64_t offsets[] = {50, 2000};
    insist_race_policy *late = race_of(insist_race_static_ms(offsets, 2), INSIST_REFILL);
    insist_timeout_policy *short_one = NULL, *long_one = NULL;
    insist_problem problem = {0};
    insist_client *refused = NULL;
    insist_plan *plan = NULL;
    assert_int_equal(insist_timeout_fixed_new(2000, NULL, &short_one), INSIST_OK);
    assert_int_equal(insist_timeout_fixed_new(2001, NULL, &long_one), INSIST_OK);
    assert_int_equal(insist_client_new(INSIST_CLIENT_OPTIONS(.race = late, .timeout = short_one), &problem, &refused),
                     INSIST_EINVAL);
    assert_null(refused);
    assert_string_equal(problem.field, "race");
    assert_int_equal(insist_client_new(INSIST_CLIENT_OPTIONS(.race = late, .timeout = long_one), NULL, &refused),
                     INSIST_OK);
    insist_client_free(refused);
    assert_int_equal(insist_client_new(INSIST_CLIENT_OPTIONS(.race = two, .timeout = short_one), NULL, &refused),
                     INSIST_OK);
    insist_client_free(refused);
    assert_int_equal(insist_plan_new("GET", at("127.0.0.1", "/late"), NULL, &plan), INSIST_OK);
    assert_call_refused(plan, INSIST_CALL_OPTIONS(.race = late, .timeout = short_one), "not below");
    insist_plan_free(plan);
    for (int race_first = 0; race_first < 2; race_first++) {
        assert_int_equal(insist_plan_new("GET", at("127.0.0.1", "/late"), NULL, &plan), INSIST_OK);
        assert_int_equal(race_first ? insist_plan_set_race(plan, late) : insist_plan_set_timeout(plan, short_one),
                         INSIST_OK);
        assert_int_equal(race_first ? insist_plan_set_timeout(plan, short_one) : insist_plan_set_race(plan, late),
                         INSIST_EINVAL);
        assert_string_equal(insist_plan_problem(plan)->field, "race");
        assert_call_refused(plan, NULL, "not below");
        insist_plan_free(plan);
    }
    assert_int_equal(insist_testserver_hits(server, "/late"), 0);
    insist_timeout_policy_free(short_one);
    insist_timeout_policy_free(long_one);
    insist_race_policy_free(late);
}

#define RACE_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        RACE_TEST(slow_answer_wins_although_the_retries_are_used_up),
        RACE_TEST(replacement_of_a_fast_failure_wins_while_the_first_hangs),
        RACE_TEST(fastest_of_three_wins_and_the_others_are_gone),
        RACE_TEST(every_loser_has_its_event_before_the_call_returns),
        RACE_TEST(loser_in_a_lookup_is_left_behind),
        RACE_TEST(loser_in_a_handshake_is_left_behind),
        RACE_TEST(loser_in_a_body_is_left_behind),
        RACE_TEST(delay_counts_from_the_request_on_the_wire),
        RACE_TEST(one_that_still_connects_is_hedged_later),
        RACE_TEST(attempts_of_a_wave_share_no_connection),
        RACE_TEST(a_hedge_takes_another_address),
        RACE_TEST(a_hedge_takes_another_address_than_where_the_first_has_come_to),
        RACE_TEST(hedges_take_half_of_the_room_and_never_wait),
        RACE_TEST(hedge_without_room_uses_up_no_attempt),
        RACE_TEST(racing_leaves_the_backoff_on),
        RACE_TEST(budget_leaves_hedges_out_and_nothing_else),
        RACE_TEST(budget_is_shared_by_clients),
        RACE_TEST(throttle_is_shared_by_all_calls),
        RACE_TEST(race_of_a_client_is_left_out_where_it_may_do_harm),
        RACE_TEST(call_goes_before_plan_and_plan_before_client),
        RACE_TEST(race_of_a_plan_that_may_not_be_raced_is_refused),
        RACE_TEST(delay_that_is_not_below_the_timeout_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
