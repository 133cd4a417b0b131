#include "config/scalar.h"

#include "base/fail.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <stdio.h>

struct unit {
    const char *name;
    uint64_t factor;
    bool is_written; /* mqc__scalar_format uses it */
};

/* From large to small; a list ends with a NULL name. */
static const struct unit no_units[] = {{"", 1, true}, {NULL, 0, false}};

static const struct unit size_units[] = {
    {"GiB", UINT64_C(1) << 30, true},
    {"GB", 1000000000, false},
    {"MiB", UINT64_C(1) << 20, true},
    {"MB", 1000000, false},
    {"KiB", UINT64_C(1) << 10, true},
    {"kB", 1000, false},
    {"B", 1, false},
    {"", 1, true},
    {NULL, 0, false},
};

static const struct unit duration_units[] = {
    {"d", 86400000, true}, {"h", 3600000, true}, {"m", 60000, true},
    {"s", 1000, true},     {"ms", 1, true},      {NULL, 0, false},
};

static const struct unit *units_of(enum mqc__option_kind kind)
{
    if (kind == MQC__OPTION_SIZE)
        return size_units;
    return kind == MQC__OPTION_DURATION ? duration_units : no_units;
}

static const char *expected_of(enum mqc__option_kind kind)
{
    if (kind == MQC__OPTION_SIZE)
        return "a whole number of bytes, or one with a unit: B, kB, KiB, MB, MiB, GB, GiB";
    if (kind == MQC__OPTION_DURATION)
        return "a whole number with a unit: ms, s, m, h, d";
    return "a whole number";
}

enum mqc_error mqc__scalar_bool(struct mqc_view text, bool *out, struct mqc_error_info *info)
{
    char excerpt[MQC__EXCERPT_BYTES];
    const bool is_true = mqc_view_equal(text, mqc_view_text("true"));
    if (!is_true && !mqc_view_equal(text, mqc_view_text("false")))
        return mqc__fail(info, MQC_ECONFIG, "%s is neither true nor false",
                         mqc__excerpt(text, excerpt));
    *out = is_true;
    return MQC_OK;
}

/* Digits without leading zeros, that others take for octal. Returns how many, 0 for no number or
 * one above 64 bits. */
static size_t read_digits(struct mqc_view text, uint64_t *number_out)
{
    size_t length = 0;
    uint64_t number = 0;
    for (; length < text.size && text.data[length] >= '0' && text.data[length] <= '9'; length++) {
        const uint64_t digit = (uint64_t)(text.data[length] - '0');
        if (number > (UINT64_MAX - digit) / 10)
            return 0;
        number = number * 10 + digit;
    }
    if (length > 1 && text.data[0] == '0')
        return 0;
    *number_out = number;
    return length;
}

static const struct unit *find_unit(const struct unit *units, struct mqc_view name)
{
    for (; units->name != NULL; units++)
        if (mqc_view_equal(mqc_view_text(units->name), name))
            return units;
    return NULL;
}

static bool read_number(enum mqc__option_kind kind, struct mqc_view text, uint64_t *out)
{
    uint64_t number = 0;
    const size_t digits = read_digits(text, &number);
    if (digits == 0)
        return false;
    struct mqc_view rest = mqc_view_bytes(text.data + digits, text.size - digits);
    if (number == 0 && rest.size == 0) {
        *out = 0;
        return true;
    }
    if (rest.size > 1 && rest.data[0] == ' ')
        rest = mqc_view_bytes(rest.data + 1, rest.size - 1);
    const struct unit *unit = find_unit(units_of(kind), rest);
    if (unit == NULL || number > UINT64_MAX / unit->factor)
        return false;
    *out = number * unit->factor;
    return true;
}

static enum mqc_error check_range(const struct mqc__option *option, struct mqc_view text,
                                  uint64_t number, struct mqc_error_info *info)
{
    char excerpt[MQC__EXCERPT_BYTES];
    char min[MQC__SCALAR_BYTES];
    char max[MQC__SCALAR_BYTES];
    if (number < option->min || number > option->max)
        return mqc__fail(info, MQC_ECONFIG, "%s is out of range; expected %s to %s%s",
                         mqc__excerpt(text, excerpt),
                         mqc__scalar_format(option->kind, option->min, min),
                         mqc__scalar_format(option->kind, option->max, max),
                         option->may_be_off ? ", or off" : "");
    if (option->step != 0 && number % option->step != 0)
        return mqc__fail(info, MQC_ECONFIG, "%s is no multiple of %s", mqc__excerpt(text, excerpt),
                         mqc__scalar_format(option->kind, option->step, min));
    return MQC_OK;
}

/* Zeek takes a negative interval for none. */
static bool is_off(const struct mqc__option *option, struct mqc_view text)
{
    uint64_t number = 0;
    if (!option->may_be_off)
        return false;
    if (mqc_view_equal(text, mqc_view_text("off")))
        return true;
    const bool is_negative = text.size > 1 && text.data[0] == '-';
    const struct mqc_view digits =
        is_negative ? mqc_view_bytes(text.data + 1, text.size - 1) : text;
    return read_number(option->kind, digits, &number) && (is_negative || number == 0);
}

enum mqc_error mqc__scalar_number(const struct mqc__option *option, struct mqc_view text,
                                  uint64_t *out, struct mqc_error_info *info)
{
    char excerpt[MQC__EXCERPT_BYTES];
    char min[MQC__SCALAR_BYTES];
    char max[MQC__SCALAR_BYTES];
    uint64_t number = 0;
    if (is_off(option, text)) {
        *out = 0;
        return MQC_OK;
    }
    if (!read_number(option->kind, text, &number))
        return mqc__fail(info, MQC_ECONFIG,
                         "%s is not what this option takes; expected %s, from "
                         "%s to %s%s",
                         mqc__excerpt(text, excerpt), expected_of(option->kind),
                         mqc__scalar_format(option->kind, option->min, min),
                         mqc__scalar_format(option->kind, option->max, max),
                         option->may_be_off ? ", or off" : "");
    const enum mqc_error error = check_range(option, text, number, info);
    if (error == MQC_OK)
        *out = number;
    return error;
}

enum mqc_error mqc__scalar_choice(const struct mqc__choice *choices, struct mqc_view text, int *out,
                                  struct mqc_error_info *info)
{
    for (const struct mqc__choice *choice = choices; choice->name != NULL; choice++) {
        if (!mqc_view_equal(mqc_view_text(choice->name), text))
            continue;
        *out = choice->value;
        return MQC_OK;
    }
    char excerpt[MQC__EXCERPT_BYTES];
    char names[160];
    mqc__scalar_list_choices(choices, names, sizeof names);
    return mqc__fail(info, MQC_ECONFIG, "%s is not possible; expected %s",
                     mqc__excerpt(text, excerpt), names);
}

const char *mqc__scalar_format(enum mqc__option_kind kind, uint64_t number,
                               char text_out[MQC__SCALAR_BYTES])
{
    const struct unit *unit = units_of(kind);
    while (!unit->is_written || number % unit->factor != 0 || (number == 0 && unit[1].name != NULL))
        unit++;
    (void)snprintf(text_out, MQC__SCALAR_BYTES, "%" PRIu64 "%s", number / unit->factor,
                   number == 0 ? "" : unit->name);
    return text_out;
}

void mqc__scalar_list_choices(const struct mqc__choice *choices, char *text_out, size_t size)
{
    size_t used = 0;
    text_out[0] = '\0';
    for (const struct mqc__choice *choice = choices; choice->name != NULL; choice++) {
        const char *comma = choice[1].name != NULL ? ", " : " or ";
        const int written = snprintf(text_out + used, size - used, "%s%s",
                                     choice == choices ? "" : comma, choice->name);
        if (written < 0 || (size_t)written >= size - used)
            return;
        used += (size_t)written;
    }
}
