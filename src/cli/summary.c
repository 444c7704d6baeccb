#include "cli/summary.h"
#include "cli/text.h"
#include <stdio.h>
#include <stdlib.h>

bool summary_init(struct summary *summary, size_t calls) {
    *summary = (struct summary){.room = calls};
    summary->latencies_us = calloc(calls, sizeof(*summary->latencies_us));
    return summary->latencies_us != NULL;
}

void summary_fini(struct summary *summary) {
    free(summary->latencies_us);
}

void summary_add(struct summary *summary, insist_err error, int status, size_t attempts, int64_t elapsed_us) {
    if (summary->calls == summary->room) {
        return;
    }
    summary->latencies_us[summary->calls++] = elapsed_us;
    summary->attempts += attempts;
    if (error != INSIST_OK) {
        summary->errors[(unsigned)error % SUMMARY_ERRORS]++;
    } else {
        summary->statuses[(unsigned)status % SUMMARY_STATUSES]++;
    }
}

static int in_order(const void *first, const void *second) {
    int64_t a = *(const int64_t *)first;
    int64_t b = *(const int64_t *)second;
    return (a > b) - (a < b);
}

int64_t summary_quantile(const int64_t *sorted, size_t n, double share) {
    if (n == 0) {
        return 0;
    }
    double wanted = share * (double)n;
    size_t rank = (size_t)wanted;
    if ((double)rank < wanted || rank == 0) {
        rank++;
    }
    return sorted[rank < n ? rank - 1 : n - 1];
}

static void put_quantiles(FILE *out, struct summary *summary) {
    static const struct {
        const char *name;
        double share;
    } quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}};
    qsort(summary->latencies_us, summary->calls, sizeof(*summary->latencies_us), in_order);
    fputs("latency", out);
    for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
        char text[TEXT_DURATION];
        text_duration_us(text, summary_quantile(summary->latencies_us, summary->calls, quantiles[i].share));
        fprintf(out, "  %s %s", quantiles[i].name, text);
    }
    fputc('\n', out);
}

char *summary_text(struct summary *summary, int64_t elapsed_us, unsigned parallel) {
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL) {
        return NULL;
    }
    char took[TEXT_DURATION];
    text_duration_us(took, elapsed_us);
    double seconds = (double)(elapsed_us > 0 ? elapsed_us : 1) / 1e6;
    fprintf(out, "%zu calls in %s, %u at a time: %.0f a second, %zu attempts\n", summary->calls, took, parallel,
            (double)summary->calls / seconds, summary->attempts);
    for (int status = 0; status < SUMMARY_STATUSES; status++) {
        if (summary->statuses[status] > 0) {
            fprintf(out, "  %-12d %zu\n", status, summary->statuses[status]);
        }
    }
    for (int error = 0; error < SUMMARY_ERRORS; error++) {
        if (summary->errors[error] > 0) {
            fprintf(out, "  %-12s %zu\n", insist_err_name((insist_err)error), summary->errors[error]);
        }
    }
    put_quantiles(out, summary);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
