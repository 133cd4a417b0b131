#ifndef MQC_CLUSTER_KEY_TIME_H
#define MQC_CLUSTER_KEY_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How Zeek sees times and intervals when it hashes them. */

/* Returns the binary64 of seconds nearest to a number of nanoseconds. Any thread. */
double mqc__key_seconds(int64_t ns);

/* Zeek describes an interval in words, 1 hr 30 mins, and hashes them. This is one of them. */
struct mqc__interval_word {
    double amount;
    const char *unit; /* in the singular */
    bool is_plural;
};

/* An interval has at most this many. */
#define MQC__INTERVAL_WORDS 6

/* Splits an interval into the units that it has any of, the greatest first, and returns their
 * number, which is 0 for no time. Any thread. */
size_t mqc__interval_split(int64_t ns, struct mqc__interval_word words_out[MQC__INTERVAL_WORDS]);

#endif
