/* A POST whose body is read while it is sent, here from a file, so that it need not fit into memory.
 *
 * A POST that may have been carried out is not repeated. This one carries an Idempotency-Key, by which the server
 * promises to carry it out once only, so it is; the body then goes back to its beginning. */
#include <insist/insist.h>
#include <stdio.h>

static int64_t read_file(void *ctx, void *buffer, size_t room) {
    FILE *file = ctx;
    size_t count = fread(buffer, 1, room, file);
    return count == 0 && ferror(file) ? -1 : (int64_t)count; /* 0: the end */
}

static int rewind_file(void *ctx) {
    return fseek(ctx, 0, SEEK_SET); /* 0: done */
}

/* The last one who uses the body lets go of it: perhaps a worker, after the call. */
static void close_file(void *ctx) {
    fclose(ctx);
}

/* A plan that posts the file; NULL: why has been said. */
static insist_plan *make_plan(const char *url, const char *name) {
    insist_plan *plan = NULL;
    insist_problem problem;
    if (insist_plan_new("POST", url, &problem, &plan) != INSIST_OK) {
        fprintf(stderr, "post: %s: %s\n", problem.field, problem.text);
        return NULL;
    }
    FILE *file = fopen(name, "rb");
    const insist_reader reader = {read_file, rewind_file, close_file, file, -1}; /* -1: its length is not known */
    if (!file) {
        perror(name);
    } else if (insist_plan_set_body_reader(plan, &reader) != INSIST_OK) {
        fclose(file); /* it was not taken over */
    } else if (insist_plan_set_header(plan, "Content-Type", "text/plain") == INSIST_OK &&
               insist_plan_set_idempotency_key(plan, NULL) == INSIST_OK) { /* NULL: a new random one for each call */
        return plan;
    }
    const insist_problem *first = insist_plan_problem(plan); /* the first that a setter met */
    if (first) {
        fprintf(stderr, "post: %s: %s\n", first->field, first->text);
    }
    insist_plan_free(plan);
    return NULL;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: post_with_reader URL FILE\n");
        return 2;
    }
    insist_plan *plan = make_plan(argv[1], argv[2]);
    insist_client *client = NULL;
    insist_result *result = NULL;
    insist_problem problem;
    if (plan && insist_client_new(NULL, &problem, &client) != INSIST_OK) {
        fprintf(stderr, "post: %s: %s\n", problem.field, problem.text);
    } else if (plan && insist_execute(client, plan, NULL, &result) == INSIST_OK) {
        printf("status %d after %zu attempts\n%s", insist_result_status(result), insist_result_attempts(result),
               (const char *)insist_result_body(result, NULL));
    } else if (result) {
        fprintf(stderr, "post: %s\n", insist_result_explain(result));
    }
    bool ok = result && insist_result_ok(result);
    insist_result_free(result);
    insist_client_free(client);
    insist_plan_free(plan);
    return ok ? 0 : 1;
}
