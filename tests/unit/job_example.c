/* Jobs for tests, and what they refer to. */
#include "job_example.h"

static void never_released(struct request *request) {
    (void)request;
}

void job_example_init(struct job_example *example, const char *origin) {
    example->env = fail_alloc_env(&example->memory, &env_standard);
    example->request = (struct request){.release = never_released, .method = "GET", .origin = origin};
    atomic_init(&example->request.references, 1);
    example->mailbox = mailbox_new(&example->env);
    list_init(&example->taken);
}

struct job *job_example_new(struct job_example *example) {
    return job_new(&example->env, &example->request, example->mailbox, 1000);
}

bool job_example_fini(struct job_example *example) {
    mailbox_release(example->mailbox);
    return atomic_load(&example->request.references) == 1 && fail_alloc_outstanding(&example->memory) == 0;
}

struct job *job_example_read(struct job_example *example, unsigned *news) {
    struct progress progress;
    insist_err interrupted;
    struct job *job = mailbox_read(example->mailbox, &example->taken, news, &progress);
    if (job)
        return job;
    mailbox_take(example->mailbox, 0, &example->taken, &interrupted);
    return mailbox_read(example->mailbox, &example->taken, news, &progress);
}
