/* A soak of the test server in miniature: mixed faults by the ten thousand, http and https, from clients that read to
 * the end, leave in the middle, half-close or send nonsense. Faults of the port are not among them: one that closes it
 * resets whoever is connecting at that moment. The server has a process of its own, which at a tenth of
 * them and at the end tells its descriptors, which must be the same, and its memory, which must be about the same.
 *
 *     test_testserver_soak [NUMBER]       else 20,000 requests; the whole soak has 300,000 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/usage.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <insist/testserver.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 12, TLS_EVERY = 8, REUSE_EVERY = 3, KEPT = 8192 };

/* What the server's process may have more at the end than at a tenth of the requests: its journal keeps the last
 * hundred requests, which differ in size, and the allocator its own margin. A sanitizer's runtime keeps what is freed. */
static const int64_t most_heap_growth = 128 << 10;
static const int64_t most_resident_growth = 4 << 20;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const bool memory_tells = false;
#else
static const bool memory_tells = true;
#endif

/* ---- the server's process --------------------------------------------------------------------------------------- */

struct figures {
    int idle; /* nothing in flight, no connection open */
    int64_t descriptors;
    int64_t heap_bytes; /* allocated and not freed */
    int64_t resident_bytes;
    uint64_t requests; /* since the start */
    uint64_t connections;
};

struct child {
    pid_t pid;
    int orders, reports;
    uint16_t ports[2]; /* http, https */
};

static bool settles(insist_testserver *server, struct figures *figures) {
    insist_testserver_stats stats = {.size = sizeof stats};
    bool idle = insist_testserver_wait_idle(server, 60000);
    for (int i = 0; i < 60000; i++) {
        insist_testserver_get_stats(server, &stats);
        if (stats.connections_open == 0 && stats.listening) {
            break;
        }
        usleep(1000);
    }
    figures->requests += stats.requests;
    figures->connections += stats.connections_accepted;
    return idle && stats.connections_open == 0;
}

static struct figures measure(insist_testserver *const servers[2]) {
    struct figures figures = {0};
    figures.idle = settles(servers[0], &figures);
    figures.idle = settles(servers[1], &figures) && figures.idle;
    malloc_trim(0);
    const struct mallinfo2 heap = mallinfo2();
    figures.heap_bytes = (int64_t)(heap.uordblks + heap.hblkhd);
    figures.descriptors = (int64_t)usage_descriptors(getpid());
    figures.resident_bytes = usage_resident_kb(getpid()) * 1024;
    return figures;
}

static int serve(int orders, int reports) {
    insist_testserver *servers[2];
    uint16_t ports[2];
    char order;
    for (int tls = 0; tls < 2; tls++) {
        if (insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.tls = tls, .journal_limit = 100), NULL, &servers[tls]) !=
            INSIST_OK) {
            return 1;
        }
        ports[tls] = insist_testserver_port(servers[tls]);
    }
    bool ok = write(reports, ports, sizeof ports) == sizeof ports;
    while (ok && read(orders, &order, 1) == 1) {
        struct figures figures = measure(servers);
        ok = write(reports, &figures, sizeof figures) == sizeof figures;
    }
    insist_testserver_free(servers[0]);
    insist_testserver_free(servers[1]);
    return ok ? 0 : 1;
}

static void start_child(struct child *child) {
    int orders[2];
    int reports[2];
    assert_int_equal(pipe(orders), 0);
    assert_int_equal(pipe(reports), 0);
    child->pid = fork();
    assert_true(child->pid >= 0);
    if (child->pid == 0) {
        close(orders[1]);
        close(reports[0]);
        exit(serve(orders[0], reports[1]));
    }
    close(orders[0]);
    close(reports[1]);
    child->orders = orders[1];
    child->reports = reports[0];
    assert_int_equal(read(child->reports, child->ports, sizeof child->ports), sizeof child->ports);
}

static struct figures ask(const struct child *child) {
    struct figures figures;
    assert_int_equal(write(child->orders, "m", 1), 1);
    assert_int_equal(read(child->reports, &figures, sizeof figures), sizeof figures);
    return figures;
}

/* Its exit status; a sanitizer makes it a bad one where memory has leaked. */
static int end_child(struct child *child) {
    int status = 0;
    close(child->orders);
    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    close(child->reports);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* ---- what is asked for ------------------------------------------------------------------------------------------ */

enum manners { READ, LEAVE, HALF_CLOSE }; /* to the end; after so many bytes; the same as READ with a FIN before it */
enum { ANY = -1 };

struct kind {
    const char *script; /* percent-encoded where necessary */
    const char *words;  /* a request that is none, instead */
    enum manners manners;
    int64_t body; /* READ: bytes behind the header block; LEAVE: bytes after which it leaves */
    bool reset;   /* READ: how it ends */
};

static const struct kind kinds[] = {
    {.script = "200;body=END", .body = 3},
    {.script = "404;size=20KB", .body = 20000},
    {.script = "503;retry-after=1", .body = ANY},
    {.script = "200;delay=2ms", .body = ANY},
    {.script = "echo", .body = 5},
    {.script = "random=5000", .body = 5000},
    {.script = "0.5:reset|200;body=END", .body = ANY, .reset = true},
    {.script = "reset", .body = ANY, .reset = true},
    {.script = "reset@headers", .body = ANY, .reset = true},
    {.script = "reset@headers:9", .body = ANY, .reset = true},
    {.script = "reset@body:777", .body = 777, .reset = true},
    {.script = "reset@body:90000", .body = 90000, .reset = true},
    {.script = "reset@end;size=999", .body = 999, .reset = true},
    {.script = "1xx=103;reset", .body = ANY, .reset = true},
    {.script = "close", .body = ANY},
    {.script = "close@headers", .body = ANY},
    {.script = "close@body:777", .body = 777},
    {.script = "close@end;size=999;delay@end=1ms", .body = 999},
    {.script = "truncate@777", .body = 777},
    {.script = "hang", .manners = LEAVE},
    {.script = "stall=headers", .manners = LEAVE, .body = 20},
    {.script = "stall=body@100", .manners = LEAVE, .body = 200},
    {.script = "hold=/nobody>=1", .manners = LEAVE},
    {.script = "200;delay=1m", .manners = LEAVE},
    {.script = "slots=1,queue=2,service=1ms", .body = ANY},
    {.script = "size=64;drip=1ms/16", .body = 64},
    {.script = "size=64;drip=1ms/16;chunked", .body = 64 + 4 * 6 + 5},
    {.script = "size=64;drip=1ms/16;reset@body:40", .body = 40, .reset = true},
    {.script = "drip@headers=1ms/50", .body = ANY},
    {.script = "size=1MB;drip=1ms/16", .manners = LEAVE, .body = 300},
    {.script = "size=9000;rate=1MB/s", .body = 9000},
    {.script = "body=END;delay@body=1ms", .body = 3},
    {.script = "chunked;size=20KB", .body = ANY},
    {.script = "chunked=9;size=900;trailer:X=1", .body = ANY},
    {.script = "http10;length=none;size=999", .body = 999},
    {.script = "length=5;body=END", .body = 3},
    {.script = "garbage", .body = ANY},
    {.script = "raw=%22HTTP/1.1%20200%5Cr%5Cn%5Cr%5CnEND%22", .body = ANY},
    {.script = "status-line=%22%22", .body = ANY},
    {.script = "line=%22X:%5Cx00%22;line=wrong", .body = ANY},
    {.script = "no-blank-line", .body = ANY},
    {.script = "lf", .body = ANY},
    {.script = "headers=2000", .body = ANY},
    {.script = "headers=endless", .manners = LEAVE, .body = 100000},
    {.script = "1xx=103xendless", .manners = LEAVE, .body = 100000},
    {.script = "trailers=2000", .body = ANY},
    {.script = "endless", .manners = LEAVE, .body = 100000},
    {.script = "endless;chunked", .manners = LEAVE, .body = 100000},
    {.script = "badchunk=huge@100", .body = ANY},
    {.script = "gzip;size=1GB", .manners = LEAVE, .body = 50000},
    {.script = "gzip=crc;size=99KB", .body = ANY},
    {.script = "gzip;endless", .manners = LEAVE, .body = 50000},
    {.script = "redirect", .body = ANY},
    {.script = "unread;413", .body = ANY},
    {.script = "unread@3;413", .body = ANY},
    {.script = "read=1KB/s", .body = ANY},
    {.script = "unread;reset", .body = ANY, .reset = true},
    {.script = "size=10MB", .manners = LEAVE, .body = 70000},
    {.script = "200;body=END", .manners = HALF_CLOSE, .body = ANY},
    {.script = "no%20such%20script", .body = ANY},
    {.words = "nonsense\r\n\r\n", .body = ANY},
    {.words = "GET / HTTP/1.1\r\nHost: t\r\n", .manners = LEAVE},
    {.words = "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1000\r\n\r\nhalf", .manners = LEAVE},
    {.words = "", .manners = LEAVE},
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* ---- a client --------------------------------------------------------------------------------------------------- */

struct client {
    int fd;
    gnutls_session_t tls;
    char kept[KEPT + 1]; /* the first bytes that came */
    size_t bytes;        /* that came */
    bool reset, timed_out;
};

static int connect_to(uint16_t port) {
    const struct timeval patience = {.tv_sec = 30};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int on = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool shake_hands(struct client *client, gnutls_certificate_credentials_t credentials) {
    int code = gnutls_init(&client->tls, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL);
    if (code != 0) {
        client->tls = NULL;
        return false;
    }
    gnutls_set_default_priority(client->tls);
    gnutls_credentials_set(client->tls, GNUTLS_CRD_CERTIFICATE, credentials);
    gnutls_transport_set_int(client->tls, client->fd);
    do {
        code = gnutls_handshake(client->tls);
    } while (code < 0 && !gnutls_error_is_fatal(code));
    return code == 0;
}

static bool send_text(struct client *client, const char *text) {
    size_t size = strlen(text);
    return size == 0 || (client->tls ? gnutls_record_send(client->tls, text, size)
                                     : send(client->fd, text, size, MSG_NOSIGNAL)) == (ssize_t)size;
}

/* Reads once; false at the end. */
static bool receive(struct client *client, size_t most) {
    char piece[65536];
    size_t room = most < sizeof piece ? most : sizeof piece;
    ssize_t count = client->tls ? gnutls_record_recv(client->tls, piece, room) : recv(client->fd, piece, room, 0);
    if (client->tls && count == GNUTLS_E_AGAIN) {
        count = -1;
        errno = EAGAIN;
    }
    if (count <= 0) {
        client->timed_out = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) && !client->tls;
        client->reset = client->tls ? count != 0 && count != GNUTLS_E_PREMATURE_TERMINATION : count < 0;
        return false;
    }
    for (size_t i = 0; i < (size_t)count && client->bytes + i < KEPT; i++) {
        client->kept[client->bytes + i] = piece[i];
    }
    client->bytes += (size_t)count;
    return true;
}

static void begin_reading(struct client *client) {
    memset(client->kept, 0, sizeof client->kept);
    client->bytes = 0;
}

/* Bytes behind the header block; ANY: it is not whole. */
static int64_t body_bytes(const struct client *client) {
    const char *blank = strstr(client->kept, "\r\n\r\n");
    return blank ? (int64_t)client->bytes - (blank + 4 - client->kept) : ANY;
}

/* A request before, on the same connection. */
static bool warm_up(struct client *client) {
    begin_reading(client);
    if (!send_text(client, "GET /warm?do=body=END HTTP/1.1\r\nHost: t\r\n\r\n")) {
        return false;
    }
    while (body_bytes(client) < 3) {
        if (!receive(client, KEPT)) {
            return false;
        }
    }
    return true;
}

static bool send_request(struct client *client, const struct kind *kind) {
    char text[512];
    if (kind->words) {
        return send_text(client, kind->words);
    }
    snprintf(text, sizeof text,
             "POST /soak?do=%s HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
             kind->script);
    return send_text(client, text);
}

/* Goes through with one of the kind on an open connection; what was wrong, or NULL. */
static const char *go_through(struct client *client, const struct kind *kind) {
    begin_reading(client);
    if (!send_request(client, kind)) {
        return "could not be sent";
    }
    if (kind->manners == LEAVE) {
        struct pollfd readable = {.fd = client->fd, .events = POLLIN};
        while ((int64_t)client->bytes < kind->body && receive(client, 65536)) {
        }
        poll(&readable, 1, kind->body == 0 ? 1 : 0); /* so that some are heard before they leave */
        return client->timed_out ? "was not answered in time" : NULL;
    }
    if (kind->manners == HALF_CLOSE) {
        shutdown(client->fd, SHUT_WR);
    }
    while (receive(client, 65536)) {
    }
    if (client->timed_out) {
        return "was not answered in time";
    }
    if (kind->body != ANY && body_bytes(client) != kind->body) {
        return "had a body of another size";
    }
    return kind->body != ANY && client->reset != kind->reset ? "ended in another way" : NULL;
}

struct crowd {
    const struct child *child;
    gnutls_certificate_credentials_t credentials;
    atomic_size_t next;
    size_t end;
    atomic_size_t wrong;
};

static const char *request(struct crowd *crowd, size_t number) {
    struct client client = {.fd = -1};
    const struct kind *kind = &kinds[number % KINDS];
    size_t round = number / KINDS;
    bool tls = round % TLS_EVERY == 0;
    const char *problem = "had no connection";
    client.fd = connect_to(crowd->child->ports[tls]);
    if (client.fd >= 0 && (!tls || shake_hands(&client, crowd->credentials))) {
        bool reuse = round % REUSE_EVERY == 0;
        problem = reuse && !warm_up(&client) ? "was not warmed up" : go_through(&client, kind);
    }
    if (client.tls) {
        gnutls_deinit(client.tls);
    }
    if (client.fd >= 0) {
        close(client.fd);
    }
    if (problem) {
        fprintf(stderr, "request %zu%s: %s %s: %zu bytes, reset %d\n", number, tls ? ", https" : "",
                kind->script ? kind->script : "nonsense", problem, client.bytes, client.reset);
    }
    return problem;
}

static void *make_requests(void *argument) {
    struct crowd *crowd = argument;
    size_t number;
    while ((number = atomic_fetch_add(&crowd->next, 1)) < crowd->end) {
        if (request(crowd, number)) {
            atomic_fetch_add(&crowd->wrong, 1);
        }
    }
    return NULL;
}

/* Requests `begin` to `end`; how many went wrong. */
static size_t soak(const struct child *child, size_t begin, size_t end) {
    struct crowd crowd = {.child = child, .end = end};
    pthread_t threads[THREADS];
    atomic_init(&crowd.next, begin);
    atomic_init(&crowd.wrong, 0);
    assert_int_equal(gnutls_certificate_allocate_credentials(&crowd.credentials), 0);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, make_requests, &crowd), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    gnutls_certificate_free_credentials(crowd.credentials);
    return atomic_load(&crowd.wrong);
}

/* ---- the soak --------------------------------------------------------------------------------------------------- */

static size_t requests_wanted = 20000;

static void tell(const char *when, const struct figures *figures) {
    printf("%s: %llu requests on %llu connections, %lld descriptors, %.1f KiB allocated, %.1f MiB resident\n", when,
           (unsigned long long)figures->requests, (unsigned long long)figures->connections,
           (long long)figures->descriptors, (double)figures->heap_bytes / 1024,
           (double)figures->resident_bytes / 1048576);
}

static void memory_and_descriptors_stay_flat(void **state) {
    struct child child;
    struct timespec began;
    struct timespec ended;
    (void)state;
    start_child(&child);
    clock_gettime(CLOCK_MONOTONIC, &began);
    struct figures before = ask(&child);
    tell("before", &before);
    assert_int_equal(soak(&child, 0, requests_wanted / 10), 0);
    struct figures tenth = ask(&child);
    tell("a tenth", &tenth);
    assert_int_equal(soak(&child, requests_wanted / 10, requests_wanted), 0);
    struct figures end = ask(&child);
    tell("the end", &end);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    printf("%zu mixed faults in %ld s\n", requests_wanted, (long)(ended.tv_sec - began.tv_sec));
    assert_true(tenth.idle && end.idle);
    assert_int_equal(tenth.descriptors, before.descriptors);
    assert_int_equal(end.descriptors, before.descriptors);
    if (memory_tells) {
        assert_true(end.heap_bytes - tenth.heap_bytes <= most_heap_growth);
        assert_true(end.resident_bytes - tenth.resident_bytes <= most_resident_growth);
    }
    assert_int_equal(end_child(&child), 0);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(memory_and_descriptors_stay_flat)};
    const char *wanted = argc > 1 ? argv[1] : getenv("INSIST_SOAK");
    if (wanted) {
        requests_wanted = strtoul(wanted, NULL, 10);
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
