#include "codec/protobuf.h"

#include "mqcluster/v1/event.pb-c.h"

#include <limits.h>
#include <stdalign.h>

/* Room for about 60 values: the events of a sensor do without the heap. */
#define SCRATCH_BYTES 4096

/* The message structures of one event: on the stack while they fit, else in an arena. */
struct encoder {
    struct mqc__arena arena;
    size_t used;
    bool has_failed;
    alignas(max_align_t) char scratch[SCRATCH_BYTES];
};

static void *take(struct encoder *encoder, size_t count, size_t size)
{
    const size_t step = alignof(max_align_t);
    const size_t room = SCRATCH_BYTES - encoder->used;
    if (count <= room / size) {
        const size_t taken = (count * size + step - 1) / step * step;
        void *memory = encoder->scratch + encoder->used;
        encoder->used += taken < room ? taken : room;
        return memory;
    }
    void *memory = mqc__arena_array(&encoder->arena, count, size);
    if (memory == NULL)
        encoder->has_failed = true;
    return memory;
}

static ProtobufCBinaryData bytes_of(struct mqc_view view)
{
    return (ProtobufCBinaryData){.len = view.size, .data = (uint8_t *)view.data};
}

static bool is_ipv4(const struct mqc_address *address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(address->bytes, mapped, sizeof mapped) == 0;
}

static void build_address(const struct mqc_address *address, Mqcluster__V1__Value *out)
{
    const uint8_t *bytes = address->bytes;
    if (!is_ipv4(address)) {
        out->kind_case = MQCLUSTER__V1__VALUE__KIND_IPV6;
        out->ipv6 = bytes_of(mqc_view_bytes(bytes, sizeof address->bytes));
        return;
    }
    out->kind_case = MQCLUSTER__V1__VALUE__KIND_IPV4;
    out->ipv4 = (uint32_t)bytes[12] << 24 | (uint32_t)bytes[13] << 16 | (uint32_t)bytes[14] << 8 |
                (uint32_t)bytes[15];
}

static void build_subnet(struct encoder *encoder, const struct mqc_subnet *subnet,
                         Mqcluster__V1__Value *out)
{
    const size_t skipped = is_ipv4(&subnet->network) ? 12 : 0;
    const size_t address_bytes = sizeof subnet->network.bytes - skipped;
    uint8_t *bytes = take(encoder, address_bytes + 1, 1);
    if (bytes == NULL)
        return;
    memcpy(bytes, subnet->network.bytes + skipped, address_bytes);
    bytes[address_bytes] = (uint8_t)(subnet->length - 8 * skipped);
    out->kind_case = MQCLUSTER__V1__VALUE__KIND_SUBNET;
    out->subnet = bytes_of(mqc_view_bytes(bytes, address_bytes + 1));
}

static void build_value(struct encoder *encoder, const struct mqc_value *in,
                        Mqcluster__V1__Value *out);

/* `count` empty messages of `size` bytes each, and the pointers to them that protobuf-c wants. */
static Mqcluster__V1__Value **take_values(struct encoder *encoder, size_t count)
{
    Mqcluster__V1__Value *values = take(encoder, count, sizeof *values);
    Mqcluster__V1__Value **pointers = take(encoder, count, sizeof(void *));
    if (values == NULL || pointers == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        mqcluster__v1__value__init(&values[i]);
        pointers[i] = &values[i];
    }
    return pointers;
}

static Mqcluster__V1__List *build_list(struct encoder *encoder, struct mqc_list list)
{
    Mqcluster__V1__List *out = take(encoder, 1, sizeof *out);
    if (out == NULL)
        return NULL;
    mqcluster__v1__list__init(out);
    if (list.count == 0)
        return out;
    out->items = take_values(encoder, list.count);
    if (out->items == NULL)
        return NULL;
    out->n_items = list.count;
    for (size_t i = 0; i < list.count; i++)
        build_value(encoder, &list.items[i], out->items[i]);
    return out;
}

static Mqcluster__V1__List *build_entries(struct encoder *encoder, struct mqc_entries entries)
{
    Mqcluster__V1__List *out = take(encoder, 1, sizeof *out);
    if (out == NULL)
        return NULL;
    mqcluster__v1__list__init(out);
    if (entries.count == 0)
        return out;
    out->items = take_values(encoder, 2 * entries.count);
    if (out->items == NULL)
        return NULL;
    out->n_items = 2 * entries.count;
    for (size_t i = 0; i < entries.count; i++) {
        build_value(encoder, &entries.items[i].key, out->items[2 * i]);
        build_value(encoder, &entries.items[i].value, out->items[2 * i + 1]);
    }
    return out;
}

#define SET_KIND(out, kind, field, value)                                                          \
    ((out)->kind_case = MQCLUSTER__V1__VALUE__KIND_##kind, (out)->field = (value))

static void build_value(struct encoder *encoder, const struct mqc_value *in,
                        Mqcluster__V1__Value *out)
{
    switch (in->type) {
    case MQC_TYPE_NONE: return;
    case MQC_TYPE_BOOLEAN: SET_KIND(out, BOOLEAN, boolean, in->as.boolean); return;
    case MQC_TYPE_COUNT: SET_KIND(out, COUNT, count, in->as.count); return;
    case MQC_TYPE_INTEGER: SET_KIND(out, INTEGER, integer, in->as.integer); return;
    case MQC_TYPE_REAL: SET_KIND(out, REAL, real, in->as.real); return;
    case MQC_TYPE_STRING: SET_KIND(out, STRING, string, bytes_of(in->as.text)); return;
    case MQC_TYPE_ADDRESS: build_address(&in->as.address, out); return;
    case MQC_TYPE_SUBNET: build_subnet(encoder, &in->as.subnet, out); return;
    case MQC_TYPE_PORT:
        SET_KIND(out, PORT, port, (uint32_t)in->as.port.number << 2 | in->as.port.protocol);
        return;
    case MQC_TYPE_TIMESTAMP: SET_KIND(out, TIMESTAMP, timestamp, in->as.ns); return;
    case MQC_TYPE_TIMESPAN: SET_KIND(out, TIMESPAN, timespan, in->as.ns); return;
    case MQC_TYPE_ENUM: SET_KIND(out, ENUMERATION, enumeration, bytes_of(in->as.text)); return;
    case MQC_TYPE_SET: SET_KIND(out, SET, set, build_list(encoder, in->as.list)); return;
    case MQC_TYPE_TABLE:
        SET_KIND(out, TABLE, table, build_entries(encoder, in->as.entries));
        return;
    case MQC_TYPE_VECTOR: SET_KIND(out, VECTOR, vector, build_list(encoder, in->as.list)); return;
    }
}

static void build_metadata(struct encoder *encoder, const struct mqc_event *in,
                           Mqcluster__V1__Event *out)
{
    const size_t count = in->metadata_count;
    Mqcluster__V1__Metadata *metadata = take(encoder, count, sizeof *metadata);
    Mqcluster__V1__Value **values = take_values(encoder, count);
    Mqcluster__V1__Metadata **pointers = take(encoder, count, sizeof(void *));
    if (metadata == NULL || values == NULL || pointers == NULL)
        return;
    for (size_t i = 0; i < count; i++) {
        mqcluster__v1__metadata__init(&metadata[i]);
        build_value(encoder, &in->metadata[i].value, values[i]);
        metadata[i].id = in->metadata[i].id;
        metadata[i].value = values[i];
        pointers[i] = &metadata[i];
    }
    out->metadata = pointers;
    out->n_metadata = count;
}

static void build_event(struct encoder *encoder, const struct mqc_event *in,
                        Mqcluster__V1__Event *out)
{
    mqcluster__v1__event__init(out);
    out->name = bytes_of(in->name);
    if (in->metadata_count != 0)
        build_metadata(encoder, in, out);
    if (in->arg_count == 0)
        return;
    out->args = take_values(encoder, in->arg_count);
    if (out->args == NULL)
        return;
    out->n_args = in->arg_count;
    for (size_t i = 0; i < in->arg_count; i++)
        build_value(encoder, &in->args[i], out->args[i]);
}

/* Appends what of an Envelope is set; on failure the buffer is as it was. */
static enum mqc_error pack(const Mqcluster__V1__Envelope *envelope, struct mqc__buffer *buffer)
{
    const size_t size = mqcluster__v1__envelope__get_packed_size(envelope);
    if (size == 0)
        return MQC_OK;
    /* Lengths inside a message are 32-bit, and readers stop at 2 GiB. */
    if (size > INT_MAX || size > buffer->limit_bytes - buffer->size)
        return MQC_ETOOLARGE;
    const bool had_failed = mqc__buffer_failed(buffer);
    uint8_t *bytes = mqc__buffer_extend(buffer, size);
    if (bytes == NULL) {
        buffer->has_failed = had_failed;
        return MQC_ENOMEM;
    }
    (void)mqcluster__v1__envelope__pack(envelope, bytes);
    return MQC_OK;
}

enum mqc_error mqc__protobuf_event(const struct mqc_event *event, struct mqc__buffer *buffer)
{
    struct encoder encoder;
    mqc__arena_init(&encoder.arena, SIZE_MAX);
    encoder.used = 0;
    encoder.has_failed = false;
    Mqcluster__V1__Event out;
    build_event(&encoder, event, &out);
    Mqcluster__V1__Event *events[] = {&out};
    Mqcluster__V1__Envelope envelope = MQCLUSTER__V1__ENVELOPE__INIT;
    envelope.n_events = 1;
    envelope.events = events;
    const enum mqc_error error = encoder.has_failed ? MQC_ENOMEM : pack(&envelope, buffer);
    mqc__arena_fini(&encoder.arena);
    return error;
}

enum mqc_error mqc__protobuf_header(const struct mqc__sender *sender, uint64_t first_sequence,
                                    bool starts_count, struct mqc__buffer *buffer)
{
    Mqcluster__V1__Envelope envelope = MQCLUSTER__V1__ENVELOPE__INIT;
    envelope.instance = bytes_of(sender->instance);
    envelope.node = bytes_of(sender->node);
    envelope.first_sequence = first_sequence;
    envelope.starts_count = starts_count;
    return pack(&envelope, buffer);
}
