/* Handing what came to a sink. The calling thread. */
#ifndef CALL_SINK_H
#define CALL_SINK_H

#include "base/env.h"
#include "wire/mailbox.h"
#include <insist/execution.h>

/* How long the call can wait for a descriptor to take more. */
struct sink_patience {
    const struct env *env;
    struct mailbox *mailbox; /* until it is interrupted … */
    int64_t deadline_ns;     /* … or this has come */
};

/* INSIST_OK; INSIST_ESINK: it was not taken. Of a sink that writes to a descriptor also what interrupted the call, or
 * INSIST_EDEADLINE. */
insist_err sink_deliver(const insist_sink *sink, const void *data, size_t length, const struct sink_patience *patience);

#endif
