/* fork(): before there is a client, beside one, and while other threads call. The child is told that the client is not its
 * own, touches nothing of it, and may make one of its own; the parent goes on as if nothing had happened, whatever the
 * child keeps of its descriptors. A child that hangs is ended by an alarm, which is a failure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/crowd.h"
#include "support/usage.h"
#include "testserver_process.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <insist/insist.h>
#include <insist/testserver.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_S 60
#define CALLERS 8
#define FORKS 50

static insist_testserver *server;
static insist_client *client;
static char url[128];

static int begin(void **state) {
    (void)state;
    if (insist_testserver_start(NULL, NULL, &server) != INSIST_OK)
        return -1;
    snprintf(url, sizeof url, "%s/x", insist_testserver_url(server));
    return 0;
}

static int end(void **state) {
    (void)state;
    insist_client_free(client);
    insist_testserver_free(server);
    client = NULL;
    return 0;
}

static bool answers(insist_client *asked) {
    insist_result *result = NULL;
    insist_err err = insist_get(asked, url, &result);
    bool well = err == INSIST_OK && insist_result_status(result) == 200;
    insist_result_free(result);
    return well;
}

static bool own_client_answers(void) {
    insist_client *own = NULL;
    bool well = insist_client_new(NULL, NULL, &own) == INSIST_OK && answers(own);
    insist_client_free(own);
    return well;
}

/* The thread sanitizer ends a child of several threads that starts threads of its own: it does not support that. */
static bool own_client_answers_in_a_child(void) {
#ifdef __SANITIZE_THREAD__
    return true;
#else
    return own_client_answers();
#endif
}

/* Runs it in a child: true is success. */
static pid_t in_a_child(bool (*judge)(void)) {
    pid_t child = fork();
    if (child == 0) {
        alarm(PATIENCE_S);
        _exit(judge() ? 0 : 1);
    }
    assert_true(child > 0);
    return child;
}

static void assert_well(pid_t child) {
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- before and beside -------------------------------------------------------------------------------------------- */

static void before_there_is_a_client_both_may_make_one(void **state) {
    (void)state;
    assert_true(own_client_answers()); /* libcurl has begun */
    pid_t child = in_a_child(own_client_answers_in_a_child);
    assert_true(own_client_answers());
    assert_well(child);
}

static bool told(insist_err err, insist_result *result) {
    bool was = err == INSIST_EFORKED && insist_result_error(result) == err &&
               insist_result_reason(result) == INSIST_REJECTED && insist_result_attempts(result) == 0;
    insist_result_free(result);
    return was;
}

static bool child_is_told_by_everything(void) {
    insist_stats stats = {.size = sizeof stats};
    insist_plan *plan = NULL;
    insist_result *result = NULL, *results[2] = {NULL};
    if (insist_plan_new("GET", url, NULL, &plan) != INSIST_OK)
        return false;
    const insist_plan *plans[2] = {plan, plan};
    size_t descriptors = usage_descriptors(getpid());
    insist_err err = insist_get(client, url, &result);
    bool well = told(err, result);
    err = insist_execute(client, plan, NULL, &result);
    well = told(err, result) && well;
    err = insist_execute_all(client, plans, 2, NULL, results);
    well = told(err, results[0]) && told(err, results[1]) && well;
    well = insist_client_stats(client, &stats) == INSIST_EFORKED && well;
    well = insist_client_close_idle(client) == INSIST_EFORKED && well;
    well = insist_client_prewarm(client, url, 1, 1000) == INSIST_EFORKED && well;
    well = insist_client_latency_us(client, url, 0.5) == -1 && well;
    insist_client_free(client);
    well = usage_descriptors(getpid()) == descriptors && well; /* none was closed: they are the parent's */
    insist_plan_free(plan);
    return own_client_answers_in_a_child() && well;
}

static void beside_a_client_the_child_is_told_by_everything(void **state) {
    (void)state;
    assert_int_equal(insist_client_new(NULL, NULL, &client), INSIST_OK);
    assert_well(in_a_child(child_is_told_by_everything)); /* before the first call */
    assert_true(answers(client));
    assert_well(in_a_child(child_is_told_by_everything));
    assert_true(answers(client));
}

/* ---- while others call -------------------------------------------------------------------------------------------- */

struct callers {
    atomic_bool over;
    atomic_size_t well, ill;
};

static void call_on_and_on(void *shared, size_t i) {
    struct callers *callers = shared;
    (void)i;
    while (!atomic_load(&callers->over))
        atomic_fetch_add(answers(client) ? &callers->well : &callers->ill, 1);
}

static bool child_is_told(void) {
    insist_result *result = NULL;
    insist_err err = insist_get(client, url, &result);
    bool well = told(err, result);
    insist_client_free(client);
    return well;
}

static void while_others_call_they_go_on(void **state) {
    struct callers callers = {.over = false};
    (void)state;
    assert_int_equal(insist_client_new(NULL, NULL, &client), INSIST_OK);
    struct crowd *crowd = crowd_start(CALLERS, call_on_and_on, &callers);
    for (int i = 0; i < FORKS; i++) {
        size_t well = atomic_load(&callers.well);
        assert_well(in_a_child(child_is_told));
        while (atomic_load(&callers.well) == well && atomic_load(&callers.ill) == 0)
            nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    }
    atomic_store(&callers.over, true);
    crowd_join(crowd);
    print_message("%zu calls beside %d forks\n", atomic_load(&callers.well), FORKS);
    assert_int_equal(atomic_load(&callers.ill), 0);
}

/* ---- a child that keeps the sockets ------------------------------------------------------------------------------- */

static bool waits_for_something(const char *line) {
    const char *events = strstr(line, "events:");
    return events != NULL && (strtoul(events + strlen("events:"), NULL, 16) & 0xffff) != 0;
}

/* Sockets that this process's epoll descriptors wait for: one that was closed still is waited for while another process
 * holds it, if epoll was not told. */
static size_t count_watched(void) {
    size_t count = 0;
    for (int fd = 0; fd < 1024; fd++) {
        char path[64], line[256];
        snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
        FILE *file = fopen(path, "re");
        while (file != NULL && fgets(line, sizeof line, file) != NULL)
            count += strncmp(line, "tfd:", 4) == 0 && waits_for_something(line);
        if (file != NULL)
            fclose(file);
    }
    return count;
}

static int leash[2]; /* the child lives until the parent lets go of its end */

static struct { int listener, filler; /* of the queue of one that takes no connection */ } deaf = {-1, -1};

static void close_deaf(void) {
    close(deaf.listener);
    close(deaf.filler);
    deaf.listener = deaf.filler = -1;
}

static bool hold_on(void) {
    char byte;
    close(leash[1]);
    close_deaf();
    return read(leash[0], &byte, 1) == 0;
}

static void let_go(pid_t child) {
    close(leash[1]);
    close(leash[0]);
    assert_well(child);
}

static void wait_for_descriptors(size_t count, bool fewer) {
    for (size_t now = count + fewer; fewer ? now > count : now < count; now = usage_descriptors(getpid()))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static int fork_and_give_up(void *ctx, insist_event event, insist_execution *execution) {
    (void)event;
    (void)execution;
    *(pid_t *)ctx = in_a_child(hold_on);
    return 1;
}

/* The server is another process: its sockets are not to be counted. */
static void connection_given_up_while_a_child_holds_it(void **state) {
    struct process far;
    insist_handlers *handlers = NULL;
    insist_result *result = NULL;
    insist_plan *plan = NULL;
    char stall[128];
    pid_t child = -1;
    (void)state;
    process_start_server(&far, (const char *const[]){"--port", "0", NULL});
    snprintf(stall, sizeof stall, "http://127.0.0.1:%u/?do=stall=body@10", (unsigned)far.port);
    assert_int_equal(insist_client_new(NULL, NULL, &client), INSIST_OK);
    assert_int_equal(pipe2(leash, O_CLOEXEC), 0);
    assert_int_equal(insist_handlers_new(&handlers), INSIST_OK);
    assert_int_equal(insist_handlers_push(handlers, INSIST_BEFORE_READ_BODY, fork_and_give_up, &child), INSIST_OK);
    assert_int_equal(insist_plan_new("GET", stall, NULL, &plan), INSIST_OK);
    size_t descriptors = usage_descriptors(getpid()), watched = count_watched();
    assert_int_equal(insist_execute(client, plan, INSIST_CALL_OPTIONS(.handlers = handlers), &result), INSIST_EHANDLER);
    wait_for_descriptors(descriptors, true);
    assert_int_equal(count_watched(), watched);
    process_end(&far); /* what the child holds has an event */
    assert_true(answers(client));
    let_go(child);
    insist_result_free(result);
    insist_plan_free(plan);
    insist_handlers_free(handlers);
    process_fini(&far);
}

static void open_deaf(const char *scheme, char *deaf_url, size_t size) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    deaf.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    deaf.filler = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(deaf.listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(deaf.listener, 0), 0);
    assert_int_equal(getsockname(deaf.listener, (struct sockaddr *)&address, &length), 0);
    assert_int_equal(connect(deaf.filler, (struct sockaddr *)&address, sizeof address), 0);
    snprintf(deaf_url, size, "%s://127.0.0.1:%u/", scheme, (unsigned)ntohs(address.sin_port));
}

struct connecting {
    insist_plan *plan;
    insist_cancel *cancel;
    insist_err err;
};

static void connect_until_it_ends(void *shared, size_t i) {
    struct connecting *connecting = shared;
    insist_result *result = NULL;
    (void)i;
    connecting->err =
        insist_execute(client, connecting->plan, INSIST_CALL_OPTIONS(.cancel = connecting->cancel), &result);
    insist_result_free(result);
}

/* The call hangs in its connect() when the child is born. */
static void connect_while_a_child_holds_it(insist_http_version version, bool refused, insist_err expected) {
    struct connecting connecting = {.err = INSIST_OK};
    char deaf_url[64];
    open_deaf(version == INSIST_HTTP_2 ? "https" : "http", deaf_url, sizeof deaf_url);
    assert_int_equal(insist_client_new(INSIST_CLIENT_OPTIONS(.http_version = version), NULL, &client), INSIST_OK);
    assert_int_equal(pipe2(leash, O_CLOEXEC), 0);
    assert_int_equal(insist_cancel_new(&connecting.cancel), INSIST_OK);
    assert_int_equal(insist_plan_new("GET", deaf_url, NULL, &connecting.plan), INSIST_OK);
    size_t descriptors = usage_descriptors(getpid()), watched = count_watched();
    struct crowd *crowd = crowd_start(1, connect_until_it_ends, &connecting);
    wait_for_descriptors(descriptors + 1, false);
    while (count_watched() == watched)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    pid_t child = in_a_child(hold_on);
    if (refused)
        close_deaf(); /* the next SYN is answered by RST */
    else
        insist_cancel_fire(connecting.cancel);
    crowd_join(crowd);
    assert_int_equal(connecting.err, expected);
    wait_for_descriptors(refused ? descriptors - 2 : descriptors, true);
    assert_int_equal(count_watched(), watched);
    assert_true(answers(client));
    let_go(child);
    if (!refused)
        close_deaf();
    insist_cancel_free(connecting.cancel);
    insist_plan_free(connecting.plan);
}

static void connect_given_up_while_a_child_holds_it(void **state) {
    (void)state;
    connect_while_a_child_holds_it(INSIST_HTTP_1_1, false, INSIST_ECANCELED);
}

static void connect_given_up_while_a_child_holds_it_http2(void **state) {
    (void)state;
    connect_while_a_child_holds_it(INSIST_HTTP_2, false, INSIST_ECANCELED);
}

static void connect_refused_while_a_child_holds_it(void **state) {
    (void)state;
    connect_while_a_child_holds_it(INSIST_HTTP_1_1, true, INSIST_ECONNECT);
}

static void connect_refused_while_a_child_holds_it_http2(void **state) {
    (void)state;
    connect_while_a_child_holds_it(INSIST_HTTP_2, true, INSIST_ECONNECT);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(before_there_is_a_client_both_may_make_one),
        CASE(beside_a_client_the_child_is_told_by_everything),
        CASE(while_others_call_they_go_on),
        CASE(connection_given_up_while_a_child_holds_it),
        CASE(connect_given_up_while_a_child_holds_it),
        CASE(connect_given_up_while_a_child_holds_it_http2),
        CASE(connect_refused_while_a_child_holds_it),
        CASE(connect_refused_while_a_child_holds_it_http2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
