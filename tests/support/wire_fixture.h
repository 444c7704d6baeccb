/* What the tests of the wire have in common: one reactor, one server of raw bytes, made before each test and gone
 * after it, with no block of memory left. cmocka's headers come first. */
#ifndef SUPPORT_WIRE_FIXTURE_H
#define SUPPORT_WIRE_FIXTURE_H

#include "support/raw_server.h"
#include "support/wire_host.h"

extern struct wire_host host;
extern struct raw_server *server;

int fixture_set_up(void **state);
int fixture_tear_down(void **state);
#define WIRE_TEST(test) cmocka_unit_test_setup_teardown(test, fixture_set_up, fixture_tear_down)

void fixture_serve(raw_script *script, const void *ctx);
void fixture_serve_tls(raw_script *script, const void *ctx); /* and trusts it */
/* "http://127.0.0.1:port" + path; good until called twice more. */
const char *fixture_url(const char *path);

/* Makes, starts and runs an attempt to its end. */
void fixture_run(struct wire_attempt *attempt, const char *method, const char *path);
void fixture_post(struct wire_attempt *attempt, const char *path, const char *body);
/* One that must be answered with 200, on its own. */
void fixture_get_ok(const char *path);
void fixture_expect(const struct wire_attempt *attempt, insist_err err, int status, insist_sent sent);
/* sentence: NULL for none. */
void fixture_expect_cause(const struct wire_attempt *attempt, const char *sentence, uint64_t limit);

/* Script: answers every request with its text. */
void answer_always(struct raw_connection *connection, void *text);

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

#endif
