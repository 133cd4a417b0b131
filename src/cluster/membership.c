#include "cluster/membership.h"

#include "base/utf8.h"
#include "cluster/membership_priv.h"
#include "cluster/presence_topic.h"

#include <stdarg.h>
#include <stdio.h>

void mqc__membership_act(const struct mqc__membership *membership,
                         const struct mqc__membership_action *action)
{
    membership->sink.act(membership->sink.context, action);
}

void mqc__membership_complain(struct mqc__membership *membership, enum mqc__complaint complaint,
                              uint64_t key, int64_t now_ms, const char *format, ...)
{
    static const char *const tags[] = {
        [MQC__COMPLAINT_UNEXPECTED] = "unexpected_node",
        [MQC__COMPLAINT_DUPLICATE] = "duplicate_node",
        [MQC__COMPLAINT_MALFORMED] = "malformed_presence",
        [MQC__COMPLAINT_TOO_MANY] = "too_many_nodes",
    };
    uint64_t withheld = 0;
    if (!mqc__complaints_admit(&membership->complaints[complaint], key, now_ms, &withheld))
        return;
    char text[800];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length > (int)sizeof text - 50)
        length = (int)sizeof text - 50;
    if (withheld != 0 && length >= 0)
        (void)snprintf(text + length, sizeof text - (size_t)length,
                       " (%llu more such errors were left out)", (unsigned long long)withheld);
    const struct mqc__membership_action action = {
        .kind = MQC__MEMBERSHIP_ERROR, .tag = tags[complaint], .text = text};
    mqc__membership_act(membership, &action);
}

struct mqc__rival_renewal mqc__membership_renewal(const struct mqc__membership *membership,
                                                  const struct mqc__arrival *arrival)
{
    return (struct mqc__rival_renewal){
        .number = arrival->presence->renewal,
        .lease_ms = arrival->presence->lease_ms,
        .is_fresh = arrival->is_fresh,
        .now_ms = arrival->now_ms,
        .hearing_since_ms = membership->hearing_since_ms,
    };
}

static bool is_listened_to(const struct mqc__membership *membership, enum mqc__node_type type)
{
    return (membership->types & MQC__TYPE_BIT(type)) != 0;
}

void mqc__membership_list_filters(struct mqc__membership *membership)
{
    membership->filter_count = 0;
    for (int type = MQC__NODE_NONE + 1; type <= MQC__NODE_WORKER; type++)
        if (is_listened_to(membership, (enum mqc__node_type)type))
            membership->filters[membership->filter_count++] = membership->type_filters[type];
    if (membership->type != MQC__NODE_NONE && !is_listened_to(membership, membership->type))
        membership->filters[membership->filter_count++] = membership->topic.data;
}

void mqc__membership_listen(struct mqc__membership *membership, enum mqc__node_type type)
{
    if (!mqc__is_node_type(type))
        return;
    membership->types |= MQC__TYPE_BIT(type);
    mqc__membership_list_filters(membership);
}

const char *const *mqc__membership_filters(const struct mqc__membership *membership,
                                           size_t *count_out)
{
    *count_out = membership->filter_count;
    return membership->filters;
}

size_t mqc__membership_count(const struct mqc__membership *membership)
{
    return membership->table.count;
}

void mqc__membership_at(const struct mqc__membership *membership, size_t index,
                        struct mqc__membership_member *member_out)
{
    const struct mqc__member *member = membership->table.items[index];
    *member_out = (struct mqc__membership_member){
        .name = mqc__member_name(member),
        .type = member->type,
        .instance = mqc__member_instance(member),
        .is_up = member->is_up,
        .since_ms = member->since_ms,
        .start_ms = member->start_ms,
        .last_seen_ms = member->heard_ms,
    };
}

size_t mqc__membership_up_count(const struct mqc__membership *membership, enum mqc__node_type type)
{
    return mqc__is_node_type(type) ? membership->table.up_by_type[type] : 0;
}

void mqc__membership_connected(struct mqc__membership *membership, int64_t now_ms)
{
    if (membership->is_closed)
        return;
    membership->is_connected = true;
    membership->evidence_ms = now_ms;
    membership->hearing_since_ms = now_ms;
    if (mqc__own_is_announced(membership))
        mqc__own_announce(membership, now_ms);
    mqc__lease_plan(membership, now_ms);
}

void mqc__membership_disconnected(struct mqc__membership *membership, int64_t now_ms)
{
    membership->is_connected = false;
    mqc__lease_plan(membership, now_ms);
}

void mqc__membership_acknowledged(struct mqc__membership *membership, int64_t now_ms)
{
    mqc__lease_observe(membership, now_ms);
    mqc__lease_evidence(membership, now_ms);
    mqc__lease_plan(membership, now_ms);
}

void mqc__membership_tick(struct mqc__membership *membership, int64_t now_ms)
{
    if (membership->is_closed || !membership->is_connected)
        return;
    mqc__lease_observe(membership, now_ms);
    if (mqc__own_is_announced(membership) && now_ms >= membership->next_announce_ms)
        mqc__own_announce(membership, now_ms);
    mqc__lease_expire(membership, now_ms);
    mqc__lease_plan(membership, now_ms);
}

int64_t mqc__membership_next_tick_ms(const struct mqc__membership *membership)
{
    return membership->next_tick_ms;
}

void mqc__membership_close(struct mqc__membership *membership, struct mqc_view reason,
                           int64_t now_ms)
{
    if (membership->is_connected && mqc__own_is_announced(membership))
        mqc__own_goodbye(membership, reason);
    membership->is_closed = true;
    mqc__lease_plan(membership, now_ms);
}
