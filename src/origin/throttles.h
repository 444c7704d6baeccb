/* The starter that throttles: the pure core of policy/throttle.h, shared by calls. Any thread; one leaf lock. */
#ifndef ORIGIN_THROTTLES_H
#define ORIGIN_THROTTLES_H

#include "base/env.h"
#include <insist/race.h>

insist_starter starter_throttle(const struct env *env, const insist_throttle_window *windows, size_t n);

#endif
