/* What the test server asks of its sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "testserver/tcp.h"
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

static int option(int fd, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, name, &value, &size), 0);
    return value;
}

/* Whoever had the socket before may have left a cork in it, as libmicrohttpd does under TLS. */
static void test_nothing_is_held_back(void **state) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on), 0);
    assert_int_not_equal(option(fd, TCP_CORK), 0);
    assert_int_equal(option(fd, TCP_NODELAY), 0);
    tcp_no_delay(fd);
    assert_int_equal(option(fd, TCP_CORK), 0);
    assert_int_not_equal(option(fd, TCP_NODELAY), 0);
    close(fd);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_nothing_is_held_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
