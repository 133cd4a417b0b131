#include "value/text.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t digits_at(struct mqc_view text, size_t at)
{
    size_t end = at;
    while (end < text.size && is_digit(text.data[end]))
        end++;
    return end - at;
}

/* The length of an exponent at `at`, 0 when there is no complete one. */
static size_t exponent_at(struct mqc_view text, size_t at)
{
    size_t end = at;
    if (end == text.size || (text.data[end] != 'e' && text.data[end] != 'E'))
        return 0;
    end++;
    if (end < text.size && (text.data[end] == '+' || text.data[end] == '-'))
        end++;
    const size_t digits = digits_at(text, end);
    return digits != 0 ? end + digits - at : 0;
}

struct mqc__number_span mqc__number_span(struct mqc_view text)
{
    const struct mqc__number_span none = {0, false};
    size_t at = text.size != 0 && text.data[0] == '-' ? 1 : 0;
    const size_t whole = digits_at(text, at);
    if (whole > 1 && text.data[at] == '0')
        return none;
    at += whole;
    bool is_integer = true;
    if (at < text.size && text.data[at] == '.') {
        const size_t fraction = digits_at(text, at + 1);
        if (whole + fraction == 0)
            return none;
        at += 1 + fraction;
        is_integer = false;
    } else if (whole == 0) {
        return none;
    }
    const size_t exponent = exponent_at(text, at);
    return (struct mqc__number_span){at + exponent, is_integer && exponent == 0};
}

bool mqc__count_parse(struct mqc_view text, uint64_t *out)
{
    if (text.size == 0 || (text.size > 1 && text.data[0] == '0'))
        return false;
    uint64_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (!is_digit(text.data[i]))
            return false;
        const uint64_t digit = (uint64_t)(text.data[i] - '0');
        if (count > (UINT64_MAX - digit) / 10)
            return false;
        count = count * 10 + digit;
    }
    *out = count;
    return true;
}

bool mqc__integer_parse(struct mqc_view text, int64_t *out)
{
    const bool is_negative = text.size != 0 && text.data[0] == '-';
    if (is_negative)
        text = mqc_view_bytes(text.data + 1, text.size - 1);
    uint64_t magnitude = 0;
    const uint64_t limit = (uint64_t)INT64_MAX + (is_negative ? 1 : 0);
    if (!mqc__count_parse(text, &magnitude) || magnitude > limit)
        return false;
    /* The smallest integer has no positive counterpart, so one is taken away first. */
    *out = is_negative && magnitude != 0 ? -(int64_t)(magnitude - 1) - 1 : (int64_t)magnitude;
    return true;
}

/* strtod() with '.' as the decimal point, whatever the program's locale is. */
static bool to_double(const char *text, double *out)
{
    locale_t locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (locale == (locale_t)0)
        return false;
    *out = strtod_l(text, NULL, locale);
    freelocale(locale);
    return true;
}

static bool parse_special(struct mqc_view text, double *out)
{
    static const struct {
        const char *text;
        double real;
    } specials[] = {{"nan", NAN}, {"inf", INFINITY}, {"-inf", -INFINITY}};
    for (size_t i = 0; i < sizeof specials / sizeof specials[0]; i++) {
        if (!mqc_view_equal(text, mqc_view_text(specials[i].text)))
            continue;
        *out = specials[i].real;
        return true;
    }
    return false;
}

bool mqc__real_parse(struct mqc_view text, double *out)
{
    if (parse_special(text, out))
        return true;
    char copy[MQC__REAL_TEXT_BYTES + 1];
    if (text.size == 0 || text.size >= sizeof copy || mqc__number_span(text).size != text.size)
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return to_double(copy, out);
}

/* Fifteen digits name every normal binary64 that has a decimal that short; below the normal range
 * fewer may do. */
static void write_shortest(double real, char text_out[MQC__TEXT_BYTES])
{
    for (int digits = fabs(real) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
        (void)snprintf(text_out, MQC__TEXT_BYTES, "%.*g", digits, real);
        if (strtod(text_out, NULL) == real)
            return;
    }
}

size_t mqc__real_format(double real, char text_out[MQC__TEXT_BYTES])
{
    if (isnan(real) || isinf(real)) {
        const char *infinity = real > 0 ? "1e999" : "-1e999";
        return (size_t)snprintf(text_out, MQC__TEXT_BYTES, "%s", isnan(real) ? "nan" : infinity);
    }
    locale_t locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t before = uselocale(locale);
    write_shortest(real, text_out);
    (void)uselocale(before);
    if (locale != (locale_t)0)
        freelocale(locale);
    size_t size = strlen(text_out);
    if (strpbrk(text_out, ".e") == NULL) {
        memcpy(text_out + size, ".0", sizeof ".0");
        size += 2;
    }
    return size;
}
