/* Calls whose thread drives its connection itself: no worker wakes for them, what is left when they return is a worker's,
 * signals do no harm, and whoever does not want this can say so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/usage.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <insist/insist.h>
#include <insist/testserver.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#define CALLS 200
#define LEAST_NS 1000 /* what a call that is a worker's takes of its processor time, at least */
#define PATIENCE_MS 30000

static insist_testserver *server;
static char url[128], hang_url[128];

static int begin(void **state) {
    (void)state;
    if (insist_testserver_start(NULL, NULL, &server) != INSIST_OK)
        return -1;
    snprintf(url, sizeof url, "%s/x", insist_testserver_url(server));
    snprintf(hang_url, sizeof hang_url, "%s/hang?do=hang", insist_testserver_url(server));
    return 0;
}

static int end(void **state) {
    (void)state;
    insist_testserver_free(server);
    server = NULL;
    return 0;
}

static insist_client *client_of(insist_client_options options) {
    insist_client *client = NULL;
    options.thread_name = "leadtest";
    options.budget = insist_budget_none();
    assert_int_equal(insist_client_new(&options, NULL, &client), INSIST_OK);
    return client;
}

static void assert_answers(insist_client *client) {
    insist_result *result = NULL;
    insist_err err = insist_get(client, url, &result);
    if (err != INSIST_OK)
        print_error("%s\n", insist_result_explain(result));
    assert_int_equal(err, INSIST_OK);
    assert_int_equal(insist_result_status(result), 200);
    insist_result_free(result);
}

/* ---- who does the work -------------------------------------------------------------------------------------------- */

static bool read_task(const char *task, const char *file, char *text, size_t size) {
    char path[300];
    snprintf(path, sizeof path, "/proc/self/task/%s/%s", task, file);
    FILE *in = fopen(path, "r");
    if (in == NULL)
        return false;
    text[fread(text, 1, size - 1, in)] = '\0';
    fclose(in);
    return true;
}

/* Processor time of the workers, in ns. */
static long worked(void) {
    char text[256];
    long sum = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    for (const struct dirent *task; (task = readdir(tasks)) != NULL;) {
        if (!read_task(task->d_name, "comm", text, sizeof text) || strncmp(text, "leadtest-", 9) != 0)
            continue;
        if (read_task(task->d_name, "schedstat", text, sizeof text))
            sum += strtol(text, NULL, 10);
    }
    closedir(tasks);
    return sum;
}

static long worked_while_calling(insist_client_options options) {
    insist_client *client = client_of(options);
    for (int i = 0; i < 10; i++)
        assert_answers(client);
    long before = worked();
    for (int i = 0; i < CALLS; i++)
        assert_answers(client);
    long after = worked();
    insist_client_free(client);
    return after - before;
}

static void setup(void *easy, void *ctx) {
    (void)easy;
    (void)ctx;
}

static long worked_for_the_workers(void) {
    return worked_while_calling((insist_client_options){.size = sizeof(insist_client_options), .workers_only = true});
}

/* What they take when the calls are theirs says how fast this machine is. An alarm may ring, of a time that is over. */
static void no_worker_wakes_for_a_call(void **state) {
    (void)state;
    long theirs = worked_for_the_workers();
    long led = worked_while_calling((insist_client_options){.size = sizeof(insist_client_options)});
    print_message("%ld us of workers' time for %d calls, %ld us where the calls are theirs\n", led / 1000, CALLS,
                  theirs / 1000);
    assert_true(led < theirs / 5);
}

static void a_client_can_leave_it_to_the_workers(void **state) {
    (void)state;
    assert_in_range(worked_for_the_workers(), CALLS * LEAST_NS, LONG_MAX);
}

/* It was promised to be called on workers. */
static void curl_setup_leaves_it_to_the_workers(void **state) {
    (void)state;
    assert_in_range(
        worked_while_calling((insist_client_options){.size = sizeof(insist_client_options), .curl_setup = setup}),
        CALLS * LEAST_NS, LONG_MAX);
}

/* A connection that is led carries its leader's call alone. */
static void http_2_leaves_it_to_the_workers(void **state) {
    (void)state;
    assert_in_range(worked_while_calling(
                        (insist_client_options){.size = sizeof(insist_client_options), .http_version = INSIST_HTTP_2}),
                    CALLS * LEAST_NS, LONG_MAX);
}

/* ---- afterwards --------------------------------------------------------------------------------------------------- */

/* No call comes to see that the server has closed the connection: a worker does. */
static void an_idle_connection_that_is_closed_is_noticed(void **state) {
    end(state); /* it may not have closed yet what the last client has left behind */
    insist_client *client = client_of((insist_client_options){.size = sizeof(insist_client_options)});
    size_t alone = usage_descriptors(getpid());
    assert_int_equal(begin(state), 0);
    size_t before = usage_descriptors(getpid());
    assert_answers(client);
    assert_true(usage_descriptors(getpid()) > before); /* both ends are here */
    end(state);                                        /* it closes its own */
    for (int i = 0; i < PATIENCE_MS && usage_descriptors(getpid()) > alone; i++)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    assert_int_equal(usage_descriptors(getpid()), alone);
    insist_client_free(client);
    assert_int_equal(begin(state), 0);
}

/* ---- signals ------------------------------------------------------------------------------------------------------ */

static volatile pid_t child = -1;
static sem_t forked;

/* The child's call has no end of its own: if it does not see what it is, the alarm ends it. */
static void fork_in_a_handler(int number) {
    (void)number;
    child = fork();
    if (child == 0)
        alarm(60);
    else
        sem_post(&forked);
}

struct signalled {
    pthread_t thread;
    insist_cancel *cancel;
    int status; /* of the child */
};

/* The parent's call goes on until the child is gone. */
static void *signal_when_it_hangs(void *argument) {
    struct signalled *signalled = argument;
    if (insist_testserver_wait_hits(server, "/hang", 1, PATIENCE_MS) && pthread_kill(signalled->thread, SIGUSR1) == 0 &&
        sem_wait(&forked) == 0)
        waitpid(child, &signalled->status, 0);
    insist_cancel_fire(signalled->cancel);
    return NULL;
}

/* The child is told at once, and touches nothing; the parent's call goes on. */
static void a_signal_handler_may_fork(void **state) {
    const struct sigaction forking = {.sa_handler = fork_in_a_handler};
    struct signalled signalled = {.thread = pthread_self(), .status = -1};
    struct sigaction before;
    insist_timeout_policy *endless = NULL;
    insist_plan *plan = NULL;
    insist_result *result = NULL;
    pthread_t thread;
    (void)state;
    insist_testserver_reset(server);
    assert_int_equal(insist_timeout_infinite_new(NULL, &endless), INSIST_OK);
    sem_init(&forked, 0, 0);
    insist_client *client = client_of((insist_client_options){.size = sizeof(insist_client_options)});
    assert_int_equal(insist_cancel_new(&signalled.cancel), INSIST_OK);
    assert_int_equal(sigaction(SIGUSR1, &forking, &before), 0);
    assert_int_equal(insist_plan_new("GET", hang_url, NULL, &plan), INSIST_OK);
    assert_int_equal(pthread_create(&thread, NULL, signal_when_it_hangs, &signalled), 0);
    insist_err err = insist_execute(
        client, plan,
        INSIST_CALL_OPTIONS(.deadline_ms = INSIST_FOREVER, .timeout = endless, .cancel = signalled.cancel), &result);
    if (child == 0)
        _exit(err == INSIST_EFORKED ? 0 : 1);
    pthread_join(thread, NULL);
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
    assert_int_equal(err, INSIST_ECANCELED);
    assert_true(WIFEXITED(signalled.status) && WEXITSTATUS(signalled.status) == 0);
    insist_result_free(result);
    insist_plan_free(plan);
    insist_cancel_free(signalled.cancel);
    insist_timeout_policy_free(endless);
    assert_answers(client);
    insist_client_free(client);
}

static void the_callers_signal_mask_is_as_it_was(void **state) {
    sigset_t before, after, usr2;
    (void)state;
    sigemptyset(&usr2);
    sigaddset(&usr2, SIGUSR2);
    insist_client *client = client_of((insist_client_options){.size = sizeof(insist_client_options)});
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &usr2, NULL), 0);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &before), 0);
    assert_answers(client);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
    for (int number = 1; number < SIGRTMIN; number++)
        assert_int_equal(sigismember(&after, number), sigismember(&before, number));
    pthread_sigmask(SIG_UNBLOCK, &usr2, NULL);
    insist_client_free(client);
}

#define MEMBER_BYTES ((size_t)16 * 1024 * 1024)
#define MEMBERS 10 /* no more than is read in a turn */
#define PACKED_MOST 32768

/* Of gzip: so many zeros. Returns its length. */
static size_t pack_zeros(unsigned char packed[PACKED_MOST]) {
    unsigned char *zeros = calloc(1, MEMBER_BYTES);
    z_stream stream = {.next_in = zeros, .avail_in = MEMBER_BYTES, .next_out = packed, .avail_out = PACKED_MOST};
    assert_non_null(zeros);
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    free(zeros);
    return stream.total_out;
}

struct packed {
    unsigned char member[PACKED_MOST];
    size_t length;
    int listener;
};

/* All of it, as fast as it is taken. */
static void *send_packed(void *argument) {
    const struct packed *packed = argument;
    char text[1024];
    int peer = accept(packed->listener, NULL, NULL);
    bool open = peer >= 0 && recv(peer, text, sizeof text, 0) > 0;
    int length = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
                          packed->length * MEMBERS);
    open = open && send(peer, text, (size_t)length, MSG_NOSIGNAL) == length;
    for (int i = 0; open && i < MEMBERS; i++)
        open = send(peer, packed->member, packed->length, MSG_NOSIGNAL) == (ssize_t)packed->length;
    close(peer);
    return NULL;
}

/* More than a hundred megabytes that are there at once: it takes longer to decode than the call has time. */
static void the_deadline_does_not_wait_for_a_decoder(void **state) {
    static struct packed packed;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    pthread_t thread;
    insist_plan *plan = NULL;
    insist_result *result = NULL;
    char packed_url[64];
    (void)state;
    packed.length = pack_zeros(packed.member);
    packed.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(packed.listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(packed.listener, 1), 0);
    assert_int_equal(getsockname(packed.listener, (struct sockaddr *)&address, &size), 0);
    snprintf(packed_url, sizeof packed_url, "http://127.0.0.1:%d/", (int)ntohs(address.sin_port));
    insist_client *client = client_of(
        (insist_client_options){.size = sizeof(insist_client_options), .max_body_bytes = 2 * MEMBERS * MEMBER_BYTES});
    assert_int_equal(insist_plan_new("GET", packed_url, NULL, &plan), INSIST_OK);
    assert_int_equal(pthread_create(&thread, NULL, send_packed, &packed), 0);
    assert_int_equal(insist_execute(client, plan, INSIST_CALL_OPTIONS(.deadline_ms = 50), &result), INSIST_EDEADLINE);
    insist_result_free(result);
    insist_plan_free(plan);
    insist_client_free(client);
    close(packed.listener);
    pthread_join(thread, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_worker_wakes_for_a_call),
        cmocka_unit_test(a_client_can_leave_it_to_the_workers),
        cmocka_unit_test(curl_setup_leaves_it_to_the_workers),
        cmocka_unit_test(http_2_leaves_it_to_the_workers),
        cmocka_unit_test(an_idle_connection_that_is_closed_is_noticed),
        cmocka_unit_test(a_signal_handler_may_fork),
        cmocka_unit_test(the_callers_signal_mask_is_as_it_was),
        cmocka_unit_test(the_deadline_does_not_wait_for_a_decoder),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
