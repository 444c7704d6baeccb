/* Any texts as Retry-After and Date, at any wall clock: value NUL date NUL seconds. What is taken for a date is what
 * strptime() and timegm() make of it, and is written exactly so; the delay is what plain arithmetic says, never negative,
 * and saturates. */
#include "fuzz.h"
#include "input.h"
#include "policy/http_date.h"
#include "policy/retry_after.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The forms for strptime(), and for strftime(), which writes the year 7 as 7: there its place is kept by YYYY. */
#define RFC850 "%A, %d-%b-%y %H:%M:%S GMT"
#define IMF_TO_READ "%a, %d %b %Y %H:%M:%S GMT"
#define IMF_TO_WRITE "%a, %d %b YYYY %H:%M:%S GMT"
#define ASCTIME_TO_READ "%a %b %e %H:%M:%S %Y"
#define ASCTIME_TO_WRITE "%a %b %e %H:%M:%S YYYY"

enum { DATE = 64 };

static const int64_t year_10000_s = INT64_C(253402300800);
static const int64_t year_0_s = INT64_C(-62167219200);

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/* A copy without the blanks around it. */
static char *trimmed(const char *text) {
    while (is_blank(*text)) {
        text++;
    }
    size_t length = strlen(text);
    while (length > 0 && is_blank(text[length - 1])) {
        length--;
    }
    char *copy = strndup(text, length);
    must(copy != NULL, "there is memory");
    return copy;
}

/* The whole text by the C library, which forgives more than the RFC does. */
static bool read_as(const char *text, const char *form, struct tm *tm) {
    *tm = (struct tm){0};
    const char *end = strptime(text, form, tm);
    return end != NULL && *end == '\0';
}

static void write_date(char out[DATE], const char *form, int64_t seconds) {
    time_t at = (time_t)seconds;
    struct tm tm;
    must(gmtime_r(&at, &tm) != NULL && strftime(out, DATE, form, &tm) > 0, "it can be written");
    char *place = strstr(out, "YYYY");
    if (place != NULL) {
        char year[12];
        snprintf(year, sizeof year, "%04d", tm.tm_year + 1900);
        memcpy(place, year, 4);
    }
}

/* The same instant written in the same form is the same text, but for the weekday and a leap second. */
static void check_writing(const char *text, const char *form, int64_t seconds) {
    char written[DATE];
    write_date(written, form, seconds);
    if (text[8] == '0' && written[8] == ' ') { /* asctime writes " 6", but RFC 9110 takes "06" there, too */
        written[8] = '0';
    }
    must(strstr(text, ":60") != NULL || strcmp(strchr(text, ' '), strchr(written, ' ')) == 0, "a date is written so");
}

/* The latest year that ends so and leaves the date at most 50 years ahead. */
static void check_century(struct tm tm, int64_t wall_s, int64_t seconds) {
    if (wall_s < year_0_s || wall_s > year_10000_s) {
        return;
    }
    time_t clock_s = (time_t)wall_s;
    struct tm clock;
    must(gmtime_r(&clock_s, &clock) != NULL, "the clock can be read");
    int wanted = tm.tm_year % 100;
    tm.tm_year = clock.tm_year + 200;
    while (((tm.tm_year % 100) + 100) % 100 != wanted) {
        tm.tm_year--;
    }
    struct tm earlier;
    do {
        earlier = tm;
        earlier.tm_year -= 50;
        tm.tm_year -= 100;
    } while (timegm(&earlier) > wall_s);
    tm.tm_year += 100;
    struct tm there = tm;
    must(timegm(&there) == seconds, "two digits of a year stand for the latest that is not too far ahead");
}

static void check_date(const char *given, int64_t wall_s) {
    int64_t seconds = 12345;
    bool taken = http_date_parse(given, wall_s, &seconds);
    char *text = trimmed(given);
    struct tm tm;
    if (!taken) {
        must(seconds == 12345, "what is no date leaves the seconds alone");
    } else if (strchr(text, '-') != NULL) {
        must(read_as(text, RFC850, &tm), "strptime() takes it, too");
        check_century(tm, wall_s, seconds);
    } else {
        bool imf = strchr(text, ',') != NULL;
        must(read_as(text, imf ? IMF_TO_READ : ASCTIME_TO_READ, &tm), "strptime() takes it, too");
        must(timegm(&tm) == seconds, "it means what timegm() says");
        check_writing(text, imf ? IMF_TO_WRITE : ASCTIME_TO_WRITE, seconds);
    }
    free(text);
}

/* Every instant of four-digit years is understood in all forms. */
static void check_instant(int64_t seconds) {
    static const char *const forms[] = {IMF_TO_WRITE, ASCTIME_TO_WRITE, RFC850};
    if (seconds < year_0_s || seconds >= year_10000_s) {
        return;
    }
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        char text[DATE];
        int64_t read = 0;
        write_date(text, forms[i], seconds);
        must(http_date_parse(text, seconds, &read) && read == seconds, "what strftime() writes is read");
    }
}

__extension__ typedef __int128 wide;

static int64_t saturated(wide number) {
    return number > INT64_MAX ? INT64_MAX : (int64_t)number;
}

/* What the delay has to be. */
static int64_t expected_us(const char *given, const char *date, int64_t wall_s) {
    char *value = trimmed(given);
    size_t digits = strspn(value, "0123456789");
    bool number = digits > 0 && value[digits] == '\0';
    wide delay_s = 0;
    for (size_t i = 0; number && i < digits && delay_s < INT64_MAX; i++) {
        delay_s = delay_s * 10 + (value[i] - '0');
    }
    free(value);
    if (number) {
        return saturated(delay_s * 1000000);
    }
    int64_t until_s;
    int64_t from_s;
    if (!http_date_parse(given, wall_s, &until_s)) {
        return -1;
    }
    if (!http_date_parse(date, wall_s, &from_s)) {
        from_s = wall_s;
    }
    delay_s = (wide)until_s - from_s;
    return delay_s < 0 ? 0 : saturated(delay_s * 1000000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = {data, size};
    char *value = input_text(&input);
    char *date = input_text(&input);
    char *clock = input_text(&input);
    int64_t wall_s = strtoll(clock, NULL, 10);

    check_date(value, wall_s);
    check_date(date, wall_s);
    check_instant(wall_s);
    must(retry_after_us(value, date, wall_s) == expected_us(value, date, wall_s), "the delay is as expected");
    must(retry_after_us(value, NULL, wall_s) == expected_us(value, "", wall_s), "no date is like a wrong one");
    must(retry_after_us(NULL, date, wall_s) == -1, "no header, no delay");

    free(value);
    free(date);
    free(clock);
    return 0;
}
