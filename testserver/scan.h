/* Reading a script from left to right: a cursor, the words and numbers that scripts are made of, and the place where
 * it went wrong. Pure. Every scan_ function that returns false has noted column and expectation, of the first
 * mistake. */
#ifndef TESTSERVER_SCAN_H
#define TESTSERVER_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scan {
    const char *text;
    size_t at; /* next byte to be read */
    bool failed;
    bool out_of_memory; /* a failure that is not the script's fault */
    size_t column;      /* of the mistake, from 1 */
    char expected[160]; /* a sentence without full stop */
};

void scan_init(struct scan *scan, const char *text);

/* Notes a mistake at byte `at`; always false. */
bool scan_fail_at(struct scan *scan, size_t at, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The allocator's failure; always false. */
bool scan_fail_memory(struct scan *scan);

/* Takes literal if it is what comes next. */
bool scan_take(struct scan *scan, const char *literal);

char scan_peek(const struct scan *scan);

/* Whether the next byte ends an item: ',', ';', '|' or the end. */
bool scan_at_end_of_item(const struct scan *scan);

/* A whole number from low to high; `what` names it in the refusal. */
bool scan_number(struct scan *scan, const char *what, uint64_t low, uint64_t high, uint64_t *out);

/* A decimal fraction such as 0.05, from 0 to 1. */
bool scan_probability(struct scan *scan, double *out);

/* A decimal fraction from 0 on whose whole part is at most `high`; `what` names it, and its range, in the refusal. */
bool scan_decimal(struct scan *scan, const char *what, uint64_t high, double *out);

/* 200us, 30ms, 1.5s, 2m, or 0, at most a day, in whole milliseconds or microseconds. */
bool scan_duration_ms(struct scan *scan, uint64_t *out);
bool scan_duration_us(struct scan *scan, uint64_t *out);

/* 100, 64KiB, 1MB, at most 1 GiB, in bytes. */
bool scan_size(struct scan *scan, uint64_t *out);

/* A text up to the end of the item, or in double quotes with \" \\ \n \r \t and \xHH. *out (NUL-terminated, *length
 * bytes) is the caller's. stops: further characters that end an unquoted text. */
bool scan_text(struct scan *scan, const char *stops, char **out, size_t *length);

#endif
