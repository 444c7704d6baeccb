/* Scripts, steps and choices. See script.h; the items of a choice are read in items*.c. */
#include "script.h"

#include "items.h"
#include "scan.h"
#include "weights.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t repeat_limit = 1000000000;
static const size_t step_limit = 10000; /* steps, and choices of one step */

void script_free(struct script *script) {
    if (!script) {
        return;
    }
    for (size_t i = 0; i < script->step_count; i++) {
        struct step *step = &script->steps[i];
        for (size_t k = 0; k < step->choice_count; k++) {
            choice_fini(&step->choices[k]);
        }
        free(step->choices);
    }
    free(script->steps);
    free(script->text);
    free(script);
}

/* A field has two texts, and every text the allocator's share. */
static size_t choice_bytes(const struct choice *choice) {
    const size_t of_a_field = sizeof *choice->fields + 64;
    return sizeof *choice + choice->field_count * of_a_field +
           (choice->delay.part_count + choice->service.part_count) * sizeof *choice->delay.parts;
}

size_t script_bytes(const struct script *script) {
    size_t bytes = sizeof *script + strlen(script->text) * 2; /* as given, and in its choices */
    for (size_t i = 0; i < script->step_count; i++) {
        const struct step *step = &script->steps[i];
        bytes += sizeof *step;
        for (size_t k = 0; k < step->choice_count; k++) {
            bytes += choice_bytes(&step->choices[k]);
        }
    }
    return bytes;
}

/* One more zeroed element of `size` bytes at the end of *array, which has room for a power of two of them; NULL when
 * there is no room. */
static void *append(struct scan *scan, void **array, size_t *count, size_t size) {
    if (*count >= step_limit) {
        scan_fail_at(scan, scan->at, "expected at most %zu steps, and as many choices in a step", step_limit);
        return NULL;
    }
    bool full = (*count & (*count - 1)) == 0;
    char *grown = full ? realloc(*array, (*count > 0 ? *count * 2 : 1) * size) : *array;
    if (!grown) {
        scan_fail_memory(scan);
        return NULL;
    }
    *array = grown;
    memset(grown + *count * size, 0, size);
    return grown + (*count)++ * size;
}

/* Gives the room behind the last element back. */
static void trim(void **array, size_t count, size_t size) {
    void *trimmed = count > 0 ? realloc(*array, count * size) : NULL;
    if (trimmed) {
        *array = trimmed;
    }
}

/* "x3" after a status or a fault: the whole step takes that many hits. */
static bool read_repeat(struct scan *scan, bool may_repeat, uint64_t *repeat) {
    size_t start = scan->at;
    if (!may_repeat || !scan_take(scan, "x")) {
        return true;
    }
    if (*repeat != 0) {
        return scan_fail_at(scan, start, "expected only one count in a step");
    }
    return scan_number(scan, "a count", 1, repeat_limit, repeat);
}

static bool read_choice(struct scan *scan, struct step *step, struct choice *choice) {
    size_t start = scan->at;
    do {
        bool may_repeat = false;
        if (!item_read(scan, choice, &may_repeat) || !read_repeat(scan, may_repeat, &step->repeat)) {
            return false;
        }
        if (!scan_at_end_of_item(scan)) {
            return scan_fail_at(scan, scan->at,
                                "expected ';' and an option, ',' and a step, '|' and a choice, or the end");
        }
    } while (scan_take(scan, ";") || items_go_on(scan, choice));
    return choice_agrees(scan, start, choice);
}

static bool read_step(struct scan *scan, struct step *step) {
    size_t start = scan->at;
    do {
        void *choices = step->choices;
        struct choice *choice = append(scan, &choices, &step->choice_count, sizeof *choice);
        step->choices = choices;
        if (!choice || !weight_read(scan, &choice->weight) || !read_choice(scan, step, choice)) {
            return false;
        }
    } while (scan_take(scan, "|"));
    void *all = step->choices;
    trim(&all, step->choice_count, sizeof *step->choices);
    step->choices = all;
    if (step->repeat == 0) {
        step->repeat = 1;
    }
    return weights_share(scan, start, &step->choices[0].weight, step->choice_count, sizeof step->choices[0]);
}

static bool read_script(struct scan *scan, struct script *script) {
    do {
        if (script->step_count > 0 && scan_take(scan, "...")) {
            script->loops = true;
            return scan_peek(scan) == '\0' || scan_fail_at(scan, scan->at, "expected the end after '...'");
        }
        void *steps = script->steps;
        struct step *step = append(scan, &steps, &script->step_count, sizeof *step);
        script->steps = steps;
        if (!step || !read_step(scan, step)) {
            return false;
        }
    } while (scan_take(scan, ","));
    return true;
}

static void note_needs(struct script *script) {
    for (size_t i = 0; i < script->step_count; i++) {
        for (size_t k = 0; k < script->steps[i].choice_count; k++) {
            const struct choice *choice = &script->steps[i].choices[k];
            script->echoes = script->echoes || choice->body == BODY_ECHO;
            script->chooses_early = script->chooses_early || (choice->manner.given & (MANNER_UNREAD | MANNER_READ));
        }
    }
}

insist_err script_parse(const char *text, struct script **out, size_t *column, char expected[160]) {
    struct scan scan;
    scan_init(&scan, text);
    *out = NULL;
    *column = 0;
    struct script *script = calloc(1, sizeof *script);
    if (!script) {
        return INSIST_ENOMEM;
    }
    script->text = strdup(text);
    if (!script->text) {
        scan_fail_memory(&scan);
    } else {
        read_script(&scan, script);
    }
    if (scan.failed) {
        script_free(script);
        *column = scan.column;
        memcpy(expected, scan.expected, sizeof scan.expected);
        return scan.out_of_memory ? INSIST_ENOMEM : INSIST_EINVAL;
    }
    void *steps = script->steps;
    trim(&steps, script->step_count, sizeof *script->steps);
    script->steps = steps;
    note_needs(script);
    *out = script;
    return INSIST_OK;
}

const struct step *script_step(const struct script *script, uint64_t hit) {
    uint64_t round = 0;
    for (size_t i = 0; i < script->step_count; i++) {
        round += script->steps[i].repeat;
    }
    if (script->loops && round > 0) {
        hit %= round;
    }
    for (size_t i = 0; i < script->step_count; i++) {
        if (hit < script->steps[i].repeat) {
            return &script->steps[i];
        }
        hit -= script->steps[i].repeat;
    }
    return &script->steps[script->step_count - 1];
}

const struct choice *step_choose(const struct step *step, double drawn) {
    double sum = 0;
    for (size_t i = 0; i + 1 < step->choice_count; i++) {
        sum += step->choices[i].weight;
        if (drawn < sum) {
            return &step->choices[i];
        }
    }
    return &step->choices[step->choice_count - 1];
}
