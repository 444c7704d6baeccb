/* Any text as a script of the test server: what is accepted foretells hits, the same ones each time, and can be continued;
 * what is refused is refused at a column within it. Goes on for as long as libFuzzer says, or once over a corpus with
 * run_corpus.c. */
#include "fuzz.h"

#include <insist/testserver.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HITS = 20 };
static const uint64_t day_us = UINT64_C(86400000000);

static void must(bool holds, const char *what, const char *text) {
    if (!holds) {
        fprintf(stderr, "does not hold: %s\nscript: %s\n", what, text);
        abort();
    }
}

static insist_testserver_step foretell(const char *text, uint64_t hit) {
    insist_testserver_step step = {.size = sizeof step};
    must(insist_testserver_foretell(7, text, "key", hit, &step) == INSIST_OK, "what is accepted can be foretold", text);
    return step;
}

static bool same(const insist_testserver_step *a, const insist_testserver_step *b) {
    return a->fault == b->fault && a->status == b->status && a->cut_bytes == b->cut_bytes &&
           a->delay_us == b->delay_us && a->delay_ms == b->delay_ms && a->service_us == b->service_us;
}

static void check_steps(const char *text) {
    for (uint64_t hit = 0; hit < HITS; hit++) {
        insist_testserver_step step = foretell(text, hit);
        insist_testserver_step again = foretell(text, hit);
        must(same(&step, &again), "the same hit gets the same", text);
        must(step.status == 0 || (step.status >= 200 && step.status <= 999), "a status is a final one, or none", text);
        must(step.delay_us <= day_us && step.service_us <= day_us, "nothing lasts for more than a day", text);
        must(step.delay_ms == (step.delay_us + 500) / 1000, "milliseconds are rounded to the nearest", text);
        must(strcmp(insist_testserver_fault_name(step.fault), "unknown") != 0, "every fault has a name", text);
    }
}

/* A script whose last step repeats may be followed by another step, and its first hit is what it was. */
static void check_continued(const char *text) {
    size_t length = strlen(text);
    if (length >= 3 && strcmp(text + length - 3, "...") == 0) {
        return;
    }
    char *longer = malloc(length + 5);
    if (!longer) {
        return;
    }
    memcpy(longer, text, length);
    memcpy(longer + length, ",200", 5);
    must(insist_testserver_check(longer, NULL, NULL) == INSIST_OK, "another step may follow", text);
    insist_testserver_step first = foretell(text, 0);
    insist_testserver_step still = foretell(longer, 0);
    must(same(&first, &still), "what follows does not change the first hit", text);
    free(longer);
}

static void check(const char *text) {
    size_t column = 99;
    insist_problem problem = {.err = INSIST_OK};
    insist_err err = insist_testserver_check(text, &column, &problem);
    if (err == INSIST_OK) {
        must(column == 0, "no column where nothing is wrong", text);
        check_steps(text);
        check_continued(text);
    } else if (err == INSIST_EINVAL) {
        insist_testserver_step step = {.size = sizeof step};
        must(column >= 1 && column <= strlen(text) + 1, "the column lies within the script", text);
        must(problem.err == err && strlen(problem.text) > 10, "there is a sentence", text);
        must(insist_testserver_foretell(7, text, "key", 0, &step) == INSIST_EINVAL, "nor can it be foretold", text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    if (!text) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    check(text);
    free(text);
    return 0;
}
