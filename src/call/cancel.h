/* Cancel tokens: mailboxes that are to be interrupted when the token is fired. Any thread.
 *
 * The token's lock is held while mailboxes are interrupted, whose locks may be taken inside it. */
#ifndef CALL_CANCEL_H
#define CALL_CANCEL_H

#include "base/env.h"
#include "base/list.h"
#include "wire/mailbox.h"
#include <insist/client.h>

insist_err cancel_new(const struct env *env, insist_cancel **out);

/* A call's place on a token. */
struct cancel_entry {
    struct list link; /* under the token's lock */
    struct mailbox *mailbox;
};

/* False: the token has been fired already, and the call must not start. process_id: this one's. cancel may be NULL. */
bool cancel_add(insist_cancel *cancel, struct cancel_entry *entry, struct mailbox *mailbox, long process_id);
/* Once it returns the token touches the mailbox no more. cancel may be NULL. */
void cancel_remove(insist_cancel *cancel, struct cancel_entry *entry);

#endif
