#include "value/text.h"

#include <inttypes.h>
#include <stdio.h>

/* A unit is factor * 10^power nanoseconds. */
struct unit {
    const char *name;
    unsigned factor;
    int power;
};

static const struct unit units[] = {
    {"h", 36, 11}, {"min", 6, 10}, {"s", 1, 9}, {"ms", 1, 6}, {"us", 1, 3}, {"ns", 1, 0},
};

#define UNIT_COUNT (sizeof units / sizeof units[0])

static const struct unit second = {"s", 1, 9};

size_t mqc__timespan_format(int64_t ns, char text_out[MQC__TEXT_BYTES])
{
    static const struct {
        const char *name;
        int64_t ns;
    } written[] = {{"s", 1000000000}, {"ms", 1000000}, {"us", 1000}, {"ns", 1}};
    size_t i = 0;
    while (ns % written[i].ns != 0)
        i++;
    return (size_t)snprintf(text_out, MQC__TEXT_BYTES, "%" PRId64 "%s", ns / written[i].ns,
                            written[i].name);
}

/* A decimal number times a power of ten. */
struct scaled {
    uint64_t whole;
    uint64_t fraction; /* its first FRACTION_DIGITS digits */
};

#define FRACTION_DIGITS 17
#define FRACTION_ONE UINT64_C(100000000000000000)

/* Exponents beyond this mean the same as this: out of range, or nothing left. */
#define EXPONENT_LIMIT 100000000

static int64_t read_exponent(struct mqc_view digits)
{
    const bool is_negative = digits.size != 0 && digits.data[0] == '-';
    int64_t exponent = 0;
    for (size_t i = 0; i < digits.size; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9')
            continue;
        exponent = exponent * 10 + (digits.data[i] - '0');
        if (exponent > EXPONENT_LIMIT)
            exponent = EXPONENT_LIMIT;
    }
    return is_negative ? -exponent : exponent;
}

static bool append_digit(uint64_t *number, unsigned digit)
{
    if (*number > (UINT64_MAX - digit) / 10)
        return false;
    *number = *number * 10 + digit;
    return true;
}

/* Reads the digits of a mantissa whose decimal point stands behind `point` of them. */
static bool place_digits(struct mqc_view mantissa, int64_t point, struct scaled *scaled_out)
{
    struct scaled scaled = {0, 0};
    uint64_t weight = FRACTION_ONE;
    int64_t position = 0;
    /* Zeros between the point and the first digit. */
    for (int64_t zeros = point; zeros < 0 && weight != 0; zeros++)
        weight /= 10;
    for (size_t i = 0; i < mantissa.size; i++) {
        if (mantissa.data[i] == '.')
            continue;
        const unsigned digit = (unsigned)(mantissa.data[i] - '0');
        if (position++ < point) {
            if (!append_digit(&scaled.whole, digit))
                return false;
            continue;
        }
        weight /= 10;
        scaled.fraction += digit * weight;
    }
    for (; position < point && scaled.whole != 0; position++)
        if (!append_digit(&scaled.whole, 0))
            return false;
    *scaled_out = scaled;
    return true;
}

static bool scale(struct mqc_view number, int power, struct scaled *scaled_out)
{
    size_t size = 0;
    size_t whole_digits = 0;
    bool has_point = false;
    for (; size < number.size && number.data[size] != 'e' && number.data[size] != 'E'; size++) {
        has_point = has_point || number.data[size] == '.';
        whole_digits += has_point ? 0 : 1;
    }
    const struct mqc_view exponent =
        size < number.size ? mqc_view_bytes(number.data + size + 1, number.size - size - 1)
                           : mqc_view_text("");
    const int64_t point = (int64_t)whole_digits + read_exponent(exponent) + power;
    return place_digits(mqc_view_bytes(number.data, size), point, scaled_out);
}

/* Turns a number that mqc__number_span() accepted into nanoseconds. */
static bool to_ns(struct mqc_view number, struct unit unit, int64_t *ns_out)
{
    const bool is_negative = number.data[0] == '-';
    if (is_negative)
        number = mqc_view_bytes(number.data + 1, number.size - 1);
    struct scaled scaled;
    uint64_t ns = 0;
    if (!scale(number, unit.power, &scaled) ||
        __builtin_mul_overflow(scaled.whole, unit.factor, &ns) ||
        __builtin_add_overflow(ns, scaled.fraction * unit.factor / FRACTION_ONE, &ns) ||
        ns > (uint64_t)INT64_MAX + (is_negative ? 1 : 0))
        return false;
    /* The smallest integer has no positive counterpart, so one is taken away first. */
    *ns_out = is_negative && ns != 0 ? -(int64_t)(ns - 1) - 1 : (int64_t)ns;
    return true;
}

bool mqc__seconds_parse(struct mqc_view text, int64_t *ns_out)
{
    return text.size != 0 && mqc__number_span(text).size == text.size &&
           to_ns(text, second, ns_out);
}

bool mqc__timespan_parse(struct mqc_view text, int64_t *ns_out)
{
    if (text.size > 1 && text.data[0] == '+' && text.data[1] != '-')
        text = mqc_view_bytes(text.data + 1, text.size - 1);
    const size_t size = mqc__number_span(text).size;
    if (size == 0)
        return false;
    const struct mqc_view name = mqc_view_bytes(text.data + size, text.size - size);
    for (size_t i = 0; i < UNIT_COUNT; i++)
        if (mqc_view_equal(name, mqc_view_text(units[i].name)))
            return to_ns(mqc_view_bytes(text.data, size), units[i], ns_out);
    return false;
}
