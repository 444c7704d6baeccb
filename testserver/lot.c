/* See lot.h. */
#include "lot.h"

#include "draw.h"

/* The draws of one hit: the choice of its step, two numbers a duration, and a start of random bytes. They keep their
 * numbers, so that a seed goes on meaning what it meant. */
enum purpose { PURPOSE_CHOICE = 0, PURPOSE_DELAY = 1, PURPOSE_SERVICE = 3, PURPOSE_BODY = 1000 };

static uint64_t draw_us(const struct distribution *distribution, uint64_t seed, const char *key, uint64_t hit,
                        uint64_t purpose) {
    return distribution_us(distribution, draw_number(seed, key, hit, purpose),
                           draw_number(seed, key, hit, purpose + 1));
}

struct lot lot_draw(const struct script *script, uint64_t seed, const char *key, uint64_t hit) {
    const struct choice *choice = step_choose(script_step(script, hit), draw_number(seed, key, hit, PURPOSE_CHOICE));
    return (struct lot){
        .choice = choice,
        .delay_us = draw_us(&choice->delay, seed, key, hit, PURPOSE_DELAY),
        .service_us = draw_us(&choice->service, seed, key, hit, PURPOSE_SERVICE),
        .body = draw_bits(seed, key, hit, PURPOSE_BODY),
    };
}
