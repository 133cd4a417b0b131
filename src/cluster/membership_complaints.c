#include "cluster/membership_complaints.h"

#define REPEAT_MS INT64_C(3600000)
#define WINDOW_MS INT64_C(60000)
#define WINDOW_MAX 10

/* Where the key stands, or should stand: in place of the one told the longest ago. */
static size_t find_place(const struct mqc__complaints *complaints, uint64_t key)
{
    size_t oldest = 0;
    for (size_t i = 0; i < complaints->told_count; i++) {
        if (complaints->told[i].key == key)
            return i;
        if (complaints->told[i].told_ms < complaints->told[oldest].told_ms)
            oldest = i;
    }
    const size_t max = sizeof complaints->told / sizeof complaints->told[0];
    return complaints->told_count < max ? complaints->told_count : oldest;
}

static bool is_within_rate(struct mqc__complaints *complaints, int64_t now_ms)
{
    if (complaints->window_count == 0 || now_ms - complaints->window_ms >= WINDOW_MS) {
        complaints->window_ms = now_ms;
        complaints->window_count = 0;
    }
    if (complaints->window_count == WINDOW_MAX)
        return false;
    complaints->window_count++;
    return true;
}

bool mqc__complaints_admit(struct mqc__complaints *complaints, uint64_t key, int64_t now_ms,
                           uint64_t *withheld_out)
{
    const size_t place = find_place(complaints, key);
    const bool is_known = place < complaints->told_count && complaints->told[place].key == key;
    if (is_known && now_ms - complaints->told[place].told_ms < REPEAT_MS)
        return false;
    if (!is_within_rate(complaints, now_ms)) {
        complaints->withheld_count++;
        return false;
    }
    if (place == complaints->told_count)
        complaints->told_count++;
    complaints->told[place].key = key;
    complaints->told[place].told_ms = now_ms;
    *withheld_out = complaints->withheld_count;
    complaints->withheld_count = 0;
    return true;
}
