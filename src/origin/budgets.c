/* Budgets by origin: the pure core of policy/budget.h under the lock of a table. Any thread. */
#include "origin/budgets.h"

#include "origin/origins.h"
#include "policy/budget.h"
#include <stdatomic.h>

#define ORIGINS_MOST 1024

struct insist_budget {
    /* fixed */
    const struct env *env;
    bool allows_everything; /* then nothing else is used */

    /* atomics */
    atomic_uint references;

    /* shared, under its own lock */
    struct origins origins;
};

struct budget_record {
    struct origin origin;
    struct budget budget;
    bool begun; /* the budget was initialised */
};

static insist_budget no_budget = {.allows_everything = true};

insist_budget *insist_budget_none(void) {
    return &no_budget;
}

insist_err insist_budget_new(insist_budget **out) {
    return out ? budgets_new(&env_standard, out) : INSIST_EINVAL;
}

void insist_budget_free(insist_budget *budget) {
    budgets_release(budget);
}

insist_err budgets_new(const struct env *env, insist_budget **out) {
    *out = NULL;
    insist_budget *budget = env_alloc(env, sizeof(*budget));
    if (!budget)
        return INSIST_ENOMEM;
    if (!origins_init(&budget->origins, env, sizeof(struct budget_record), ORIGINS_MOST, ORIGINS_MOST)) {
        env_release(env, budget);
        return INSIST_ENOMEM;
    }
    budget->env = env;
    atomic_init(&budget->references, 1);
    *out = budget;
    return INSIST_OK;
}

insist_budget *budgets_retain(insist_budget *budget) {
    if (!budget->allows_everything)
        atomic_fetch_add_explicit(&budget->references, 1, memory_order_relaxed);
    return budget;
}

void budgets_release(insist_budget *budget) {
    if (!budget || budget->allows_everything)
        return;
    if (atomic_fetch_sub_explicit(&budget->references, 1, memory_order_acq_rel) != 1)
        return;
    origins_fini(&budget->origins);
    env_release(budget->env, budget);
}

/* Locks the table and finds an origin's budget; end_use() follows in any case. NULL: there is nothing to be counted,
 * or no memory for it. */
static struct budget_record *begin_use(insist_budget *budget, const char *origin, int64_t now_ns) {
    if (budget->allows_everything)
        return NULL;
    origins_lock(&budget->origins);
    struct budget_record *record = (struct budget_record *)(void *)origins_find_locked(&budget->origins, origin);
    if (record && !record->begun) {
        budget_init(&record->budget, now_ns);
        record->begun = true;
    }
    return record;
}

static void end_use(insist_budget *budget, struct budget_record *record) {
    if (budget->allows_everything)
        return;
    if (record)
        origins_rest_locked(&budget->origins, &record->origin);
    origins_unlock(&budget->origins);
}

void budgets_first_begun(insist_budget *budget, const char *origin, int64_t now_ns) {
    struct budget_record *record = begin_use(budget, origin, now_ns);
    if (record)
        budget_first_begun(&record->budget, now_ns);
    end_use(budget, record);
}

void budgets_first_accepted(insist_budget *budget, const char *origin, int64_t now_ns) {
    struct budget_record *record = begin_use(budget, origin, now_ns);
    if (record)
        budget_first_accepted(&record->budget, now_ns);
    end_use(budget, record);
}

bool budgets_charge(insist_budget *budget, const char *origin, unsigned cost, int64_t now_ns) {
    struct budget_record *record = begin_use(budget, origin, now_ns);
    bool allowed = budget->allows_everything || (record && budget_charge(&record->budget, cost, now_ns));
    end_use(budget, record);
    return allowed;
}

void budgets_return_cost(insist_budget *budget, const char *origin, unsigned cost, int64_t now_ns) {
    struct budget_record *record = begin_use(budget, origin, now_ns);
    if (record)
        budget_return_cost(&record->budget, cost, now_ns);
    end_use(budget, record);
}

void budgets_give_back(insist_budget *budget, const char *origin, unsigned cost, int64_t charged_at_ns,
                       int64_t now_ns) {
    struct budget_record *record = begin_use(budget, origin, now_ns);
    if (record)
        budget_give_back(&record->budget, cost, charged_at_ns, now_ns);
    end_use(budget, record);
}
