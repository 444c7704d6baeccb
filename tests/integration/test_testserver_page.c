/* The test server's page, in a real browser: scripts are set with the keyboard, requests turn up, are filtered and drawn; what
 * clients send stays text; pages from elsewhere change nothing. Skipped (77) where there is no Chromium. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "browser.h"
#include "testserver_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct browser *browser; /* one for all tests */

/* A server, and its page in the browser once it shows that it is alive. */
static int open_page(void **state) {
    insist_testserver *server;
    char url[128];
    if (insist_testserver_start(NULL, NULL, &server) != INSIST_OK) {
        return -1;
    }
    *state = server;
    snprintf(url, sizeof url, "%s/__admin/", insist_testserver_admin_url(server));
    free(browser_complaints(browser)); /* earlier pages' */
    browser_look(browser, 1200, 900, false);
    browser_go(browser, url);
    browser_wait(browser, "document.getElementById('state').textContent === 'Live'");
    return 0;
}

static int close_page(void **state) {
    browser_go(browser, "about:blank");
    insist_testserver_free(*state);
    return 0;
}

static void check_text(const char *expression, const char *expected) {
    char *text = browser_text(browser, expression);
    assert_string_equal(text, expected);
    free(text);
}

/* The page has loaded all it wanted, from its own server, and nothing in it went wrong. */
static void check_content(void) {
    char *complaints = browser_complaints(browser);
    assert_string_equal(complaints, "");
    free(complaints);
    assert_true(browser_is(browser, "performance.getEntriesByType('resource').every("
                                    "entry => entry.name.startsWith(location.origin + '/__admin/'))"));
}

/* Presses Tab until the element of that id has the focus. */
static void tab_to(const char *id) {
    char reached[128];
    snprintf(reached, sizeof reached, "document.activeElement.id === '%s'", id);
    for (int i = 0; i < 15; i++) {
        browser_keys(browser, KEY_TAB);
        if (browser_is(browser, reached)) {
            return;
        }
    }
    fail_msg("Tab does not reach %s", id);
}

static void wait_for_entries(int count) {
    char expression[128];
    snprintf(expression, sizeof expression, "document.querySelectorAll('#entries > li').length === %d", count);
    browser_wait(browser, expression);
}

/* With nothing but the keyboard, as the form is meant to be used. */
static void a_script_is_set_and_its_request_seen(void **state) {
    insist_testserver *server = *state;
    tab_to("path");
    browser_keys(browser, "/users/7"); /* in place of what is there, which Tab selects */
    tab_to("script");
    browser_keys(browser, "404x2,200" KEY_ENTER);
    browser_wait(browser, "document.getElementById('form-done').textContent === 'Set.'");
    assert_int_equal(peer_status(server, "/users/7"), 404);
    wait_for_entries(1);
    check_text("document.querySelector('#entries .asked').textContent", "GET /users/7");
    check_text("document.querySelector('#entries .badge').textContent", "404");
    check_text("document.querySelector('#script-list .what').textContent", "/users/7");
    check_text("document.querySelector('#script-list .script').textContent", "404x2,200");
    browser_wait(browser, "document.getElementById('news').textContent.includes('GET /users/7, 404')");
    check_content();
}

static void scripts_from_elsewhere_appear_and_are_removed(void **state) {
    insist_testserver *server = *state;
    assert_int_equal(insist_testserver_script(server, "/other", "503", NULL), INSIST_OK);
    browser_wait(browser, "document.querySelectorAll('#script-list li').length === 1");
    assert_true(browser_is(browser, "document.getElementById('no-scripts').hidden"));
    json_decref(browser_value(browser, "document.querySelectorAll('#script-list button')[1].focus()"));
    check_text("document.activeElement.getAttribute('aria-label')", "Remove the script of /other");
    browser_keys(browser, KEY_ENTER);
    browser_wait(browser, "document.querySelectorAll('#script-list li').length === 0");
    assert_int_equal(peer_status(server, "/other"), 200);
    assert_true(browser_is(browser, "document.activeElement.id === 'script-list'")); /* the focus is not lost */
    check_content();
}

static void a_bad_script_is_refused_with_its_column(void **state) {
    insist_testserver *server = *state;
    tab_to("script");
    browser_keys(browser, "404,\xc3\xa4rezet" KEY_ENTER);
    browser_wait(browser, "!document.getElementById('script-error').hidden");
    assert_true(browser_is(browser, "document.getElementById('error-text').textContent"
                                    ".startsWith('Column 5: expected a status such as 200')"));
    check_text("document.getElementById('error-place').textContent", "404,\xc3\xa4rezet\n    ^");
    check_text("document.getElementById('script').getAttribute('aria-invalid')", "true");
    assert_true(browser_is(browser, "document.activeElement.id === 'script'"));
    assert_int_equal(browser_number(browser, "document.getElementById('script').selectionStart"), 4);
    assert_int_equal(peer_status(server, "/"), 200);
    browser_keys(browser, "5");
    browser_wait(browser, "document.getElementById('script-error').hidden");
}

static void the_newest_come_first_and_are_filtered(void **state) {
    insist_testserver *server = *state;
    const char *const targets[] = {"/users/1", "/orders/1?do=503", "/users/2"};
    for (size_t i = 0; i < 3; i++) {
        peer_status(server, targets[i]);
    }
    wait_for_entries(3);
    check_text("document.querySelector('#entries .asked').textContent", "GET /users/2");
    tab_to("filter");
    browser_keys(browser, "orders");
    wait_for_entries(1);
    check_text("document.querySelector('#entries .asked').textContent", "GET /orders/1?do=503");
    check_text("document.getElementById('shown').textContent", "1 shown");
    assert_int_equal(peer_status(server, "/users/3"), 200);
    assert_int_equal(peer_status(server, "/orders/2"), 200);
    wait_for_entries(2); /* what comes later is filtered, too */
    check_text("document.querySelector('#entries .asked').textContent", "GET /orders/2");
    check_content();
}

/* Two requests on one connection, the second of them answered late. */
static void a_connection_is_a_line_of_its_requests(void **state) {
    insist_testserver *server = *state;
    struct peer peer;
    assert_true(peer_connect(&peer, server));
    for (int i = 0; i < 2; i++) {
        assert_true(peer_get(&peer, i == 0 ? "/first" : "/second?do=500;hold=/go>=1"));
        if (i == 0) {
            struct peer_answer answer = peer_read(&peer);
            peer_answer_free(&answer);
        }
    }
    browser_wait(browser, "document.querySelectorAll('.lane').length === 1");
    browser_wait(browser, "document.querySelectorAll('.lane a').length === 2");
    browser_wait(browser, "document.querySelectorAll('.lane a.open').length === 1");
    assert_true(browser_is(browser, "[...document.querySelectorAll('.lane a')][1].title === "
                                    "'GET /second, 500, in flight'"));
    assert_int_equal(peer_status(server, "/go"), 200);
    browser_wait(browser, "document.querySelectorAll('.lane a.open').length === 0");
    browser_wait(browser, "document.querySelectorAll('.lane').length === 2");
    assert_true(browser_is(browser, "(() => { const [one, two] = document.querySelectorAll('.lane:last-child a');"
                                    "return one.getBoundingClientRect().left < two.getBoundingClientRect().left })()"));
    check_text("document.querySelector('#counters dd').firstChild.data", "3");
    peer_close(&peer);
    check_content();
}

/* Whatever markup a client sends is shown, and is nothing. */
static void what_clients_send_stays_text(void **state) {
    insist_testserver *server = *state;
    struct peer peer;
    assert_true(peer_connect(&peer, server));
    assert_true(peer_send(&peer, "GET /<script>window.hurt=1</script>?<img/src=x/onerror=window.hurt=1> HTTP/1.1\r\n"
                                 "Host: t\r\nX-Evil: <svg onload=window.hurt=1>\r\n\r\n"));
    struct peer_answer answer = peer_read(&peer);
    assert_int_equal(answer.status, 200);
    peer_answer_free(&answer);
    peer_close(&peer);
    assert_int_equal(insist_testserver_script(server, "/<b>\xe2\x80\xae", "200;body=\"<i>x</i>\"", NULL), INSIST_OK);
    browser_wait(browser, "document.querySelectorAll('#script-list li').length === 1");
    wait_for_entries(1);
    check_text("document.querySelector('#entries .asked').textContent",
               "GET /<script>window.hurt=1</script>?<img/src=x/onerror=window.hurt=1>");
    json_decref(browser_value(browser, "document.querySelector('#entries summary').click()"));
    browser_wait(browser, "document.querySelector('.more-of-it') !== null");
    assert_true(browser_is(browser, "document.querySelector('.more-of-it').textContent.includes("
                                    "'<svg onload=window.hurt=1>')"));
    check_text("document.querySelector('#script-list .what').textContent", "/<b>\\u{202e}");
    assert_int_equal(browser_number(browser,
                                    "document.querySelectorAll('main :is(script, img, svg, i, #script-list b)')"
                                    ".length"),
                     0);
    assert_true(browser_is(browser, "window.hurt === undefined"));
    check_content();
}

/* Another server's page, which tries what a page can. */
static void pages_from_elsewhere_change_nothing(void **state) {
    static const char attempt[] =
        "200;type=\"text/html\";body=\"<script>"
        "const at = 'http://127.0.0.1:%u/__admin/scripts?path=/evil';"
        "const tries = [{method: 'PUT', body: '500'}, {method: 'PUT', body: '500', mode: 'no-cors'},"
        "  {method: 'DELETE'}, {method: 'POST', body: '500', mode: 'no-cors'}];"
        "Promise.allSettled(tries.map(how => fetch(at, how)))"
        "  .then(ends => { document.title = ends.map(end => end.status).join() })"
        "</script>\"";
    insist_testserver *server = *state;
    insist_testserver *elsewhere;
    char script[1024];
    char url[128];
    assert_int_equal(insist_testserver_start(NULL, NULL, &elsewhere), INSIST_OK);
    const uint16_t ports[] = {insist_testserver_port(server), insist_testserver_admin_port(server)};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(insist_testserver_script(server, "/evil", "201", NULL), INSIST_OK);
        snprintf(script, sizeof script, attempt, ports[i]);
        assert_int_equal(insist_testserver_script(elsewhere, "/", script, NULL), INSIST_OK);
        snprintf(url, sizeof url, "%s/", insist_testserver_url(elsewhere));
        browser_go(browser, url);
        browser_wait(browser, "document.title !== ''");
        check_text("document.title", "rejected,rejected,rejected,fulfilled"); /* the last was sent, and was a 405 */
        assert_int_equal(peer_status(server, "/evil"), 201);
    }
    insist_testserver_free(elsewhere);
}

static void on_a_phone_and_in_the_dark(void **state) {
    insist_testserver *server = *state;
    static const char ground[] = "getComputedStyle(document.body).backgroundColor";
    peer_status(server, "/a/path/that/is/rather/long/and/has/no/place/to/break?with=a&query=that-is-long-too&do=503");
    assert_int_equal(insist_testserver_script(server, "/a/path/that/is/rather/long/and/has/no/place/to/break",
                                              "503x2;retry-after=1,200;body=abcdefghijklmnopqrstuvwxyz", NULL),
                     INSIST_OK);
    wait_for_entries(1);
    browser_wait(browser, "document.querySelectorAll('#script-list li').length === 1");
    check_text(ground, "rgb(244, 246, 248)");
    assert_true(browser_is(browser, "document.getElementById('journal').getBoundingClientRect().left > 200"));
    browser_look(browser, 375, 812, true);
    check_text(ground, "rgb(16, 21, 27)");
    assert_int_equal(browser_number(browser, "document.documentElement.scrollWidth"), 375);
    assert_true(browser_is(browser, "document.getElementById('journal').getBoundingClientRect().left < 20"));
    assert_true(browser_is(browser, "[...document.querySelectorAll('button, input, select')]"
                                    ".every(it => it.offsetParent === null || it.offsetHeight >= 40)"));
}

/* Every control says what it is for. */
static void everything_has_a_name_and_a_way_to_it(void **state) {
    (void)state;
    browser_keys(browser, KEY_TAB);
    check_text("document.activeElement.textContent", "Skip to the journal");
    browser_keys(browser, KEY_ENTER);
    browser_wait(browser, "document.activeElement.id === 'journal'");
    assert_true(
        browser_is(browser, "[...document.querySelectorAll('input, select')].every(it => it.labels.length === 1)"));
    assert_true(
        browser_is(browser, "[...document.querySelectorAll('button')].every(it => it.textContent.trim() !== '')"));
    assert_true(browser_is(browser, "document.documentElement.lang === 'en' && document.title !== ''"));
}

/* Below another prefix, and on the port that is under test. */
static void the_page_works_where_it_was_moved(void **state) {
    insist_testserver *server;
    char url[128];
    (void)state;
    assert_int_equal(insist_testserver_start(INSIST_TESTSERVER_OPTIONS(.admin_prefix = "/control/room"), NULL, &server),
                     INSIST_OK);
    snprintf(url, sizeof url, "%s/control/room", insist_testserver_url(server));
    browser_go(browser, url);
    browser_wait(browser, "document.getElementById('state').textContent === 'Live'");
    assert_true(browser_is(browser, "location.pathname === '/control/room/'"));
    tab_to("script");
    browser_keys(browser, "503" KEY_ENTER);
    browser_wait(browser, "document.getElementById('form-done').textContent === 'Set.'");
    assert_int_equal(peer_status(server, "/"), 503);
    wait_for_entries(1);
    insist_testserver_free(server);
}

static void a_server_that_is_gone_is_missed(void **state) {
    insist_testserver_stop(*state);
    browser_wait(browser, "document.getElementById('state').textContent.startsWith('No answer from the server')");
}

static int open_browser(void **state) {
    (void)state;
    browser = browser_open();
    return browser ? 0 : -1;
}

static int close_browser(void **state) {
    (void)state;
    browser_close(browser);
    return 0;
}

#define PAGE_TEST(test) cmocka_unit_test_setup_teardown(test, open_page, close_page)

int main(void) {
    const struct CMUnitTest tests[] = {
        PAGE_TEST(a_script_is_set_and_its_request_seen),     PAGE_TEST(scripts_from_elsewhere_appear_and_are_removed),
        PAGE_TEST(a_bad_script_is_refused_with_its_column),  PAGE_TEST(the_newest_come_first_and_are_filtered),
        PAGE_TEST(a_connection_is_a_line_of_its_requests),   PAGE_TEST(what_clients_send_stays_text),
        PAGE_TEST(pages_from_elsewhere_change_nothing),      PAGE_TEST(on_a_phone_and_in_the_dark),
        cmocka_unit_test(the_page_works_where_it_was_moved), PAGE_TEST(everything_has_a_name_and_a_way_to_it),
        PAGE_TEST(a_server_that_is_gone_is_missed),
    };
    if (!browser_is_here()) {
        fputs("test_testserver_page: chromium and chromedriver are needed\n", stderr);
        return 77;
    }
    return cmocka_run_group_tests(tests, open_browser, close_browser);
}
