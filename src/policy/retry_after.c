/* Retry-After: a number of seconds, or a date that is measured against the answer's own Date, so that a server whose
 * clock is wrong, or ours, does no harm. In comes text, out microseconds. Pure. */
#include "policy/retry_after.h"
#include "base/time_math.h"
#include "policy/http_date.h"
#include <stdbool.h>
#include <stddef.h>

#define US_PER_S INT64_C(1000000)

static const char *skip_blanks(const char *text) {
    while (*text == ' ' || *text == '\t')
        text++;
    return text;
}

/* Digits between blanks, saturating; false for anything else. */
static bool parse_seconds(const char *text, int64_t *seconds) {
    const char *const first = skip_blanks(text), *at = first;
    int64_t number = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (__builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, *at - '0', &number))
            number = TIME_NEVER;
        if (number == TIME_NEVER)
            break;
    }
    while (*at >= '0' && *at <= '9')
        at++;
    *seconds = number;
    return at != first && *skip_blanks(at) == '\0';
}

int64_t retry_after_us(const char *value, const char *date, int64_t wall_s) {
    int64_t until_s, from_s, delay_s;
    if (!value)
        return -1;
    if (parse_seconds(value, &delay_s))
        return time_scale(delay_s, US_PER_S);
    if (!http_date_parse(value, wall_s, &until_s))
        return -1;
    if (!date || !http_date_parse(date, wall_s, &from_s))
        from_s = wall_s;
    if (until_s <= from_s)
        return 0;
    if (__builtin_sub_overflow(until_s, from_s, &delay_s))
        return TIME_NEVER;
    return time_scale(delay_s, US_PER_S);
}
