/* libcurl's codes: every one has a meaning of its own, and those that HTTP transfers end with have the right one. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire/curl_code.h"
#include <curl/curl.h>
#include <errno.h>
#include <string.h>

struct example {
    int code, os_errno;
    insist_err err;
    insist_transience transience;
};

static void expect(const struct example *examples, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct example *e = &examples[i];
        struct curl_meaning meaning = curl_code_meaning(e->code, e->os_errno);
        if (meaning.err != e->err || meaning.transience != e->transience)
            fail_msg("code %d (%s), errno %d (%s): %s, kind %d", e->code, curl_easy_strerror((CURLcode)e->code),
                     e->os_errno, strerror(e->os_errno), insist_err_name(meaning.err), (int)meaning.transience);
        assert_int_equal(insist_categorize(e->code, e->os_errno), e->transience);
    }
}

#define EXPECT(examples) expect(examples, sizeof(examples) / sizeof(examples[0]))

static void every_code_has_a_row(void **state) {
    (void)state;
    for (int code = 1; code < CURL_LAST; code++) {
        if (!curl_code_known(code))
            fail_msg("code %d (%s) has no row", code, curl_easy_strerror((CURLcode)code));
        assert_int_not_equal(curl_code_meaning(code, 0).err, INSIST_OK);
    }
}

static void success_is_no_error_whatever_errno_was_left_behind(void **state) {
    (void)state;
    static const struct example examples[] = {
        {CURLE_OK, 0, INSIST_OK, INSIST_NOT_TRANSIENT},
        {CURLE_OK, ECONNRESET, INSIST_OK, INSIST_NOT_TRANSIENT},
    };
    EXPECT(examples);
}

static void codes_that_do_not_exist_are_not_transient(void **state) {
    (void)state;
    const int codes[] = {-1, INT32_MIN, 102, 999, INT32_MAX};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        assert_false(curl_code_known(codes[i]));
        assert_int_equal(curl_code_meaning(codes[i], ECONNRESET).err, INSIST_EPROTO);
        assert_int_equal(insist_categorize(codes[i], ECONNRESET), INSIST_NOT_TRANSIENT);
    }
    assert_false(curl_code_known(CURLE_OK));
}

static void connecting(void **state) {
    (void)state;
    static const struct example examples[] = {
        {CURLE_COULDNT_CONNECT, ECONNREFUSED, INSIST_ECONNECT, INSIST_CONN_REFUSED},
        {CURLE_COULDNT_CONNECT, ETIMEDOUT, INSIST_ECONNECT, INSIST_TIMEOUT},
        {CURLE_COULDNT_CONNECT, ECONNRESET, INSIST_ECONNECT, INSIST_CONN_RESET},
        {CURLE_COULDNT_CONNECT, EHOSTUNREACH, INSIST_ECONNECT, INSIST_NOT_TRANSIENT},
        {CURLE_COULDNT_CONNECT, ENETUNREACH, INSIST_ECONNECT, INSIST_NOT_TRANSIENT},
        {CURLE_COULDNT_CONNECT, ENETDOWN, INSIST_ECONNECT, INSIST_NOT_TRANSIENT},
        {CURLE_COULDNT_CONNECT, EADDRNOTAVAIL, INSIST_ECONNECT, INSIST_NOT_TRANSIENT},
        {CURLE_COULDNT_CONNECT, 0, INSIST_ECONNECT, INSIST_NOT_TRANSIENT},
        {CURLE_COULDNT_CONNECT, EMFILE, INSIST_ESYSTEM, INSIST_NOT_TRANSIENT},
        {CURLE_COULDNT_CONNECT, ENFILE, INSIST_ESYSTEM, INSIST_NOT_TRANSIENT},
        {CURLE_COULDNT_CONNECT, ENOMEM, INSIST_ENOMEM, INSIST_NOT_TRANSIENT},
        {CURLE_COULDNT_RESOLVE_HOST, 0, INSIST_ERESOLVE, INSIST_NOT_TRANSIENT},
        {CURLE_COULDNT_RESOLVE_HOST, ECONNREFUSED, INSIST_ERESOLVE, INSIST_NOT_TRANSIENT},
        {CURLE_COULDNT_RESOLVE_PROXY, 0, INSIST_ERESOLVE, INSIST_NOT_TRANSIENT},
    };
    EXPECT(examples);
}

static void a_connection_that_breaks(void **state) {
    (void)state;
    static const struct example examples[] = {
        {CURLE_RECV_ERROR, ECONNRESET, INSIST_ERESET, INSIST_CONN_RESET},
        {CURLE_RECV_ERROR, EPIPE, INSIST_ERESET, INSIST_CONN_RESET},
        {CURLE_RECV_ERROR, ETIMEDOUT, INSIST_ERESET, INSIST_TIMEOUT},
        {CURLE_RECV_ERROR, EAGAIN, INSIST_ERESET, INSIST_TIMEOUT},
        {CURLE_RECV_ERROR, EHOSTUNREACH, INSIST_ERESET, INSIST_NOT_TRANSIENT},
        {CURLE_RECV_ERROR, 0, INSIST_EPROTO, INSIST_BAD_FRAMING},
        {CURLE_SEND_ERROR, ECONNRESET, INSIST_ERESET, INSIST_CONN_RESET},
        {CURLE_SEND_ERROR, EPIPE, INSIST_ERESET, INSIST_CONN_RESET},
        {CURLE_SEND_ERROR, 0, INSIST_ERESET, INSIST_CONN_RESET},
        {CURLE_SEND_FAIL_REWIND, ECONNRESET, INSIST_ERESET, INSIST_CONN_RESET},
        {CURLE_SEND_FAIL_REWIND, 0, INSIST_EEOF, INSIST_UNEXPECTED_EOF},
        {CURLE_GOT_NOTHING, 0, INSIST_EEOF, INSIST_UNEXPECTED_EOF},
        {CURLE_PARTIAL_FILE, 0, INSIST_EEOF, INSIST_UNEXPECTED_EOF},
        {CURLE_PARTIAL_FILE, ECONNREFUSED, INSIST_EEOF,
         INSIST_UNEXPECTED_EOF}, /* an errno left over from an earlier transfer */
        {CURLE_PARTIAL_FILE, ETIMEDOUT, INSIST_EEOF, INSIST_TIMEOUT},
        {CURLE_HTTP2, 0, INSIST_EPROTO, INSIST_BAD_FRAMING},
        {CURLE_HTTP2_STREAM, 0, INSIST_ERESET, INSIST_CONN_RESET},
    };
    EXPECT(examples);
}

static void timeouts(void **state) {
    (void)state;
    static const struct example examples[] = {
        {CURLE_OPERATION_TIMEDOUT, 0, INSIST_ETIMEOUT, INSIST_TIMEOUT},
        {CURLE_OPERATION_TIMEDOUT, ECONNRESET, INSIST_ETIMEOUT, INSIST_TIMEOUT},
        {CURLE_OPERATION_TIMEDOUT, ECONNREFUSED, INSIST_ETIMEOUT, INSIST_TIMEOUT},
    };
    EXPECT(examples);
}

static void tls(void **state) {
    (void)state;
    static const struct example examples[] = {
        {CURLE_SSL_CONNECT_ERROR, ECONNRESET, INSIST_ETLS, INSIST_TLS_INTERRUPTED},
        {CURLE_SSL_CONNECT_ERROR, EPIPE, INSIST_ETLS, INSIST_TLS_INTERRUPTED},
        {CURLE_SSL_CONNECT_ERROR, ETIMEDOUT, INSIST_ETLS, INSIST_TIMEOUT},
        {CURLE_SSL_CONNECT_ERROR, 0, INSIST_ETLS, INSIST_NOT_TRANSIENT},
        {CURLE_PEER_FAILED_VERIFICATION, 0, INSIST_ECERT, INSIST_NOT_TRANSIENT},
        {CURLE_PEER_FAILED_VERIFICATION, ECONNRESET, INSIST_ECERT, INSIST_NOT_TRANSIENT},
        {CURLE_SSL_ISSUER_ERROR, 0, INSIST_ECERT, INSIST_NOT_TRANSIENT},
        {CURLE_SSL_PINNEDPUBKEYNOTMATCH, 0, INSIST_ECERT, INSIST_NOT_TRANSIENT},
        {CURLE_SSL_INVALIDCERTSTATUS, 0, INSIST_ECERT, INSIST_NOT_TRANSIENT},
        {CURLE_SSL_CACERT_BADFILE, 0, INSIST_ETLS, INSIST_NOT_TRANSIENT},
        {CURLE_SSL_CIPHER, 0, INSIST_ETLS, INSIST_NOT_TRANSIENT},
    };
    EXPECT(examples);
}

static void answers_that_cannot_be_used(void **state) {
    (void)state;
    static const struct example examples[] = {
        {CURLE_UNSUPPORTED_PROTOCOL, 0, INSIST_EPROTO, INSIST_NOT_TRANSIENT},
        {CURLE_WEIRD_SERVER_REPLY, 0, INSIST_EPROTO, INSIST_NOT_TRANSIENT},
        {CURLE_BAD_CONTENT_ENCODING, 0, INSIST_EDECODE, INSIST_NOT_TRANSIENT},
        {CURLE_TOO_MANY_REDIRECTS, 0, INSIST_EREDIRECT, INSIST_NOT_TRANSIENT},
        {CURLE_FILESIZE_EXCEEDED, 0, INSIST_ETOOLARGE, INSIST_NOT_TRANSIENT},
        {CURLE_WRITE_ERROR, 0, INSIST_ETOOLARGE, INSIST_NOT_TRANSIENT},
        {CURLE_WRITE_ERROR, ECONNRESET, INSIST_ETOOLARGE, INSIST_NOT_TRANSIENT},
        {CURLE_FTP_WEIRD_PASV_REPLY, 0, INSIST_EPROTO, INSIST_NOT_TRANSIENT},
        {100, 0, INSIST_ETOOLARGE, INSIST_NOT_TRANSIENT},
    };
    EXPECT(examples);
}

static void what_is_wrong_here(void **state) {
    (void)state;
    static const struct example examples[] = {
        {CURLE_OUT_OF_MEMORY, 0, INSIST_ENOMEM, INSIST_NOT_TRANSIENT},
        {CURLE_URL_MALFORMAT, 0, INSIST_EURL, INSIST_NOT_TRANSIENT},
        {CURLE_ABORTED_BY_CALLBACK, ECONNRESET, INSIST_ECANCELED, INSIST_NOT_TRANSIENT},
        {CURLE_BAD_FUNCTION_ARGUMENT, 0, INSIST_EINVAL, INSIST_NOT_TRANSIENT},
        {CURLE_FAILED_INIT, 0, INSIST_ESYSTEM, INSIST_NOT_TRANSIENT},
    };
    EXPECT(examples);
}

/* libcurl's sentences as version 7.88.1 with OpenSSL 3.0 wrote them. */
static void the_sentence_tells_more(void **state) {
    (void)state;
    static const struct {
        struct example example;
        const char *detail;
    } examples[] = {
        {{CURLE_SSL_CONNECT_ERROR, 0, INSIST_ETLS, INSIST_TLS_INTERRUPTED},
         "OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to 127.0.0.1:49821 "},
        {{CURLE_SSL_CONNECT_ERROR, 0, INSIST_ETLS, INSIST_TLS_INTERRUPTED},
         "OpenSSL/3.0.19: error:0A000126:SSL routines::unexpected eof while reading"},
        {{CURLE_SSL_CONNECT_ERROR, 0, INSIST_ETLS, INSIST_TLS_INTERRUPTED}, "Send failure: Broken pipe"},
        {{CURLE_SSL_CONNECT_ERROR, 0, INSIST_ETLS, INSIST_NOT_TRANSIENT},
         "OpenSSL/3.0.19: error:0A00010B:SSL routines::wrong version number"},
        {{CURLE_SSL_CONNECT_ERROR, 0, INSIST_ETLS, INSIST_NOT_TRANSIENT},
         "OpenSSL/3.0.19: error:0A000410:SSL routines::sslv3 alert handshake failure"},
        {{CURLE_SSL_CONNECT_ERROR, 0, INSIST_ETLS, INSIST_NOT_TRANSIENT}, ""},
        {{CURLE_SSL_CONNECT_ERROR, 0, INSIST_ETLS, INSIST_NOT_TRANSIENT}, NULL},
        {{CURLE_SSL_CONNECT_ERROR, ECONNRESET, INSIST_ETLS, INSIST_TLS_INTERRUPTED},
         "Recv failure: Connection reset by peer"},
        {{CURLE_RECV_ERROR, 0, INSIST_ETOOLARGE, INSIST_NOT_TRANSIENT}, "Too large response headers: 307205 > 307200"},
        {{CURLE_RECV_ERROR, 0, INSIST_ETOOLARGE, INSIST_NOT_TRANSIENT}, "Out of memory in chunked-encoding"},
        {{CURLE_RECV_ERROR, 0, INSIST_EPROTO, INSIST_BAD_FRAMING},
         "Illegal or missing hexadecimal sequence in chunked-encoding"},
        {{CURLE_PARTIAL_FILE, 0, INSIST_EEOF, INSIST_UNEXPECTED_EOF},
         "transfer closed with 97 bytes remaining to read"},
    };
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        const struct example *e = &examples[i].example;
        struct curl_meaning meaning = curl_code_meaning_in_detail(e->code, e->os_errno, examples[i].detail);
        assert_int_equal(meaning.err, e->err);
        assert_int_equal(meaning.transience, e->transience);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_a_row),
        cmocka_unit_test(success_is_no_error_whatever_errno_was_left_behind),
        cmocka_unit_test(codes_that_do_not_exist_are_not_transient),
        cmocka_unit_test(connecting),
        cmocka_unit_test(a_connection_that_breaks),
        cmocka_unit_test(timeouts),
        cmocka_unit_test(tls),
        cmocka_unit_test(answers_that_cannot_be_used),
        cmocka_unit_test(what_is_wrong_here),
        cmocka_unit_test(the_sentence_tells_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
