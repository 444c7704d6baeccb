/* HTTP dates (RFC 9110 section 5.6.7) in all three forms: IMF-fixdate, RFC 850, asctime. Pure. */
#ifndef POLICY_HTTP_DATE_H
#define POLICY_HTTP_DATE_H

#include <stdbool.h>
#include <stdint.h>

/* Seconds since 1970, leap seconds not counted (23:59:60 is the next midnight). Strict: letter case, blanks and digits
 * exactly as the RFC has them, every field in its range, any year from 0000 to 9999; a weekday must be one, but need
 * not fit the date. Blanks around the whole are skipped. A two-digit year is the latest one that ends so and leaves
 * the date at most 50 years ahead of wall_s. False: no date, *seconds untouched. */
bool http_date_parse(const char *text, int64_t wall_s, int64_t *seconds);

#endif
