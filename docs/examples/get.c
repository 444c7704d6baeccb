/* The shortest useful program: one GET that keeps trying, and what to look at afterwards.
 *
 *   cc get.c $(pkg-config --cflags --libs insist) -o get && ./get https://example.org/ */
#include <insist/insist.h>
#include <stdio.h>

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: get URL\n");
        return 2;
    }

    /* One client a process, shared by all threads. NULL: default options. */
    insist_client *client = NULL;
    insist_problem problem;
    if (insist_client_new(NULL, &problem, &client) != INSIST_OK) {
        fprintf(stderr, "get: %s: %s\n", problem.field, problem.text);
        return 1;
    }

    /* Blocks, for 30 seconds at most. An error means that no answer came; a status is no error. */
    insist_result *result = NULL;
    insist_err err = insist_get(client, argv[1], &result);
    if (err != INSIST_OK) {
        fprintf(stderr, "get: %s\n", result ? insist_result_explain(result) : insist_strerror(err));
    } else {
        size_t length;
        const char *body = insist_result_body(result, &length);
        printf("status %d after %zu attempts\n", insist_result_status(result), insist_result_attempts(result));
        fwrite(body, 1, length, stdout);
    }
    bool ok = insist_result_ok(result); /* no error, and a status from 200 to 299 */

    insist_result_free(result); /* the body was its */
    insist_client_free(client);
    return ok ? 0 : 1;
}
