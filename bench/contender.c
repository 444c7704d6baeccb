/* See contender.h. */
#include "contender.h"
#include <stdatomic.h>

struct turn {
    const struct contender_kind *kind;
    void *state;
    atomic_ullong slow, hedges;
};

static void *enter(void *ctx) {
    const struct turn *turn = ctx;
    return turn->kind->enter(turn->state);
}

static void leave(void *ctx, void *caller) {
    const struct turn *turn = ctx;
    turn->kind->leave(caller);
}

static bool call(void *ctx, const struct load_tick *tick) {
    struct turn *turn = ctx;
    struct contender_answer answer = turn->kind->call(turn->state, tick->state);
    atomic_fetch_add(&turn->slow, answer.slow);
    atomic_fetch_add(&turn->hedges, answer.hedges);
    return answer.good;
}

bool contender_run(const struct contender *contender, const char *url, const struct load *load,
                   struct load_outcome *outcome, struct contender_tally *tally) {
    const struct contender_kind *kind = contender->kind;
    *tally = (struct contender_tally){0};
    if (kind->run != NULL) {
        return kind->run(contender, url, load, outcome);
    }
    struct turn turn = {.kind = kind, .state = kind->open(contender, url)};
    struct load own = *load;
    *outcome = (struct load_outcome){0};
    if (turn.state == NULL) {
        return false;
    }
    own.ctx = &turn;
    own.enter = kind->enter != NULL ? enter : NULL;
    own.leave = kind->leave != NULL ? leave : NULL;
    own.call = call;
    bool run = load_run(&own, outcome);
    kind->close(turn.state);
    *tally = (struct contender_tally){.slow = atomic_load(&turn.slow), .hedges = atomic_load(&turn.hedges)};
    return run;
}
