/* Jobs for tests: a request that counts what refers to it, a mailbox, memory that is counted. */
#ifndef JOB_EXAMPLE_H
#define JOB_EXAMPLE_H

#include "support/fail_alloc.h"
#include "wire/job.h"
#include "wire/mailbox.h"

struct job_example {
    struct fail_alloc memory;
    struct env env;
    struct request request;
    struct mailbox *mailbox;
    struct list taken; /* from the mailbox, and not read yet */
};

void job_example_init(struct job_example *example, const char *origin);
struct job *job_example_new(struct job_example *example); /* one reference */
/* Drops the mailbox. True: nothing is left that refers to the request, and no memory is held. */
bool job_example_fini(struct job_example *example);

/* The next piece of news that is there already, without waiting; NULL: there is none. */
struct job *job_example_read(struct job_example *example, unsigned *news);

#endif
