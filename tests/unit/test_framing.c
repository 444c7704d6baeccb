/* What answers say about the length of their bodies, in one field or several. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire/framing.h"
#include <string.h>

#define LENGTH "Content-Length"
#define CODING "Transfer-Encoding"

struct row {
    const char *fields[6]; /* names and values */
    insist_err err;
    uint64_t length;
};

static const struct row rows[] = {
    {{"X", "7"}, INSIST_OK, 0},
    {{LENGTH, "0"}, INSIST_OK, 0},
    {{LENGTH, "5"}, INSIST_OK, 5},
    {{"content-LENGTH", "0005"}, INSIST_OK, 5},
    {{LENGTH, "5, 5 ,\t05"}, INSIST_OK, 5},
    {{LENGTH, "5", "X", "7", LENGTH, "5"}, INSIST_OK, 5},
    {{LENGTH, "18446744073709551615"}, INSIST_OK, UINT64_MAX},
    {{LENGTH, "18446744073709551616"}, INSIST_OK, UINT64_MAX},
    {{LENGTH, "184467440737095516160"}, INSIST_OK, UINT64_MAX},
    {{LENGTH, "5", LENGTH, "6"}, INSIST_EPROTO, 0},
    {{LENGTH, "0", LENGTH, "6"}, INSIST_EPROTO, 0},
    {{LENGTH, "5, 6"}, INSIST_EPROTO, 0},
    {{LENGTH, ""}, INSIST_EPROTO, 0},
    {{LENGTH, "5,"}, INSIST_EPROTO, 0},
    {{LENGTH, "5x"}, INSIST_EPROTO, 0},
    {{LENGTH, "5 5"}, INSIST_EPROTO, 0},
    {{LENGTH, "+5"}, INSIST_EPROTO, 0},
    {{LENGTH, "-5"}, INSIST_EPROTO, 0},
    {{LENGTH, "0x5"}, INSIST_EPROTO, 0},
    {{CODING, "chunked"}, INSIST_OK, 0},
    {{CODING, "gzip, Chunked"}, INSIST_OK, 0},
    {{CODING, "gzip", CODING, "chunked"}, INSIST_OK, 0},
    {{CODING, ",chunked,"}, INSIST_OK, 0}, /* empty members of a list count for nothing (RFC 9110 section 5.6.1) */
    {{CODING, "identity"}, INSIST_OK, 0},
    {{LENGTH, "5", CODING, "chunked"}, INSIST_OK, 0}, /* the chunks tell */
    {{CODING, "chunked", LENGTH, "5"}, INSIST_OK, 0},
    {{CODING, "chunked, chunked"}, INSIST_EPROTO, 0},
    {{CODING, "chunked", CODING, "chunked"}, INSIST_EPROTO, 0},
    {{CODING, "chunked, gzip"}, INSIST_EPROTO, 0},
    {{CODING, "chunked", LENGTH, "5x"}, INSIST_EPROTO, 0},
    {{LENGTH " ", "5"}, INSIST_EPROTO, 0},
    {{LENGTH, "5", "content-length \t", "5"}, INSIST_EPROTO, 0}, /* whatever it says */
    {{"Transfer-Encoding\t", "chunked"}, INSIST_EPROTO, 0},
    {{CODING, "chunked", CODING " ", "identity"}, INSIST_EPROTO, 0},
    {{"Content-Lengths", "5", "Content-Length x", "6", "X ", "7"}, INSIST_OK, 0},
};

/* As they come: headers_add() takes no such names. */
static insist_err add(struct headers *headers, const char *name, const char *value) {
    return headers_add_bytes(headers, name, strlen(name), value, strlen(value));
}

static void every_row(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        struct headers headers;
        uint64_t length = 1;
        headers_init(&headers, &env_standard);
        for (size_t j = 0; j < 6 && row->fields[j]; j += 2)
            assert_int_equal(add(&headers, row->fields[j], row->fields[j + 1]), INSIST_OK);
        if (framing_read(&headers, &length) != row->err || (row->err == INSIST_OK && length != row->length))
            fail_msg("%s: %s: %ju", row->fields[0], row->fields[1], (uintmax_t)length);
        headers_fini(&headers);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_row)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
