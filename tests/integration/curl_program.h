/* The curl program, run once: what it was sent, what it said about it and how it ended. cmocka's asserts are used inside:
 * call from the test's own thread. */
#ifndef TESTS_CURL_PROGRAM_H
#define TESTS_CURL_PROGRAM_H

#include <insist/testserver.h>
#include <stdint.h>

enum { CURL_KEPT = 4096 };

struct curl_run {
    int exit_code;
    int status;           /* 0: none */
    long redirects;       /* that it followed */
    long connections;     /* that it made for its last request */
    int64_t total_us;     /* how long it took */
    size_t bytes;         /* of bodies, on its standard output */
    char kept[CURL_KEPT]; /* the first of them */
    bool is_pattern;      /* byte i is 'a' + i mod 26, for all of them */
};

/* Whether there is such a program. */
bool curl_program_exists(void);

/* Gets target from the server, its certificate trusted; options: more arguments, a list that ends in NULL. */
struct curl_run curl_program_run(const insist_testserver *server, const char *target, const char *const *options);

/* "/PATH?do=SCRIPT" with whatever is necessary percent-encoded. */
void curl_program_target(char *out, size_t room, const char *path, const char *script);

#endif
