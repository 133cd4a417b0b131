#include "base/fail.h"
#include "base/utf8.h"
#include "cluster/membership_priv.h"
#include "cluster/presence_topic.h"

/* MQTT 5 counts in whole seconds, on both sides. */
#define EXPIRY_STEP_MS 1000

bool mqc__membership_concerns(const struct mqc__membership *membership, struct mqc_view topic)
{
    return mqc__presence_topic_is(membership->root, topic);
}

/* Reads topic and payload, and sees that they agree. */
static enum mqc_error read_presence(struct mqc__membership *membership,
                                    const struct mqc__membership_message *message,
                                    struct mqc__presence *presence_out,
                                    enum mqc__node_type *type_out, struct mqc_error_info *info)
{
    mqc__buffer_clear(&membership->name);
    enum mqc_error error = mqc__presence_topic_parse(membership->root, message->topic, type_out,
                                                     &membership->name, info);
    if (error == MQC_OK)
        error = mqc__presence_decode(&membership->decoded, message->payload, presence_out, info);
    if (error != MQC_OK)
        return error;
    if (!mqc_view_equal(presence_out->name, mqc__buffer_view(&membership->name)))
        return mqc__fail(info, MQC_EMALFORMED, "the presence is of a node with another name");
    if (!mqc_view_equal(presence_out->type, mqc_view_text(mqc__node_type_name(*type_out))))
        return mqc__fail(info, MQC_EMALFORMED, "the presence is of a node of another type");
    return MQC_OK;
}

static void complain_of_malformed(struct mqc__membership *membership,
                                  const struct mqc__membership_message *message, int64_t now_ms,
                                  const struct mqc_error_info *info)
{
    char excerpt[MQC__EXCERPT_BYTES];
    const struct mqc_view topic = message->topic;
    const uint64_t key = mqc__membership_hash(topic, MQC__HASH_START);
    if (topic.size <= 300 && !mqc__utf8_has_control(topic))
        mqc__membership_complain(membership, MQC__COMPLAINT_MALFORMED, key, now_ms,
                                 "on the topic \"%.*s\": %s", (int)topic.size, topic.data,
                                 info->text);
    else
        mqc__membership_complain(membership, MQC__COMPLAINT_MALFORMED, key, now_ms,
                                 "on the topic %s: %s", mqc__excerpt(topic, excerpt), info->text);
}

static void set_times(struct mqc__arrival *arrival, const struct mqc__membership_message *message)
{
    const int64_t lease_ms = (int64_t)arrival->presence->lease_ms;
    int64_t left_ms = lease_ms;
    if (message->expiry_ms >= 0 && message->expiry_ms < lease_ms - EXPIRY_STEP_MS)
        left_ms = message->expiry_ms + EXPIRY_STEP_MS;
    arrival->lease_end_ms = arrival->now_ms + left_ms;
    arrival->is_fresh = !message->is_retained && left_ms >= lease_ms - lease_ms / 3;
}

static enum mqc_error dispatch(struct mqc__membership *membership,
                               const struct mqc__arrival *arrival)
{
    const bool is_own = mqc__own_is_name(membership, arrival->presence->name);
    if (is_own && (membership->is_dynamic || arrival->type == membership->type))
        return mqc__own_received(membership, arrival);
    if (is_own && arrival->presence->is_up)
        mqc__peer_unexpected(membership, arrival, "but that is this node, of another type");
    if (is_own || (membership->types & MQC__TYPE_BIT(arrival->type)) == 0)
        return MQC_OK;
    return mqc__peer_received(membership, arrival);
}

static enum mqc_error take(struct mqc__membership *membership,
                           const struct mqc__membership_message *message, int64_t now_ms)
{
    /* What was retained has been deleted. It said nothing new about the others. */
    if (message->payload.size == 0) {
        if (mqc_view_equal(message->topic, membership->topic))
            mqc__own_restore(membership, now_ms);
        return MQC_OK;
    }
    struct mqc__presence presence;
    struct mqc_error_info info;
    struct mqc__arrival arrival = {.presence = &presence, .now_ms = now_ms};
    mqc__arena_reset(&membership->decoded);
    const enum mqc_error error =
        read_presence(membership, message, &presence, &arrival.type, &info);
    if (error == MQC_ENOMEM)
        return error;
    if (error != MQC_OK) {
        complain_of_malformed(membership, message, now_ms, &info);
        /* Who connects now would be given it in place of this node's presence. */
        if (mqc_view_equal(message->topic, membership->topic))
            mqc__own_restore(membership, now_ms);
        return MQC_OK;
    }
    set_times(&arrival, message);
    return dispatch(membership, &arrival);
}

enum mqc_error mqc__membership_received(struct mqc__membership *membership,
                                        const struct mqc__membership_message *message,
                                        int64_t now_ms)
{
    if (membership->is_closed)
        return MQC_OK;
    mqc__lease_observe(membership, now_ms);
    mqc__lease_evidence(membership, now_ms);
    const enum mqc_error error = take(membership, message, now_ms);
    mqc__lease_plan(membership, now_ms);
    return error;
}
