#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>

#define REDRAW_MS 250

/* Back to the first column, and clear to the end of the line (ECMA-48 EL). */
#define CLEAR_LINE "\r\033[K"

void mqc__progress_start(struct mqc__progress *progress, int64_t now_ms)
{
    *progress = (struct mqc__progress){.is_on = true, .started_ms = now_ms, .drawn_ms = now_ms};
}

void mqc__progress_format(uint64_t events, uint64_t events_per_s, uint64_t refused, char *text_out,
                          size_t size)
{
    (void)snprintf(text_out, size, "%" PRIu64 " events, %" PRIu64 "/s, %" PRIu64 " refused", events,
                   events_per_s, refused);
}

static uint64_t rate(uint64_t events, int64_t time_ms)
{
    return time_ms > 0 ? (uint64_t)((double)events * 1000.0 / (double)time_ms) : 0;
}

static void draw(struct mqc__progress *progress, const char *text, const char *end)
{
    (void)fprintf(stderr, CLEAR_LINE "%s%s", text, end);
    progress->is_drawn = true;
}

void mqc__progress_update(struct mqc__progress *progress, uint64_t events, uint64_t refused,
                          int64_t now_ms)
{
    char text[100];
    const int64_t passed_ms = now_ms - progress->drawn_ms;
    if (!progress->is_on || passed_ms < REDRAW_MS)
        return;
    mqc__progress_format(events, rate(events - progress->drawn_events, passed_ms), refused, text,
                         sizeof text);
    draw(progress, text, "");
    progress->drawn_ms = now_ms;
    progress->drawn_events = events;
}

void mqc__progress_hide(struct mqc__progress *progress)
{
    if (!progress->is_drawn)
        return;
    (void)fputs(CLEAR_LINE, stderr);
    progress->is_drawn = false;
}

void mqc__progress_finish(struct mqc__progress *progress, uint64_t events, uint64_t refused,
                          int64_t now_ms)
{
    char text[100];
    if (!progress->is_on)
        return;
    mqc__progress_format(events, rate(events, now_ms - progress->started_ms), refused, text,
                         sizeof text);
    draw(progress, text, "\n");
    *progress = (struct mqc__progress){.is_on = false};
}
