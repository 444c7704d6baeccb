/* A transport of one's own, in libcurl's place: here a service that answers from memory, out of order at first. What
 * the client decides, when to try again and how long to wait, stays as it is: so it can be tested without a network. */
#include <insist/insist.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

struct service {
    atomic_int requests; /* workers may call at the same time */
};

/* Takes an exchange over, on a worker, which must not be blocked. It may be ended here, or later on another thread; a
 * transport that takes its time has an abort() as well. */
static void start(void *ctx, insist_exchange *exchange) {
    struct service *service = ctx;
    /* The point of no return: false when the attempt has been given up meanwhile. Whatever is ended without this was
     * not sent, and may be repeated even if it is a POST. */
    if (!insist_exchange_send(exchange)) {
        insist_exchange_end(exchange, 0, INSIST_ECANCELED, INSIST_NOT_TRANSIENT);
        return;
    }
    if (atomic_fetch_add(&service->requests, 1) == 0) { /* the first meets a connection that breaks */
        insist_exchange_end(exchange, 0, INSIST_ERESET, INSIST_CONN_RESET);
        return;
    }
    char body[256];
    snprintf(body, sizeof body, "%s %s\n", insist_exchange_method(exchange), insist_exchange_url(exchange));
    insist_err err = insist_exchange_add_header(exchange, "Content-Type", "text/plain");
    if (err == INSIST_OK) {
        err = insist_exchange_add_body(exchange, body, strlen(body));
    }
    insist_exchange_end(exchange, err == INSIST_OK ? 200 : 0, err, INSIST_NOT_TRANSIENT);
}

int main(int argc, char **argv) {
    struct service service = {0};
    const insist_transport transport = {.start = start, .ctx = &service}; /* ctx outlives the client */
    insist_client *client = NULL;
    insist_result *result = NULL;
    insist_problem problem;
    if (argc != 2) {
        fprintf(stderr, "usage: custom_transport URL\n");
        return 2;
    }
    if (insist_client_new(INSIST_CLIENT_OPTIONS(.transport = &transport), &problem, &client) != INSIST_OK) {
        fprintf(stderr, "custom_transport: %s: %s\n", problem.field, problem.text);
    } else if (insist_get(client, argv[1], &result) == INSIST_OK) {
        printf("status %d after %zu attempts\n%s", insist_result_status(result), insist_result_attempts(result),
               (const char *)insist_result_body(result, NULL));
    } else if (result) {
        fprintf(stderr, "custom_transport: %s\n", insist_result_explain(result));
    }
    bool ok = result && insist_result_ok(result);
    insist_result_free(result);
    insist_client_free(client);
    return ok ? 0 : 1;
}
