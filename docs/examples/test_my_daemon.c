/* A daemon's unit test: one of its functions, against a server that misbehaves as the test tells it to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <insist/insist.h>
#include <insist/testserver.h>
#include <stdio.h>

/* The daemon's function: places an order; true when the shop has taken it. */
static bool place_order(insist_client *client, const char *shop_url) {
    char url[256];
    insist_result *result = NULL;
    snprintf(url, sizeof url, "%s/orders", shop_url);
    insist_err err = insist_post(client, url, "text/plain", "one pear", 8, &result);
    bool taken = err == INSIST_OK && insist_result_status(result) == 201;
    insist_result_free(result);
    return taken;
}

static void an_order_is_not_placed_twice(void **state) {
    insist_client *client = NULL;
    insist_testserver *shop = NULL;
    (void)state;
    assert_int_equal(insist_client_new(NULL, NULL, &client), INSIST_OK);
    assert_int_equal(insist_testserver_start(NULL, NULL, &shop), INSIST_OK);
    assert_int_equal(insist_testserver_script(shop, "/orders", "reset,201", NULL), INSIST_OK);
    assert_false(place_order(client, insist_testserver_url(shop))); /* it may have been taken, so it is not repeated */
    assert_int_equal(insist_testserver_hits(shop, "/orders"), 1);
    assert_true(place_order(client, insist_testserver_url(shop)));
    insist_testserver_free(shop);
    insist_client_free(client);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_order_is_not_placed_twice)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
