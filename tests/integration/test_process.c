/* What a client does to the process that it lives in: SIGPIPE stays as it was, descriptors are close-on-exec, what is
 * on the wire is never taken for unsent, whatever the system answers. This program stands in front of the system's
 * send() and sigaction(). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/certificate_file.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <insist/insist.h>
#include <insist/testserver.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define IN_FRONT __attribute__((visibility("default")))

/* ---- in front of the system -------------------------------------------------------------------------------------- */

typedef ssize_t send_fn(int, const void *, size_t, int);
typedef int sigaction_fn(int, const struct sigaction *, struct sigaction *);

static char held_back;           /* the first byte of what is to wait; 0: nothing */
static atomic_int sends_left;    /* how many of those still are */
static atomic_int sigpipe_asked; /* how often anybody touched SIGPIPE */
static atomic_bool unshielded;   /* whether threads of a client that is called PIPER send without MSG_NOSIGNAL */
static atomic_int broken_pipes;  /* how often that failed with EPIPE */

#define PIPER "piper"

static bool is_piper(void) {
    char name[16] = "";
    return pthread_getname_np(pthread_self(), name, sizeof name) == 0 && strncmp(name, PIPER, strlen(PIPER)) == 0;
}

IN_FRONT ssize_t send(int fd, const void *bytes, size_t length, int flags) {
    send_fn *real;
    void *found = dlsym(RTLD_NEXT, "send");
    memcpy(&real, &found, sizeof real);
    int left = atomic_load(&sends_left);
    if (left > 0 && length > 0 && *(const char *)bytes == held_back &&
        atomic_compare_exchange_strong(&sends_left, &left, left - 1)) {
        errno = EAGAIN;
        return -1;
    }
    if (!atomic_load(&unshielded) || !is_piper())
        return real(fd, bytes, length, flags);
    ssize_t sent = real(fd, bytes, length, flags & ~MSG_NOSIGNAL);
    if (sent < 0 && errno == EPIPE)
        atomic_fetch_add(&broken_pipes, 1);
    return sent;
}

IN_FRONT int sigaction(int number, const struct sigaction *action, struct sigaction *before) {
    sigaction_fn *real;
    void *found = dlsym(RTLD_NEXT, "sigaction");
    memcpy(&real, &found, sizeof real);
    if (number == SIGPIPE)
        atomic_fetch_add(&sigpipe_asked, 1);
    return real(number, action, before);
}

/* ---- a server and a client --------------------------------------------------------------------------------------- */

struct scene {
    insist_testserver *server;
    char certificate[64];
};

static void begin(struct scene *scene, bool tls) {
    memset(scene, 0, sizeof *scene);
    assert_int_equal(insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.tls = tls), NULL, &scene->server), INSIST_OK);
    if (tls)
        assert_true(certificate_file_write(scene->certificate, scene->server));
}

static void end(struct scene *scene) {
    insist_testserver_free(scene->server);
    if (scene->certificate[0] != '\0')
        remove(scene->certificate);
}

static insist_client *new_client(const struct scene *scene) {
    insist_client *client = NULL;
    insist_tls_options trust = {.size = sizeof trust,
                                .ca_file = scene->certificate[0] != '\0' ? scene->certificate : NULL};
    assert_int_equal(insist_client_new(INSIST_CLIENT_OPTIONS(.tls = &trust), NULL, &client), INSIST_OK);
    return client;
}

static const char *url(const struct scene *scene, const char *path) {
    static char text[160];
    snprintf(text, sizeof text, "%s%s", insist_testserver_url(scene->server), path);
    return text;
}

static void get_ok(const struct scene *scene, insist_client *client) {
    insist_result *result = NULL;
    insist_err err = insist_get(client, url(scene, "/"), &result);
    if (err != INSIST_OK)
        print_error("%s\n", insist_result_explain(result));
    assert_int_equal(err, INSIST_OK);
    insist_result_free(result);
}

/* ---- a first send that has to wait ------------------------------------------------------------------------------- */

#define TLS_APPLICATION_DATA 0x17

/* libcurl counts nothing as sent then, and goes on to send it all. */
static void held_back_once(bool tls) {
    struct scene scene;
    insist_result *result = NULL;
    begin(&scene, tls);
    insist_client *client = new_client(&scene);
    held_back = tls ? TLS_APPLICATION_DATA : 'P';
    atomic_store(&sends_left, 1);
    insist_err err = insist_post(client, url(&scene, "/charge?do=reset,200"), "text/plain", "amount=100", 10, &result);
    assert_int_equal(atomic_load(&sends_left), 0);
    assert_int_equal(err, INSIST_ERESET);
    assert_int_equal(insist_result_reason(result), INSIST_NOT_REPEATABLE);
    assert_int_equal(insist_result_attempts(result), 1);
    assert_int_equal(insist_result_attempt(result, 0)->sent, INSIST_MAYBE_SENT);
    assert_int_equal(insist_testserver_hits(scene.server, "/charge"), 1);
    insist_result_free(result);
    insist_client_free(client);
    end(&scene);
}

static void held_back_once_http(void **state) {
    (void)state;
    held_back_once(false);
}

static void held_back_once_https(void **state) {
    (void)state;
    held_back_once(true);
}

/* ---- SIGPIPE ----------------------------------------------------------------------------------------------------- */

#define CLIENTS 8
#define ROUNDS 100

static void on_sigpipe(int number) {
    (void)number;
}

static void *free_client(void *client) {
    insist_client_free(client);
    return NULL;
}

static void free_at_once(insist_client *clients[CLIENTS]) {
    pthread_t threads[CLIENTS];
    for (int i = 0; i < CLIENTS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, free_client, clients[i]), 0);
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(threads[i], NULL);
}

static void sigpipe_stays_as_it_was(bool tls, int rounds) {
    const struct sigaction ours = {.sa_handler = on_sigpipe};
    struct sigaction before, now;
    struct scene scene;
    assert_int_equal(sigaction(SIGPIPE, &ours, &before), 0);
    begin(&scene, tls);
    atomic_store(&sigpipe_asked, 0);
    for (int round = 0; round < rounds; round++) {
        insist_client *clients[CLIENTS];
        for (int i = 0; i < CLIENTS; i++) {
            clients[i] = new_client(&scene);
            if (i % 4 != 3) /* some are never used */
                get_ok(&scene, clients[i]);
            if (i % 4 == 2)
                assert_int_equal(insist_client_close_idle(clients[i]), INSIST_OK);
        }
        free_at_once(clients);
    }
    assert_int_equal(atomic_load(&sigpipe_asked), 0);
    assert_int_equal(sigaction(SIGPIPE, &before, &now), 0);
    assert_true(now.sa_handler == on_sigpipe);
    assert_int_equal(atomic_load(&sigpipe_asked), 1); /* this program is really in front */
    end(&scene);
}

static void sigpipe_http(void **state) {
    (void)state;
    sigpipe_stays_as_it_was(false, ROUNDS);
}

static void sigpipe_https(void **state) {
    (void)state;
    sigpipe_stays_as_it_was(true, 5);
}

static atomic_int sigpipes_taken;

static void count_sigpipe(int number) {
    (void)number;
    atomic_fetch_add(&sigpipes_taken, 1);
}

/* TLS says goodbye on a connection that has been shut down. Were that written as OpenSSL itself writes, without
 * MSG_NOSIGNAL, then what keeps the signal away would be that the workers block it. */
static void sigpipe_is_blocked_where_tls_is_written(void **state) {
    const struct sigaction ours = {.sa_handler = count_sigpipe};
    const struct timespec moment = {.tv_nsec = 1000000};
    struct sigaction before;
    struct scene scene;
    insist_client *client = NULL;
    (void)state;
    begin(&scene, true);
    assert_int_equal(sigaction(SIGPIPE, &ours, &before), 0);
    const insist_client_options *options =
        INSIST_CLIENT_OPTIONS(.thread_name = PIPER, .tls = INSIST_TLS_OPTIONS(.ca_file = scene.certificate));
    assert_int_equal(insist_client_new(options, NULL, &client), INSIST_OK);
    get_ok(&scene, client);
    atomic_store(&unshielded, true);
    assert_int_equal(insist_client_close_idle(client), INSIST_OK);
    while (atomic_load(&broken_pipes) == 0 && atomic_load(&sigpipes_taken) == 0)
        nanosleep(&moment, NULL);
    atomic_store(&unshielded, false);
    insist_client_free(client);
    assert_int_equal(atomic_load(&sigpipes_taken), 0);
    assert_int_equal(sigaction(SIGPIPE, &before, NULL), 0);
    end(&scene);
}

/* ---- descriptors ------------------------------------------------------------------------------------------------- */

#define DESCRIPTORS 1024

static void note_open(bool open[DESCRIPTORS]) {
    for (int fd = 0; fd < DESCRIPTORS; fd++)
        open[fd] = fcntl(fd, F_GETFD) >= 0;
}

/* How many there are that were not there before. */
static int count_new(const bool before[DESCRIPTORS], bool inherited_only) {
    int count = 0;
    for (int fd = 0; fd < DESCRIPTORS; fd++) {
        int flags = fcntl(fd, F_GETFD);
        count += !before[fd] && flags >= 0 && !(inherited_only && flags & FD_CLOEXEC);
    }
    return count;
}

struct noise {
    atomic_bool over;
    atomic_int meddled; /* descriptors of somebody else's whose flag was set */
};

/* Somebody else, who opens sockets of the same kind, with bytes in them, that are to be inherited. */
static void *open_and_close(void *argument) {
    struct noise *noise = argument;
    for (char byte = 1; !atomic_load(&noise->over); byte = (char)(byte % 15 + 1)) {
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0)
            continue;
        for (int i = 0; i < byte; i++)
            if (write(pair[1], &byte, 1) != 1)
                break;
        for (int i = 0; i < 2; i++) {
            if (fcntl(pair[i], F_GETFD) != 0)
                atomic_fetch_add(&noise->meddled, 1);
            close(pair[i]);
        }
    }
    return NULL;
}

static void descriptors_are_close_on_exec(bool tls) {
    bool before[DESCRIPTORS];
    struct scene scene;
    begin(&scene, tls);
    note_open(before);
    insist_client *client = new_client(&scene);
    int idle = count_new(before, false);
    assert_int_equal(count_new(before, true), 0);
    get_ok(&scene, client); /* also tells the server's end, which is as careful */
    assert_true(count_new(before, false) > idle);
    assert_int_equal(count_new(before, true), 0);
    insist_client_free(client);
    assert_int_equal(count_new(before, false) <= 1, 1); /* the server's end may not have gone yet */
    end(&scene);
}

static void descriptors_http(void **state) {
    (void)state;
    descriptors_are_close_on_exec(false);
}

static void descriptors_https(void **state) {
    (void)state;
    descriptors_are_close_on_exec(true);
}

static void descriptors_of_others_are_left_alone(void **state) {
    struct noise noise = {.over = false};
    bool before[DESCRIPTORS];
    pthread_t threads[2];
    (void)state;
    note_open(before);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, open_and_close, &noise), 0);
    insist_client *clients[CLIENTS];
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < CLIENTS; i++)
            assert_int_equal(insist_client_new(NULL, NULL, &clients[i]), INSIST_OK);
        if (round < 19)
            free_at_once(clients);
    }
    atomic_store(&noise.over, true);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&noise.meddled), 0);
    assert_int_equal(count_new(before, true), 0);
    free_at_once(clients);
}

/* ---- no descriptors ---------------------------------------------------------------------------------------------- */

/* What could not be looked up for want of descriptors is looked up when they are back. */
static void a_name_is_found_once_descriptors_are_back(void **state) {
    struct rlimit before, none;
    insist_client *client = NULL;
    insist_result *result = NULL;
    char name[64];
    struct scene scene;
    (void)state;
    begin(&scene, false);
    snprintf(name, sizeof name, "http://localhost:%u/", (unsigned)insist_testserver_port(scene.server));
    assert_int_equal(insist_client_new(NULL, NULL, &client), INSIST_OK);
    int next = dup(0);
    assert_true(next >= 0);
    close(next);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = (rlim_t)next;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    insist_err err = insist_get(client, name, &result);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(err, INSIST_ESYSTEM);
    insist_result_free(result);
    err = insist_get(client, name, &result);
    assert_int_equal(err, INSIST_OK);
    assert_int_equal(insist_result_status(result), 200);
    insist_result_free(result);
    insist_client_free(client);
    end(&scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(held_back_once_http),
        cmocka_unit_test(held_back_once_https),
        cmocka_unit_test(sigpipe_http),
        cmocka_unit_test(sigpipe_https),
        cmocka_unit_test(sigpipe_is_blocked_where_tls_is_written),
        cmocka_unit_test(descriptors_http),
        cmocka_unit_test(descriptors_https),
        cmocka_unit_test(descriptors_of_others_are_left_alone),
        cmocka_unit_test(a_name_is_found_once_descriptors_are_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
