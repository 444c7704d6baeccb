/* Written from what policy/budget.h and <insist/race.h> promise, not from the code behind them. */
#include "simulation/ledger.h"

#define UNIT INT64_C(1000000000)
#define FULL (500 * UNIT)

static size_t second_of(int64_t now_ns) {
    return (size_t)((now_ns - SCENE_START_NS) / UNIT);
}

void ledger_init(struct ledger *ledger, int64_t now_ns) {
    *ledger = (struct ledger){.latest_ns = now_ns, .level_nano = FULL};
}

static void fill(struct ledger *ledger, int64_t nano) {
    ledger->level_nano += nano;
    if (ledger->level_nano > FULL)
        ledger->level_nano = FULL;
}

/* 14 units a second. */
static void pass(struct ledger *ledger, int64_t now_ns) {
    fill(ledger, (now_ns - ledger->latest_ns) * 14);
    ledger->latest_ns = now_ns;
}

void ledger_first_begun(struct ledger *ledger, int64_t now_ns) {
    pass(ledger, now_ns);
    ledger->firsts[second_of(now_ns)]++;
}

void ledger_first_accepted(struct ledger *ledger, int64_t now_ns) {
    pass(ledger, now_ns);
    fill(ledger, UNIT);
}

static uint32_t last_ten_seconds(const uint32_t *counts, int64_t now_ns) {
    uint32_t sum = 0;
    const size_t second = second_of(now_ns);
    for (size_t i = second < 9 ? 0 : second - 9; i <= second; i++)
        sum += counts[i];
    return sum;
}

const char *ledger_charge(struct ledger *ledger, unsigned cost, bool allowed, int64_t now_ns) {
    pass(ledger, now_ns);
    const double extras = last_ten_seconds(ledger->extras, now_ns), firsts = last_ten_seconds(ledger->firsts, now_ns);
    const bool within_share = extras + 1 <= 10 + firsts / 5 + 1e-9;
    const bool within_bucket = ledger->level_nano >= cost * UNIT;
    if (allowed && !within_share)
        return "the budget allowed more extras than 10 + 20 % of the first attempts of ten seconds";
    if (allowed && !within_bucket)
        return "the budget's bucket gave more than it held";
    if (!allowed && within_share && within_bucket)
        return "the budget refused what it had room for";
    if (!allowed)
        return NULL;
    ledger->level_nano -= cost * UNIT;
    ledger->extras[second_of(now_ns)]++;
    ledger->charged += cost;
    return ledger->level_nano < 0 ? "the budget's bucket is below 0" : NULL;
}

void ledger_return(struct ledger *ledger, unsigned cost, int64_t now_ns) {
    pass(ledger, now_ns);
    fill(ledger, cost * UNIT);
    ledger->returned += cost;
}

const char *ledger_give_back(struct ledger *ledger, unsigned cost, int64_t charged_at_ns, int64_t now_ns) {
    if (charged_at_ns < SCENE_START_NS || charged_at_ns > now_ns)
        return "the budget is given back what it has charged at no time";
    ledger_return(ledger, cost, now_ns);
    ledger->returned -= cost;
    ledger->given_back += cost;
    if (second_of(charged_at_ns) + 10 > second_of(now_ns) && ledger->extras[second_of(charged_at_ns)] > 0)
        ledger->extras[second_of(charged_at_ns)]--;
    return NULL;
}

const char *ledger_balance(const struct ledger *ledger) {
    if (ledger->charged != ledger->returned + ledger->given_back + ledger->spent)
        return "what the budget charged is neither returned nor given back nor spent";
    return NULL;
}

static bool window_has_room(const struct starts *starts, const insist_throttle_window *window, int64_t now_ns) {
    unsigned within = 0;
    for (unsigned i = starts->count; i > 0 && starts->at_ns[i - 1] + window->period_ms * MS > now_ns; i--)
        within++;
    return within < window->starts;
}

const char *starts_ask(struct starts *starts, const struct race_scene *race, bool allowed, int64_t now_ns) {
    bool room = starts->count < LEDGER_STARTS;
    for (size_t i = 0; i < race->window_count; i++)
        room = room && window_has_room(starts, &race->windows[i], now_ns);
    if (room != allowed)
        return allowed ? "the throttle allowed a start that no window has room for"
                       : "the throttle refused a start that all windows have room for";
    if (allowed)
        starts->at_ns[starts->count++] = now_ns;
    return NULL;
}

const char *starts_take_back(struct starts *starts, int64_t now_ns) {
    unsigned i = starts->count;
    while (i > 0 && starts->at_ns[i - 1] != now_ns)
        i--;
    if (i == 0)
        return "the throttle was given a start back that it never counted";
    for (; i < starts->count; i++)
        starts->at_ns[i - 1] = starts->at_ns[i];
    starts->count--;
    return NULL;
}
