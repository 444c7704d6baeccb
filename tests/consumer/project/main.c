/* A user's program: the version it was compiled against is the one that runs, and a client starts and ends. With the test
 * server's library it also makes a call. */
#include <insist/insist.h>
#ifdef WITH_TESTSERVER
#include <insist/testserver.h>
#endif
#include <stdio.h>
#include <string.h>

#ifdef WITH_TESTSERVER
static int fetch(insist_client *client) {
    insist_testserver *server = NULL;
    insist_problem problem;
    if (insist_testserver_start(NULL, &problem, &server) != INSIST_OK) {
        fprintf(stderr, "test server: %s\n", problem.text);
        return 1;
    }
    insist_result *result = NULL;
    insist_err err = insist_get(client, insist_testserver_url(server), &result);
    puts(insist_result_explain(result));
    int status = insist_result_status(result);
    insist_result_free(result);
    insist_testserver_free(server);
    return err == INSIST_OK && status == 200 ? 0 : 1;
}
#else
static int fetch(insist_client *client) {
    (void)client;
    return 0;
}
#endif

int main(void) {
    if (strcmp(insist_version(), INSIST_VERSION) != 0)
        return 1;
    insist_client *client = NULL;
    insist_problem problem;
    insist_err err = insist_client_new(NULL, &problem, &client);
    if (err != INSIST_OK) {
        fprintf(stderr, "client: %s: %s\n", insist_strerror(err), problem.text);
        return 1;
    }
    int status = fetch(client);
    insist_client_free(client);
    return status;
}
