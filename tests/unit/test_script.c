/* Scripts of the test server: what parses into what, and where and why the rest is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver/draw.h"
#include "testserver/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct script *parse(const char *text) {
    struct script *script = NULL;
    size_t column = 99;
    char expected[160] = "";
    insist_err err = script_parse(text, &script, &column, expected);
    if (err != INSIST_OK) {
        fail_msg("'%s' was refused at column %zu: %s", text, column, expected);
    }
    assert_int_equal(column, 0);
    return script;
}

/* The only choice of the only step. */
static const struct choice *only(const struct script *script) {
    assert_int_equal(script->step_count, 1);
    assert_int_equal(script->steps[0].choice_count, 1);
    return &script->steps[0].choices[0];
}

static int status_of_hit(const struct script *script, uint64_t hit) {
    return script_step(script, hit)->choices[0].status;
}

static void counts_and_the_last_step_repeats(void **state) {
    (void)state;
    struct script *script = parse("404x2,200");
    const int statuses[] = {404, 404, 200, 200, 200};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(status_of_hit(script, i), statuses[i]);
    }
    assert_int_equal(status_of_hit(script, UINT64_MAX), 200);
    assert_false(script->loops);
    script_free(script);
}

static void dots_start_over(void **state) {
    (void)state;
    struct script *script = parse("404x2,200,...");
    const int statuses[] = {404, 404, 200, 404, 404, 200, 404};
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(status_of_hit(script, i), statuses[i]);
    }
    script_free(script);
}

static void each_fault_with_its_number(void **state) {
    (void)state;
    const struct {
        const char *text;
        enum insist_testserver_fault fault;
        uint64_t cut;
        uint64_t repeat;
    } rows[] = {
        {"reset", INSIST_TESTSERVER_RESET, 0, 1},
        {"resetx3", INSIST_TESTSERVER_RESET, 0, 3},
        {"reset@headers", INSIST_TESTSERVER_RESET_HEADERS, 0, 1},
        {"reset@headersx2", INSIST_TESTSERVER_RESET_HEADERS, 0, 2},
        {"reset@body:100", INSIST_TESTSERVER_RESET_BODY, 100, 1},
        {"reset@body:100x7", INSIST_TESTSERVER_RESET_BODY, 100, 7},
        {"close", INSIST_TESTSERVER_CLOSE, 0, 1},
        {"close@body:0", INSIST_TESTSERVER_CLOSE_BODY, 0, 1},
        {"truncate@5x2", INSIST_TESTSERVER_TRUNCATE, 5, 2},
        {"hang", INSIST_TESTSERVER_HANG, 0, 1},
        {"200;stall=headers", INSIST_TESTSERVER_STALL_HEADERS, 0, 1},
        {"stall=body@12", INSIST_TESTSERVER_STALL_BODY, 12, 1},
        {"503;reset@body:3", INSIST_TESTSERVER_RESET_BODY, 3, 1},
        {"reset@body:8;size=8", INSIST_TESTSERVER_RESET_BODY, 8, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct script *script = parse(rows[i].text);
        assert_int_equal(only(script)->fault, rows[i].fault);
        assert_int_equal(only(script)->cut, rows[i].cut);
        assert_int_equal(script->steps[0].repeat, rows[i].repeat);
        script_free(script);
    }
}

static void what_is_wrong_with_an_answer_is_its_fault_too(void **state) {
    (void)state;
    const struct {
        const char *text;
        enum insist_testserver_fault fault;
        int status;
    } rows[] = {
        {"reset@headers:7", INSIST_TESTSERVER_RESET_HEADERS, 200},
        {"reset@endx2", INSIST_TESTSERVER_RESET_END, 200},
        {"close@headers", INSIST_TESTSERVER_CLOSE_HEADERS, 200},
        {"404;close@end", INSIST_TESTSERVER_CLOSE_END, 404},
        {"garbagex2", INSIST_TESTSERVER_GARBAGE, 0},
        {"garbage=1KBx3", INSIST_TESTSERVER_GARBAGE, 0},
        {"raw=x", INSIST_TESTSERVER_RAW, 0},
        {"badchunk=huge@3x2", INSIST_TESTSERVER_BAD_CHUNK, 200},
        {"status-line=x", INSIST_TESTSERVER_STATUS_LINE, 0},
        {"line=x", INSIST_TESTSERVER_LINE, 200},
        {"503;headers=20000", INSIST_TESTSERVER_HEADERS, 503},
        {"no-blank-line", INSIST_TESTSERVER_NO_BLANK_LINE, 200},
        {"lf", INSIST_TESTSERVER_LF, 200},
        {"length=5", INSIST_TESTSERVER_LENGTH, 200},
        {"endless", INSIST_TESTSERVER_ENDLESS, 200},
        {"gzip=crc", INSIST_TESTSERVER_GZIP, 200},
        {"trailers=5", INSIST_TESTSERVER_TRAILERS, 200},
        {"1xx=103xendless", INSIST_TESTSERVER_INTERIM, 0},
        {"unread", INSIST_TESTSERVER_UNREAD, 200},
        {"unread@5", INSIST_TESTSERVER_UNREAD, 200},
        {"read=1MB/s", INSIST_TESTSERVER_NO_FAULT, 200},
        {"unread;endless;lf", INSIST_TESTSERVER_UNREAD, 200},               /* the first of several */
        {"unread;endless;reset@body:5", INSIST_TESTSERVER_RESET_BODY, 200}, /* but for one that ends the connection */
        {"reset;unread", INSIST_TESTSERVER_RESET, 0},
        {"1xx=103x5", INSIST_TESTSERVER_NO_FAULT, 200},
        {"drip=10ms/16;drip@headers=1ms/1;delay@body=1ms;delay@end=1ms", INSIST_TESTSERVER_NO_FAULT, 200},
        {"rate=64KB/s;length=none", INSIST_TESTSERVER_NO_FAULT, 200},
        {"chunked=5;trailer:X-A=b;http10;gzip;size=1GB", INSIST_TESTSERVER_NO_FAULT, 200},
        {"redirectx3", INSIST_TESTSERVER_NO_FAULT, 302},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct script *script = parse(rows[i].text);
        if (only(script)->fault != rows[i].fault || choice_status(only(script)) != rows[i].status) {
            fail_msg("%s: fault %d, status %d", rows[i].text, (int)only(script)->fault, choice_status(only(script)));
        }
        script_free(script);
    }
}

static void delays(void **state) {
    (void)state;
    const struct {
        const char *text;
        double us;
    } rows[] = {{"200;delay=30ms", 30e3}, {"delay=1s", 1e6},     {"delay=1.5s", 1.5e6}, {"delay=0.25s", 250e3},
                {"delay=2m", 120e6},      {"delay=0", 0},        {"delay=0ms", 0},      {"delay=1440m", 86400e6},
                {"delay=200us", 200},     {"delay=2.5ms", 2500}, {"delay=0.000001s", 1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct script *script = parse(rows[i].text);
        assert_int_equal(only(script)->delay.kind, DISTRIBUTION_CONSTANT);
        assert_true(only(script)->delay.low_us == rows[i].us);
        script_free(script);
    }
}

static void retry_after_in_its_forms(void **state) {
    (void)state;
    struct script *script = parse("503;retry-after=120");
    assert_int_equal(only(script)->retry_after, RETRY_AFTER_SECONDS);
    assert_int_equal(only(script)->retry_after_s, 120);
    script_free(script);
    script = parse("503;retry-after=date-5");
    assert_int_equal(only(script)->retry_after, RETRY_AFTER_DATE);
    assert_int_equal(only(script)->retry_after_s, -5);
    script_free(script);
    script = parse("503;retry-after=date+5");
    assert_int_equal(only(script)->retry_after_s, 5);
    script_free(script);
    script = parse("503;retry-after=\"Sun, 06 Nov 1994 08:49:37 GMT\",200");
    assert_int_equal(script->step_count, 2);
    assert_int_equal(script->steps[0].choices[0].retry_after, RETRY_AFTER_TEXT);
    assert_string_equal(script->steps[0].choices[0].retry_after_text, "Sun, 06 Nov 1994 08:49:37 GMT");
    script_free(script);
}

static void bodies_and_headers(void **state) {
    (void)state;
    struct script *script = parse("200;body=\"a,b;c|d\\n\\\"\\\\\\x41\";type=text/css;h:X-A=1;h:X-B=\"2, 3\";gzip");
    const struct choice *choice = only(script);
    assert_int_equal(choice->body, BODY_TEXT);
    assert_string_equal(choice->text, "a,b;c|d\n\"\\A");
    assert_int_equal(choice->size, 11);
    assert_string_equal(choice->type, "text/css");
    assert_int_equal(choice->field_count, 2);
    assert_string_equal(choice->fields[0].name, "X-A");
    assert_string_equal(choice->fields[0].value, "1");
    assert_string_equal(choice->fields[1].value, "2, 3");
    assert_true(choice->gzip);
    assert_false(script->echoes);
    script_free(script);

    const struct {
        const char *text;
        uint64_t size;
    } sizes[] = {{"size=0", 0},
                 {"size=100", 100},
                 {"size=7B", 7},
                 {"size=2KB", 2000},
                 {"size=2kB", 2000},
                 {"size=2KiB", 2048},
                 {"size=1MB", 1000000},
                 {"size=1MiB", 1048576},
                 {"size=1GB", 1000000000},
                 {"size=1GiB", 1073741824}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        script = parse(sizes[i].text);
        assert_int_equal(only(script)->body, BODY_PATTERN);
        assert_int_equal(only(script)->size, sizes[i].size);
        script_free(script);
    }
    script = parse("404,200;echo");
    assert_true(script->echoes);
    script_free(script);
}

static void redirects(void **state) {
    (void)state;
    const struct {
        const char *text;
        int status;
    } rows[] = {{"redirect=/x", 302}, {"301=/x", 301}, {"302=/x", 302},
                {"303=/x", 303},      {"307=/x", 307}, {"308=/x", 308}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct script *script = parse(rows[i].text);
        assert_int_equal(only(script)->status, rows[i].status);
        assert_string_equal(only(script)->location, "/x");
        script_free(script);
    }
}

static void hold_and_refuse(void **state) {
    (void)state;
    struct script *script = parse("hold=/gate>=1000");
    assert_string_equal(only(script)->hold_path, "/gate");
    assert_int_equal(only(script)->hold_hits, 1000);
    script_free(script);
    script = parse("close;refuse=50ms;delay=5ms");
    assert_int_equal(only(script)->port.for_ms, 50);
    assert_int_equal(only(script)->port.fault, PORT_REFUSES);
    script_free(script);
}

static void weights_share_what_is_left(void **state) {
    (void)state;
    struct script *script = parse("0.1:503|0.05:reset|200x4");
    const struct step *step = &script->steps[0];
    assert_int_equal(step->choice_count, 3);
    assert_int_equal(step->repeat, 4);
    assert_true(step->choices[2].weight > 0.8499 && step->choices[2].weight < 0.8501);
    assert_int_equal(step_choose(step, 0.0)->status, 503);
    assert_int_equal(step_choose(step, 0.0999)->status, 503);
    assert_int_equal(step_choose(step, 0.1001)->fault, INSIST_TESTSERVER_RESET);
    assert_int_equal(step_choose(step, 0.1501)->status, 200);
    assert_int_equal(step_choose(step, 0.9999)->status, 200);
    script_free(script);
    script = parse("500|200");
    assert_true(script->steps[0].choices[0].weight == 0.5);
    script_free(script);
    script = parse("0.5:500|0.5:200");
    script_free(script);
}

static void refusals_name_column_and_expectation(void **state) {
    (void)state;
    const struct {
        const char *text;
        size_t column;
        const char *expected; /* some words of the sentence */
    } rows[] = {
        {"", 1, "expected a status such as 200"},
        {"abc", 1, "expected a status such as 200"},
        {"200,", 5, "expected a status such as 200"},
        {"200;", 5, "expected a status such as 200"},
        {"200|", 5, "expected a status such as 200"},
        {"...", 1, "expected a status such as 200"},
        {"200,...,200", 8, "expected the end after '...'"},
        {"99", 1, "from 200 to 999"},
        {"100", 1, "from 200 to 999"},
        {"1000", 1, "from 200 to 999"},
        {"99999999999999999999999", 1, "from 200 to 999"},
        {"200 ", 4, "expected ';' and an option"},
        {"200y", 4, "expected ';' and an option"},
        {"resetty", 6, "expected ';' and an option"},
        {"200x", 5, "expected a count"},
        {"200x0", 5, "a count from 1"},
        {"200x1000000001", 5, "a count from 1"},
        {"500x2|200x3", 10, "only one count"},
        {"200;200", 5, "only one status"},
        {"200;redirect=/x", 5, "only one status"},
        {"reset;close", 7, "only one fault"},
        {"delay=1s;delay=2s", 10, "only one delay"},
        {"body=a;size=1", 8, "only one body"},
        {"gzip;gzip", 6, "only one gzip"},
        {"type=a/b;type=a/b", 10, "only one type"},
        {"hold=/a>=1;hold=/a>=1", 12, "only one hold"},
        {"retry-after=1;retry-after=1", 15, "only one retry-after"},
        {"close;refuse=1s;refuse=1s", 17, "only one fault of the port"},
        {"reset@", 6, "expected @headers, @body:N, @end or @connect"},
        {"reset@body:", 12, "expected a number of bytes"},
        {"reset@body:9999999999", 12, "a number of bytes from 0 to 1073741824"},
        {"close@head", 6, "expected @headers, @body:N, @end or @connect"},
        {"truncate", 9, "expected '@' and its value behind truncate"},
        {"404,refuse;close", 11, "expected '=' and its value behind refuse"},
        {"h", 2, "expected ':' and its value behind h"},
        {"gzi", 1, "expected a status such as 200"},
        {"truncate@x", 10, "expected a number of bytes"},
        {"stall=", 7, "expected headers, body@N or connect"},
        {"stall=conn", 7, "expected headers, body@N or connect"},
        {"200;delay=", 11, "expected a duration"},
        {"200;delay=30", 13, "expected a unit of time"},
        {"200;delay=1.s", 13, "expected digits after the point"},
        {"200;delay=0.5us", 11, "a whole number of microseconds"},
        {"close;refuse=0.5ms", 14, "a whole number of milliseconds"},
        {"200;delay=25h", 13, "expected a unit of time"},
        {"200;delay=1441m", 11, "at most a day"},
        {"200;delay=-1s", 11, "expected a duration"},
        {"200;retry-after=", 17, "expected seconds, date+N"},
        {"200;retry-after=soon", 17, "expected seconds, date+N"},
        {"200;retry-after=date", 21, "expected date+N or date-N"},
        {"200;retry-after=date+", 22, "expected a number of seconds"},
        {"200;retry-after=\"x", 17, "a closing quote"},
        {"200;retry-after=\"\\n\"", 17, "without control characters"},
        {"200;h:=x", 7, "expected h:NAME=VALUE"},
        {"200;h:X", 8, "expected h:NAME=VALUE"},
        {"200;h:X Y=1", 8, "expected h:NAME=VALUE"},
        {"200;h:X=\"a\\r\\nb\"", 9, "without control characters"},
        {"200;h:Content-Length=5", 7, "the server itself writes Content-Length"},
        {"200;h:transfer-encoding=chunked", 7, "the server itself writes transfer-encoding"},
        {"200;h:Connection=upgrade", 7, "no Connection header but"},
        {"200;body=\"a\\q\"", 12, "expected one of \\\""},
        {"200;body=\"a\\x4\"", 12, "expected one of \\\""},
        {"200;body=\"abc\"d", 15, "expected ';' and an option"},
        {"size=", 6, "expected a size in bytes"},
        {"size=2GiB", 6, "at most 1 GiB"},
        {"size=5XB", 7, "expected ';' and an option"},
        {"type=", 6, "expected a media type"},
        {"redirect=", 10, "expected where to redirect to"},
        {"200=/x", 4, "only after a status from 300 to 399"},
        {"404x2=/x", 6, "expected ';' and an option"},
        {"hold=gate>=1", 6, "a path that begins with '/'"},
        {"hold=/gate", 11, "expected '>='"},
        {"hold=/gate>1", 11, "expected '>='"},
        {"hold=/gate>=0", 13, "a number of hits from 1"},
        {"close;refuse=0", 14, "a duration above 0"},
        {"refuse=2s;drop=2s", 11, "only one fault of the port"},
        {"drop=0", 6, "a duration above 0"},
        {"drop=", 6, "a duration"},
        {"stall=connect:", 15, "a number of connections or a duration"},
        {"stall=connect:0", 15, "a number of connections"},
        {"stall=connect:0s", 15, "a duration above 0"},
        {"stall=connectx2", 14, "expected ';' and an option"},
        {"reset@connect:-1", 15, "a number of connections or a duration"},
        {"close@connection", 14, "expected ';' and an option"},
        {"tls-fault", 10, "'=' and its value behind tls-fault"},
        {"tls-fault=", 11, "stall, reset, close"},
        {"tls-fault=stale", 11, "stall, reset, close"},
        {"tls-fault=expired:9999999999", 19, "a number of connections"},
        {"tls-fault=expired;stall=connect", 19, "only one fault of the port"},
        {"503;reset", 1, "no status, header or body beside reset"},
        {"close;body=x", 1, "no status, header or body beside close"},
        {"404,hang;h:A=b", 5, "no status, header or body beside hang"},
        {"hang;gzip", 1, "beside hang"},
        {"204;body=x", 1, "no body with status 204"},
        {"304;truncate@4", 1, "no body with status 304"},
        {"gzip;random=17MiB", 1, "at most 16 MiB of random bytes"},
        {"truncate@8;size=8", 1, "N below the size of the body, which is 8"},
        {"reset@body:9;size=8", 1, "within the body, whose size is 8"},
        {"stall=body@4;body=abc", 1, "within the body, whose size is 3"},
        {"0.5:500|0.6:200", 1, "sum to at most 1"},
        {"404,0.5:500|0.4:200", 5, "sum to 1, or one without a weight"},
        {"200;drip=10ms", 14, "expected '/' and a number of bytes"},
        {"200;drip=0/16", 10, "a duration above 0"},
        {"200;drip=10ms/0", 15, "at least 1 byte"},
        {"drip=1ms/1;rate=1KB/s", 12, "only one rate"},
        {"drip@headers=1ms/1;drip@headers=1ms/1", 20, "only one drip@headers"},
        {"rate=1KB", 9, "expected '/s'"},
        {"read=1KB", 9, "expected '/s'"},
        {"read=1KB/s;read=1KB/s", 12, "only one read"},
        {"unread@x", 8, "a number of bytes"},
        {"rate=0/s", 6, "at least 1 byte"},
        {"delay@body=0", 12, "a duration above 0"},
        {"delay@end=1s;delay@end=1s", 14, "only one delay@end"},
        {"chunked=0", 9, "bytes a chunk from 1"},
        {"chunked;chunked", 9, "only one chunked"},
        {"length=-1", 8, "a number of bytes, or none"},
        {"length=5;chunked", 1, "no length= with chunks"},
        {"1xx=200", 5, "an interim status from 100 to 199"},
        {"1xx=103x0", 9, "a count from 1"},
        {"headers=0", 9, "a number of fields from 1"},
        {"headers=endless;stall=headers", 1, "endless headers have no half"},
        {"trailer:X", 10, "expected trailer:NAME=VALUE"},
        {"trailer:X=\"\\n\"", 11, "without control characters"},
        {"garbage=2GiB", 9, "at most 1 GiB"},
        {"404;garbage", 1, "beside garbage"},
        {"garbage;chunked", 1, "beside garbage"},
        {"reset;delay@end=1s", 1, "beside reset"},
        {"raw=a;body=b", 1, "beside raw"},
        {"badchunk@", 10, "a number of bytes"},
        {"badchunk;reset", 10, "only one fault"},
        {"404;status-line=x", 1, "no status beside status-line="},
        {"gzip=bad", 6, "expected truncated, crc, length or plain"},
        {"deflate=length", 9, "expected truncated, crc, plain"},
        {"unread;echo", 1, "no echo of a request that is left unread"},
        {"204;chunked", 1, "no body with status 204"},
        {"304;drip=1ms/1", 1, "no body with status 304"},
        {"endless;size=5", 9, "only one body"},
        {"1.5:500|200", 1, "a weight from 0 to 1"},
        {"2:500|200", 1, "a weight from 0 to 1"},
        {"0.:500|200", 3, "digits after the point"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct script *script = (struct script *)1;
        size_t column = 0;
        char expected[160] = "";
        insist_err err = script_parse(rows[i].text, &script, &column, expected);
        if (err != INSIST_EINVAL || column != rows[i].column || !strstr(expected, rows[i].expected)) {
            fail_msg("'%s': code %d, column %zu: %s", rows[i].text, (int)err, column, expected);
        }
        assert_null(script);
    }
}

static void faults_of_the_port(void **state) {
    (void)state;
    const struct {
        const char *text;
        struct port_order order;
    } rows[] = {
        {"refuse=2s", {PORT_REFUSES, 2000, 0}},
        {"503;drop=1.5s", {PORT_DROPS, 1500, 0}},
        {"stall=connect", {PORT_STALLS, 0, 1}},
        {"stall=connect:3", {PORT_STALLS, 0, 3}},
        {"stall=connect:3s", {PORT_STALLS, 3000, 0}},
        {"reset@connect", {PORT_RESETS, 0, 1}},
        {"close@connect:20ms", {PORT_CLOSES, 20, 0}},
        {"404;tls-fault=stall", {TLS_STALLS, 0, 1}},
        {"tls-fault=reset:7", {TLS_RESETS, 0, 7}},
        {"tls-fault=close", {TLS_CLOSES, 0, 1}},
        {"tls-fault=alert", {TLS_ALERTS, 0, 1}},
        {"tls-fault=plain", {TLS_IS_PLAIN, 0, 1}},
        {"tls-fault=expired:1m", {TLS_EXPIRED, 60000, 0}},
        {"tls-fault=wrong-host", {TLS_WRONG_HOST, 0, 1}},
        {"tls-fault=untrusted", {TLS_UNTRUSTED, 0, 1}},
        {"hang;tls-fault=old-version", {TLS_OLD_VERSION, 0, 1}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct script *script = parse(rows[i].text);
        const struct port_order *order = &only(script)->port;
        if (order->fault != rows[i].order.fault || order->for_ms != rows[i].order.for_ms ||
            order->connections != rows[i].order.connections) {
            fail_msg("%s: %d, %llu ms, %llu connections", rows[i].text, (int)order->fault,
                     (unsigned long long)order->for_ms, (unsigned long long)order->connections);
        }
        assert_int_equal(port_fault_needs_tls(order->fault), strstr(rows[i].text, "tls-fault") != NULL);
        script_free(script);
    }
}

/* What --tls-fault says: without an extent for ever. */
static void faults_of_handshakes_from_the_beginning(void **state) {
    (void)state;
    struct port_order order;
    size_t column = 0;
    char expected[160] = "";
    assert_true(port_order_parse_tls("wrong-host", &order, &column, expected));
    assert_true(order.fault == TLS_WRONG_HOST && order.for_ms == 0 && order.connections == 0);
    assert_true(port_order_parse_tls("stall:2", &order, &column, expected));
    assert_true(order.fault == TLS_STALLS && order.for_ms == 0 && order.connections == 2);
    assert_true(port_order_parse_tls("reset:1.5s", &order, &column, expected));
    assert_true(order.fault == TLS_RESETS && order.for_ms == 1500 && order.connections == 0);
    assert_false(port_order_parse_tls("", &order, &column, expected));
    assert_int_equal(column, 1);
    assert_false(port_order_parse_tls("stalled", &order, &column, expected));
    assert_int_equal(column, 6);
    assert_non_null(strstr(expected, "the end"));
    assert_false(port_order_parse_tls("stall:3;200", &order, &column, expected));
    assert_int_equal(column, 8);
}

static void every_beginning_of_a_script_parses_or_is_refused_within_it(void **state) {
    (void)state;
    const char *whole =
        "404x2;h:X-A=\"b\\x41\",0.1:503;retry-after=date+5|0.05:reset;refuse=50ms|200;size=1MB;gzip,307=/x,"
        "hold=/gate>=10;delay=1.5s,reset@body:100x3,stall=body@5,...";
    char part[256];
    for (size_t length = 0; length <= strlen(whole); length++) {
        struct script *script;
        size_t column = 0;
        char expected[160] = "";
        memcpy(part, whole, length);
        part[length] = '\0';
        if (script_parse(part, &script, &column, expected) == INSIST_OK) {
            script_free(script);
        } else {
            assert_in_range(column, 1, length + 1);
            assert_true(strlen(expected) > 10);
        }
    }
}

static void draws_depend_on_seed_key_and_hit_alone(void **state) {
    (void)state;
    double first = draw_number(7, "key", 3, 0);
    assert_true(first == draw_number(7, "key", 3, 0));
    assert_true(first != draw_number(8, "key", 3, 0));
    assert_true(first != draw_number(7, "yek", 3, 0));
    assert_true(first != draw_number(7, "key", 4, 0));
    assert_true(first != draw_number(7, "key", 3, 1));
}

static void draws_are_spread_evenly(void **state) {
    (void)state;
    enum { DRAWS = 100000, BINS = 10 };
    size_t bins[BINS] = {0};
    for (uint64_t hit = 0; hit < DRAWS; hit++) {
        double drawn = draw_number(1, "spread", hit, 0);
        assert_true(drawn >= 0 && drawn < 1);
        bins[(size_t)(drawn * BINS)]++;
    }
    for (size_t i = 0; i < BINS; i++) {
        assert_in_range(bins[i], DRAWS / BINS - 500, DRAWS / BINS + 500); /* 5 standard deviations */
    }
}

static void foretold_steps_agree_with_the_script(void **state) {
    (void)state;
    insist_testserver_step step = {.size = sizeof step};
    assert_int_equal(insist_testserver_foretell(0, "404x2,reset@body:9;delay=5ms", "a", 1, &step), INSIST_OK);
    assert_int_equal(step.status, 404);
    assert_int_equal(step.fault, INSIST_TESTSERVER_NO_FAULT);
    assert_int_equal(insist_testserver_foretell(0, "404x2,reset@body:9;delay=5ms", "a", 2, &step), INSIST_OK);
    assert_int_equal(step.status, 200);
    assert_int_equal(step.fault, INSIST_TESTSERVER_RESET_BODY);
    assert_int_equal(step.cut_bytes, 9);
    assert_int_equal(step.delay_ms, 5);
    assert_int_equal(insist_testserver_foretell(0, "hang", "a", 0, &step), INSIST_OK);
    assert_int_equal(step.status, 0);
    assert_int_equal(insist_testserver_foretell(0, "hung", "a", 0, &step), INSIST_EINVAL);
    step.size = sizeof step + 8;
    assert_int_equal(insist_testserver_foretell(0, "200", "a", 0, &step), INSIST_EINVAL);
}

static void check_reports_the_column_apart(void **state) {
    (void)state;
    size_t column = 99;
    insist_problem problem = {.err = INSIST_OK};
    assert_int_equal(insist_testserver_check("200;delay=1s", &column, &problem), INSIST_OK);
    assert_int_equal(column, 0);
    assert_int_equal(problem.err, INSIST_OK);
    assert_int_equal(insist_testserver_check("200;delay=x", &column, &problem), INSIST_EINVAL);
    assert_int_equal(column, 11);
    assert_int_equal(problem.err, INSIST_EINVAL);
    assert_string_equal(problem.field, "script");
    assert_non_null(strstr(problem.text, "expected a duration"));
    assert_int_equal(insist_testserver_check(NULL, NULL, NULL), INSIST_EINVAL);
}

/* `count` header fields in one step; the column of the refusal, 0 for none. */
static size_t column_with_fields(size_t count) {
    char *text = calloc(count, strlen("h:A=b;") + 1);
    size_t column = 0;
    assert_non_null(text);
    for (size_t i = 0; i < count; i++) {
        memcpy(text + i * 6, "h:A=b;", 6);
    }
    text[count * 6 - 1] = '\0';
    insist_err err = insist_testserver_check(text, &column, NULL);
    assert_int_equal(err, column ? INSIST_EINVAL : INSIST_OK);
    free(text);
    return column;
}

static void a_step_has_a_thousand_header_fields_at_most(void **state) {
    (void)state;
    assert_int_equal(column_with_fields(1000), 0);
    assert_int_equal(column_with_fields(1001), 6003);
}

/* Many steps, and many choices of one step: all are there afterwards. */
static void long_scripts_are_whole(void **state) {
    (void)state;
    struct script *script;
    size_t column;
    char expected[160];
    char text[5 * 999];
    for (size_t kind = 0; kind < 2; kind++) {
        for (size_t i = 0; i < 999; i++) {
            snprintf(text + i * 4, 5, "%zu%c", 200 + i % 400, kind == 0 ? ',' : '|');
        }
        text[999 * 4 - 1] = '\0';
        assert_int_equal(script_parse(text, &script, &column, expected), INSIST_OK);
        assert_int_equal(script->step_count, kind == 0 ? 999 : 1);
        assert_int_equal(script->steps[0].choice_count, kind == 0 ? 1 : 999);
        for (size_t i = 0; i < 999; i++) {
            const struct choice *choice = kind == 0 ? &script->steps[i].choices[0] : &script->steps[0].choices[i];
            assert_int_equal(choice->status, 200 + i % 400);
        }
        assert_true(script_bytes(script) > 999 * sizeof(struct choice));
        script_free(script);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_and_the_last_step_repeats),
        cmocka_unit_test(dots_start_over),
        cmocka_unit_test(each_fault_with_its_number),
        cmocka_unit_test(what_is_wrong_with_an_answer_is_its_fault_too),
        cmocka_unit_test(delays),
        cmocka_unit_test(retry_after_in_its_forms),
        cmocka_unit_test(bodies_and_headers),
        cmocka_unit_test(redirects),
        cmocka_unit_test(hold_and_refuse),
        cmocka_unit_test(faults_of_the_port),
        cmocka_unit_test(faults_of_handshakes_from_the_beginning),
        cmocka_unit_test(weights_share_what_is_left),
        cmocka_unit_test(refusals_name_column_and_expectation),
        cmocka_unit_test(every_beginning_of_a_script_parses_or_is_refused_within_it),
        cmocka_unit_test(draws_depend_on_seed_key_and_hit_alone),
        cmocka_unit_test(draws_are_spread_evenly),
        cmocka_unit_test(foretold_steps_agree_with_the_script),
        cmocka_unit_test(check_reports_the_column_apart),
        cmocka_unit_test(a_step_has_a_thousand_header_fields_at_most),
        cmocka_unit_test(long_scripts_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
