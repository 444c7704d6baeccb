/* A budget of extra attempts: the bucket and the counts of each origin, 1,024 of them at most, the least recently used
 * go. May be shared by clients. Any thread; one leaf lock.
 *
 * Where there is no memory for an origin's record nothing is noted, and nothing is allowed: a budget only ever holds
 * back. */
#ifndef ORIGIN_BUDGETS_H
#define ORIGIN_BUDGETS_H

#include "base/env.h"
#include <insist/client.h>
#include <stdbool.h>

insist_err budgets_new(const struct env *env, insist_budget **out); /* one reference */
insist_budget *budgets_retain(insist_budget *budget);
void budgets_release(insist_budget *budget); /* NULL is fine */

void budgets_first_begun(insist_budget *budget, const char *origin, int64_t now_ns);
void budgets_first_accepted(insist_budget *budget, const char *origin, int64_t now_ns);
/* True: an extra attempt of this cost is allowed, and charged. */
bool budgets_charge(insist_budget *budget, const char *origin, unsigned cost, int64_t now_ns);
void budgets_return_cost(insist_budget *budget, const char *origin, unsigned cost,
                         int64_t now_ns); /* accepted, or redundant */
/* It never started. */
void budgets_give_back(insist_budget *budget, const char *origin, unsigned cost, int64_t charged_at_ns, int64_t now_ns);

#endif
