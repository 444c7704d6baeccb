/* Where a call waits: news of its jobs, and what interrupts it. Reactors and cancelling threads post, one calling
 * thread takes.
 *
 * One lock, with a doorbell. It may be taken inside the client's or a cancel token's lock;
 * nothing is taken inside it. */
#ifndef WIRE_MAILBOX_H
#define WIRE_MAILBOX_H

#include "base/env.h"
#include "base/list.h"
#include "view/outcome.h"
#include <stdbool.h>

struct job;
struct mailbox;

struct mailbox *mailbox_new(const struct env *env); /* one reference; NULL: no memory */
struct mailbox *mailbox_retain(struct mailbox *mailbox);
void mailbox_release(struct mailbox *mailbox);

/* The reactor's side. Copies the job's progress, sets the news and puts the job on the list, END always at its end,
 * so that the order of the list is the order in which the attempts ended. Without news (0) it only copies the
 * progress, and wakes nobody; while the job is led, it does nothing. Dropped when the mailbox is closed or the job
 * detached. */
void mailbox_post(struct mailbox *mailbox, struct job *job, unsigned news);
/* The same in two steps: what was put is seen by a call that is awake. True: it sleeps, and nobody else will ring. */
bool mailbox_put(struct mailbox *mailbox, struct job *job, unsigned news);
void mailbox_ring(struct mailbox *mailbox);
/* Cancel, or the client closing. The first one counts. */
void mailbox_interrupt(struct mailbox *mailbox, insist_err err);

/* The call's side. What mailbox_interrupt() was given; INSIST_OK: nothing so far. */
insist_err mailbox_interruption(struct mailbox *mailbox);
/* While the call leads it sleeps elsewhere: whoever posts or interrupts calls wake instead, under the lock. NULL: no
 * more. The leader looks whether there is something to take before it sleeps. */
typedef void mailbox_wake_fn(void *ctx);
void mailbox_set_leader(struct mailbox *mailbox, mailbox_wake_fn *wake, void *ctx);
bool mailbox_has_something(struct mailbox *mailbox);
/* Waits for news, an interruption not seen before, or deadline_ns; moves all news to out: a list of
 * job.mail.link, whose members keep their bits in job.mail.news until mailbox_read(). *interrupted: INSIST_OK or
 * what mailbox_interrupt() was given, every time. out is overwritten: it must have been read to its end before, or
 * what was left on it detached. It stays under the lock: a job on it whose END comes meanwhile goes back to the
 * mailbox with all its news, and is taken next time. A job on a list is kept alive by the call's reference. */
void mailbox_take(struct mailbox *mailbox, int64_t deadline_ns, struct list *out, insist_err *interrupted);
/* The next piece of a list that was taken: takes it off, hands out its bits and a copy of its progress. NULL when
 * the list is empty. */
struct job *mailbox_read(struct mailbox *mailbox, struct list *taken, unsigned *news, struct progress *progress);
/* What its reactor has posted of it last, news or not. */
void mailbox_look(struct mailbox *mailbox, const struct job *job, struct progress *progress);
/* Gives a job up: takes it off whatever list it is on, and its news are dropped from here on. Copies its progress.
 * True: it had ended by itself, and its outcome is the call's. */
bool mailbox_detach(struct mailbox *mailbox, struct job *job, struct progress *progress);
/* Nothing is taken any more; what comes is dropped. */
void mailbox_close(struct mailbox *mailbox);

#endif
