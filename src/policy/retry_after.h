/* Retry-After text to a delay. Pure. */
#ifndef POLICY_RETRY_AFTER_H
#define POLICY_RETRY_AFTER_H

#include <stdint.h>

/* RFC 9110 section 10.2.3. value: the first Retry-After header, or NULL; date: the answer's Date header, or NULL;
 * wall_s: the clock handed in, used when date is missing or makes no sense. Returns microseconds: decimal digits are
 * seconds, a date counts from date, a past one is 0, a huge number saturates at INT64_MAX. -1 when there is no delay
 * to be read: a sign, a fraction, an empty value. */
int64_t retry_after_us(const char *value, const char *date, int64_t wall_s);

#endif
