/* Hosts and ports: what is taken, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "wire/authority.h"
#include <string.h>

static void hosts_with_and_without_a_port(void **state) {
    (void)state;
    static const struct {
        const char *text, *host;
        unsigned port;
        bool ipv6;
    } cases[] = {
        {"example.org", "example.org", 0, false},
        {"Example.ORG:8080", "example.org", 8080, false},
        {"a.b.:1", "a.b.", 1, false},
        {"127.0.0.1:65535", "127.0.0.1", 65535, false},
        {"[::1]", "::1", 0, true},
        {"[2001:DB8::1]:443", "2001:db8::1", 443, true},
        {"x_y~z-1", "x_y~z-1", 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct authority authority;
        assert_null(authority_parse(cases[i].text, strlen(cases[i].text), &authority));
        assert_string_equal(authority.host, cases[i].host);
        assert_int_equal(authority.port, cases[i].port);
        assert_int_equal(authority.ipv6, cases[i].ipv6);
    }
}

static void what_is_none_is_refused(void **state) {
    (void)state;
    static const char *const wrong[] = {
        "",          ":80", "a b", "a/b", "user@host", "a:0", "a:65536", "a:",       "a:8x", "a:99999999999",  "[::1",
        "[::1]x:80", "[]",  "[x]", "::1", "a..b",      ".a",  "a\r\nb",  "\xc3\xa9", "a:-1", "[fe80::1%eth0]",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct authority authority;
        const char *sentence = authority_parse(wrong[i], strlen(wrong[i]), &authority);
        assert_non_null(sentence);
        assert_true(sentence[0] != '\0');
    }
}

static void longest_name_is_253_characters(void **state) {
    (void)state;
    struct authority authority;
    char name[256];
    for (size_t i = 0; i < sizeof name; i++)
        name[i] = i % 2 == 0 ? 'a' : '.';
    assert_null(authority_parse(name, 253, &authority));
    assert_null(authority_parse(name, 254, &authority)); /* with a final dot */
    assert_non_null(authority_parse(name, 255, &authority));
    assert_non_null(authority_parse(name, 256, &authority));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_with_and_without_a_port),
        cmocka_unit_test(what_is_none_is_refused),
        cmocka_unit_test(longest_name_is_253_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
