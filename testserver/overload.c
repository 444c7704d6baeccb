/* See overload.h. */
#include "overload.h"

#include "conduct.h"
#include "server.h"

static const char *station_name(const struct choice *choice, const char *path) {
    return choice->station ? choice->station : path;
}

static const struct job_events events = {.begins = conduct_serve, .done = conduct_served};

enum arrival overload_arrive(struct exchange *exchange) {
    const struct choice *choice = exchange->choice;
    const struct rule *rule = exchange->rule;
    const struct station_state numbers = {.slots = choice->slots, .queue = choice->queue};
    return job_arrives(&exchange->server->stations, station_name(choice, exchange->target.path), &numbers,
                       &rule->replaced, &events, exchange, &exchange->job);
}

static const struct choice *first_with_slots(const struct step *step) {
    for (size_t i = 0; i < step->choice_count; i++) {
        if (step->choices[i].given & GIVEN_SLOTS) {
            return &step->choices[i];
        }
    }
    return NULL;
}

void overload_follow(struct insist_testserver *server, const char *path) {
    struct rule *rule = rulebook_find(&server->rules, path);
    const struct choice *choice = rule ? first_with_slots(&rule->script->steps[0]) : NULL;
    if (choice) {
        stations_resize(&server->stations, station_name(choice, path), choice->slots, choice->queue);
        loop_wake(&server->loop);
    }
    rule_release(rule);
}
