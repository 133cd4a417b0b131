#include "cluster/membership_priv.h"

void mqc__lease_observe(struct mqc__membership *membership, int64_t now_ms)
{
    const int64_t late_ms = now_ms - membership->next_tick_ms;
    if (late_ms > (int64_t)membership->shortest_lease_ms / 3)
        membership->hearing_since_ms = now_ms;
}

/* An announcement, and with it an acknowledgement, is due after each third of the lease. */
static int64_t trusted_until_ms(const struct mqc__membership *membership)
{
    if (!mqc__own_is_announced(membership))
        return INT64_MAX;
    return membership->evidence_ms + (int64_t)membership->own.lease_ms / 2;
}

void mqc__lease_evidence(struct mqc__membership *membership, int64_t now_ms)
{
    /* What was sent meanwhile may be right behind. */
    if (now_ms > trusted_until_ms(membership))
        membership->hearing_since_ms = now_ms;
    membership->evidence_ms = now_ms;
}

/* A node that was last heard of before the gap has had no chance since: it gets one. Only when its
 * lease runs out, so that a gap costs nothing by itself. */
static bool has_grace(const struct mqc__membership *membership, struct mqc__member *member,
                      int64_t now_ms)
{
    const int64_t end_ms = membership->hearing_since_ms + (int64_t)member->lease_ms;
    if (member->heard_ms >= membership->hearing_since_ms || end_ms <= now_ms ||
        member->grace_count == MQC__MEMBERSHIP_GRACES_MAX)
        return false;
    member->grace_count++;
    member->deadline_ms = end_ms;
    return true;
}

void mqc__lease_expire(struct mqc__membership *membership, int64_t now_ms)
{
    if (now_ms > trusted_until_ms(membership))
        return;
    for (;;) {
        struct mqc__member *first = mqc__member_first(&membership->table);
        if (first == NULL || first->deadline_ms > now_ms)
            return;
        if (has_grace(membership, first, now_ms))
            mqc__member_set_up(&membership->table, first, first->deadline_ms);
        else
            mqc__peer_down(membership, first, now_ms, "its lease ran out");
    }
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void mqc__lease_plan(struct mqc__membership *membership, int64_t now_ms)
{
    membership->next_tick_ms = INT64_MAX;
    if (membership->is_closed || !membership->is_connected)
        return;
    /* Often enough to notice a gap. */
    int64_t next_ms = now_ms + (int64_t)membership->shortest_lease_ms / 3;
    if (mqc__own_is_announced(membership))
        next_ms = earlier(next_ms, membership->next_announce_ms);
    const struct mqc__member *first = mqc__member_first(&membership->table);
    const int64_t trusted_ms = trusted_until_ms(membership);
    if (first != NULL && now_ms <= trusted_ms && first->deadline_ms <= trusted_ms)
        next_ms = earlier(next_ms, first->deadline_ms);
    /* What is overdue already does not make the next tick a late one. */
    membership->next_tick_ms = next_ms > now_ms ? next_ms : now_ms;
}
