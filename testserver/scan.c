/* The cursor over a script. See scan.h. No locale, no allocation but that of texts. */
#include "scan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t duration_number_limit = UINT64_C(86400000); /* of any unit */
static const uint64_t day_us = UINT64_C(86400000000);
static const uint64_t billion = UINT64_C(1000000000);
static const uint64_t size_limit = UINT64_C(1) << 30;

struct unit {
    const char *name;
    uint64_t factor;
};

/* Longer names before their own beginnings. */
static const struct unit duration_units[] = {{"us", 1}, {"ms", 1000}, {"s", 1000000}, {"m", 60000000}, {NULL, 0}};
static const struct unit size_units[] = {{"KiB", UINT64_C(1) << 10},
                                         {"MiB", UINT64_C(1) << 20},
                                         {"GiB", UINT64_C(1) << 30},
                                         {"KB", 1000},
                                         {"kB", 1000},
                                         {"MB", 1000000},
                                         {"GB", 1000000000},
                                         {"B", 1},
                                         {NULL, 0}};

void scan_init(struct scan *scan, const char *text) {
    memset(scan, 0, sizeof *scan);
    scan->text = text;
}

bool scan_fail_at(struct scan *scan, size_t at, const char *format, ...) {
    if (scan->failed) {
        return false;
    }
    scan->failed = true;
    scan->column = at + 1;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(scan->expected, sizeof scan->expected, format, arguments);
    va_end(arguments);
    return false;
}

bool scan_fail_memory(struct scan *scan) {
    scan->out_of_memory = true;
    return scan_fail_at(scan, scan->at, "out of memory");
}

char scan_peek(const struct scan *scan) {
    return scan->text[scan->at];
}

bool scan_take(struct scan *scan, const char *literal) {
    size_t length = strlen(literal);
    if (strncmp(scan->text + scan->at, literal, length) != 0) {
        return false;
    }
    scan->at += length;
    return true;
}

bool scan_at_end_of_item(const struct scan *scan) {
    return strchr(",;|", scan_peek(scan)) != NULL; /* strchr finds the NUL as well */
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Digits; false: more than 64 bits hold. */
static bool scan_whole(struct scan *scan, uint64_t *out) {
    uint64_t value = 0;
    bool too_large = false;
    while (is_digit(scan_peek(scan))) {
        uint64_t digit = (uint64_t)(scan->text[scan->at++] - '0');
        too_large = too_large || value > (UINT64_MAX - digit) / 10;
        value = value * 10 + digit;
    }
    *out = value;
    return !too_large;
}

bool scan_number(struct scan *scan, const char *what, uint64_t low, uint64_t high, uint64_t *out) {
    size_t start = scan->at;
    uint64_t value = 0;
    bool fits = scan_whole(scan, &value);
    if (scan->at == start) {
        return scan_fail_at(scan, start, "expected %s, a whole number", what);
    }
    if (!fits || value < low || value > high) {
        return scan_fail_at(scan, start, "expected %s from %llu to %llu", what, (unsigned long long)low,
                            (unsigned long long)high);
    }
    *out = value;
    return true;
}

/* Digits with at most nine decimals, in billionths. range: what is expected where the whole part is above high. */
static bool scan_billionths(struct scan *scan, const char *what, const char *range, uint64_t high, uint64_t *out) {
    size_t start = scan->at;
    uint64_t whole = 0;
    if (!is_digit(scan_peek(scan))) {
        return scan_fail_at(scan, start, "expected %s", what);
    }
    if (!scan_whole(scan, &whole) || whole > high) {
        return scan_fail_at(scan, start, "expected %s", range);
    }
    uint64_t fraction = 0;
    if (scan_peek(scan) == '.') {
        size_t first = ++scan->at;
        uint64_t weight = UINT64_C(100000000);
        for (; is_digit(scan_peek(scan)); weight /= 10) {
            if (weight == 0) {
                return scan_fail_at(scan, scan->at, "expected at most nine decimals");
            }
            fraction += weight * (uint64_t)(scan->text[scan->at++] - '0');
        }
        if (scan->at == first) {
            return scan_fail_at(scan, first, "expected digits after the point");
        }
    }
    *out = whole * billion + fraction;
    return true;
}

bool scan_probability(struct scan *scan, double *out) {
    static const char what[] = "a weight from 0 to 1";
    size_t start = scan->at;
    uint64_t billionths = 0;
    if (!scan_billionths(scan, what, what, 1, &billionths)) {
        return false;
    }
    if (billionths > billion) {
        return scan_fail_at(scan, start, "expected %s", what);
    }
    *out = (double)billionths / 1e9;
    return true;
}

bool scan_decimal(struct scan *scan, const char *what, uint64_t high, double *out) {
    uint64_t billionths = 0;
    bool ok = scan_billionths(scan, what, what, high, &billionths);
    *out = (double)billionths / 1e9;
    return ok;
}

static const struct unit *take_unit(struct scan *scan, const struct unit *units) {
    for (const struct unit *unit = units; unit->name; unit++) {
        if (scan_take(scan, unit->name)) {
            return unit;
        }
    }
    return NULL;
}

/* A duration in whole numbers of `grain_us` microseconds, called `grain`; *out counts these. */
static bool scan_duration(struct scan *scan, uint64_t grain_us, const char *grain, uint64_t *out) {
    size_t start = scan->at;
    uint64_t billionths = 0;
    if (!scan_billionths(scan, "a duration such as 30ms, 1.5s or 2m", "a number from 0 to 86400000, and its unit",
                         duration_number_limit, &billionths)) {
        return false;
    }
    const struct unit *unit = take_unit(scan, duration_units);
    if (!unit && billionths > 0) {
        return scan_fail_at(scan, scan->at, "expected a unit of time: us, ms, s or m");
    }
    uint64_t factor = unit ? unit->factor : 1;
    uint64_t part = billionths % billion * factor; /* below 6e16 */
    uint64_t us = billionths / billion * factor + part / billion;
    if (part % billion != 0 || us % grain_us != 0) {
        return scan_fail_at(scan, start, "expected a whole number of %s", grain);
    }
    if (us > day_us) {
        return scan_fail_at(scan, start, "expected a duration of at most a day");
    }
    *out = us / grain_us;
    return true;
}

bool scan_duration_ms(struct scan *scan, uint64_t *out) {
    return scan_duration(scan, 1000, "milliseconds", out);
}

bool scan_duration_us(struct scan *scan, uint64_t *out) {
    return scan_duration(scan, 1, "microseconds", out);
}

bool scan_size(struct scan *scan, uint64_t *out) {
    size_t start = scan->at;
    uint64_t value = 0;
    if (!scan_number(scan, "a size in bytes such as 100 or 64KiB", 0, size_limit, &value)) {
        return false;
    }
    const struct unit *unit = take_unit(scan, size_units);
    if (unit && value > size_limit / unit->factor) {
        return scan_fail_at(scan, start, "expected a size of at most 1 GiB");
    }
    *out = unit ? value * unit->factor : value;
    return true;
}

static int hex_value(char c) {
    if (is_digit(c)) {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What follows a backslash within quotes. */
static bool scan_escape(struct scan *scan, char *out) {
    size_t start = scan->at - 1;
    static const char names[] = "\"\\nrt";
    static const char meant[] = "\"\\\n\r\t";
    char c = scan_peek(scan);
    const char *found = c ? strchr(names, c) : NULL;
    if (found) {
        scan->at++;
        *out = meant[found - names];
        return true;
    }
    if (c == 'x') {
        int high = hex_value(scan->text[scan->at + 1]);
        int low = high < 0 ? -1 : hex_value(scan->text[scan->at + 2]);
        if (low >= 0) {
            scan->at += 3;
            *out = (char)(high * 16 + low);
            return true;
        }
    }
    return scan_fail_at(scan, start, "expected one of \\\" \\\\ \\n \\r \\t \\xHH");
}

static bool scan_quoted(struct scan *scan, char *text, size_t *length) {
    size_t start = scan->at++;
    while (scan_peek(scan) != '"') {
        char c = scan_peek(scan);
        if (c == '\0') {
            return scan_fail_at(scan, start, "expected a closing quote for this one");
        }
        scan->at++;
        if (c == '\\' && !scan_escape(scan, &c)) {
            return false;
        }
        text[(*length)++] = c;
    }
    scan->at++;
    return true;
}

bool scan_text(struct scan *scan, const char *stops, char **out, size_t *length) {
    char *text = malloc(strlen(scan->text + scan->at) + 1);
    if (!text) {
        return scan_fail_memory(scan);
    }
    *length = 0;
    if (scan_peek(scan) == '"') {
        if (!scan_quoted(scan, text, length)) {
            free(text);
            return false;
        }
    } else {
        while (!scan_at_end_of_item(scan) && !strchr(stops, scan_peek(scan))) {
            text[(*length)++] = scan->text[scan->at++];
        }
    }
    text[*length] = '\0';
    *out = text;
    return true;
}
