/* The retry budget: extras counted in ten slots of a second, and a bucket. Whole numbers only; counts and levels
 * saturate. Pure. */
#include "policy/budget.h"
#include <string.h>

#define NS_PER_S INT64_C(1000000000)
#define NANO INT64_C(1000000000) /* a unit of the bucket */
#define FULL_NANO (500 * NANO)
#define GAIN_PER_S 14
#define FREE_EXTRAS 10
#define FIRSTS_PER_EXTRA 5 /* 20 % */

static int64_t second_of(int64_t ns) {
    return ns / NS_PER_S - (ns % NS_PER_S < 0);
}

static unsigned slot_of(int64_t second) {
    return (unsigned)((second % BUDGET_SLOTS + BUDGET_SLOTS) % BUDGET_SLOTS);
}

static void count(uint32_t *counter) {
    if (*counter < UINT32_MAX)
        (*counter)++;
}

static void fill(struct budget *budget, int64_t nano) { /* nano >= 0 */
    budget->level_nano = nano < FULL_NANO - budget->level_nano ? budget->level_nano + nano : FULL_NANO;
}

/* Lets time pass: the bucket gains, slots that are too old become empty. */
static void advance(struct budget *budget, int64_t now_ns) {
    int64_t passed_ns, gained_nano;
    if (now_ns <= budget->now_ns)
        return;
    if (__builtin_sub_overflow(now_ns, budget->now_ns, &passed_ns) ||
        __builtin_mul_overflow(passed_ns, GAIN_PER_S * (NANO / NS_PER_S), &gained_nano))
        gained_nano = FULL_NANO;
    fill(budget, gained_nano);
    budget->now_ns = now_ns;

    const int64_t second = second_of(now_ns);
    if (second - budget->slot_second > BUDGET_SLOTS)
        budget->slot_second = second - BUDGET_SLOTS;
    while (budget->slot_second < second) {
        const unsigned slot = slot_of(++budget->slot_second);
        budget->firsts[slot] = budget->extras[slot] = 0;
    }
}

static uint64_t sum(const uint32_t *slots) {
    uint64_t total = 0;
    for (unsigned i = 0; i < BUDGET_SLOTS; i++)
        total += slots[i];
    return total;
}

void budget_init(struct budget *budget, int64_t now_ns) {
    memset(budget, 0, sizeof *budget);
    budget->now_ns = now_ns;
    budget->slot_second = second_of(now_ns);
    budget->level_nano = FULL_NANO;
}

void budget_first_begun(struct budget *budget, int64_t now_ns) {
    advance(budget, now_ns);
    count(&budget->firsts[slot_of(budget->slot_second)]);
}

void budget_first_accepted(struct budget *budget, int64_t now_ns) {
    advance(budget, now_ns);
    fill(budget, NANO);
}

bool budget_charge(struct budget *budget, unsigned cost, int64_t now_ns) {
    advance(budget, now_ns);
    const uint64_t extras = sum(budget->extras) + 1, firsts = sum(budget->firsts);
    if (extras > FREE_EXTRAS && (extras - FREE_EXTRAS) * FIRSTS_PER_EXTRA > firsts)
        return false;
    if (budget->level_nano < cost * NANO)
        return false;
    budget->level_nano -= cost * NANO;
    count(&budget->extras[slot_of(budget->slot_second)]);
    return true;
}

void budget_return_cost(struct budget *budget, unsigned cost, int64_t now_ns) {
    advance(budget, now_ns);
    fill(budget, cost * NANO);
}

void budget_give_back(struct budget *budget, unsigned cost, int64_t charged_at_ns, int64_t now_ns) {
    budget_return_cost(budget, cost, now_ns);
    int64_t second = second_of(charged_at_ns);
    if (second <= budget->slot_second - BUDGET_SLOTS)
        return;
    /* A charge at an instant before the latest seen went into the newest slot of that time: its own or a later one. */
    while (second < budget->slot_second && budget->extras[slot_of(second)] == 0)
        second++;
    if (second > budget->slot_second)
        second = budget->slot_second;
    uint32_t *const extras = &budget->extras[slot_of(second)];
    if (*extras > 0)
        (*extras)--;
}
