/* Small texts for people: durations that fit a column, and what of a request must not be shown. Pure. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TEXT_DURATION = 16 };

/* "0.25ms", "1.5ms", "412ms", "1.50s", "12.3s", "15m": six columns up to a year. INSIST_FOREVER is "forever". */
void text_duration_us(char text[TEXT_DURATION], int64_t us);

/* The same from milliseconds. */
void text_duration_ms(char text[TEXT_DURATION], int64_t ms);

/* Where user and password stand in a URL: their offset and length with the @, 0 for none. */
size_t text_url_secret(const char *url, size_t *offset);

/* True for Authorization, Cookie and their kin. len counts the name's bytes. */
bool text_header_is_secret(const char *name, size_t len);

#endif
