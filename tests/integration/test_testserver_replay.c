/* The same seed, the same answers: one client thread and thirty-two, the requests in order and shuffled. Hit n of a key or
 * a path gets what insist_testserver_foretell() says, weighted draws and drawn delays included, whoever sends it and
 * whatever happens beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver_peer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNITS = 24, HITS = 30, JOBS = UNITS * HITS, THREADS = 32, STATUSES = 1000 };
static const int64_t patience_ms = 60000;

static const char *const scripts[] = {
    "0.3:503|0.2:reset|200",
    "404x2,0.5:500|200,...",
    "0.25:200;delay=uniform(1ms,3ms)|0.25:reset@body:10|0.25:truncate@5|close",
    "200;delay=mix(0.95:ln(1ms,300us),0.05:pareto(2ms,1.5,9ms)),0.1:429;retry-after=1|0.9:201;delay=uniform(0,2ms),...",
};
enum { SCRIPTS = sizeof scripts / sizeof scripts[0] };

/* What counts by itself: a path with a script of its own, or a key whose script comes with each request, on any path. */
struct unit {
    bool by_key;
    const char *script;
    char name[16]; /* the path, or the key: what its draws start from */
};

struct world {
    insist_testserver *server;
    struct unit units[UNITS];
    size_t order[JOBS]; /* unit of each request */
    atomic_size_t next;
    atomic_size_t seen[UNITS][STATUSES]; /* by clients; 0: none came */
    atomic_size_t failed;
};

static void send_one(struct world *world, size_t job) {
    size_t index = world->order[job];
    const struct unit *unit = &world->units[index];
    char target[256];
    if (unit->by_key) {
        snprintf(target, sizeof target, "/any/%zu?do=%s&key=%s", job % 7, unit->script, unit->name);
    } else {
        snprintf(target, sizeof target, "%s", unit->name);
    }
    struct peer peer;
    if (!peer_connect(&peer, world->server)) {
        atomic_fetch_add(&world->failed, 1);
        return;
    }
    if (peer_get(&peer, target)) {
        struct peer_answer answer = peer_read(&peer);
        atomic_fetch_add(&world->seen[index][answer.status], 1);
        peer_answer_free(&answer);
    } else {
        atomic_fetch_add(&world->failed, 1);
    }
    peer_close(&peer);
}

static void *send_some(void *argument) {
    struct world *world = argument;
    size_t job;
    while ((job = atomic_fetch_add(&world->next, 1)) < JOBS) {
        send_one(world, job);
    }
    return NULL;
}

static void build(struct world *world, uint64_t seed, unsigned shuffle) {
    memset(world, 0, sizeof *world);
    assert_int_equal(insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.seed = seed), NULL, &world->server), INSIST_OK);
    for (size_t i = 0; i < UNITS; i++) {
        struct unit *unit = &world->units[i];
        unit->by_key = i % 2 == 1;
        unit->script = scripts[i / 2 % SCRIPTS];
        snprintf(unit->name, sizeof unit->name, unit->by_key ? "k%zu" : "/p%zu", i);
        if (!unit->by_key) {
            assert_int_equal(insist_testserver_script(world->server, unit->name, unit->script, NULL), INSIST_OK);
        }
    }
    for (size_t i = 0; i < JOBS; i++) {
        world->order[i] = i / HITS;
    }
    for (size_t i = JOBS - 1; shuffle && i > 0; i--) {
        size_t other = (size_t)rand_r(&shuffle) % (i + 1);
        size_t unit = world->order[i];
        world->order[i] = world->order[other];
        world->order[other] = unit;
    }
}

static void send_all(struct world *world, size_t threads) {
    pthread_t ids[THREADS];
    for (size_t i = 0; i < threads; i++) {
        assert_int_equal(pthread_create(&ids[i], NULL, send_some, world), 0);
    }
    for (size_t i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
    }
    assert_int_equal(atomic_load(&world->failed), 0);
    assert_true(insist_testserver_wait_idle(world->server, patience_ms));
}

/* A run's answers, by unit and hit. */
struct answers {
    int status[UNITS][HITS];
    insist_testserver_fault fault[UNITS][HITS];
};

static void agree_with_what_was_foretold(struct world *world, uint64_t seed, size_t index, struct answers *answers) {
    const struct unit *unit = &world->units[index];
    size_t expected[STATUSES] = {0};
    insist_testserver_journal *journal;
    assert_int_equal(insist_testserver_journal_new(world->server, unit->by_key ? NULL : unit->name,
                                                   unit->by_key ? unit->name : NULL, &journal),
                     INSIST_OK);
    assert_int_equal(insist_testserver_journal_count(journal), HITS);
    for (size_t hit = 0; hit < HITS; hit++) {
        const insist_testserver_entry *entry = insist_testserver_journal_at(journal, hit);
        insist_testserver_step step = {.size = sizeof step};
        assert_int_equal(insist_testserver_foretell(seed, unit->script, unit->name, hit, &step), INSIST_OK);
        assert_int_equal(entry->status, step.status);
        assert_int_equal(entry->fault, step.fault);
        assert_true(entry->ended_us - entry->read_us + 1 >= (int64_t)step.delay_us); /* never earlier */
        expected[step.status]++;
        answers->status[index][hit] = entry->status;
        answers->fault[index][hit] = entry->fault;
    }
    insist_testserver_journal_free(journal);
    for (size_t status = 0; status < STATUSES; status++) {
        assert_int_equal(atomic_load(&world->seen[index][status]), expected[status]);
    }
}

static struct answers run(uint64_t seed, size_t threads, unsigned shuffle) {
    static struct world world;
    static struct answers answers;
    build(&world, seed, shuffle);
    send_all(&world, threads);
    for (size_t i = 0; i < UNITS; i++) {
        agree_with_what_was_foretold(&world, seed, i, &answers);
    }
    insist_testserver_free(world.server);
    return answers;
}

static void the_same_seed_gives_the_same_answers(void **state) {
    (void)state;
    static struct answers first, again;
    first = run(2024, 1, 0);
    again = run(2024, 1, 0);
    assert_memory_equal(&first, &again, sizeof first);
    again = run(2024, THREADS, 1);
    assert_memory_equal(&first, &again, sizeof first);
    again = run(2024, THREADS, 77);
    assert_memory_equal(&first, &again, sizeof first);
}

static void another_seed_gives_others(void **state) {
    (void)state;
    static struct answers first, other;
    first = run(1, THREADS, 3);
    other = run(2, THREADS, 3);
    assert_memory_not_equal(&first, &other, sizeof first);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_answers),
        cmocka_unit_test(another_seed_gives_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
