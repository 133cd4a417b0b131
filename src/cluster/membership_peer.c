#include "base/utf8.h"
#include "cluster/membership_priv.h"

#include <stdio.h>
#include <stdlib.h>

static void tell(const struct mqc__membership *membership, const struct mqc__member *member,
                 enum mqc__membership_action_kind kind, const char *text)
{
    const struct mqc__membership_action action = {
        .kind = kind,
        .type = member->type,
        .name = mqc__member_name(member),
        .instance = mqc__member_instance(member),
        .text = text,
    };
    mqc__membership_act(membership, &action);
}

void mqc__peer_down(struct mqc__membership *membership, struct mqc__member *member, int64_t now_ms,
                    const char *why)
{
    mqc__member_set_down(&membership->table, member);
    member->since_ms = now_ms;
    tell(membership, member, MQC__MEMBERSHIP_NODE_DOWN, why);
}

/* A renewal of the present instance that is newer than any before. */
static void renew(struct mqc__membership *membership, struct mqc__member *member,
                  const struct mqc__arrival *arrival)
{
    const struct mqc__presence *presence = arrival->presence;
    const bool was_up = member->is_up;
    const int64_t before_ms = was_up ? member->deadline_ms : 0;
    member->renewal = presence->renewal;
    if (presence->connection > member->connection)
        member->connection = presence->connection;
    member->lease_ms = presence->lease_ms;
    member->heard_ms = arrival->now_ms;
    member->grace_count = 0;
    if (presence->lease_ms < membership->shortest_lease_ms)
        membership->shortest_lease_ms = presence->lease_ms;
    /* What was on its way for long does not shorten a lease that a gap has made longer. */
    mqc__member_set_up(&membership->table, member,
                       before_ms > arrival->lease_end_ms ? before_ms : arrival->lease_end_ms);
    if (was_up)
        return;
    member->since_ms = arrival->now_ms;
    tell(membership, member, MQC__MEMBERSHIP_HELLO, NULL);
    tell(membership, member, MQC__MEMBERSHIP_NODE_UP, NULL);
}

/* The present instance becomes a rival. */
static bool remember_instance(struct mqc__member *member, int64_t now_ms)
{
    if (member->instance == NULL)
        return true;
    struct mqc__rival *rival =
        mqc__rivals_add(&member->rivals, mqc__member_instance(member), now_ms);
    if (rival == NULL)
        return false;
    mqc__rival_leave(rival, member->renewal, now_ms);
    return true;
}

/* Makes the arrived instance the present one. */
static enum mqc_error adopt(struct mqc__membership *membership, struct mqc__member *member,
                            const struct mqc__arrival *arrival)
{
    const struct mqc__presence *presence = arrival->presence;
    char *instance = malloc(presence->instance.size);
    if (instance == NULL || !remember_instance(member, arrival->now_ms)) {
        free(instance);
        return MQC_ENOMEM;
    }
    if (member->is_up) {
        char excerpt[MQC__EXCERPT_BYTES];
        char text[MQC__EXCERPT_BYTES + 40];
        (void)snprintf(text, sizeof text, "instance %s took its place",
                       mqc__excerpt(presence->instance, excerpt));
        mqc__peer_down(membership, member, arrival->now_ms, text);
    }
    memcpy(instance, presence->instance.data, presence->instance.size);
    free(member->instance);
    member->instance = instance;
    member->instance_size = presence->instance.size;
    member->type = arrival->type;
    member->start_ms = presence->start_ms;
    member->connection = 0;
    renew(membership, member, arrival);
    return MQC_OK;
}

static void complain_of_duplicate(struct mqc__membership *membership,
                                  const struct mqc__member *member,
                                  const struct mqc__arrival *arrival)
{
    const struct mqc__presence *other = arrival->presence;
    char name[MQC__EXCERPT_BYTES];
    char present[MQC__EXCERPT_BYTES];
    char excerpt[MQC__EXCERPT_BYTES];
    uint64_t key = mqc__membership_hash(other->name, MQC__HASH_START);
    key = mqc__membership_hash(mqc__member_instance(member), key);
    key = mqc__membership_hash(other->instance, key);
    mqc__membership_complain(
        membership, MQC__COMPLAINT_DUPLICATE, key, arrival->now_ms,
        "node %s runs twice: as instance %s and as %s; each node of a cluster needs a name of its "
        "own",
        mqc__excerpt(other->name, name), mqc__excerpt(mqc__member_instance(member), present),
        mqc__excerpt(other->instance, excerpt));
}

/* An instance that may be older than the present one. */
static enum mqc_error challenge(struct mqc__membership *membership, struct mqc__member *member,
                                const struct mqc__arrival *arrival)
{
    struct mqc__rival *rival =
        mqc__rivals_add(&member->rivals, arrival->presence->instance, arrival->now_ms);
    if (rival == NULL)
        return MQC_ENOMEM;
    const struct mqc__rival_renewal renewal = mqc__membership_renewal(membership, arrival);
    if (!mqc__rival_renew(rival, &renewal))
        return MQC_OK;
    if (!member->is_up)
        return adopt(membership, member, arrival);
    if (member->heard_ms > rival->first_ms)
        complain_of_duplicate(membership, member, arrival);
    return MQC_OK;
}

static bool is_newer(const struct mqc__member *member, const struct mqc__arrival *arrival)
{
    const struct mqc__presence *presence = arrival->presence;
    if (member->instance == NULL)
        return true;
    if (mqc__rivals_find(member->rivals, presence->instance) != NULL)
        return false;
    /* Its clock may have been set back; only what was sent just now is believed then. */
    return presence->start_ms >= member->start_ms || (!member->is_up && arrival->is_fresh);
}

static enum mqc_error received_up(struct mqc__membership *membership, struct mqc__member *member,
                                  const struct mqc__arrival *arrival)
{
    const struct mqc__presence *presence = arrival->presence;
    if (mqc_view_equal(presence->instance, mqc__member_instance(member))) {
        if (presence->renewal > member->renewal && arrival->type == member->type)
            renew(membership, member, arrival);
        return MQC_OK;
    }
    return is_newer(member, arrival) ? adopt(membership, member, arrival)
                                     : challenge(membership, member, arrival);
}

static void received_down(struct mqc__membership *membership, struct mqc__member *member,
                          const struct mqc__arrival *arrival)
{
    const struct mqc__presence *presence = arrival->presence;
    if (!mqc_view_equal(presence->instance, mqc__member_instance(member))) {
        struct mqc__rival *rival = mqc__rivals_find(member->rivals, presence->instance);
        if (rival != NULL)
            mqc__rival_leave(rival, presence->renewal, arrival->now_ms);
        return;
    }
    /* The will of a connection that the instance has left behind. */
    if (presence->connection < member->connection)
        return;
    member->connection = presence->connection;
    if (presence->renewal > member->renewal)
        member->renewal = presence->renewal;
    char reason[MQC__EXCERPT_BYTES];
    if (member->is_up)
        mqc__peer_down(membership, member, arrival->now_ms, mqc__excerpt(presence->reason, reason));
}

/* The first presence of a node in a dynamic layout. */
static enum mqc_error welcome(struct mqc__membership *membership,
                              const struct mqc__arrival *arrival)
{
    struct mqc__member_table *table = &membership->table;
    if (table->count >= membership->nodes_max) {
        struct mqc__member *gone = mqc__member_longest_down(table);
        if (gone == NULL) {
            char name[MQC__EXCERPT_BYTES];
            mqc__membership_complain(membership, MQC__COMPLAINT_TOO_MANY, 0, arrival->now_ms,
                                     "node %s is not let in: %zu other nodes are up, which is the "
                                     "limit",
                                     mqc__excerpt(arrival->presence->name, name), table->up_count);
            return MQC_OK;
        }
        mqc__member_remove(table, gone);
    }
    struct mqc__member *member = mqc__member_add(table, arrival->presence->name, arrival->type);
    if (member == NULL)
        return MQC_ENOMEM;
    const enum mqc_error error = adopt(membership, member, arrival);
    if (error != MQC_OK)
        mqc__member_remove(table, member);
    return error;
}

void mqc__peer_unexpected(struct mqc__membership *membership, const struct mqc__arrival *arrival,
                          const char *problem)
{
    char name[MQC__EXCERPT_BYTES];
    const char *type = mqc__node_type_name(arrival->type);
    const uint64_t key = mqc__membership_hash(
        mqc_view_text(type), mqc__membership_hash(arrival->presence->name, MQC__HASH_START));
    mqc__membership_complain(membership, MQC__COMPLAINT_UNEXPECTED, key, arrival->now_ms,
                             "node %s announces itself as %s, %s",
                             mqc__excerpt(arrival->presence->name, name), type, problem);
}

enum mqc_error mqc__peer_received(struct mqc__membership *membership,
                                  const struct mqc__arrival *arrival)
{
    const bool is_up = arrival->presence->is_up;
    struct mqc__member *member = mqc__member_find(&membership->table, arrival->presence->name);
    if (member == NULL && membership->is_dynamic)
        return is_up ? welcome(membership, arrival) : MQC_OK;
    if (member == NULL || (!membership->is_dynamic && member->type != arrival->type)) {
        if (is_up)
            mqc__peer_unexpected(membership, arrival,
                                 member == NULL ? "but the layout has no node of that name"
                                                : "but the layout has it with another type");
        return MQC_OK;
    }
    if (is_up)
        return received_up(membership, member, arrival);
    received_down(membership, member, arrival);
    return MQC_OK;
}
