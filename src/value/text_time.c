#include "value/text.h"

#include <inttypes.h>
#include <stdio.h>

#define NS_PER_SECOND INT64_C(1000000000)
#define SECONDS_PER_DAY 86400

/* A day of the proleptic Gregorian calendar. */
struct date {
    int64_t year;
    unsigned month; /* 1 .. 12 */
    unsigned day;   /* 1 .. 31 */
};

/* Years of this count begin in March, so that the leap day is the last of its year. */
#define DAYS_PER_ERA 146097      /* 400 years */
#define DAYS_BEFORE_EPOCH 719468 /* from 0000-03-01 to 1970-01-01 */

static int64_t days_from_date(struct date date)
{
    const int64_t year = date.year - (date.month <= 2 ? 1 : 0);
    const int64_t era = (year >= 0 ? year : year - 399) / 400;
    const int64_t year_of_era = year - era * 400;
    const int64_t month = (date.month + 9) % 12;
    const int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
    const int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_BEFORE_EPOCH;
}

static struct date date_from_days(int64_t days)
{
    const int64_t shifted = days + DAYS_BEFORE_EPOCH;
    const int64_t era = (shifted >= 0 ? shifted : shifted - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
    const int64_t day_of_era = shifted - era * DAYS_PER_ERA;
    const int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t month = (5 * day_of_year + 2) / 153;
    struct date date = {
        .year = year_of_era + era * 400 + (month >= 10 ? 1 : 0),
        .month = (unsigned)(month < 10 ? month + 3 : month - 9),
        .day = (unsigned)(day_of_year - (153 * month + 2) / 5 + 1),
    };
    return date;
}

static unsigned days_in_month(int64_t year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && is_leap ? 29 : days[month - 1];
}

static int64_t floor_divide(int64_t value, int64_t by)
{
    return value / by - (value % by < 0 ? 1 : 0);
}

static size_t write_fraction(int64_t ns, char *text_out, size_t size)
{
    if (ns % 1000000 == 0)
        return (size_t)snprintf(text_out, size, ".%03" PRId64, ns / 1000000);
    if (ns % 1000 == 0)
        return (size_t)snprintf(text_out, size, ".%06" PRId64, ns / 1000);
    return (size_t)snprintf(text_out, size, ".%09" PRId64, ns);
}

size_t mqc__timestamp_format(int64_t ns, char text_out[MQC__TEXT_BYTES])
{
    const int64_t seconds = floor_divide(ns, NS_PER_SECOND);
    /* Subtracting seconds * NS_PER_SECOND would overflow at the very first second of the range. */
    const int64_t rest = ns % NS_PER_SECOND;
    const int64_t fraction = rest < 0 ? rest + NS_PER_SECOND : rest;
    const int64_t days = floor_divide(seconds, SECONDS_PER_DAY);
    const struct date date = date_from_days(days);
    const int64_t clock = seconds - days * SECONDS_PER_DAY;
    const size_t size = (size_t)snprintf(
        text_out, MQC__TEXT_BYTES, "%04" PRId64 "-%02u-%02uT%02" PRId64 ":%02" PRId64 ":%02" PRId64,
        date.year, date.month, date.day, clock / 3600, clock / 60 % 60, clock % 60);
    return size + write_fraction(fraction, text_out + size, MQC__TEXT_BYTES - size);
}

static bool take_char(struct mqc_view *rest, char expected)
{
    if (rest->size == 0 || rest->data[0] != expected)
        return false;
    *rest = mqc_view_bytes(rest->data + 1, rest->size - 1);
    return true;
}

static bool take_digit(struct mqc_view *rest, unsigned *digit_out)
{
    if (rest->size == 0 || rest->data[0] < '0' || rest->data[0] > '9')
        return false;
    *digit_out = (unsigned)(rest->data[0] - '0');
    *rest = mqc_view_bytes(rest->data + 1, rest->size - 1);
    return true;
}

/* Takes exactly `digits` digits that make a number of at most `limit`. */
static bool take_number(struct mqc_view *rest, unsigned digits, unsigned limit,
                        unsigned *number_out)
{
    unsigned number = 0;
    for (unsigned i = 0; i < digits; i++) {
        unsigned digit = 0;
        if (!take_digit(rest, &digit))
            return false;
        number = number * 10 + digit;
    }
    *number_out = number;
    return number <= limit;
}

static bool take_date(struct mqc_view *rest, int64_t *days_out)
{
    struct date date;
    unsigned year = 0;
    if (!take_number(rest, 4, 9999, &year) || !take_char(rest, '-') ||
        !take_number(rest, 2, 12, &date.month) || !take_char(rest, '-') ||
        !take_number(rest, 2, 31, &date.day) || date.month == 0 || date.day == 0)
        return false;
    date.year = year;
    *days_out = days_from_date(date);
    return date.day <= days_in_month(date.year, date.month);
}

static bool take_clock(struct mqc_view *rest, int64_t *seconds_out)
{
    unsigned hours = 0;
    unsigned minutes = 0;
    unsigned seconds = 0;
    if (!take_number(rest, 2, 23, &hours) || !take_char(rest, ':') ||
        !take_number(rest, 2, 59, &minutes) || !take_char(rest, ':') ||
        !take_number(rest, 2, 59, &seconds))
        return false;
    *seconds_out = (int64_t)hours * 3600 + (int64_t)minutes * 60 + seconds;
    return true;
}

/* Takes up to nine fraction digits, if there is a point. */
static int64_t take_fraction(struct mqc_view *rest)
{
    if (!take_char(rest, '.'))
        return 0;
    int64_t ns = 0;
    for (int64_t weight = NS_PER_SECOND / 10; weight != 0; weight /= 10) {
        unsigned digit = 0;
        if (!take_digit(rest, &digit))
            break;
        ns += digit * weight;
    }
    return ns;
}

/* Takes the zone, which may be missing, and what it is ahead of UTC. */
static bool take_zone(struct mqc_view *rest, int64_t *ahead_seconds_out)
{
    *ahead_seconds_out = 0;
    if (rest->size == 0 || take_char(rest, 'Z'))
        return true;
    const bool is_behind = rest->data[0] == '-';
    if (!take_char(rest, '+') && !take_char(rest, '-'))
        return false;
    unsigned hours = 0;
    unsigned minutes = 0;
    if (!take_number(rest, 2, 23, &hours))
        return false;
    const bool has_minutes = take_char(rest, ':') || rest->size != 0;
    if (has_minutes && !take_number(rest, 2, 59, &minutes))
        return false;
    const int64_t seconds = (int64_t)hours * 3600 + (int64_t)minutes * 60;
    *ahead_seconds_out = is_behind ? -seconds : seconds;
    return true;
}

static bool join_time(int64_t seconds, int64_t fraction_ns, int64_t *ns_out)
{
    /* Before the epoch both parts are made negative: the first second of the range begins before
     * the range does. */
    if (seconds < 0 && fraction_ns != 0) {
        seconds++;
        fraction_ns -= NS_PER_SECOND;
    }
    int64_t ns = 0;
    if (__builtin_mul_overflow(seconds, NS_PER_SECOND, &ns) ||
        __builtin_add_overflow(ns, fraction_ns, &ns))
        return false;
    *ns_out = ns;
    return true;
}

bool mqc__timestamp_parse(struct mqc_view text, int64_t *ns_out)
{
    struct mqc_view rest = text;
    int64_t days = 0;
    int64_t seconds = 0;
    int64_t ahead_seconds = 0;
    if (!take_date(&rest, &days) || !take_char(&rest, 'T') || !take_clock(&rest, &seconds))
        return false;
    const int64_t fraction = take_fraction(&rest);
    if (!take_zone(&rest, &ahead_seconds) || rest.size != 0)
        return false;
    return join_time(days * SECONDS_PER_DAY + seconds - ahead_seconds, fraction, ns_out);
}
