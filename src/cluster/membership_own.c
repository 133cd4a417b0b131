#include "base/utf8.h"
#include "cluster/membership_priv.h"

#include <stdio.h>

bool mqc__own_is_announced(const struct mqc__membership *membership)
{
    return membership->type != MQC__NODE_NONE && !membership->has_given_way &&
           !membership->is_closed;
}

/* The room was set aside and the texts were checked at creation. */
static struct mqc__membership_action make_message(struct mqc__membership *membership,
                                                  const struct mqc__presence *presence)
{
    mqc__buffer_clear(&membership->payload);
    (void)mqc__presence_encode(presence, &membership->payload);
    return (struct mqc__membership_action){
        .kind = MQC__MEMBERSHIP_PUBLISH,
        .topic = membership->topic,
        .payload = mqc__buffer_view(&membership->payload),
        .is_retained = true,
        .expiry_s = (membership->own.lease_ms + 999) / 1000,
    };
}

void mqc__own_announce(struct mqc__membership *membership, int64_t now_ms)
{
    membership->own.renewal++;
    membership->announced_ms = now_ms;
    membership->next_announce_ms = now_ms + (int64_t)membership->own.lease_ms / 3;
    const struct mqc__membership_action action = make_message(membership, &membership->own);
    mqc__membership_act(membership, &action);
}

void mqc__own_restore(struct mqc__membership *membership, int64_t now_ms)
{
    if (!membership->is_connected || !mqc__own_is_announced(membership))
        return;
    const int64_t allowed_ms = membership->announced_ms + (int64_t)membership->own.lease_ms / 15;
    if (now_ms >= allowed_ms)
        mqc__own_announce(membership, now_ms);
    else if (allowed_ms < membership->next_announce_ms)
        membership->next_announce_ms = allowed_ms;
}

/* A goodbye to another instance is not retained: what the broker keeps is that one's. */
static void say_goodbye(struct mqc__membership *membership, struct mqc_view reason, bool gives_way)
{
    struct mqc__presence goodbye = membership->own;
    goodbye.is_up = false;
    goodbye.gave_way = gives_way;
    goodbye.renewal = ++membership->own.renewal;
    goodbye.reason = reason;
    if (reason.size > MQC__PRESENCE_REASON_BYTES_MAX)
        goodbye.reason.size = MQC__PRESENCE_REASON_BYTES_MAX;
    struct mqc__membership_action action = make_message(membership, &goodbye);
    action.is_retained = !gives_way;
    mqc__membership_act(membership, &action);
}

void mqc__own_goodbye(struct mqc__membership *membership, struct mqc_view reason)
{
    say_goodbye(membership, reason, false);
}

bool mqc__membership_will(struct mqc__membership *membership,
                          struct mqc__membership_action *will_out)
{
    if (!mqc__own_is_announced(membership))
        return false;
    membership->own.connection++;
    struct mqc__presence will = membership->own;
    will.is_up = false;
    will.reason = mqc_view_text("its connection broke");
    *will_out = make_message(membership, &will);
    return true;
}

/* A total order, the same on both sides. */
static bool started_later(const struct mqc__presence *a, const struct mqc__presence *b)
{
    if (a->start_ms != b->start_ms)
        return a->start_ms > b->start_ms;
    const size_t size = a->instance.size < b->instance.size ? a->instance.size : b->instance.size;
    const int order = memcmp(a->instance.data, b->instance.data, size);
    return order != 0 ? order > 0 : a->instance.size > b->instance.size;
}

static void give_way(struct mqc__membership *membership, const char *theirs, const char *ours)
{
    char text[500];
    (void)snprintf(text, sizeof text,
                   "this instance, %s, gives way to instance %s, which started later and has the "
                   "same name: it announces itself no more",
                   ours, theirs);
    if (membership->is_connected)
        say_goodbye(membership, mqc_view_text("it gave way to another instance"), true);
    membership->has_given_way = true;
    const struct mqc__membership_action action = {
        .kind = MQC__MEMBERSHIP_GIVE_WAY, .tag = "give_way", .text = text};
    mqc__membership_act(membership, &action);
}

/* The names of both instances, printable. */
struct duplicate {
    char name[MQC__EXCERPT_BYTES];
    char theirs[MQC__EXCERPT_BYTES];
    char ours[MQC__EXCERPT_BYTES];
};

/* Tells that this node runs twice, or did. */
static void complain(struct mqc__membership *membership, const struct mqc__arrival *arrival,
                     struct duplicate *names_out)
{
    const struct mqc__presence *other = arrival->presence;
    (void)mqc__excerpt(other->name, names_out->name);
    (void)mqc__excerpt(other->instance, names_out->theirs);
    (void)mqc__excerpt(membership->own.instance, names_out->ours);
    mqc__membership_complain(
        membership, MQC__COMPLAINT_DUPLICATE,
        mqc__membership_hash(other->instance, mqc__membership_hash(other->name, MQC__HASH_START)),
        arrival->now_ms,
        "this node, %s, runs twice: as instance %s, which is this one, and as %s%s; each node of a "
        "cluster needs a name of its own",
        names_out->name, names_out->ours, names_out->theirs,
        other->gave_way ? ", which has given way" : "");
}

static void meet_duplicate(struct mqc__membership *membership, const struct mqc__arrival *arrival)
{
    struct duplicate names;
    complain(membership, arrival, &names);
    if (started_later(arrival->presence, &membership->own))
        give_way(membership, names.theirs, names.ours);
}

static void lose_duplicate(struct mqc__membership *membership, struct mqc__rival *rival,
                           const struct mqc__arrival *arrival)
{
    struct duplicate names;
    if (arrival->presence->gave_way && arrival->is_fresh)
        complain(membership, arrival, &names);
    mqc__rival_leave(rival, arrival->presence->renewal, arrival->now_ms);
}

enum mqc_error mqc__own_received(struct mqc__membership *membership,
                                 const struct mqc__arrival *arrival)
{
    const struct mqc__presence *presence = arrival->presence;
    if (!mqc__own_is_announced(membership))
        return MQC_OK;
    if (mqc_view_equal(presence->instance, membership->own.instance)) {
        /* A will of an earlier connection, most likely. */
        if (!presence->is_up)
            mqc__own_restore(membership, arrival->now_ms);
        return MQC_OK;
    }
    struct mqc__rival *rival =
        mqc__rivals_add(&membership->rivals, presence->instance, arrival->now_ms);
    if (rival == NULL)
        return MQC_ENOMEM;
    const struct mqc__rival_renewal renewal = mqc__membership_renewal(membership, arrival);
    if (!presence->is_up)
        lose_duplicate(membership, rival, arrival);
    else if (mqc__rival_renew(rival, &renewal))
        meet_duplicate(membership, arrival);
    mqc__own_restore(membership, arrival->now_ms);
    return MQC_OK;
}
