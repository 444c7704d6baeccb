/* Cancel tokens. Registering and firing exclude each other by the token's lock, so a fired token reaches every
 * mailbox that is on it, and none that was taken off. In a forked child the entries of the parent's calls are none: they
 * lie on stacks that are gone there. */
#include "call/cancel.h"
#include "base/sync.h"

struct insist_cancel {
    const struct env *env; /* fixed */
    struct {
        struct mutex lock;
        bool fired;
        long process_id; /* whose calls the entries are */
        struct list entries;
    } shared;
};

insist_err cancel_new(const struct env *env, insist_cancel **out) {
    *out = NULL;
    insist_cancel *cancel = env_alloc(env, sizeof *cancel);
    if (cancel == NULL)
        return INSIST_ENOMEM;
    if (!mutex_init(&cancel->shared.lock)) {
        env_release(env, cancel);
        return INSIST_ENOMEM;
    }
    cancel->env = env;
    list_init(&cancel->shared.entries);
    *out = cancel;
    return INSIST_OK;
}

insist_err insist_cancel_new(insist_cancel **out) {
    return out == NULL ? INSIST_EINVAL : cancel_new(&env_standard, out);
}

void insist_cancel_free(insist_cancel *cancel) {
    if (cancel == NULL)
        return;
    mutex_fini(&cancel->shared.lock);
    env_release(cancel->env, cancel);
}

static void use_in_locked(insist_cancel *cancel, long process_id) {
    if (cancel->shared.process_id != process_id)
        list_init(&cancel->shared.entries);
    cancel->shared.process_id = process_id;
}

void insist_cancel_fire(insist_cancel *cancel) {
    if (cancel == NULL)
        return;
    int before = thread_shield();
    mutex_lock(&cancel->shared.lock);
    cancel->shared.fired = true;
    use_in_locked(cancel, env_process_id(cancel->env));
    for (struct list *link = cancel->shared.entries.next; link != &cancel->shared.entries; link = link->next)
        mailbox_interrupt(LIST_ENTRY(link, struct cancel_entry, link)->mailbox, INSIST_ECANCELED);
    mutex_unlock(&cancel->shared.lock);
    thread_unshield(before);
}

bool cancel_add(insist_cancel *cancel, struct cancel_entry *entry, struct mailbox *mailbox, long process_id) {
    list_init(&entry->link);
    entry->mailbox = mailbox;
    if (cancel == NULL)
        return true;
    mutex_lock(&cancel->shared.lock);
    bool fired = cancel->shared.fired;
    use_in_locked(cancel, process_id);
    if (!fired)
        list_append(&cancel->shared.entries, &entry->link);
    mutex_unlock(&cancel->shared.lock);
    return !fired;
}

void cancel_remove(insist_cancel *cancel, struct cancel_entry *entry) {
    if (cancel == NULL)
        return;
    mutex_lock(&cancel->shared.lock);
    list_remove(&entry->link);
    mutex_unlock(&cancel->shared.lock);
}
