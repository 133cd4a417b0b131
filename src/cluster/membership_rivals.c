#include "cluster/membership_rivals.h"

#include "cluster/membership_hash.h"

#include <stdlib.h>

#define RIVALS_MAX 4

struct mqc__rivals {
    size_t count;
    struct mqc__rival items[RIVALS_MAX];
};

void mqc__rivals_free(struct mqc__rivals **rivals)
{
    free(*rivals);
    *rivals = NULL;
}

struct mqc__rival *mqc__rivals_find(struct mqc__rivals *rivals, struct mqc_view instance)
{
    if (rivals == NULL)
        return NULL;
    const uint64_t hash = mqc__membership_hash(instance, MQC__HASH_START);
    for (size_t i = 0; i < rivals->count; i++)
        if (rivals->items[i].hash == hash)
            return &rivals->items[i];
    return NULL;
}

static struct mqc__rival *make_room(struct mqc__rivals *rivals)
{
    if (rivals->count < RIVALS_MAX)
        return &rivals->items[rivals->count++];
    struct mqc__rival *oldest = &rivals->items[0];
    for (size_t i = 1; i < RIVALS_MAX; i++)
        if (rivals->items[i].last_ms < oldest->last_ms)
            oldest = &rivals->items[i];
    return oldest;
}

struct mqc__rival *mqc__rivals_add(struct mqc__rivals **rivals, struct mqc_view instance,
                                   int64_t now_ms)
{
    struct mqc__rival *rival = mqc__rivals_find(*rivals, instance);
    if (rival != NULL)
        return rival;
    if (*rivals == NULL)
        *rivals = calloc(1, sizeof **rivals);
    if (*rivals == NULL)
        return NULL;
    rival = make_room(*rivals);
    *rival = (struct mqc__rival){.hash = mqc__membership_hash(instance, MQC__HASH_START),
                                 .last_ms = now_ms};
    return rival;
}

bool mqc__rival_renew(struct mqc__rival *rival, const struct mqc__rival_renewal *renewal)
{
    if (renewal->number <= rival->renewal)
        return false;
    rival->renewal = renewal->number;
    if (!renewal->is_fresh)
        return false;
    const bool is_broken = rival->first_ms < renewal->hearing_since_ms ||
                           renewal->now_ms - rival->last_ms > (int64_t)renewal->lease_ms;
    if (!rival->is_in_run || is_broken) {
        rival->is_in_run = true;
        rival->first_ms = renewal->now_ms;
    }
    rival->last_ms = renewal->now_ms;
    return renewal->now_ms - rival->first_ms >= (int64_t)renewal->lease_ms / 6;
}

void mqc__rival_leave(struct mqc__rival *rival, uint64_t renewal, int64_t now_ms)
{
    if (renewal > rival->renewal)
        rival->renewal = renewal;
    rival->is_in_run = false;
    rival->last_ms = now_ms;
}
