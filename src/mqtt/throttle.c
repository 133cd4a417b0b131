#include "mqtt/throttle.h"

#include <stdio.h>
#include <string.h>

static bool is_window_over(const struct mqc__throttle *throttle, int64_t now_ms, unsigned window_ms)
{
    return throttle->reports_in_window == 0 ||
           now_ms - throttle->window_start_ms >= (int64_t)window_ms;
}

bool mqc__throttle_is_due(const struct mqc__throttle *throttle, int64_t now_ms, unsigned burst,
                          unsigned window_ms)
{
    if (throttle->unreported_count == 0)
        return false;
    return throttle->reports_in_window < burst || is_window_over(throttle, now_ms, window_ms);
}

int64_t mqc__throttle_due_ms(const struct mqc__throttle *throttle, unsigned window_ms)
{
    return throttle->unreported_count == 0 ? INT64_MAX : throttle->window_start_ms + window_ms;
}

uint64_t mqc__throttle_take(struct mqc__throttle *throttle, int64_t now_ms, unsigned window_ms)
{
    if (is_window_over(throttle, now_ms, window_ms)) {
        throttle->window_start_ms = now_ms;
        throttle->reports_in_window = 0;
    }
    throttle->reports_in_window++;
    const uint64_t count = throttle->unreported_count;
    throttle->unreported_count = 0;
    return count;
}

bool mqc__repeat_note(struct mqc__repeat *repeat, const char *text, int64_t now_ms,
                      unsigned interval_ms)
{
    char cut[sizeof repeat->text];
    (void)snprintf(cut, sizeof cut, "%s", text);
    const bool is_new = repeat->count == 0 || strcmp(repeat->text, cut) != 0;
    if (is_new) {
        memcpy(repeat->text, cut, sizeof cut);
        repeat->count = 0;
    }
    repeat->count++;
    if (!is_new && now_ms - repeat->reported_ms < (int64_t)interval_ms)
        return false;
    repeat->reported_ms = now_ms;
    return true;
}

void mqc__repeat_reset(struct mqc__repeat *repeat)
{
    repeat->count = 0;
}
