/* Outcomes: made, moved, and sorted. Pure. */
#include "view/outcome.h"

void outcome_init(struct outcome *outcome, const struct env *env, uint64_t body_limit) {
    *outcome = (struct outcome){.retry_after_us = -1};
    headers_init(&outcome->headers, env);
    body_init(&outcome->body, env, body_limit);
}

bool outcome_init_roomy(struct outcome *outcome, const struct env *env, uint64_t body_limit) {
    struct outcome_room *room = env_resize(env, NULL, sizeof *room);
    if (room == NULL)
        return false;
    *outcome = (struct outcome){.retry_after_us = -1, .room = room};
    headers_init_in(&outcome->headers, env, room->places, sizeof room->places / sizeof room->places[0], room->text,
                    sizeof room->text);
    body_init_in(&outcome->body, env, body_limit, room->body, sizeof room->body);
    return true;
}

void outcome_drop_content(struct outcome *outcome) {
    const struct env *env = outcome->body.env;
    env_release(env, outcome->url);
    headers_fini(&outcome->headers);
    body_fini(&outcome->body);
    env_release(env, outcome->room);
    outcome->url = NULL;
    outcome->room = NULL;
}

void outcome_fini(struct outcome *outcome) {
    outcome_drop_content(outcome);
    outcome_init(outcome, outcome->body.env, outcome->body.limit);
}

void outcome_move(struct outcome *to, struct outcome *from) {
    outcome_fini(to);
    *to = *from;
    outcome_init(from, from->body.env, from->body.limit);
}

bool outcome_is_answer(const struct outcome *outcome) {
    return outcome->err == INSIST_OK && outcome->status > 0;
}

bool outcome_has_headers(const struct outcome *outcome) {
    return outcome->status > 0 && !outcome->head_open;
}

bool outcome_is_throttled(const struct outcome *outcome) {
    return outcome->status == 429 || (outcome->status == 503 && outcome->retry_after_us >= 0);
}
