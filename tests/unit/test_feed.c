/* A body that is read while it is sent: what is kept of a reader that cannot be rewound is all of it, or nothing is sent a
 * second time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "call/feed.h"
#include "support/fail_alloc.h"
#include <string.h>

enum { PIECE = 100, PIECES = 4, BODY = PIECE * PIECES };

struct source {
    size_t at;
};

/* Bytes of which each tells where it stands. */
static int64_t give(void *ctx, void *buffer, size_t room) {
    struct source *source = ctx;
    unsigned char *bytes = buffer;
    size_t count = source->at < BODY ? PIECE : 0;
    assert_true(count <= room);
    for (size_t i = 0; i < count; i++)
        bytes[i] = (unsigned char)(source->at++ % 251);
    return (int64_t)count;
}

/* INSIST_OK: all of it came, in order. */
static insist_err read_all(struct feed *feed) {
    unsigned char piece[1000];
    size_t at = 0, length;
    insist_err err;
    while ((err = feed_read(feed, piece, sizeof piece, &length)) == INSIST_OK && length > 0)
        for (size_t i = 0; i < length; i++)
            assert_int_equal(piece[i], at++ % 251);
    if (err == INSIST_OK)
        assert_int_equal(at, BODY);
    return err;
}

static void what_could_not_be_kept_is_not_sent_with_a_hole(void **state) {
    (void)state;
    for (size_t n = 1;; n++) {
        struct fail_alloc memory;
        const struct env env = fail_alloc_env(&memory, &env_standard);
        struct source source = {.at = 0};
        struct feed *feed = feed_new(&env, &(insist_reader){.read = give, .ctx = &source, .length = -1});
        assert_non_null(feed);
        fail_alloc_at(&memory, n);
        insist_err first = read_all(feed);
        bool failed = fail_alloc_has_failed(&memory);
        assert_int_equal(first, failed ? INSIST_ENOMEM : INSIST_OK);
        assert_int_equal(feed_can_restart(feed), !failed);
        assert_int_equal(feed_restart(feed), failed ? INSIST_EBODY : INSIST_OK);
        if (!failed)
            assert_int_equal(read_all(feed), INSIST_OK);
        feed_free(feed);
        assert_int_equal(fail_alloc_outstanding(&memory), 0);
        if (!failed)
            break;
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_could_not_be_kept_is_not_sent_with_a_hole)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
