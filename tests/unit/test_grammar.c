/* The grammar of scripts, row by row: what is one step and what are two, and at which column the rest is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "testserver/items.h"
#include "testserver/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct good {
    const char *text;
    size_t steps;
    size_t choices; /* of the last step */
    uint64_t hits;  /* that all steps take together */
};

static const struct good good[] = {
    {"200", 1, 1, 1},
    {"999", 1, 1, 1},
    {"200x1000000000", 1, 1, 1000000000},
    {"404x2,200", 2, 1, 3},
    {"404,200,...", 2, 1, 2},
    {"404x7,...", 1, 1, 7},
    {"500|200", 1, 2, 1},
    {"500x2|200", 1, 2, 2},
    {"500|200x2", 1, 2, 2},
    {"0.1:503|0.05:reset|200", 1, 3, 1},
    {"0.1:503|0.05:reset|200x4,404", 2, 1, 5},
    {"0:503|1:200", 1, 2, 1},
    {"1:200", 1, 1, 1},
    {"0.3:200|0.3:201|0.4:202", 1, 3, 1},
    {"0.000000001:500|200", 1, 2, 1},
    {"503;retry-after=1,200", 2, 1, 2},
    {"503;retry-after=0", 1, 1, 1},
    {"retry-after=date+7", 1, 1, 1},
    {"retry-after=date-7", 1, 1, 1},
    {"503;retry-after=\"a, b; c | d\",200", 2, 1, 2},
    {"delay=0", 1, 1, 1},
    {"200;delay=30ms", 1, 1, 1},
    {"200;delay=200us,404", 2, 1, 2},
    {"200;delay=0.5ms", 1, 1, 1},
    {"200;delay=1440m", 1, 1, 1},
    {"200;delay=ln(5ms,2ms)", 1, 1, 1},
    {"200;delay=ln(5ms,2ms),404", 2, 1, 2},
    {"200;delay=ln(5ms,0)", 1, 1, 1},
    {"200;delay=uniform(1ms,10ms),404;delay=uniform(0,0),...", 2, 1, 2},
    {"200;delay=pareto(10ms,1.5)", 1, 1, 1},
    {"200;delay=pareto(10ms,1.5,69ms)|503", 1, 2, 1},
    {"200;delay=mix(5ms)", 1, 1, 1},
    {"200;delay=mix(5ms,50ms),404", 2, 1, 2},
    {"200;delay=mix(0.95:5ms,0.05:50ms)", 1, 1, 1},
    {"200;delay=mix(0.95:5ms,50ms,60ms)", 1, 1, 1},
    {"200;delay=mix(0.95:ln(5ms,2ms),0.05:ln(50ms,20ms))", 1, 1, 1},
    {"200;delay=mix(0.98:uniform(1ms,10ms),0.019:pareto(10ms,1.550970264,69ms),0.001:pareto(69ms,2.118010737)),404", 2,
     1, 2},
    {"0.5:200;delay=mix(0.5:1ms,0.5:mix(1ms,2ms))|0.5:404", 1, 2, 1},
    {"200;delay=mix(mix(mix(mix(mix(mix(mix(mix(1ms))))))))", 1, 1, 1},
    {"reset", 1, 1, 1},
    {"resetx3,200", 2, 1, 4},
    {"reset@headersx2", 1, 1, 2},
    {"200;reset@headers", 1, 1, 1},
    {"reset@body:100,200", 2, 1, 2},
    {"503;reset@body:0;size=0", 1, 1, 1},
    {"close,closex2", 2, 1, 3},
    {"close@body:1073741824", 1, 1, 1},
    {"truncate@100", 1, 1, 1},
    {"truncate@7;size=8", 1, 1, 1},
    {"hang", 1, 1, 1},
    {"200;stall=headers", 1, 1, 1},
    {"200;stall=body@100x2", 1, 1, 2},
    {"redirect=/x", 1, 1, 1},
    {"redirect=/x,redirect=/y;delay=1ms,200", 3, 1, 3},
    {"307=\"/x?a=1,2\",200", 2, 1, 2},
    {"hold=/b>=1", 1, 1, 1},
    {"hold=\"/b,c\">=2;delay=1ms,404", 2, 1, 2},
    {"body=", 1, 1, 1},
    {"body=\"\"", 1, 1, 1},
    {"body=a b=c(d),200", 2, 1, 2},
    {"body=\"\\\"\\\\\\n\\r\\t\\x00\\xfF\",200", 2, 1, 2},
    {"type=text/plain;body=x", 1, 1, 1},
    {"size=1MB;gzip", 1, 1, 1},
    {"size=1GiB", 1, 1, 1},
    {"echo", 1, 1, 1},
    {"200;h:X=", 1, 1, 1},
    {"200;h:X=a;h:X=b;h:Connection=close", 1, 1, 1},
    {"slots=8,queue=50,service=10ms", 1, 1, 1},
    {"slots=8;queue=50;service=10ms", 1, 1, 1},
    {"slots=8,service=10ms,queue=50,404", 2, 1, 2},
    {"slots=8,404", 2, 1, 2},
    {"queue=50;slots=8", 1, 1, 1},
    {"slots=0,queue=1000000", 1, 1, 1},
    {"201;slots=8,queue=50,service=mix(0.9:10ms,0.1:ln(50ms,20ms)),slots=1,...", 2, 1, 2},
    {"slots=8,queue=50;delay=1ms,service=10ms;station=db,200", 2, 1, 2},
    {"slots=1,station=\"a,b\",service=1ms|503", 1, 2, 1},
    {"0.5:slots=1,queue=2|0.5:slots=3,service=1s", 1, 2, 1},
    {"200;drip=10ms/16", 1, 1, 1},
    {"200;drip@headers=10ms/1;rate=64KB/s", 1, 1, 1},
    {"200;stall=connect,200", 2, 1, 2},
    {"garbage,garbage=1KBx2", 2, 1, 3},
    {"badchunk|badchunk=huge@10x3", 1, 2, 3},
    {"headers=20000", 1, 1, 1},
    {"headers=endless", 1, 1, 1},
    {"refuse=2s,close;refuse=50ms", 2, 1, 2},
    {"tls-fault=expired:2,tls-fault=stall:1s", 2, 1, 2},
    {"1xx=103x3;200", 1, 1, 1},
    {"raw=\"HTTP/1.1 200 OK\\r\\n\\r\\n\",200", 2, 1, 2},
    {"status-line=\"HTTP/3.7 huh\";line=a;line=b;lf", 1, 1, 1},
    {"length=5;body=abc,length=none;body=abc", 2, 1, 2},
    {"chunked;trailer:A=b;trailers=2;size=3", 1, 1, 1},
    {"chunked=1;size=3;delay@body=1ms;delay@end=1ms", 1, 1, 1},
    {"endless;http10", 1, 1, 1},
    {"reset@endx2,close@headers:9,reset@headers:9,close@end", 4, 1, 5},
    {"stall=headers@9;unread", 1, 1, 1},
    {"unread@9;read=1MB/s", 1, 1, 1},
    {"gzip=crc;size=1KB|deflate=plain;size=1KB", 1, 2, 1},
    {"redirectx5,200", 2, 1, 6},
    {"echo=stream*3;chunked", 1, 1, 1},
    {"random=1KB@7,size=10@3", 2, 1, 2},
};

static void each_good_script_has_its_steps(void **state) {
    (void)state;
    assert_true(sizeof good / sizeof good[0] >= 60);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct script *script;
        size_t column;
        char expected[160];
        if (script_parse(good[i].text, &script, &column, expected) != INSIST_OK) {
            fail_msg("'%s' was refused at column %zu: %s", good[i].text, column, expected);
        }
        uint64_t hits = 0;
        for (size_t k = 0; k < script->step_count; k++) {
            hits += script->steps[k].repeat;
        }
        size_t choices = script->steps[script->step_count - 1].choice_count;
        if (script->step_count != good[i].steps || choices != good[i].choices || hits != good[i].hits) {
            fail_msg("'%s': %zu steps, %zu choices, %llu hits", good[i].text, script->step_count, choices,
                     (unsigned long long)hits);
        }
        assert_string_equal(script->text, good[i].text);
        script_free(script);
    }
}

/* Beside those of test_script.c. */
static const struct bad {
    const char *text;
    size_t column;
    const char *expected; /* some words of the sentence */
} bad[] = {
    {" 200", 1, "expected a status such as 200"},
    {"200\n", 4, "expected ';' and an option"},
    {"200,,404", 5, "expected a status such as 200"},
    {"200;;gzip", 5, "expected a status such as 200"},
    {"200||404", 5, "expected a status such as 200"},
    {"200,...,", 8, "expected the end after '...'"},
    {"200,....", 8, "expected the end after '...'"},
    {"200...", 4, "expected ';' and an option"},
    {"200|...", 5, "expected a status such as 200"},
    {"\xc3\xa9", 1, "expected a status such as 200"},
    {"200X2", 4, "expected ';' and an option"},
    {"200x-1", 5, "expected a count"},
    {"200x1.5", 6, "expected ';' and an option"},
    {"gzipx2", 5, "expected ';' and an option"},
    {"delay=1sx2", 9, "expected ';' and an option"},
    {"0.5:0.5:200", 5, "a final status from 200 to 999"},
    {".5:500|200", 1, "a weight from 0 to 1"},
    {"0.5 :500|200", 1, "a final status from 200 to 999"},
    {"0.1234567891:500|200", 12, "at most nine decimals"},
    {"1.000000001:500", 1, "a weight from 0 to 1"},
    {"0.5:", 5, "expected a status such as 200"},
    {"delay=1.0000000001s", 18, "at most nine decimals"},
    {"delay=1,5s", 8, "a unit of time"},
    {"delay=5 ms", 8, "a unit of time"},
    {"delay=5min", 9, "expected ';' and an option"},
    {"delay=0.0015ms", 7, "a whole number of microseconds"},
    {"delay=86400001us", 7, "expected a number from 0 to 86400000, and its unit"},
    {"delay=86401s", 7, "at most a day"},
    {"delay=ln", 7, "expected a duration such as"},
    {"delay=ln()", 10, "expected a duration such as"},
    {"delay=ln(5ms)", 13, "expected ',' and the standard deviation"},
    {"delay=ln(5ms,)", 14, "expected a duration such as"},
    {"delay=ln(5ms,2ms", 17, "expected ')'"},
    {"delay=ln(5ms,2ms,1ms)", 17, "expected ')'"},
    {"delay=ln(0,2ms)", 10, "a duration above 0"},
    {"delay=ln(-5ms,2ms)", 10, "expected a duration such as"},
    {"delay=ln( 5ms,2ms)", 10, "expected a duration such as"},
    {"delay=ln(5,2ms)", 11, "a unit of time"},
    {"delay=lognormal(5ms,2ms)", 7, "expected a duration such as"},
    {"delay=uniform(1ms)", 18, "expected ',' and the longest duration"},
    {"delay=uniform(2ms,1ms)", 19, "not below the first one"},
    {"delay=uniform(1ms,2ms))", 23, "expected ';' and an option"},
    {"delay=uniform(ln(1ms,1ms),2ms)", 15, "expected a duration such as"},
    {"delay=pareto(5ms)", 17, "expected ',' and the shape"},
    {"delay=pareto(0,1.5)", 14, "a duration above 0"},
    {"delay=pareto(5ms,0)", 18, "a shape above 0"},
    {"delay=pareto(5ms,x)", 18, "a shape above 0"},
    {"delay=pareto(5ms,1001)", 18, "expected a shape above 0 and at most 1000, such as 1.5"},
    {"delay=pareto(5ms,1.)", 20, "digits after the point"},
    {"delay=pareto(5ms,1.5,5ms)", 22, "a duration above the first one"},
    {"delay=pareto(5ms,1.5ms)", 21, "expected ')', or ',' and the longest duration"},
    {"delay=pareto(5ms,1.5,9ms,10ms)", 25, "expected ')'"},
    {"delay=mix()", 11, "expected a duration such as"},
    {"delay=mix(5ms", 14, "expected ')', or ',' and another part"},
    {"delay=mix(5ms,)", 15, "expected a duration such as"},
    {"delay=mix(0.5:5ms|0.5:6ms)", 18, "expected ')', or ',' and another part"},
    {"delay=mix(0.5:5ms,0.4:6ms)", 11, "sum to 1"},
    {"delay=mix(0.5:5ms,0.6:6ms)", 11, "sum to at most 1"},
    {"delay=mix(1.5:5ms)", 11, "a weight from 0 to 1"},
    {"delay=mix(0.5:200;1ms)", 18, "a unit of time"},
    {"200,404;delay=mix(1ms,mix(1ms,mix(0.5:1ms)))", 35, "sum to 1"},
    {"delay=mix(mix(mix(mix(mix(mix(mix(mix(mix(1ms)))))))))", 39, "at most 8 distributions"},
    {"queue=5", 1, "only together with slots="},
    {"200;service=5ms", 1, "only together with slots="},
    {"404,station=db", 5, "only together with slots="},
    {"200,queue=5", 5, "only together with slots="},
    {"slots=8,200,queue=5", 13, "only together with slots="},
    {"slots=8|queue=5", 9, "only together with slots="},
    {"slots=", 7, "expected a number of slots"},
    {"slots=1000001", 7, "a number of slots from 0 to 1000000"},
    {"slots=8,queue=", 15, "expected a number of places"},
    {"slots=8,queue=-1", 15, "expected a number of places"},
    {"slots=8,queue=5,queue=6", 17, "only one queue"},
    {"slots=8;slots=9", 9, "only one slots"},
    {"slots=8,service=", 17, "expected a duration such as"},
    {"slots=8,service=1s,service=2s", 20, "only one service"},
    {"slots=8,station=", 17, "expected the name of a station"},
    {"slots=8,station=a;station=b", 19, "only one station"},
    {"slots=8x2", 8, "expected ';' and an option"},
    {"slots=8,queue=5x2", 16, "expected ';' and an option"},
    {"body=\"a", 6, "a closing quote"},
    {"body=\"\\", 7, "expected one of"},
    {"body=\"\\x\"", 7, "expected one of"},
    {"retry-after=1;retry-after=date+1", 15, "only one retry-after"},
    {"retry-after=99999999999999999999", 13, "a number of seconds from 0"},
    {"retry-after=date+99999999999", 18, "a number of seconds from 0"},
    {"h:A", 4, "expected h:NAME=VALUE"},
    {"h:A\xc3=b", 4, "expected h:NAME=VALUE"},
    {"h:Content-Length=5", 3, "the server itself writes"},
    {"type=\"\"", 6, "expected a media type"},
    {"redirect=\"\"", 10, "expected where to redirect to"},
    {"307=", 5, "expected where to redirect to"},
    {"hold=\"/a\\x00\">=1", 6, "expected a path that begins with '/' and has no NUL byte"},
    {"slots=1;station=\"a\\x00b\"", 17, "expected the name of a station, without NUL bytes"},
    {"400=/x", 4, "only after a status from 300 to 399"},
    {"hold=/a", 8, "expected '>='"},
    {"hold=/a>=", 10, "a number of hits"},
    {"reset@body:100;size=99", 1, "within the body, whose size is 99"},
    {"200;drip", 9, "expected '=' and its value behind drip"},
    {"200;drip=10ms", 14, "expected '/' and a number of bytes"},
    {"200;drip=10ms/0", 15, "at least 1 byte"},
    {"200;drip=0/16", 10, "a duration above 0"},
    {"garbage=x", 9, "expected a size in bytes"},
    {"badchunk=odd", 9, "expected ';' and an option"},
    {"headers=", 9, "expected a number of fields"},
    {"headers=1;headers=2", 11, "only one headers"},
    {"tls-fault=", 11, "expected stall, reset, close"},
    {"stall=connect:", 15, "a number of connections or a duration"},
    {"1xx=200", 5, "an interim status from 100 to 199"},
    {"1xx", 1, "a final status from 200 to 999"},
    {"length=x", 8, "a number of bytes, or none"},
    {"length=5;chunked", 1, "no length= with chunks"},
    {"echo=nothing", 6, "expected a shape"},
    {"echo=stream", 12, "expected '*' and a number of lines"},
    {"deflate=length", 9, "expected truncated, crc, plain"},
    {"200,404;size=4;truncate@4", 5, "N below the size of the body, which is 4"},
};

static void each_bad_script_is_refused_at_its_column(void **state) {
    (void)state;
    assert_true(sizeof bad / sizeof bad[0] >= 60);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct script *script;
        size_t column = 0;
        char expected[160] = "";
        insist_err err = script_parse(bad[i].text, &script, &column, expected);
        if (err != INSIST_EINVAL || column != bad[i].column || !strstr(expected, bad[i].expected)) {
            script_free(script);
            fail_msg("'%s': code %d, column %zu: %s", bad[i].text, (int)err, column, expected);
        }
        assert_null(script);
    }
}

/* Cut anywhere, a good script is good or refused within it. */
static void each_beginning_is_good_or_refused_within_it(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        for (size_t length = 0; length <= strlen(good[i].text); length++) {
            char part[160];
            struct script *script;
            size_t column = 0;
            char expected[160] = "";
            snprintf(part, sizeof part, "%.*s", (int)length, good[i].text);
            if (script_parse(part, &script, &column, expected) != INSIST_OK) {
                assert_in_range(column, 1, length + 1);
                assert_true(strlen(expected) > 10);
            }
            script_free(script);
        }
    }
}

static void at_most_so_many_steps_and_choices(void **state) {
    (void)state;
    static char text[4 * 10001 + 1];
    struct script *script;
    size_t column = 0;
    char expected[160] = "";
    for (size_t i = 0; i < 10001; i++) {
        memcpy(text + i * 4, "200,", 4);
    }
    text[4 * 10000 - 1] = '\0';
    assert_int_equal(script_parse(text, &script, &column, expected), INSIST_OK);
    assert_int_equal(script->step_count, 10000);
    script_free(script);
    text[4 * 10000 - 1] = ',';
    text[4 * 10001 - 1] = '\0';
    assert_int_equal(script_parse(text, &script, &column, expected), INSIST_EINVAL);
    assert_int_equal(column, 4 * 10000 + 1);
    assert_non_null(strstr(expected, "at most 10000 steps"));
}

/* The whole of the document's grammar, which stands between ```ebnf and ```. For free(). */
static char *documented_grammar(void) {
    FILE *file = fopen(TESTSERVER_DOCUMENT, "rb");
    assert_non_null(file);
    char *text = calloc(1, 1 << 20);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    char *start = strstr(text, "```ebnf\n");
    assert_non_null(start);
    char *end = strstr(start + 8, "```");
    assert_non_null(end);
    *end = '\0';
    memmove(text, start + 8, strlen(start + 8) + 1);
    return text;
}

/* Every item that is read is in the document, quoted, whole or with what may follow its name. */
static void each_item_is_in_the_documented_grammar(void **state) {
    (void)state;
    char *grammar = documented_grammar();
    size_t count = 0;
    for (size_t room = 0; item_rooms[room]; room++) {
        for (const struct item *item = item_rooms[room]; item->name; item++) {
            char quoted[64];
            snprintf(quoted, sizeof quoted, "\"%s\"", item->name);
            if (!strstr(grammar, quoted)) {
                fail_msg("%s is not in docs/testserver.md", quoted);
            }
            count++;
        }
    }
    assert_true(count > 40);
    free(grammar);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_good_script_has_its_steps),
        cmocka_unit_test(each_bad_script_is_refused_at_its_column),
        cmocka_unit_test(each_beginning_is_good_or_refused_within_it),
        cmocka_unit_test(each_item_is_in_the_documented_grammar),
        cmocka_unit_test(at_most_so_many_steps_and_choices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
