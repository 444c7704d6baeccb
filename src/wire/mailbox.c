/* Mailboxes. Reactors post with the lock held for a copy of the progress; the call sleeps beside the bell. What is
 * in job.mail is touched under the lock only, also while the job is on a list that the call has taken. */
#include "wire/mailbox.h"

#include "base/doorbell.h"
#include "base/sync.h"
#include "wire/job.h"
#include <stdatomic.h>

struct mailbox {
    /* fixed */
    const struct env *env;

    /* atomics */
    atomic_uint references;

    /* shared, under lock */
    struct mutex lock;
    struct list posted; /* of job.mail.link */
    insist_err interrupted;
    bool interruption_seen, closed;
    bool sleeps; /* the call does, beside the bell; whoever clears this rings */
    struct {
        mailbox_wake_fn *wake; /* NULL: the call does not lead */
        void *ctx;
    } leader;

    struct doorbell bell; /* has a lock of its own */
};

struct mailbox *mailbox_new(const struct env *env) {
    struct mailbox *mailbox = env_alloc(env, sizeof(*mailbox));
    if (!mailbox)
        return NULL;
    if (!mutex_init(&mailbox->lock)) {
        env_release(env, mailbox);
        return NULL;
    }
    doorbell_init(&mailbox->bell);
    mailbox->env = env;
    atomic_init(&mailbox->references, 1);
    list_init(&mailbox->posted);
    return mailbox;
}

struct mailbox *mailbox_retain(struct mailbox *mailbox) {
    atomic_fetch_add_explicit(&mailbox->references, 1, memory_order_relaxed);
    return mailbox;
}

void mailbox_release(struct mailbox *mailbox) {
    if (!mailbox || atomic_fetch_sub_explicit(&mailbox->references, 1, memory_order_acq_rel) != 1)
        return;

    doorbell_fini(&mailbox->bell);
    mutex_fini(&mailbox->lock);
    env_release(mailbox->env, mailbox);
}

static void post_locked(struct mailbox *mailbox, struct job *job, unsigned news) {
    job->mail.progress = job->progress;
    if (news == 0)
        return;

    job->mail.news |= news;
    if (news & NEWS_END) {
        job->mail.ended = true;
        list_remove(&job->mail.link); /* to the end of the list, wherever it is */
    }
    if (list_empty(&job->mail.link))
        list_append(&mailbox->posted, &job->mail.link);
}

/* Gives the lock back. The leader is woken under it: once he has left nobody calls his function. */
static void unlock_and_wake(struct mailbox *mailbox) {
    bool sleeps = mailbox->sleeps;
    mailbox->sleeps = false;
    if (mailbox->leader.wake)
        mailbox->leader.wake(mailbox->leader.ctx);
    mutex_unlock(&mailbox->lock);
    if (sleeps)
        doorbell_ring(&mailbox->bell);
}

void mailbox_post(struct mailbox *mailbox, struct job *job, unsigned news) {
    mutex_lock(&mailbox->lock);
    bool heard = !mailbox->closed && !job->mail.detached;
    if (heard)
        post_locked(mailbox, job, news);
    if (heard && news != 0)
        unlock_and_wake(mailbox);
    else
        mutex_unlock(&mailbox->lock);
}

void mailbox_interrupt(struct mailbox *mailbox, insist_err err) {
    mutex_lock(&mailbox->lock);
    if (mailbox->interrupted == INSIST_OK)
        mailbox->interrupted = err;
    unlock_and_wake(mailbox);
}

insist_err mailbox_interruption(struct mailbox *mailbox) {
    mutex_lock(&mailbox->lock);
    insist_err interrupted = mailbox->interrupted;
    mutex_unlock(&mailbox->lock);
    return interrupted;
}

static bool has_something_locked(const struct mailbox *mailbox) {
    return !list_empty(&mailbox->posted) || (mailbox->interrupted != INSIST_OK && !mailbox->interruption_seen);
}

bool mailbox_has_something(struct mailbox *mailbox) {
    mutex_lock(&mailbox->lock);
    bool something = has_something_locked(mailbox);
    mutex_unlock(&mailbox->lock);
    return something;
}

void mailbox_set_leader(struct mailbox *mailbox, mailbox_wake_fn *wake, void *ctx) {
    mutex_lock(&mailbox->lock);
    mailbox->leader.wake = wake;
    mailbox->leader.ctx = ctx;
    mutex_unlock(&mailbox->lock);
}

static bool sleep_locked(struct mailbox *mailbox, int64_t deadline_ns) {
    mailbox->sleeps = true;
    mutex_unlock(&mailbox->lock);
    bool in_time = doorbell_sleep_until(&mailbox->bell, deadline_ns);
    mutex_lock(&mailbox->lock);
    mailbox->sleeps = false;
    return in_time;
}

void mailbox_take(struct mailbox *mailbox, int64_t deadline_ns, struct list *out, insist_err *interrupted) {
    list_init(out);
    mutex_lock(&mailbox->lock);
    while (!has_something_locked(mailbox) && sleep_locked(mailbox, deadline_ns))
        ;
    list_move_all(&mailbox->posted, out);
    *interrupted = mailbox->interrupted;
    mailbox->interruption_seen = mailbox->interrupted != INSIST_OK;
    mutex_unlock(&mailbox->lock);
}

struct job *mailbox_read(struct mailbox *mailbox, struct list *taken, unsigned *news, struct progress *progress) {
    struct job *job = NULL;
    mutex_lock(&mailbox->lock);
    struct list *link = list_take_first(taken);
    if (link) {
        job = LIST_ENTRY(link, struct job, mail.link);
        *news = job->mail.news;
        *progress = job->mail.progress;
        job->mail.news = 0;
    }
    mutex_unlock(&mailbox->lock);
    return job;
}

void mailbox_look(struct mailbox *mailbox, const struct job *job, struct progress *progress) {
    mutex_lock(&mailbox->lock);
    *progress = job->mail.progress;
    mutex_unlock(&mailbox->lock);
}

bool mailbox_detach(struct mailbox *mailbox, struct job *job, struct progress *progress) {
    mutex_lock(&mailbox->lock);
    list_remove(&job->mail.link);
    job->mail.detached = true;
    *progress = job->mail.progress;
    bool ended = job->mail.ended;
    mutex_unlock(&mailbox->lock);
    return ended;
}

void mailbox_close(struct mailbox *mailbox) {
    mutex_lock(&mailbox->lock);
    mailbox->closed = true;
    mutex_unlock(&mailbox->lock);
}
