#include "cluster/key_time.h"

/* In two parts, which are exact where it matters: a time of today has more nanoseconds than a
 * binary64 can hold, and 1234567890.25 would become another number on the way. */
double mqc__key_seconds(int64_t ns)
{
    const int64_t whole_seconds = ns / 1000000000;
    const int64_t rest_ns = ns % 1000000000;
    return (double)whole_seconds + (double)rest_ns / 1e9;
}

/* All but the last occur as whole numbers only. */
static const struct {
    double seconds;
    const char *name;
} units[MQC__INTERVAL_WORDS] = {
    {86400.0, "day"}, {3600.0, "hr"}, {60.0, "min"}, {1.0, "sec"}, {1e-3, "msec"}, {1e-6, "usec"},
};

static bool is_about(double amount, double number)
{
    const double tolerance = 1e-6;
    return amount - number < tolerance && number - amount < tolerance;
}

static struct mqc__interval_word word_of(double amount, const char *unit)
{
    const bool is_singular = is_about(amount, 1.0) || is_about(amount, -1.0);
    return (struct mqc__interval_word){amount, unit, !is_singular};
}

/*
 * Zeek's interval is a binary64 of seconds, and what each subtraction loses shows in the
 * microseconds; so this subtracts in the same order. The product has a statement of its own, which
 * keeps a compiler from fusing it with the subtraction, and from another result.
 */
size_t mqc__interval_split(int64_t ns, struct mqc__interval_word words_out[MQC__INTERVAL_WORDS])
{
    const size_t last = MQC__INTERVAL_WORDS - 1;
    double rest = mqc__key_seconds(ns);
    size_t count = 0;
    for (size_t i = 0; i < last; i++) {
        const double amount = (double)(int64_t)(rest / units[i].seconds);
        const double whole = amount * units[i].seconds;
        if (amount == 0.0)
            continue;
        rest -= whole;
        words_out[count++] = word_of(amount, units[i].name);
    }
    const double amount = rest / units[last].seconds;
    if (!is_about(amount, 0.0))
        words_out[count++] = word_of(amount, units[last].name);
    return count;
}
