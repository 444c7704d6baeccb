/* Draws scenes: everything is decided by the stream of random numbers that comes in. Pure. */
#ifndef SIMULATION_GENERATOR_H
#define SIMULATION_GENERATOR_H

#include "base/random.h"
#include "simulation/scene.h"

void generator_draw(struct fleet_scene *scene, struct insist_random *random);

unsigned draw_below(struct insist_random *random, unsigned n); /* n > 0 */
bool draw_percent(struct insist_random *random, unsigned percent);
int64_t draw_ns(struct insist_random *random,
                int64_t most_ms); /* on a coarse grid most of the time, so that instants meet */

#endif
