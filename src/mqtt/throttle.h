#ifndef MQC_MQTT_THROTTLE_H
#define MQC_MQTT_THROTTLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Keeps what goes wrong a thousand times a second from being reported a thousand times a second,
 * without losing count. Pure, time is passed in; zeroed memory is ready to use.
 */

/* Things of one kind: the first reports go out at once, the rest is summed up. */
struct mqc__throttle {
    int64_t window_start_ms;
    unsigned reports_in_window;
    uint64_t unreported_count;
};

/* Says whether there is something to report and when it may be: at most `burst` times within
 * `window_ms`. */
bool mqc__throttle_is_due(const struct mqc__throttle *throttle, int64_t now_ms, unsigned burst,
                          unsigned window_ms);

/* When it becomes due at the latest; INT64_MAX when there is nothing to report. */
int64_t mqc__throttle_due_ms(const struct mqc__throttle *throttle, unsigned window_ms);

/* Notes that a report is made now; returns how many it speaks for. */
uint64_t mqc__throttle_take(struct mqc__throttle *throttle, int64_t now_ms, unsigned window_ms);

/* A sentence that may repeat itself. */
struct mqc__repeat {
    char text[400];
    int64_t reported_ms;
    uint64_t count;
};

/* Counts one occurrence of the sentence; says whether to report it: when it is a new one, or when
 * the last report is interval_ms old. `count` says how often it occurred in a row. */
bool mqc__repeat_note(struct mqc__repeat *repeat, const char *text, int64_t now_ms,
                      unsigned interval_ms);

/* Makes the next sentence a new one. */
void mqc__repeat_reset(struct mqc__repeat *repeat);

#endif
