/* What the tests against nginx share: the server with its pages, the three ways to speak to it, and what is expected of
 * calls. nginx_site_expect…() fail the running cmocka test, so they are for its own thread. */
#ifndef NGINX_SITE_H
#define NGINX_SITE_H

#include "support/nginx.h"
#include <insist/insist.h>

enum { SITE_BIG_BYTES = 10 * 1024 * 1024, SITE_TEXT_BYTES = 300 * 1000, SITE_SLOW_BYTES = 64 * 1024 };

struct nginx_site {
    struct nginx nginx;
    char ca_file[80];
    unsigned char *big;             /* big.bin: bytes that look random */
    unsigned char *slow;            /* slow.bin: its beginning */
    char *text;                     /* text.txt: digits, which gzip makes small */
    insist_timeout_policy *patient; /* a minute an attempt, for machines under load */
};

/* small.txt. */
#define SITE_SMALL "small and simple\n"

/* A way to speak to the server. */
struct nginx_way {
    const char *name; /* plain enough for a URL */
    enum nginx_listener listener;
    insist_http_version version;
    const char *protocol; /* what the server is to call it */
};

enum { NGINX_WAYS = 3 };

extern const struct nginx_way nginx_ways[NGINX_WAYS]; /* http, https, HTTP/2 */

/* Starts it. False: told on standard error; nginx_site_stop() is owed all the same. */
bool nginx_site_start(struct nginx_site *site);
/* Ends it. When failed is not 0, nginx's error log is printed first. Returns failed. */
int nginx_site_stop(struct nginx_site *site, int failed);

struct CMUnitTest;
/* Runs the tests once for each way, which they get as *state. Returns how many failed. */
int nginx_site_run_each_way(const struct CMUnitTest *tests, size_t count);
/* Starts the site, runs them so, and ends it. Returns how many failed. */
int nginx_site_run(struct nginx_site *site, const struct CMUnitTest *tests, size_t count);

/* A client that trusts the site's authority and is patient; other options as given (NULL: defaults). Fails the test if
 * there is none. */
insist_client *nginx_site_client(const struct nginx_site *site, const struct nginx_way *way,
                                 insist_client_options *options);

/* One with one reactor, so that all calls share what it has, and without retries. */
insist_client *nginx_site_lone_client(const struct nginx_site *site, const struct nginx_way *way);

/* A plan. Fails the test if it is refused. */
insist_plan *nginx_site_plan(const struct nginx_site *site, const struct nginx_way *way, const char *method,
                             const char *path);

/* The URL of a path. */
struct nginx_url nginx_site_url(const struct nginx_site *site, const struct nginx_way *way, const char *path);

/* One call on a client of its own, with the options that nginx_site_client() takes. */
insist_result *nginx_site_call(const struct nginx_site *site, const struct nginx_way *way,
                               insist_client_options *options, const char *method, const char *path);

/* The call ended with an answer of that status after that many attempts, reason DONE. */
void nginx_site_expect_answer(const insist_result *result, int status, size_t attempts);
/* The call ended with that error and reason after one attempt that got so far. */
void nginx_site_expect_error(const insist_result *result, insist_err error, insist_reason reason, insist_sent sent);
/* The body is exactly these bytes. */
void nginx_site_expect_body(const insist_result *result, const void *bytes, size_t len);
bool nginx_site_has_body(const insist_result *result, const void *bytes, size_t len);
/* A header has that value. */
void nginx_site_expect_header(const insist_result *result, const char *name, const char *value);

#endif
