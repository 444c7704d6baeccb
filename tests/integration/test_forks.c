/* fork(): before there is a client, beside one, while other threads call, and inside user code. The child is told that the client is not its
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
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The sanitizers' allocators do not know of fork(): a lock that another thread held at that moment stays locked in the
 * child, which then hangs in its first malloc(). Such a child says nothing, so another one is asked. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
enum { PATIENCE_S = 20, MORE_CHILDREN = 10 };
#else
enum { PATIENCE_S = 60, MORE_CHILDREN = 0 };
#endif

#define CALLERS 8
#define FORKS 50

static insist_testserver *server;
static insist_client *client;
static char url[128];
static unsigned more_children;

static int begin(void **state) {
    (void)state;
    if (insist_testserver_start(NULL, NULL, &server) != INSIST_OK)
        return -1;
    snprintf(url, sizeof url, "%s/x", insist_testserver_url(server));
    more_children = MORE_CHILDREN;
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

/* False: it hung, and another one is to be asked. */
static bool ended_well(pid_t child) {
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM && more_children > 0) {
        more_children--;
        return false;
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    return true;
}

static void assert_in_a_child(bool (*judge)(void)) {
    while (!ended_well(in_a_child(judge)))
        ;
}

/* ---- before and beside -------------------------------------------------------------------------------------------- */

static void assert_both_may_make_one(void) {
    pid_t child;
    do {
        child = in_a_child(own_client_answers_in_a_child);
        assert_true(own_client_answers());
    } while (!ended_well(child));
}

/* The first of all: libcurl has not begun. */
static void before_there_was_a_client_both_may_make_one(void **state) {
    (void)state;
    assert_both_may_make_one();
}

static void once_clients_have_come_and_gone_both_may_make_one(void **state) {
    (void)state;
    assert_true(own_client_answers());
    assert_both_may_make_one();
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
    assert_in_a_child(child_is_told_by_everything); /* before the first call */
    assert_true(answers(client));
    assert_in_a_child(child_is_told_by_everything);
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
        assert_in_a_child(child_is_told);
        while (atomic_load(&callers.well) == well && atomic_load(&callers.ill) == 0)
            nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    }
    atomic_store(&callers.over, true);
    crowd_join(crowd);
    print_message("%zu calls beside %d forks\n", atomic_load(&callers.well), FORKS);
    assert_int_equal(atomic_load(&callers.ill), 0);
}

/* ---- inside user code --------------------------------------------------------------------------------------------- */

/* Any thread may have held any lock at the fork, and the descriptors are both's: a child that takes one, or wakes by the
 * other, is lucky when nothing comes of it. Ours end at once. */
static atomic_bool in_forked_call;

struct mutex;
void __real_mutex_lock(struct mutex *mutex);
void __wrap_mutex_lock(struct mutex *mutex);
void __wrap_mutex_lock(struct mutex *mutex) {
    if (atomic_load(&in_forked_call))
        _exit(2);
    __real_mutex_lock(mutex);
}

int __real_eventfd_write(int fd, eventfd_t value);
int __wrap_eventfd_write(int fd, eventfd_t value);
int __wrap_eventfd_write(int fd, eventfd_t value) {
    if (atomic_load(&in_forked_call))
        _exit(3);
    return __real_eventfd_write(fd, value);
}

enum place {
    AT_EVENT,
    AT_DECIDER,
    AT_VALIDATOR,
    AT_PREPARER,
    AT_SCHEDULER,
    AT_STARTER,
    AT_SINK,
    AT_READER,
    AT_LOGGER,
    AT_DESTROY
};

/* Where it forks, and how the calls come there. */
static const struct scene {
    enum place place;
    insist_event event;
    const char *script;
    int64_t timeout_ms, deadline_ms; /* 0: none */
} scenes[] = {
    {AT_EVENT, INSIST_BEFORE_EXECUTION_START, "200", 0, 0},
    {AT_EVENT, INSIST_BEFORE_ATTEMPT, "200", 0, 0},
    {AT_EVENT, INSIST_BEFORE_READ_BODY, "200", 0, 0},
    {AT_EVENT, INSIST_BEFORE_READ_BODY, "200;size=5MB", 0, 0},
    {AT_EVENT, INSIST_AFTER_ATTEMPT, "503;retry-after=0,200", 0, 0},
    {AT_EVENT, INSIST_AFTER_ATTEMPT, "200", 0, 0},
    {AT_EVENT, INSIST_AFTER_ATTEMPT_TIMEOUT, "hang", 20, 0},
    {AT_EVENT, INSIST_AFTER_PLAN_TIMEOUT, "hang", 0, 1},
    {AT_EVENT, INSIST_AFTER_EXECUTION_END, "200", 0, 0},
    {AT_DECIDER, INSIST_EVENTS, "503;retry-after=0,200", 0, 0},
    {AT_VALIDATOR, INSIST_EVENTS, "200", 0, 0},
    {AT_PREPARER, INSIST_EVENTS, "503;retry-after=0,200", 0, 0},
    {AT_SCHEDULER, INSIST_EVENTS, "200", 0, 0},
    {AT_STARTER, INSIST_EVENTS, "200", 0, 0},
    {AT_SINK, INSIST_EVENTS, "200;size=5MB", 0, 0},
    {AT_READER, INSIST_EVENTS, "200", 0, 0},
    {AT_LOGGER, INSIST_EVENTS, "200", 0, 0},
    {AT_DESTROY, INSIST_EVENTS, "200", 0, 0},
};

enum { SIBLINGS = 4 }; /* calls beside each other on one thread */

static const struct scene *scene;
static pid_t forked; /* -1: not yet; 0: this is the child */

static void fork_once(enum place place) {
    if (scene->place != place || forked != -1)
        return;
    forked = fork();
    if (forked != 0)
        return;
    atomic_store(&in_forked_call, true);
    alarm(PATIENCE_S);
}

static void fork_when_destroyed(void *value) {
    (void)value;
    fork_once(AT_DESTROY);
}

static int fork_at_event(void *ctx, insist_event event, insist_execution *execution) {
    (void)ctx;
    if (event == INSIST_BEFORE_EXECUTION_START && scene->deadline_ms != 0) /* it is over before an attempt begins */
        nanosleep(&(struct timespec){.tv_nsec = (scene->deadline_ms + 1) * 1000000}, NULL);
    if (event == INSIST_BEFORE_EXECUTION_START)
        assert_int_equal(insist_execution_set_value(execution, "value", &forked, fork_when_destroyed), INSIST_OK);
    if (event == scene->event)
        fork_once(AT_EVENT);
    return 0;
}

static insist_verdict decide(void *ctx, const insist_execution *execution, insist_err *error) {
    (void)ctx;
    (void)error;
    fork_once(AT_DECIDER);
    bool last = insist_execution_status(execution) == 200 || insist_execution_attempts_started(execution) > 1;
    return last ? INSIST_ACCEPT : INSIST_RETRY;
}

static bool validate(void *ctx, const insist_execution *execution) {
    (void)ctx;
    (void)execution;
    fork_once(AT_VALIDATOR);
    return true;
}

static int prepare(void *ctx, insist_execution *execution, unsigned next_attempt) {
    (void)ctx;
    (void)execution;
    (void)next_attempt;
    fork_once(AT_PREPARER);
    return 0;
}

static int64_t schedule(void *ctx, const insist_execution *execution, unsigned hedges) {
    (void)ctx;
    (void)execution;
    fork_once(AT_SCHEDULER);
    return scene->place == AT_STARTER && hedges == 0 ? INSIST_AT_ONCE : INSIST_NO_HEDGE;
}

static bool start(void *ctx, const insist_execution *execution) {
    (void)ctx;
    (void)execution;
    fork_once(AT_STARTER);
    return true;
}

static int take(void *ctx, const void *data, size_t size) {
    (void)ctx;
    (void)data;
    (void)size;
    fork_once(AT_SINK);
    return 0;
}

static int64_t read_once(void *ctx, void *buffer, size_t room) {
    bool *was_read = ctx;
    fork_once(AT_READER);
    size_t length = *was_read || room == 0 ? 0 : 1;
    memset(buffer, 'x', length);
    *was_read = true;
    return (int64_t)length;
}

static void log_nothing(void *ctx, insist_log_level level, const char *message, const insist_log_pair *pairs,
                        size_t n) {
    (void)ctx;
    (void)level;
    (void)message;
    (void)pairs;
    (void)n;
    fork_once(AT_LOGGER);
}

struct policies {
    insist_handlers *handlers;
    insist_retry_policy *retry;
    insist_timeout_policy *timeout;
    insist_race_policy *race;
};

static void make_policies(struct policies *policies) {
    const insist_decider decider = {.decide = decide};
    const insist_scheduler scheduler = {.schedule = schedule};
    const insist_starter starter = {.start = start};
    assert_int_equal(insist_handlers_new(&policies->handlers), INSIST_OK);
    for (int event = 0; event < INSIST_EVENTS; event++)
        assert_int_equal(insist_handlers_push(policies->handlers, (insist_event)event, fork_at_event, NULL), INSIST_OK);
    assert_int_equal(insist_retry_policy_new(decider, insist_wait_constant_ms(0), NULL, &policies->retry), INSIST_OK);
    insist_err err = scene->timeout_ms != 0 ? insist_timeout_fixed_new(scene->timeout_ms, NULL, &policies->timeout)
                                            : insist_timeout_infinite_new(NULL, &policies->timeout);
    assert_int_equal(err, INSIST_OK);
    assert_int_equal(insist_race_policy_new(scheduler, starter, INSIST_REFILL, NULL, &policies->race), INSIST_OK);
}

static void free_policies(struct policies *policies) {
    insist_handlers_free(policies->handlers);
    insist_retry_policy_free(policies->retry);
    insist_timeout_policy_free(policies->timeout);
    insist_race_policy_free(policies->race);
}

/* In the child it does not return. One call may drive its own connection, several never do. False: once more. */
static bool call_and_fork(const insist_call_options *options, size_t count) {
    insist_plan *plans[SIBLINGS] = {NULL};
    insist_result *results[SIBLINGS] = {NULL};
    bool was_read[SIBLINGS] = {false};
    char target[160];
    for (size_t i = 0; i < count; i++) {
        const insist_reader reader = {.read = read_once, .ctx = &was_read[i], .length = 1};
        snprintf(target, sizeof target, "%s/%td/%zu/%zu/%u?do=%s", insist_testserver_url(server), scene - scenes, count,
                 i, more_children, scene->script);
        assert_int_equal(insist_plan_new(scene->place == AT_READER ? "PUT" : "GET", target, NULL, &plans[i]),
                         INSIST_OK);
        if (scene->place == AT_READER)
            assert_int_equal(insist_plan_set_body_reader(plans[i], &reader), INSIST_OK);
    }
    forked = -1;
    insist_err err = count == 1
                         ? insist_execute(client, plans[0], options, &results[0])
                         : insist_execute_all(client, (const insist_plan *const *)plans, count, options, results);
    if (forked == 0)
        _exit(err == INSIST_EFORKED && insist_result_error(results[count - 1]) == err ? 0 : 1);
    assert_true(forked > 0);
    bool well = ended_well(forked);
    for (size_t i = 0; i < count; i++) {
        bool hung = strcmp(scene->script, "hang") == 0;
        assert_int_equal(insist_result_status(results[i]), hung ? 0 : 200); /* as if nothing had happened */
        insist_result_free(results[i]);
        insist_plan_free(plans[i]);
    }
    return well;
}

static void inside_user_code_the_child_reaches_for_nothing(void **state) {
    const insist_logger logger = {.log = log_nothing};
    const insist_validator validator = {.validate = validate};
    const insist_preparer preparer = {.prepare = prepare};
    const insist_sink sink = {.write = take};
    (void)state;
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        struct policies policies;
        scene = &scenes[i];
        insist_client_free(client); /* each has a budget of its own */
        assert_int_equal(insist_client_new(INSIST_CLIENT_OPTIONS(.logger = &logger), NULL, &client), INSIST_OK);
        make_policies(&policies);
        insist_call_options options = {.size = sizeof options,
                                       .handlers = policies.handlers,
                                       .retry = policies.retry,
                                       .timeout = policies.timeout,
                                       .validator = &validator,
                                       .prepare_retry = &preparer,
                                       .deadline_ms = scene->deadline_ms != 0 ? scene->deadline_ms : INSIST_FOREVER};
        if (scene->place == AT_SCHEDULER || scene->place == AT_STARTER)
            options.race = policies.race;
        if (scene->place == AT_SINK)
            options.sink = &sink;
        print_message("place %d, event %s, %s\n", (int)scene->place,
                      scene->place == AT_EVENT ? insist_event_name(scene->event) : "-", scene->script);
        while (!call_and_fork(&options, 1))
            ;
        while (scene->place != AT_SINK && !call_and_fork(&options, SIBLINGS)) /* a sink is for one */
            ;
        free_policies(&policies);
    }
}

/* ---- inside a call ------------------------------------------------------------------------------------------------ */

static insist_cancel *token;
static pid_t born;

static int fork_in_call(void *ctx, insist_event event, insist_execution *execution) {
    (void)ctx;
    (void)event;
    (void)execution;
    born = fork();
    if (born == 0)
        alarm(PATIENCE_S);
    return 0;
}

static int fire_the_token(void *ctx, insist_event event, insist_execution *execution) {
    (void)ctx;
    (void)event;
    (void)execution;
    insist_cancel_fire(token);
    return 0;
}

static insist_err call_with_token(insist_client *asked, insist_handler_fn *handler) {
    insist_handlers *handlers = NULL;
    insist_result *result = NULL;
    insist_plan *plan = NULL;
    assert_int_equal(insist_handlers_new(&handlers), INSIST_OK);
    assert_int_equal(insist_handlers_push(handlers, INSIST_BEFORE_ATTEMPT, handler, NULL), INSIST_OK);
    assert_int_equal(insist_plan_new("GET", url, NULL, &plan), INSIST_OK);
    insist_err err = insist_execute(asked, plan, INSIST_CALL_OPTIONS(.cancel = token, .handlers = handlers), &result);
    insist_result_free(result);
    insist_plan_free(plan);
    insist_handlers_free(handlers);
    return err;
}

/* Where the parent's call was. */
__attribute__((noinline)) static void use_the_stack(void) {
    volatile char used[65536];
    for (size_t i = 0; i < sizeof used; i++)
        used[i] = 0x41;
}

static bool cancels_a_call_of_its_own(void) {
#ifdef __SANITIZE_THREAD__
    return true;
#else
    insist_client *own = NULL;
    bool well =
        insist_client_new(NULL, NULL, &own) == INSIST_OK && call_with_token(own, fire_the_token) == INSIST_ECANCELED;
    insist_client_free(own);
    return well;
#endif
}

static bool token_of_the_call_that_forks(bool (*judge)(void)) {
    assert_int_equal(insist_cancel_new(&token), INSIST_OK);
    assert_int_equal(insist_client_new(NULL, NULL, &client), INSIST_OK);
    insist_err err = call_with_token(client, fork_in_call);
    if (born == 0) {
        use_the_stack();
        _exit(err == INSIST_EFORKED && judge() ? 0 : 1);
    }
    assert_int_equal(err, INSIST_OK);
    bool well = ended_well(born);
    assert_int_equal(call_with_token(client, fire_the_token), INSIST_ECANCELED); /* the parent's is as it was */
    insist_cancel_free(token);
    insist_client_free(client);
    client = NULL;
    return well;
}

static bool fires_the_token(void) {
    insist_cancel_fire(token);
    return true;
}

static void token_is_fired_by_the_child_of_its_call(void **state) {
    (void)state;
    while (!token_of_the_call_that_forks(fires_the_token))
        ;
}

static void token_is_used_by_the_child_of_its_call(void **state) {
    (void)state;
    while (!token_of_the_call_that_forks(cancels_a_call_of_its_own))
        ;
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
    alarm(0); /* it ends with its parent */
    close(leash[1]);
    close_deaf();
    return read(leash[0], &byte, 1) == 0;
}

static void let_go(pid_t child) {
    close(leash[1]);
    close(leash[0]);
    assert_true(ended_well(child));
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

/* ---- TLS ---------------------------------------------------------------------------------------------------------- */

/* A connection is both's, and so is its session: one word of the child's, a goodbye perhaps, would end the parent's. */

static insist_testserver *tls_server;

static insist_client *client_for_tls(bool workers_only) {
    insist_client *made = NULL;
    assert_int_equal(insist_client_new(INSIST_CLIENT_OPTIONS(.tls = INSIST_TLS_OPTIONS(.insecure = true),
                                                             .workers_only = workers_only),
                                       NULL, &made),
                     INSIST_OK);
    return made;
}

static void frees_and_ends(void) {
    insist_client_free(client);
    _exit(0);
}

/* What libraries leave for the end of a process is done then, OpenSSL's cleaning among it. The address sanitizer would
 * look for leaks, and does not find what the stacks of threads refer to that the child has not. */
static void leave(int status) {
#ifdef __SANITIZE_ADDRESS__
    _exit(status);
#else
    exit(status);
#endif
}

static void frees_and_exits(void) {
    insist_client_free(client);
    leave(0);
}

static void exits(void) {
    leave(0);
}

static void calls_closes_and_exits(void) {
    insist_result *result = NULL;
    (void)insist_client_close_idle(client);
    bool well = insist_get(client, url, &result) == INSIST_EFORKED;
    insist_result_free(result);
    insist_client_free(client);
    leave(well ? 0 : 1);
}

/* False: the child hung, for its sanitizer's sake. */
static bool child_comes_and_goes(void (*way)(void)) {
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        alarm(PATIENCE_S);
        way();
    }
    assert_true(child > 0);
    return ended_well(child);
}

/* The journal tells the connection, and the place of the request on it. */
static void assert_last_came_on(uint64_t connection, uint64_t place) {
    insist_testserver_entry *last = insist_testserver_last(tls_server, NULL);
    assert_non_null(last);
    assert_int_equal(last->connection, connection);
    assert_int_equal(last->place, place);
    insist_testserver_entry_free(last);
}

static void (*const ways[])(void) = {frees_and_ends, frees_and_exits, exits, calls_closes_and_exits};

static void idle_connection_outlives_children(bool workers_only) {
    client = client_for_tls(workers_only);
    assert_true(answers(client));
    insist_testserver_entry *first = insist_testserver_last(tls_server, NULL);
    assert_non_null(first);
    uint64_t place = first->place;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        while (!child_comes_and_goes(ways[i]))
            ;
        assert_true(answers(client));
        assert_last_came_on(first->connection, ++place);
    }
    insist_testserver_entry_free(first);
    insist_client_free(client);
    client = NULL;
}

struct held {
    atomic_bool well;
};

static void call_what_is_held(void *shared, size_t i) {
    struct held *held = shared;
    (void)i;
    atomic_store(&held->well, answers(client));
}

/* The same while an answer is waited for. */
static void busy_connection_outlives_children(bool workers_only) {
    char plain[sizeof url];
    client = client_for_tls(workers_only);
    snprintf(plain, sizeof plain, "%s", url);
    snprintf(url, sizeof url, "%s/held?do=hold=/let-go%%3E=1", insist_testserver_url(tls_server));
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct held held = {.well = false};
        struct crowd *crowd = crowd_start(1, call_what_is_held, &held);
        assert_true(insist_testserver_wait_held(tls_server, 1, 60000));
        while (!child_comes_and_goes(ways[i]))
            ;
        insist_client *other = client_for_tls(true);
        char let_go[sizeof url + 8];
        insist_result *result = NULL;
        snprintf(let_go, sizeof let_go, "%s/let-go", insist_testserver_url(tls_server));
        assert_int_equal(insist_get(other, let_go, &result), INSIST_OK);
        insist_result_free(result);
        crowd_join(crowd);
        assert_true(atomic_load(&held.well));
        insist_client_free(other);
        insist_testserver_reset(tls_server);
    }
    snprintf(url, sizeof url, "%s", plain);
    insist_client_free(client);
    client = NULL;
}

static void children_leave_the_parents_tls_alone(void **state) {
    (void)state;
    assert_int_equal(insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.tls = true), NULL, &tls_server), INSIST_OK);
    snprintf(url, sizeof url, "%s/x", insist_testserver_url(tls_server));
    for (int workers_only = 0; workers_only < 2; workers_only++) {
        idle_connection_outlives_children(workers_only);
        busy_connection_outlives_children(workers_only);
    }
    insist_testserver_free(tls_server);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        CASE(before_there_was_a_client_both_may_make_one),
        CASE(once_clients_have_come_and_gone_both_may_make_one),
        CASE(beside_a_client_the_child_is_told_by_everything),
        CASE(while_others_call_they_go_on),
        CASE(inside_user_code_the_child_reaches_for_nothing),
        CASE(token_is_fired_by_the_child_of_its_call),
        CASE(token_is_used_by_the_child_of_its_call),
        CASE(connection_given_up_while_a_child_holds_it),
        CASE(connect_given_up_while_a_child_holds_it),
        CASE(connect_given_up_while_a_child_holds_it_http2),
        CASE(connect_refused_while_a_child_holds_it),
        CASE(connect_refused_while_a_child_holds_it_http2),
        CASE(children_leave_the_parents_tls_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
