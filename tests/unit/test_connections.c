/* What is read off an idle connection before it is used again: that the other side has given it up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/connections.h"
#include <sys/socket.h>
#include <unistd.h>

static const struct row {
    bool http2, speaks, ends; /* what the other side does, in this order */
    bool stale;
} rows[] = {
    {false, false, false, false}, {false, true, false, true},  {false, false, true, true},
    {false, true, true, true},    {true, false, false, false}, {true, true, false, false}, /* a PING, for one */
    {true, false, true, true},    {true, true, true, true}, /* a GOAWAY and its end, for one */
};

static void stale_is_what_the_other_side_has_given_up(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        int ends[2];
        char byte;
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        const struct connection connection = {.fd = ends[0], .http2 = row->http2};
        if (row->speaks)
            assert_int_equal(send(ends[1], "x", 1, MSG_NOSIGNAL), 1);
        if (row->ends)
            assert_int_equal(shutdown(ends[1], SHUT_WR), 0);
        if (connection_is_stale(&connection) != row->stale)
            fail_msg("row %zu", i);
        assert_int_equal(recv(ends[0], &byte, 1, MSG_DONTWAIT), row->speaks ? 1 : row->ends ? 0 : -1); /* as it was */
        close(ends[0]);
        close(ends[1]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(stale_is_what_the_other_side_has_given_up)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
