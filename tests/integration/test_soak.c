/* A soak of the client: calls of all kinds (soak_calls.c), through 32 threads and one client, against test servers in
 * processes of their own. Every call ends as it must; and when all have gone there are as many threads, descriptors and
 * blocks of the library as after the first thousand, and as much memory. Once the client is freed, nothing is left of what
 * the library allocated.
 *
 *     test_soak [NUMBER]       else 10,000 calls; the whole soak has 1,000,000 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "soak_calls.h"
#include "support/crowd.h"
#include "support/usage.h"
#include "testserver_process.h"
#include <arpa/inet.h>
#include <limits.h>
#include <malloc.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 32, FIRST = 1000, STRETCH = 50000, SERVERS = 4, PATIENCE_MS = 40000 };

/* What malloc() may have handed out more at the end. A sanitizer's runtime keeps what is freed. */
static const int64_t most_growth = 64 << 10;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const bool memory_tells = false;
#else
static const bool memory_tells = true;
#endif

static size_t calls_wanted = 10000;

/* A thread that looked localhost up ends after 30 s without work. Short runs do not wait for that. */
static size_t lookup_threads = 1;

struct soak {
    struct process servers[SERVERS]; /* http, https; and those with the faults of the port */
    size_t threads, descriptors;     /* of a client that has not called */
    int reserved;                    /* a port at which nobody listens */
    size_t end;                      /* of the stretch */
    atomic_size_t next, wrong;
};

static struct soak soak;

/* ---- the scene ---------------------------------------------------------------------------------------------------- */

static uint16_t reserve_port(int *descriptor) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    *descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(*descriptor >= 0);
    assert_int_equal(bind(*descriptor, (struct sockaddr *)&address, length), 0);
    assert_int_equal(getsockname(*descriptor, (struct sockaddr *)&address, &length), 0);
    return ntohs(address.sin_port);
}

static int begin(void **state) {
    static const char *const plain[] = {"--port", "0", NULL}, *const tls[] = {"--port", "0", "--tls", NULL};
    struct soak_servers servers;
    (void)state;
    usage_raise_descriptor_limit();
    for (size_t i = 0; i < SERVERS; i++) {
        process_start_server(&soak.servers[i], i % 2 == 0 ? plain : tls);
        (i < 2 ? servers.ports : servers.doors)[i % 2] = soak.servers[i].port;
    }
    servers.nobodys = reserve_port(&soak.reserved);
    assert_int_equal(soak_init(&servers), INSIST_OK);
    soak.threads = usage_threads(getpid());
    soak.descriptors = usage_descriptors(getpid());
    return 0;
}

static int end(void **state) {
    (void)state;
    for (size_t i = 0; i < SERVERS; i++) {
        process_end(&soak.servers[i]);
        process_fini(&soak.servers[i]);
    }
    close(soak.reserved);
    return 0;
}

/* ---- calls -------------------------------------------------------------------------------------------------------- */

static void make_calls(void *shared, size_t thread) {
    char problem[SOAK_TEXT];
    size_t number;
    (void)shared;
    (void)thread;
    while ((number = atomic_fetch_add(&soak.next, 1)) < soak.end)
        if (!soak_call(number, problem)) {
            fprintf(stderr, "call %zu: %s\n", number, problem);
            atomic_fetch_add(&soak.wrong, 1);
        }
}

/* The servers count by key, and every call has its own. */
static void let_servers_forget(void) {
    for (size_t i = 0; i < SERVERS; i++) {
        char url[64];
        insist_result *result = NULL;
        snprintf(url, sizeof url, "http://127.0.0.1:%u/__admin/counts", (unsigned)soak.servers[i].admin_port);
        assert_int_equal(insist_delete(soak_client(), url, &result), INSIST_OK);
        assert_int_equal(insist_result_status(result) / 100, 2);
        insist_result_free(result);
    }
}

static void call_until(size_t last) {
    size_t begun = soak.end;
    while (begun < last) {
        soak.end = last - begun < STRETCH ? last : begun + STRETCH;
        atomic_store(&soak.next, begun);
        crowd_join(crowd_start(THREADS, make_calls, NULL));
        let_servers_forget();
        begun = soak.end;
    }
}

/* ---- what there is ------------------------------------------------------------------------------------------------ */

struct figures {
    size_t threads, descriptors;
    long long blocks; /* of the library */
    int64_t bytes;    /* of everybody */
};

static bool is_alone(long long blocks) {
    return usage_descriptors(getpid()) == soak.descriptors &&
           usage_threads(getpid()) <= soak.threads + lookup_threads && soak_blocks() <= blocks;
}

/* Until attempts that were given up are buried and connections closed: libcurl looks for dead ones once a second. */
static void settle(long long blocks) {
    const struct timespec moment = {.tv_nsec = 1000000};
    insist_stats stats = {.size = sizeof stats};
    do {
        nanosleep(&moment, NULL);
        assert_int_equal(insist_client_stats(soak_client(), &stats), INSIST_OK);
    } while (stats.in_flight > 0 || stats.running > 0);
    assert_int_equal(insist_client_close_idle(soak_client()), INSIST_OK);
    for (int i = 0; i < PATIENCE_MS && !is_alone(blocks); i++)
        nanosleep(&moment, NULL);
}

/* Waits until the library has no more blocks than these. */
static struct figures measure(const char *when, long long blocks) {
    settle(blocks);
    malloc_trim(0);
    const struct mallinfo2 heap = mallinfo2();
    const struct figures figures = {.threads = usage_threads(getpid()),
                                    .descriptors = usage_descriptors(getpid()),
                                    .blocks = soak_blocks(),
                                    .bytes = (int64_t)(heap.uordblks + heap.hblkhd)};
    printf("%s: %zu threads, %zu descriptors, %lld blocks of the library, %.1f KiB allocated in all\n", when,
           figures.threads, figures.descriptors, figures.blocks, (double)figures.bytes / 1024);
    return figures;
}

static void nothing_is_left_of_all_the_calls(void **state) {
    insist_stats stats = {.size = sizeof stats};
    (void)state;
    call_until(FIRST);
    const struct figures first = measure("after the first 1,000 calls", LLONG_MAX);
    call_until(calls_wanted);
    const struct figures last = measure("after the last", first.blocks);
    assert_int_equal(insist_client_stats(soak_client(), &stats), INSIST_OK);
    printf("%zu calls of %zu kinds through %d threads, %llu attempts of the common client, %zu ended otherwise than "
           "they must\n",
           calls_wanted, soak_kinds(), THREADS, (unsigned long long)stats.attempts, atomic_load(&soak.wrong));
    soak_fini();
    printf("the client is freed: %lld blocks of the library\n", soak_blocks());
    assert_int_equal(atomic_load(&soak.wrong), 0);
    assert_in_range(first.threads, soak.threads, soak.threads + lookup_threads);
    assert_in_range(last.threads, soak.threads, soak.threads + lookup_threads);
    assert_int_equal(first.descriptors, soak.descriptors);
    assert_int_equal(last.descriptors, soak.descriptors);
    assert_true(last.blocks <= first.blocks);
    if (memory_tells)
        assert_true(last.bytes - first.bytes <= most_growth);
    assert_int_equal(soak_blocks(), 0);
}

/* What a thread keeps for its next malloc() counts as handed out: it is told to keep nothing, which it is before it begins. */
static void count_exactly(char **argv) {
    static const char name[] = "GLIBC_TUNABLES", value[] = "glibc.malloc.tcache_count=0";
    if (memory_tells && getenv(name) == NULL && setenv(name, value, 1) == 0)
        execv("/proc/self/exe", argv);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_left_of_all_the_calls)};
    if (argc > 1) {
        calls_wanted = strtoul(argv[1], NULL, 10);
        lookup_threads = 0;
    }
    count_exactly(argv);
    setvbuf(stdout, NULL, _IOLBF, 0);
    return cmocka_run_group_tests(tests, begin, end);
}
