/* A job's making, counting and end, and its gate. Any thread; no lock, the counts and the gate are atomics. */
#include "wire/job.h"

#include "base/time_math.h"
#include "wire/mailbox.h"

struct job *job_new(const struct env *env, const struct request *request, struct mailbox *mailbox,
                    uint64_t body_limit) {
    struct job *job = env_alloc(env, sizeof(*job));
    if (!job)
        return NULL;
    if (!outcome_init_roomy(&job->outcome, env, body_limit))
        goto no_room;
    if (request->body_is_read && !(job->upload.bytes = env_alloc(env, UPLOAD_BYTES)))
        goto no_upload;

    job->env = env;
    job->request = request_retain(request);
    job->mailbox = mailbox_retain(mailbox);
    job->deadline_ns = job->deadline_once_sent_ns = TIME_NEVER;
    job->progress.reactor = -1;
    job->mail.progress = job->progress;
    headers_init(&job->own_headers, env);
    body_init(&job->taken_addresses, env, UINT64_MAX);
    list_init(&job->mail.link);
    list_init(&job->inbox.link);
    list_init(&job->permit.link);
    list_init(&job->run.link);
    atomic_init(&job->references, 1);
    atomic_init(&job->gate, GATE_OPEN);
    atomic_init(&job->stop, false);
    atomic_init(&job->apart, false);
    atomic_init(&job->can_restart, true);
    return job;

no_upload:
    outcome_fini(&job->outcome);
no_room:
    env_release(env, job);
    return NULL;
}

struct job *job_retain(struct job *job) {
    atomic_fetch_add_explicit(&job->references, 1, memory_order_relaxed);
    return job;
}

void job_release(struct job *job) {
    if (!job || atomic_fetch_sub_explicit(&job->references, 1, memory_order_acq_rel) != 1)
        return;

    headers_fini(&job->own_headers);
    body_fini(&job->taken_addresses);
    env_release(job->env, job->upload.bytes);
    outcome_fini(&job->outcome);
    request_release(job->request);
    mailbox_release(job->mailbox);
    env_release(job->env, job);
}

bool job_pass_gate(struct job *job) {
    int found = GATE_OPEN;
    return atomic_compare_exchange_strong(&job->gate, &found, GATE_SENT) || found == GATE_SENT;
}

bool job_shut_gate(struct job *job) {
    int found = GATE_OPEN;
    return atomic_compare_exchange_strong(&job->gate, &found, GATE_SHUT) || found == GATE_SHUT;
}

insist_sent job_how_far(const struct job *job) {
    return atomic_load(&job->gate) == GATE_SENT ? INSIST_MAYBE_SENT : INSIST_NOT_SENT;
}
