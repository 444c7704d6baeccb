/* A request body that is read while it is sent: the user's reader, and what is kept of one that cannot be rewound. Part of a plan; used by one
 * call at a time. The calling thread. */
#ifndef CALL_FEED_H
#define CALL_FEED_H

#include "base/env.h"
#include <insist/plan.h>

struct feed;

struct feed *feed_new(const struct env *env, const insist_reader *reader); /* NULL: no memory */
void feed_free(struct feed *feed);                                         /* closes the reader; NULL is fine */

/* A call takes it for itself. False: another has it. */
bool feed_take(struct feed *feed);
void feed_leave(struct feed *feed);

/* For whoever took it. INSIST_OK, INSIST_EBODY or INSIST_ENOMEM. */
insist_err feed_restart(struct feed *feed);
bool feed_can_restart(const struct feed *feed);
/* Up to room bytes; *length 0 at the end. */
insist_err feed_read(struct feed *feed, void *buffer, size_t room, size_t *length);

#endif
