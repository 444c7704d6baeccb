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
    atomic_int interrupted; /* an insist_err; written under the lock */
    atomic_bool something;  /* to be taken; written under the lock */

    /* shared, under lock */
    struct mutex lock;
    struct list posted; /* of job.mail.link */
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
    atomic_init(&mailbox->interrupted, INSIST_OK);
    atomic_init(&mailbox->something, false);
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

static insist_err interrupted_locked(const struct mailbox *mailbox) {
    return (insist_err)atomic_load_explicit(&mailbox->interrupted, memory_order_relaxed);
}

static bool has_something_locked(const struct mailbox *mailbox) {
    return !list_empty(&mailbox->posted) || (interrupted_locked(mailbox) != INSIST_OK && !mailbox->interruption_seen);
}

/* Sequentially consistent: whoever wakes a leader looks next whether he sleeps. */
static void note_locked(struct mailbox *mailbox) {
    const bool something = has_something_locked(mailbox);
    if (something != atomic_load_explicit(&mailbox->something, memory_order_relaxed))
        atomic_store(&mailbox->something, something);
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
    note_locked(mailbox);
}

/* The leader is woken under the lock: once he has left nobody calls his function. True: ring the bell. */
static bool wake_locked(struct mailbox *mailbox) {
    bool sleeps = mailbox->sleeps;
    mailbox->sleeps = false;
    if (mailbox->leader.wake)
        mailbox->leader.wake(mailbox->leader.ctx);
    return sleeps;
}

bool mailbox_put(struct mailbox *mailbox, struct job *job, unsigned news) {
    if (news == 0 && job->led)
        return false;
    mutex_lock(&mailbox->lock);
    bool heard = !mailbox->closed && !job->mail.detached;
    if (heard)
        post_locked(mailbox, job, news);
    bool sleeps = heard && news != 0 && wake_locked(mailbox);
    mutex_unlock(&mailbox->lock);
    return sleeps;
}

void mailbox_ring(struct mailbox *mailbox) {
    doorbell_ring(&mailbox->bell);
}

void mailbox_post(struct mailbox *mailbox, struct job *job, unsigned news) {
    if (mailbox_put(mailbox, job, news))
        mailbox_ring(mailbox);
}

void mailbox_interrupt(struct mailbox *mailbox, insist_err err) {
    mutex_lock(&mailbox->lock);
    if (interrupted_locked(mailbox) == INSIST_OK)
        atomic_store(&mailbox->interrupted, (int)err);
    note_locked(mailbox);
    bool sleeps = wake_locked(mailbox);
    mutex_unlock(&mailbox->lock);
    if (sleeps)
        mailbox_ring(mailbox);
}

insist_err mailbox_interruption(struct mailbox *mailbox) {
    return (insist_err)atomic_load(&mailbox->interrupted);
}

bool mailbox_has_something(struct mailbox *mailbox) {
    return atomic_load(&mailbox->something);
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
    *interrupted = interrupted_locked(mailbox);
    mailbox->interruption_seen = *interrupted != INSIST_OK;
    note_locked(mailbox);
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
    note_locked(mailbox);
    job->mail.detached = true;
    *progress = job->mail.progress;
    bool ended = job->mail.ended;
    mutex_unlock(&mailbox->lock);
    return ended;
}

/* Who has no reference posts nothing: an interruption may still come, and does no harm. */
void mailbox_close(struct mailbox *mailbox) {
    if (atomic_load_explicit(&mailbox->references, memory_order_acquire) == 1)
        return;
    mutex_lock(&mailbox->lock);
    mailbox->closed = true;
    mutex_unlock(&mailbox->lock);
}
