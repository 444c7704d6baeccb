/* The resolver with a stand-in for getaddrinfo() that is held by semaphores and counts. The clock stands still, an
 * hour ahead of the real one, so that no wait of a resolver thread ends by itself unless a test wants it to. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/fail_alloc.h"
#include "wire/resolver.h"
#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define SECOND INT64_C(1000000000)

/* The outside world: names, time, memory. */
struct world {
    struct fail_alloc memory;
    struct env real, env;
    atomic_llong now_ns;
    struct resolver *resolver;

    atomic_bool held; /* lookups wait for `go` */
    sem_t begun, go;
    atomic_int calls, running, most;
    atomic_int code;       /* what lookups return */
    atomic_int generation; /* the last part of the address that they find */
    atomic_bool signals_open;
};

static int64_t world_now_ns(void *ctx) {
    return atomic_load(&((struct world *)ctx)->now_ns);
}

static void wait_for(sem_t *semaphore) {
    while (sem_wait(semaphore) != 0 && errno == EINTR)
        ;
}

static int world_resolve(void *ctx, const char *host, struct resolved *out) {
    struct world *world = ctx;
    (void)host;
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    if (!sigismember(&blocked, SIGTERM) || !sigismember(&blocked, SIGUSR1))
        atomic_store(&world->signals_open, true);
    atomic_fetch_add(&world->calls, 1);
    int running = atomic_fetch_add(&world->running, 1) + 1, most = atomic_load(&world->most);
    while (running > most && !atomic_compare_exchange_weak(&world->most, &most, running))
        ;
    sem_post(&world->begun);
    if (atomic_load(&world->held))
        wait_for(&world->go);
    char text[RESOLVER_ADDRESS_SIZE];
    snprintf(text, sizeof(text), "10.0.0.%d", atomic_load(&world->generation));
    resolved_add(out, text);
    int code = atomic_load(&world->code);
    atomic_fetch_sub(&world->running, 1);
    return code;
}

static void world_init(struct world *world) {
    memset(world, 0, sizeof(*world));
    atomic_init(&world->now_ns, env_now_ns(&env_standard) + 3600 * SECOND);
    world->real = env_standard;
    world->real.clock.ctx = world;
    world->real.clock.monotonic_ns = world_now_ns;
    world->env = fail_alloc_env(&world->memory, &world->real);
    sem_init(&world->begun, 0, 0);
    sem_init(&world->go, 0, 0);
    atomic_store(&world->generation, 1);
    assert_int_equal(resolver_new_with(&world->env, world_resolve, world, &world->resolver), INSIST_OK);
}

static void pass_time(struct world *world, int64_t ns) {
    atomic_fetch_add(&world->now_ns, ns);
}

static void let_go(struct world *world, int count) {
    for (int i = 0; i < count; i++)
        sem_post(&world->go);
}

static void wait_begun(struct world *world, int count) {
    for (int i = 0; i < count; i++)
        wait_for(&world->begun);
}

/* No lookup may be held: the resolver's threads and memory are gone when it is freed. */
static void world_fini(struct world *world) {
    resolver_free(world->resolver);
    assert_int_equal(fail_alloc_outstanding(&world->memory), 0);
    assert_false(atomic_load(&world->signals_open));
    sem_destroy(&world->begun);
    sem_destroy(&world->go);
}

struct waiter {
    struct lookup lookup;
    sem_t done;
    atomic_int called;
};

static void waiter_done(struct lookup *lookup) {
    struct waiter *waiter = LIST_ENTRY(lookup, struct waiter, lookup);
    atomic_fetch_add(&waiter->called, 1);
    sem_post(&waiter->done);
}

static void waiter_init(struct waiter *waiter) {
    memset(waiter, 0, sizeof(*waiter));
    waiter->lookup.done = waiter_done;
    sem_init(&waiter->done, 0, 0);
}

/* False: it was not answered at once. */
static bool ask(struct world *world, struct waiter *waiter, const char *host) {
    waiter_init(waiter);
    return resolver_ask(world->resolver, &waiter->lookup, host);
}

static void expect_address(struct waiter *waiter, const char *address) {
    assert_int_equal(waiter->lookup.err, INSIST_OK);
    assert_non_null(waiter->lookup.addresses);
    assert_string_equal(waiter->lookup.addresses->text[0], address);
    addresses_release(waiter->lookup.addresses);
}

static void expect_failure(const struct waiter *waiter, insist_err err, bool again) {
    assert_int_equal(waiter->lookup.err, err);
    assert_int_equal(waiter->lookup.again, again);
    assert_null(waiter->lookup.addresses);
}

static void expect_known(struct world *world, const char *host, const char *address) {
    struct waiter waiter;
    assert_true(ask(world, &waiter, host));
    expect_address(&waiter, address);
}

static void expect_found(struct world *world, const char *host, const char *address) {
    struct waiter waiter;
    assert_false(ask(world, &waiter, host));
    wait_for(&waiter.done);
    expect_address(&waiter, address);
}

static void expect_not_found(struct world *world, const char *host, bool again) {
    struct waiter waiter;
    assert_false(ask(world, &waiter, host));
    wait_for(&waiter.done);
    expect_failure(&waiter, INSIST_ERESOLVE, again);
}

static void literals_are_answered_at_once(void **state) {
    (void)state;
    struct world world;
    world_init(&world);
    expect_known(&world, "127.0.0.1", "127.0.0.1");
    expect_known(&world, "2001:db8::1", "2001:db8::1");
    assert_int_equal(atomic_load(&world.calls), 0);
    world_fini(&world);
}

static void names_are_looked_up_once_a_minute(void **state) {
    (void)state;
    struct world world;
    world_init(&world);
    expect_found(&world, "a", "10.0.0.1");
    expect_known(&world, "a", "10.0.0.1");
    atomic_store(&world.generation, 2);
    pass_time(&world, 60 * SECOND - 1);
    expect_known(&world, "a", "10.0.0.1");
    assert_int_equal(atomic_load(&world.calls), 1);
    pass_time(&world, 1);
    expect_found(&world, "a", "10.0.0.2");
    expect_known(&world, "a", "10.0.0.2");
    assert_int_equal(atomic_load(&world.calls), 2);
    world_fini(&world);
}

static void one_lookup_serves_all_who_wait(void **state) {
    (void)state;
    struct world world;
    struct waiter waiters[50];
    world_init(&world);
    atomic_store(&world.held, true);
    for (int i = 0; i < 50; i++)
        assert_false(ask(&world, &waiters[i], "a"));
    wait_begun(&world, 1);
    let_go(&world, 1);
    for (int i = 0; i < 50; i++) {
        wait_for(&waiters[i].done);
        expect_address(&waiters[i], "10.0.0.1");
    }
    assert_int_equal(atomic_load(&world.calls), 1);
    world_fini(&world);
}

static void ask_names(struct world *world, struct waiter *waiters, int first, int count) {
    char host[16];
    for (int i = first; i < first + count; i++) {
        snprintf(host, sizeof(host), "h%d", i);
        assert_false(ask(world, &waiters[i], host));
    }
}

static void expect_all(struct waiter *waiters, int count) {
    for (int i = 0; i < count; i++) {
        wait_for(&waiters[i].done);
        expect_address(&waiters[i], "10.0.0.1");
        assert_int_equal(atomic_load(&waiters[i].called), 1);
    }
}

static void four_lookups_run_at_a_time(void **state) {
    (void)state;
    struct world world;
    struct waiter waiters[40];
    world_init(&world);
    atomic_store(&world.held, true);
    ask_names(&world, waiters, 0, 40);
    wait_begun(&world, RESOLVER_THREADS);
    let_go(&world, 40);
    expect_all(waiters, 40);
    assert_int_equal(atomic_load(&world.most), RESOLVER_THREADS);
    assert_int_equal(atomic_load(&world.calls), 40);
    world_fini(&world);
}

static void hung_lookups_make_room_for_others_up_to_sixteen(void **state) {
    (void)state;
    struct world world;
    struct waiter waiters[30];
    world_init(&world);
    atomic_store(&world.held, true);
    ask_names(&world, waiters, 0, 6);
    wait_begun(&world, 4);
    pass_time(&world, SECOND - 1);
    ask_names(&world, waiters, 6, 1);
    assert_int_equal(atomic_load(&world.calls), 4);
    pass_time(&world, 1);
    ask_names(&world, waiters, 7, 1); /* wakes the thread that watches: 4 hang, 4 more may run */
    wait_begun(&world, 4);
    for (int i = 8; i < 30; i++) {
        pass_time(&world, SECOND);
        ask_names(&world, waiters, i, 1);
        if (i < RESOLVER_THREADS_MOST)
            wait_begun(&world, 1);
    }
    assert_int_equal(atomic_load(&world.calls), RESOLVER_THREADS_MOST);
    let_go(&world, 30);
    expect_all(waiters, 30);
    assert_int_equal(atomic_load(&world.most), RESOLVER_THREADS_MOST);
    world_fini(&world);
}

/* In real time: the only thing that can wake the thread that watches is its own timer. */
static void a_name_behind_hung_lookups_gets_its_turn_by_itself(void **state) {
    (void)state;
    struct world world;
    struct waiter waiters[5];
    world_init(&world);
    world.env.clock = env_standard.clock;
    atomic_store(&world.held, true);
    ask_names(&world, waiters, 0, 5);
    wait_begun(&world, 5);
    let_go(&world, 5);
    expect_all(waiters, 5);
    world_fini(&world);
}

static void too_many_waiting_names_are_refused(void **state) {
    (void)state;
    static struct waiter waiters[RESOLVER_THREADS + RESOLVER_WAITING_NAMES];
    struct world world;
    struct waiter one_more;
    const int count = RESOLVER_THREADS + RESOLVER_WAITING_NAMES;
    world_init(&world);
    atomic_store(&world.held, true);
    ask_names(&world, waiters, 0, RESOLVER_THREADS);
    wait_begun(&world, RESOLVER_THREADS);
    ask_names(&world, waiters, RESOLVER_THREADS, RESOLVER_WAITING_NAMES);
    assert_true(ask(&world, &one_more, "one-more"));
    expect_failure(&one_more, INSIST_ERESOLVE, true);
    assert_false(ask(&world, &one_more, "h200")); /* waits with others */
    expect_known(&world, "127.0.0.1", "127.0.0.1");
    let_go(&world, count);
    expect_all(waiters, count);
    wait_for(&one_more.done);
    expect_address(&one_more, "10.0.0.1");
    world_fini(&world);
}

static void old_addresses_do_while_the_name_server_is_silent(void **state) {
    (void)state;
    struct world world;
    world_init(&world);
    expect_found(&world, "a", "10.0.0.1");
    atomic_store(&world.code, EAI_AGAIN);
    pass_time(&world, 61 * SECOND);
    expect_found(&world, "a", "10.0.0.1");
    expect_found(&world, "a", "10.0.0.1"); /* the failure is not remembered */
    assert_int_equal(atomic_load(&world.calls), 3);
    atomic_store(&world.code, EAI_SYSTEM);
    pass_time(&world, 538 * SECOND);
    expect_found(&world, "a", "10.0.0.1");
    pass_time(&world, SECOND);
    atomic_store(&world.code, EAI_AGAIN);
    expect_not_found(&world, "a", true);
    expect_not_found(&world, "a", true);
    atomic_store(&world.code, 0);
    expect_found(&world, "a", "10.0.0.1");
    world_fini(&world);
}

static void a_name_that_does_not_exist_is_remembered_for_a_second(void **state) {
    (void)state;
    struct world world;
    struct waiter waiter;
    world_init(&world);
    expect_found(&world, "a", "10.0.0.1");
    pass_time(&world, 600 * SECOND);
    atomic_store(&world.code, EAI_NONAME);
    expect_not_found(&world, "a", false);
    pass_time(&world, SECOND - 1);
    assert_true(ask(&world, &waiter, "a"));
    expect_failure(&waiter, INSIST_ERESOLVE, false);
    assert_int_equal(atomic_load(&world.calls), 2);
    pass_time(&world, 1);
    expect_not_found(&world, "a", false);
    assert_int_equal(atomic_load(&world.calls), 3);
    atomic_store(&world.code, EAI_MEMORY);
    pass_time(&world, SECOND);
    assert_false(ask(&world, &waiter, "a"));
    wait_for(&waiter.done);
    expect_failure(&waiter, INSIST_ENOMEM, false);
    world_fini(&world);
}

static void no_such_name_does_not_replace_addresses(void **state) {
    (void)state;
    struct world world;
    world_init(&world);
    expect_found(&world, "a", "10.0.0.1");
    atomic_store(&world.code, EAI_NONAME);
    pass_time(&world, 61 * SECOND);
    expect_found(&world, "a", "10.0.0.1");
    pass_time(&world, 538 * SECOND);
    expect_found(&world, "a", "10.0.0.1"); /* asked again each time */
    assert_int_equal(atomic_load(&world.calls), 3);
    pass_time(&world, SECOND);
    expect_not_found(&world, "a", false);
    world_fini(&world);
}

static void a_system_that_cannot_look_is_asked_again(void **state) {
    (void)state;
    struct world world;
    struct waiter waiter;
    world_init(&world);
    atomic_store(&world.code, EAI_SYSTEM);
    for (int i = 1; i <= 2; i++) {
        assert_false(ask(&world, &waiter, "a"));
        wait_for(&waiter.done);
        expect_failure(&waiter, INSIST_ESYSTEM, true);
        assert_int_equal(atomic_load(&world.calls), i);
    }
    atomic_store(&world.code, 0);
    expect_found(&world, "a", "10.0.0.1");
    world_fini(&world);
}

static void old_addresses_do_while_the_lookup_hangs(void **state) {
    (void)state;
    struct world world;
    struct waiter first, second;
    world_init(&world);
    expect_found(&world, "a", "10.0.0.1");
    wait_begun(&world, 1);
    pass_time(&world, 61 * SECOND);
    atomic_store(&world.held, true);
    assert_false(ask(&world, &first, "a"));
    wait_begun(&world, 1);
    assert_false(ask(&world, &second, "a"));
    pass_time(&world, SECOND);
    expect_known(&world, "a", "10.0.0.1");
    let_go(&world, 1);
    wait_for(&first.done);
    wait_for(&second.done);
    expect_address(&first, "10.0.0.1");
    expect_address(&second, "10.0.0.1");
    world_fini(&world);
}

static void a_lookup_can_be_taken_back(void **state) {
    (void)state;
    struct world world;
    struct waiter stays, goes;
    world_init(&world);
    atomic_store(&world.held, true);
    assert_false(ask(&world, &goes, "a"));
    assert_false(ask(&world, &stays, "a"));
    wait_begun(&world, 1);
    assert_true(resolver_forget(world.resolver, &goes.lookup));
    assert_false(resolver_forget(world.resolver, &goes.lookup));
    let_go(&world, 1);
    wait_for(&stays.done);
    expect_address(&stays, "10.0.0.1");
    assert_false(resolver_forget(world.resolver, &stays.lookup));
    expect_known(&world, "a", "10.0.0.1");
    world_fini(&world);
    assert_int_equal(atomic_load(&goes.called), 0);
}

static void freeing_does_not_wait_for_a_hung_lookup(void **state) {
    (void)state;
    static struct world world; /* the threads use it until they end, which nobody waits for */
    struct waiter waiters[8];
    world_init(&world);
    atomic_store(&world.held, true);
    ask_names(&world, waiters, 0, 8);
    wait_begun(&world, 4);
    resolver_free(world.resolver); /* would never return */
    assert_int_equal(atomic_load(&world.running), 4);
    assert_int_not_equal(fail_alloc_outstanding(&world.memory), 0);
    let_go(&world, 4);
    while (fail_alloc_outstanding(&world.memory) > 0) /* each releases what it owns, the last one the resolver */
        sched_yield();
    for (int i = 0; i < 8; i++)
        assert_int_equal(atomic_load(&waiters[i].called), 0);
    assert_int_equal(atomic_load(&world.calls), 4);
}

struct slow_waiter {
    struct lookup lookup;
    sem_t entered, freeing;
    atomic_bool left;
};

static void slow_done(struct lookup *lookup) {
    struct slow_waiter *waiter = LIST_ENTRY(lookup, struct slow_waiter, lookup);
    sem_post(&waiter->entered);
    wait_for(&waiter->freeing);
    for (int i = 0; i < 1000; i++)
        sched_yield();
    atomic_store(&waiter->left, true);
}

static void settling_waits_for_a_done_that_is_being_called(void **state) {
    (void)state;
    struct world world;
    struct slow_waiter waiter;
    memset(&waiter, 0, sizeof(waiter));
    world_init(&world);
    sem_init(&waiter.entered, 0, 0);
    sem_init(&waiter.freeing, 0, 0);
    waiter.lookup.done = slow_done;
    resolver_settle(world.resolver); /* nothing to wait for */
    assert_false(resolver_ask(world.resolver, &waiter.lookup, "a"));
    wait_for(&waiter.entered);
    sem_post(&waiter.freeing);
    resolver_settle(world.resolver);
    assert_true(atomic_load(&waiter.left));
    addresses_release(waiter.lookup.addresses);
    world_fini(&world);
}

static void freeing_waits_for_a_done_that_is_being_called(void **state) {
    (void)state;
    struct world world;
    struct slow_waiter waiter;
    memset(&waiter, 0, sizeof(waiter));
    world_init(&world);
    sem_init(&waiter.entered, 0, 0);
    sem_init(&waiter.freeing, 0, 0);
    waiter.lookup.done = slow_done;
    assert_false(resolver_ask(world.resolver, &waiter.lookup, "a"));
    wait_for(&waiter.entered);
    assert_false(resolver_forget(world.resolver, &waiter.lookup));
    sem_post(&waiter.freeing);
    resolver_free(world.resolver);
    assert_true(atomic_load(&waiter.left));
    world.resolver = NULL;
    addresses_release(waiter.lookup.addresses);
    world_fini(&world);
}

static void addresses_outlive_the_resolver(void **state) {
    (void)state;
    struct world world;
    struct waiter waiter;
    world_init(&world);
    assert_false(ask(&world, &waiter, "a"));
    wait_for(&waiter.done);
    resolver_free(world.resolver);
    assert_int_equal(fail_alloc_outstanding(&world.memory), 1);
    expect_address(&waiter, "10.0.0.1");
    world.resolver = NULL;
    world_fini(&world);
}

/* Of this process, by their name. */
static int count_resolver_threads(void) {
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    for (struct dirent *entry; tasks && (entry = readdir(tasks));) {
        char path[300], name[32] = "";
        snprintf(path, sizeof(path), "/proc/self/task/%s/comm", entry->d_name);
        FILE *file = fopen(path, "re");
        if (file && fgets(name, sizeof(name), file))
            count += strncmp(name, "insist-resolver", 15) == 0;
        if (file)
            fclose(file);
    }
    closedir(tasks);
    return count;
}

static void threads_end_when_there_is_nothing_to_do(void **state) {
    (void)state;
    struct world world;
    while (count_resolver_threads() > 0) /* the last steps of those of earlier tests */
        sched_yield();
    world_init(&world);
    expect_found(&world, "a", "10.0.0.1");
    assert_int_equal(count_resolver_threads(), 1);
    atomic_store(&world.now_ns, 1); /* so long ago that any wait is over at once */
    expect_found(&world, "c", "10.0.0.1");
    while (count_resolver_threads() > 0)
        sched_yield();
    expect_found(&world, "b", "10.0.0.1"); /* and begin anew when there is */
    world_fini(&world);
}

static void *ask_on_a_thread(void *argument) {
    struct world *world = argument;
    intptr_t wrong = 0;
    char host[16];
    for (int i = 0; i < 300; i++) {
        struct waiter waiter;
        snprintf(host, sizeof(host), "h%d", i * 7 % 50);
        bool answered = ask(world, &waiter, host);
        if (!answered && i % 3 == 0)
            answered = resolver_forget(world->resolver, &waiter.lookup);
        else if (answered && waiter.lookup.err != INSIST_OK)
            wrong++;
        if (!answered)
            wait_for(&waiter.done);
        addresses_release(waiter.lookup.addresses);
        if (i % 10 == 0)
            pass_time(world, 20 * SECOND);
        sem_destroy(&waiter.done);
    }
    return (void *)wrong;
}

static void many_threads_ask_and_take_back(void **state) {
    (void)state;
    struct world world;
    pthread_t threads[8];
    world_init(&world);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_on_a_thread, &world), 0);
    for (size_t i = 0; i < 8; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    world_fini(&world);
}

static void memory_may_run_out_anywhere(void **state) {
    (void)state;
    struct fail_alloc memory;
    struct env env = fail_alloc_env(&memory, &env_standard);
    struct resolver *resolver;
    for (size_t n = 1; n <= 2; n++) {
        fail_alloc_at(&memory, n);
        assert_int_equal(resolver_new(&env, &resolver), INSIST_ENOMEM);
        assert_null(resolver);
    }
    assert_int_equal(fail_alloc_outstanding(&memory), 0);

    struct world world;
    world_init(&world);
    for (size_t n = 1;; n++) {
        struct waiter waiter;
        fail_alloc_at(&world.memory, n);
        if (!ask(&world, &waiter, "a"))
            wait_for(&waiter.done);
        pass_time(&world, 700 * SECOND);
        if (waiter.lookup.err == INSIST_OK)
            expect_address(&waiter, "10.0.0.1");
        else
            expect_failure(&waiter, INSIST_ENOMEM, false);
        if (n > 5)
            break;
    }
    fail_alloc_at(&world.memory, 1);
    struct waiter waiter;
    assert_true(ask(&world, &waiter, "127.0.0.1"));
    expect_failure(&waiter, INSIST_ENOMEM, false);
    world_fini(&world);
}

static void the_system_knows_localhost(void **state) {
    (void)state;
    struct waiter waiter;
    struct resolver *resolver;
    assert_int_equal(resolver_new(&env_standard, &resolver), INSIST_OK);
    waiter_init(&waiter);
    assert_false(resolver_ask(resolver, &waiter.lookup, "localhost"));
    wait_for(&waiter.done);
    assert_int_equal(waiter.lookup.err, INSIST_OK);
    bool loopback = false;
    for (size_t i = 0; i < waiter.lookup.addresses->count; i++)
        loopback |= strcmp(waiter.lookup.addresses->text[i], "127.0.0.1") == 0 ||
                    strcmp(waiter.lookup.addresses->text[i], "::1") == 0;
    assert_true(loopback);
    addresses_release(waiter.lookup.addresses);
    resolver_free(resolver);
    resolver_free(NULL);
}

static void ask_system(struct resolver *resolver, struct waiter *waiter, const char *host) {
    waiter_init(waiter);
    assert_false(resolver_ask(resolver, &waiter->lookup, host));
    wait_for(&waiter->done);
}

/* There is no such name, says getaddrinfo() then. */
static void the_system_without_descriptors_knows_nothing(void **state) {
    (void)state;
    struct rlimit before, none;
    struct waiter waiter;
    struct resolver *resolver;
    assert_int_equal(resolver_new(&env_standard, &resolver), INSIST_OK);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    ask_system(resolver, &waiter, "localhost");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    expect_failure(&waiter, INSIST_ESYSTEM, true);
    ask_system(resolver, &waiter, "localhost");
    assert_int_equal(waiter.lookup.err, INSIST_OK);
    addresses_release(waiter.lookup.addresses);
    resolver_free(resolver);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_are_answered_at_once),
        cmocka_unit_test(names_are_looked_up_once_a_minute),
        cmocka_unit_test(one_lookup_serves_all_who_wait),
        cmocka_unit_test(four_lookups_run_at_a_time),
        cmocka_unit_test(hung_lookups_make_room_for_others_up_to_sixteen),
        cmocka_unit_test(a_name_behind_hung_lookups_gets_its_turn_by_itself),
        cmocka_unit_test(too_many_waiting_names_are_refused),
        cmocka_unit_test(old_addresses_do_while_the_name_server_is_silent),
        cmocka_unit_test(a_name_that_does_not_exist_is_remembered_for_a_second),
        cmocka_unit_test(no_such_name_does_not_replace_addresses),
        cmocka_unit_test(a_system_that_cannot_look_is_asked_again),
        cmocka_unit_test(old_addresses_do_while_the_lookup_hangs),
        cmocka_unit_test(a_lookup_can_be_taken_back),
        cmocka_unit_test(freeing_does_not_wait_for_a_hung_lookup),
        cmocka_unit_test(settling_waits_for_a_done_that_is_being_called),
        cmocka_unit_test(freeing_waits_for_a_done_that_is_being_called),
        cmocka_unit_test(addresses_outlive_the_resolver),
        cmocka_unit_test(threads_end_when_there_is_nothing_to_do),
        cmocka_unit_test(many_threads_ask_and_take_back),
        cmocka_unit_test(memory_may_run_out_anywhere),
        cmocka_unit_test(the_system_knows_localhost),
        cmocka_unit_test(the_system_without_descriptors_knows_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
