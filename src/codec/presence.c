#include "codec/presence.h"

#include "base/fail.h"
#include "codec/protobuf_unpack.h"
#include "mqcluster/v1/presence.pb-c.h"

static enum mqc_error check_texts(const struct mqc__presence *presence, struct mqc_error_info *info)
{
    const struct {
        const char *what;
        struct mqc_view text;
        size_t bytes_max;
        bool is_optional;
    } texts[] = {
        {"a type", presence->type, MQC__PRESENCE_TYPE_BYTES_MAX, false},
        {"a name", presence->name, MQC__PRESENCE_NAME_BYTES_MAX, false},
        {"an instance id", presence->instance, MQC__PRESENCE_INSTANCE_BYTES_MAX, false},
        {"a reason", presence->reason, MQC__PRESENCE_REASON_BYTES_MAX, true},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i].text.size == 0 && !texts[i].is_optional)
            return mqc__fail(info, MQC_EMALFORMED, "a presence without %s", texts[i].what);
        if (texts[i].text.size > texts[i].bytes_max)
            return mqc__fail(info, MQC_EMALFORMED,
                             "a presence with %s of %zu bytes, the limit is %zu", texts[i].what,
                             texts[i].text.size, texts[i].bytes_max);
    }
    return MQC_OK;
}

static enum mqc_error check(const struct mqc__presence *presence, struct mqc_error_info *info)
{
    const enum mqc_error error = check_texts(presence, info);
    if (error != MQC_OK || !presence->is_up)
        return error;
    if (presence->renewal == 0)
        return mqc__fail(info, MQC_EMALFORMED, "a presence without the number of its renewal");
    if (presence->lease_ms < MQC__PRESENCE_LEASE_MIN_MS ||
        presence->lease_ms > MQC__PRESENCE_LEASE_MAX_MS)
        return mqc__fail(info, MQC_EMALFORMED,
                         "a presence with a lease of %lu ms, %d to %d are possible",
                         (unsigned long)presence->lease_ms, MQC__PRESENCE_LEASE_MIN_MS,
                         MQC__PRESENCE_LEASE_MAX_MS);
    return MQC_OK;
}

static ProtobufCBinaryData bytes_of(struct mqc_view view)
{
    return (ProtobufCBinaryData){.len = view.size, .data = (uint8_t *)view.data};
}

enum mqc_error mqc__presence_encode(const struct mqc__presence *presence,
                                    struct mqc__buffer *buffer)
{
    if (check(presence, NULL) != MQC_OK)
        return MQC_EINVAL;
    Mqcluster__V1__Presence message = MQCLUSTER__V1__PRESENCE__INIT;
    message.status = presence->is_up ? MQCLUSTER__V1__PRESENCE__STATUS__UP
                                     : MQCLUSTER__V1__PRESENCE__STATUS__DOWN;
    message.type = bytes_of(presence->type);
    message.name = bytes_of(presence->name);
    message.instance = bytes_of(presence->instance);
    message.connection = presence->connection;
    message.renewal = presence->renewal;
    message.lease_ms = presence->lease_ms;
    message.start_ms = presence->start_ms;
    message.reason = bytes_of(presence->reason);
    message.gave_way = presence->gave_way && !presence->is_up;
    const size_t size = mqcluster__v1__presence__get_packed_size(&message);
    if (size > buffer->limit_bytes - buffer->size)
        return MQC_ETOOLARGE;
    const bool had_failed = mqc__buffer_failed(buffer);
    uint8_t *bytes = mqc__buffer_extend(buffer, size);
    if (bytes == NULL) {
        buffer->has_failed = had_failed;
        return MQC_ENOMEM;
    }
    (void)mqcluster__v1__presence__pack(&message, bytes);
    return MQC_OK;
}

static struct mqc_view view_of(ProtobufCBinaryData bytes)
{
    return mqc_view_bytes(bytes.data, bytes.len);
}

enum mqc_error mqc__presence_decode(struct mqc__arena *arena, struct mqc_view payload,
                                    struct mqc__presence *presence_out, struct mqc_error_info *info)
{
    *presence_out = (struct mqc__presence){.is_up = false};
    if (payload.size > MQC__PRESENCE_BYTES_MAX)
        return mqc__fail(info, MQC_ETOOLARGE, "a presence of %zu bytes, the limit is %d",
                         payload.size, MQC__PRESENCE_BYTES_MAX);
    enum mqc_error error = MQC_OK;
    const Mqcluster__V1__Presence *in =
        mqc__protobuf_unpack(arena, &mqcluster__v1__presence__descriptor, payload, &error, info);
    if (in == NULL)
        return error;
    if (in->status != MQCLUSTER__V1__PRESENCE__STATUS__UP &&
        in->status != MQCLUSTER__V1__PRESENCE__STATUS__DOWN)
        return mqc__fail(info, MQC_EMALFORMED, "a presence that says neither up nor down");
    const struct mqc__presence out = {
        .is_up = in->status == MQCLUSTER__V1__PRESENCE__STATUS__UP,
        .type = view_of(in->type),
        .name = view_of(in->name),
        .instance = view_of(in->instance),
        .connection = in->connection,
        .renewal = in->renewal,
        .lease_ms = in->lease_ms,
        .start_ms = in->start_ms,
        .reason = view_of(in->reason),
        .gave_way = in->gave_way != 0 && in->status == MQCLUSTER__V1__PRESENCE__STATUS__DOWN,
    };
    error = check(&out, info);
    if (error == MQC_OK)
        *presence_out = out;
    return error;
}
