/* Redirects: whether an answer leads elsewhere, and what may go along. Pure. */
#ifndef WIRE_REDIRECT_H
#define WIRE_REDIRECT_H

#include "base/body.h"
#include "base/headers.h"
#include "view/cause.h"
#include "wire/url.h"

/* One request of an attempt: the first, or where a redirect led. */
struct hop {
    const struct url *url;
    const char *method;
    bool abroad; /* it has left the plan's origin, for good: credentials stay behind */
    bool turned; /* into a GET: the body stays behind, and what describes it */
};

/* Where an attempt has been redirected from. */
struct trail {
    struct body visited; /* "GET http://…" a line */
    unsigned redirects;
};

struct redirect_rules {
    bool follow;
    bool may_repeat; /* the request: 307 and 308 */
    unsigned max;
    bool body_is_spent; /* it was read while it was sent, and cannot be read again: what keeps it is not followed */
};

/* What becomes of an answer. */
struct redirect {
    struct url *url;    /* it is followed to there; NULL: it is the answer */
    struct hop hop;     /* the request there: its url is url */
    struct cause cause; /* why it is not followed, if it leads anywhere */
};

void trail_init(struct trail *trail, const struct env *env);
void trail_fini(struct trail *trail);
void trail_clear(struct trail *trail);

/* Judges an answer to hop, which the trail takes in if it is a redirect. INSIST_OK: with next->url set, which is the
 * caller's then, it is to be followed, without it is the answer. INSIST_EREDIRECT: it is the answer, with this error.
 * INSIST_ENOMEM. */
insist_err redirect_judge(const struct redirect_rules *rules, struct trail *trail, const struct hop *hop, int status,
                          const char *location, struct redirect *next);

/* May the plan's header of that name be sent on this hop? */
bool redirect_carries(const struct hop *hop, const char *name);

#endif
