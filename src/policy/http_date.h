/* HTTP dates (RFC 9110 section 5.6.7) in all three forms: IMF-fixdate, RFC 850, asctime. Pure. */
#ifndef POLICY_HTTP_DATE_H
#define POLICY_HTTP_DATE_H

#include <stdbool.h>
#include <stdint.h>

/* Seconds since 1970. A two-digit year more than 50 years ahead of wall_s is of the past century. False: no date. */
bool http_date_parse(const char *text, int64_t wall_s, int64_t *seconds);

#endif
