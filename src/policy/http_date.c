/* HTTP dates: text in, seconds since 1970 out. Knows no locale and no time zone but GMT.
 *
 * Readers move a pointer into the text forward past what they accept; all stop at the first character that does not
 * fit, so none reads beyond the final NUL. Days are counted in the Gregorian calendar, extended in both directions.
 * Pure. */
#include "policy/http_date.h"
#include "base/time_math.h"
#include <stddef.h>
#include <string.h>

#define SECONDS_PER_DAY 86400
#define DAYS_PER_400_YEARS 146097
#define COUNT(array) (sizeof(array) / sizeof *(array))

struct civil {
    int64_t year;
    int month, day, hour, minute, second; /* month and day from 1 */
};

static const char *const short_days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
static const char *const long_days[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* ---- the calendar ------------------------------------------------------------------------------------------------ */

static int64_t floor_divide(int64_t number, int64_t by) {
    return number / by - (number % by < 0);
}

static bool is_leap(int64_t year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in_month(int64_t year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year));
}

static int64_t leap_years_until(int64_t year) { /* that year included */
    return floor_divide(year, 4) - floor_divide(year, 100) + floor_divide(year, 400);
}

/* Days from 1 January 1970 to 1 January of that year. */
static int64_t days_before_year(int64_t year) {
    return 365 * (year - 1970) + leap_years_until(year - 1) - leap_years_until(1969);
}

/* A day beyond the end of its month is one of the next. */
static int64_t civil_to_seconds(const struct civil *civil) {
    int64_t days = days_before_year(civil->year) + civil->day - 1, seconds;
    for (int month = 1; month < civil->month; month++)
        days += days_in_month(civil->year, month);
    const int of_day = civil->hour * 3600 + civil->minute * 60 + civil->second;
    if (__builtin_mul_overflow(days, SECONDS_PER_DAY, &seconds) || __builtin_add_overflow(seconds, of_day, &seconds))
        return days < 0 ? INT64_MIN : INT64_MAX;
    return seconds;
}

static int64_t year_of(int64_t seconds) {
    const int64_t days = floor_divide(seconds, SECONDS_PER_DAY);
    int64_t year = 1970 + floor_divide(days * 400, DAYS_PER_400_YEARS); /* right, or a year too many or too few */
    while (days_before_year(year) > days)
        year--;
    while (days_before_year(year + 1) <= days)
        year++;
    return year;
}

/* Puts a two-digit year in its century. */
static void civil_complete_year(struct civil *civil, int64_t wall_s) {
    const int64_t latest = year_of(wall_s) + 50, back = latest - civil->year;
    civil->year = latest - (back - floor_divide(back, 100) * 100);
    struct civil fifty_years_earlier = *civil;
    fifty_years_earlier.year -= 50;
    if (civil_to_seconds(&fifty_years_earlier) > wall_s)
        civil->year -= 100;
}

static bool civil_is_valid(const struct civil *civil) {
    return civil->day >= 1 && civil->day <= days_in_month(civil->year, civil->month) && civil->hour <= 23 &&
           civil->minute <= 59 && civil->second <= 60;
}

/* ---- the text ---------------------------------------------------------------------------------------------------- */

static bool read_text(const char **at, const char *text) {
    const size_t length = strlen(text);
    if (strncmp(*at, text, length) != 0)
        return false;
    *at += length;
    return true;
}

static bool read_name(const char **at, const char *const *names, size_t n, int *number) { /* from 1 */
    for (size_t i = 0; i < n; i++) {
        if (read_text(at, names[i])) {
            *number = (int)i + 1;
            return true;
        }
    }
    return false;
}

static bool read_digits(const char **at, int n, int *number) {
    *number = 0;
    for (int i = 0; i < n; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        *number = *number * 10 + (**at - '0');
    }
    return true;
}

static bool read_time(const char **at, struct civil *civil) {
    return read_digits(at, 2, &civil->hour) && read_text(at, ":") && read_digits(at, 2, &civil->minute) &&
           read_text(at, ":") && read_digits(at, 2, &civil->second);
}

static bool read_year(const char **at, int digits, struct civil *civil) {
    int year;
    if (!read_digits(at, digits, &year))
        return false;
    civil->year = year;
    return true;
}

static bool read_month(const char **at, struct civil *civil) {
    return read_name(at, months, COUNT(months), &civil->month);
}

static bool read_imf_fixdate(const char **at, struct civil *civil) { /* Sun, 06 Nov 1994 08:49:37 GMT */
    int weekday;
    return read_name(at, short_days, COUNT(short_days), &weekday) && read_text(at, ", ") &&
           read_digits(at, 2, &civil->day) && read_text(at, " ") && read_month(at, civil) && read_text(at, " ") &&
           read_year(at, 4, civil) && read_text(at, " ") && read_time(at, civil) && read_text(at, " GMT");
}

static bool read_rfc850(const char **at, struct civil *civil) { /* Sunday, 06-Nov-94 08:49:37 GMT */
    int weekday;
    return read_name(at, long_days, COUNT(long_days), &weekday) && read_text(at, ", ") &&
           read_digits(at, 2, &civil->day) && read_text(at, "-") && read_month(at, civil) && read_text(at, "-") &&
           read_year(at, 2, civil) && read_text(at, " ") && read_time(at, civil) && read_text(at, " GMT");
}

static bool read_day_or_blank_digit(const char **at, struct civil *civil) {
    return read_text(at, " ") ? read_digits(at, 1, &civil->day) : read_digits(at, 2, &civil->day);
}

static bool read_asctime(const char **at, struct civil *civil) { /* Sun Nov  6 08:49:37 1994 */
    int weekday;
    return read_name(at, short_days, COUNT(short_days), &weekday) && read_text(at, " ") && read_month(at, civil) &&
           read_text(at, " ") && read_day_or_blank_digit(at, civil) && read_text(at, " ") && read_time(at, civil) &&
           read_text(at, " ") && read_year(at, 4, civil);
}

static bool read_whole(bool (*read)(const char **, struct civil *), const char *text, struct civil *civil) {
    const char *at = text + strspn(text, " \t");
    return read(&at, civil) && at[strspn(at, " \t")] == '\0';
}

bool http_date_parse(const char *text, int64_t wall_s, int64_t *seconds) {
    struct civil civil;
    if (read_whole(read_rfc850, text, &civil))
        civil_complete_year(&civil, wall_s);
    else if (!read_whole(read_imf_fixdate, text, &civil) && !read_whole(read_asctime, text, &civil))
        return false;
    if (!civil_is_valid(&civil))
        return false;
    *seconds = civil_to_seconds(&civil);
    return true;
}
