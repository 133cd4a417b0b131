#ifndef MQC_CLI_PROGRESS_H
#define MQC_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A line on a terminal's standard error that is redrawn in place: events, rate, refused. One
 * thread. */
struct mqc__progress {
    bool is_on;
    bool is_drawn;
    int64_t started_ms;
    int64_t drawn_ms;
    uint64_t drawn_events;
};

/* Turns the line on, at a time of the monotonic clock. */
void mqc__progress_start(struct mqc__progress *progress, int64_t now_ms);

/* Redraws the line if that is due: at most four times a second. */
void mqc__progress_update(struct mqc__progress *progress, uint64_t events, uint64_t refused,
                          int64_t now_ms);

/* Takes the line away, to make room for another; the next update brings it back. */
void mqc__progress_hide(struct mqc__progress *progress);

/* Draws the line a last time, with the rate over the whole time, and ends it. */
void mqc__progress_finish(struct mqc__progress *progress, uint64_t events, uint64_t refused,
                          int64_t now_ms);

/* Writes "1200 events, 400/s, 2 refused" into text_out, cut to fit size bytes with the NUL. */
void mqc__progress_format(uint64_t events, uint64_t events_per_s, uint64_t refused, char *text_out,
                          size_t size);

#endif
