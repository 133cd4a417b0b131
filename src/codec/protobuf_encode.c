#include "codec/protobuf.h"

#include "codec/protobuf_schema.h"
#include "codec/protobuf_write.h"

/*
 * Two passes over an event: one for its size, so that it is written once, into memory that is just
 * large enough; one that writes it from its end, so that no length has to be found a second time.
 */

/* Addresses and subnets, by the number of their address bytes on the wire. */
#define IPV4_BYTES ((size_t)4)

static bool is_ipv4(const struct mqc_address *address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(address->bytes, mapped, sizeof mapped) == 0;
}

static uint64_t zigzag(int64_t number)
{
    return (uint64_t)number << 1 ^ (number < 0 ? UINT64_MAX : 0);
}

static uint32_t port_number(struct mqc_port port)
{
    return (uint32_t)port.number << 2 | port.protocol;
}

static size_t value_size(const struct mqc_value *value);

static size_t list_size(struct mqc_list list)
{
    size_t size = 0;
    for (size_t i = 0; i < list.count; i++)
        size += mqc__wire_bytes_size(value_size(&list.items[i]));
    return size;
}

static size_t entries_size(struct mqc_entries entries)
{
    size_t size = 0;
    for (size_t i = 0; i < entries.count; i++)
        size += mqc__wire_bytes_size(value_size(&entries.items[i].key)) +
                mqc__wire_bytes_size(value_size(&entries.items[i].value));
    return size;
}

/* The size of a Value's content. */
static size_t value_size(const struct mqc_value *value)
{
    switch (value->type) {
    case MQC_TYPE_NONE: return 0;
    case MQC_TYPE_BOOLEAN: return 2;
    case MQC_TYPE_COUNT: return 1 + mqc__wire_varint_size(value->as.count);
    case MQC_TYPE_INTEGER: return 1 + mqc__wire_varint_size(zigzag(value->as.integer));
    case MQC_TYPE_TIMESPAN: return 1 + mqc__wire_varint_size(zigzag(value->as.ns));
    case MQC_TYPE_REAL:
    case MQC_TYPE_TIMESTAMP: return 1 + sizeof(uint64_t);
    case MQC_TYPE_STRING:
    case MQC_TYPE_ENUM: return mqc__wire_bytes_size(value->as.text.size);
    case MQC_TYPE_ADDRESS:
        return is_ipv4(&value->as.address) ? 1 + IPV4_BYTES : 2 + sizeof value->as.address.bytes;
    case MQC_TYPE_SUBNET:
        return 3 + (is_ipv4(&value->as.subnet.network) ? IPV4_BYTES
                                                       : sizeof value->as.subnet.network.bytes);
    case MQC_TYPE_PORT: return 1 + mqc__wire_varint_size(port_number(value->as.port));
    case MQC_TYPE_SET:
    case MQC_TYPE_VECTOR: return mqc__wire_bytes_size(list_size(value->as.list));
    case MQC_TYPE_TABLE: return mqc__wire_bytes_size(entries_size(value->as.entries));
    }
    return 0;
}

static void put_address(struct mqc__wire_writer *writer, const struct mqc_address *address)
{
    const uint8_t *bytes = address->bytes;
    if (is_ipv4(address)) {
        /* A number in little-endian order. */
        const uint8_t reversed[IPV4_BYTES] = {bytes[15], bytes[14], bytes[13], bytes[12]};
        mqc__wire_put(writer, reversed, sizeof reversed);
        mqc__wire_put_byte(writer, MQC__TAG_VALUE(IPV4, FIXED32));
        return;
    }
    mqc__wire_put(writer, bytes, sizeof address->bytes);
    mqc__wire_put_byte(writer, sizeof address->bytes);
    mqc__wire_put_byte(writer, MQC__TAG_VALUE(IPV6, BYTES));
}

static void put_subnet(struct mqc__wire_writer *writer, const struct mqc_subnet *subnet)
{
    const size_t whole = sizeof subnet->network.bytes;
    const size_t skipped = is_ipv4(&subnet->network) ? whole - IPV4_BYTES : 0;
    mqc__wire_put_byte(writer, (uint8_t)(subnet->length - 8 * skipped));
    mqc__wire_put(writer, subnet->network.bytes + skipped, whole - skipped);
    mqc__wire_put_byte(writer, (uint8_t)(whole - skipped + 1));
    mqc__wire_put_byte(writer, MQC__TAG_VALUE(SUBNET, BYTES));
}

static void put_bytes(struct mqc__wire_writer *writer, struct mqc_view bytes, uint8_t tag)
{
    mqc__wire_put(writer, bytes.data, bytes.size);
    mqc__wire_put_varint(writer, bytes.size);
    mqc__wire_put_byte(writer, tag);
}

static void put_varint(struct mqc__wire_writer *writer, uint64_t number, uint8_t tag)
{
    mqc__wire_put_varint(writer, number);
    mqc__wire_put_byte(writer, tag);
}

static void put_fixed64(struct mqc__wire_writer *writer, uint64_t number, uint8_t tag)
{
    mqc__wire_put_fixed(writer, number, sizeof number);
    mqc__wire_put_byte(writer, tag);
}

static void put_real(struct mqc__wire_writer *writer, double real)
{
    uint64_t bits = 0;
    memcpy(&bits, &real, sizeof bits);
    put_fixed64(writer, bits, MQC__TAG_VALUE(REAL, FIXED64));
}

static void put_value(struct mqc__wire_writer *writer, const struct mqc_value *value, uint8_t tag);

static void put_list(struct mqc__wire_writer *writer, struct mqc_list list, uint8_t tag)
{
    const uint8_t *end = writer->at;
    for (size_t i = list.count; i-- != 0;)
        put_value(writer, &list.items[i], MQC__TAG_LIST_ITEMS);
    mqc__wire_enclose(writer, end, tag);
}

static void put_entries(struct mqc__wire_writer *writer, struct mqc_entries entries, uint8_t tag)
{
    const uint8_t *end = writer->at;
    for (size_t i = entries.count; i-- != 0;) {
        put_value(writer, &entries.items[i].value, MQC__TAG_LIST_ITEMS);
        put_value(writer, &entries.items[i].key, MQC__TAG_LIST_ITEMS);
    }
    mqc__wire_enclose(writer, end, tag);
}

static void put_kind(struct mqc__wire_writer *writer, const struct mqc_value *value)
{
    switch (value->type) {
    case MQC_TYPE_NONE: return;
    case MQC_TYPE_BOOLEAN:
        put_varint(writer, value->as.boolean ? 1 : 0, MQC__TAG_VALUE(BOOLEAN, VARINT));
        return;
    case MQC_TYPE_COUNT: put_varint(writer, value->as.count, MQC__TAG_VALUE(COUNT, VARINT)); return;
    case MQC_TYPE_INTEGER:
        put_varint(writer, zigzag(value->as.integer), MQC__TAG_VALUE(INTEGER, VARINT));
        return;
    case MQC_TYPE_REAL: put_real(writer, value->as.real); return;
    case MQC_TYPE_STRING: put_bytes(writer, value->as.text, MQC__TAG_VALUE(STRING, BYTES)); return;
    case MQC_TYPE_ADDRESS: put_address(writer, &value->as.address); return;
    case MQC_TYPE_SUBNET: put_subnet(writer, &value->as.subnet); return;
    case MQC_TYPE_PORT:
        put_varint(writer, port_number(value->as.port), MQC__TAG_VALUE(PORT, VARINT));
        return;
    case MQC_TYPE_TIMESTAMP:
        put_fixed64(writer, (uint64_t)value->as.ns, MQC__TAG_VALUE(TIMESTAMP, FIXED64));
        return;
    case MQC_TYPE_TIMESPAN:
        put_varint(writer, zigzag(value->as.ns), MQC__TAG_VALUE(TIMESPAN, VARINT));
        return;
    case MQC_TYPE_ENUM:
        put_bytes(writer, value->as.text, MQC__TAG_VALUE(ENUMERATION, BYTES));
        return;
    case MQC_TYPE_SET: put_list(writer, value->as.list, MQC__TAG_VALUE(SET, BYTES)); return;
    case MQC_TYPE_TABLE:
        put_entries(writer, value->as.entries, MQC__TAG_VALUE(TABLE, BYTES));
        return;
    case MQC_TYPE_VECTOR: put_list(writer, value->as.list, MQC__TAG_VALUE(VECTOR, BYTES)); return;
    }
}

static void put_value(struct mqc__wire_writer *writer, const struct mqc_value *value, uint8_t tag)
{
    const uint8_t *end = writer->at;
    put_kind(writer, value);
    mqc__wire_enclose(writer, end, tag);
}

static size_t event_size(const struct mqc_event *event)
{
    size_t size = mqc__protobuf_text_size(event->name);
    for (size_t i = 0; i < event->arg_count; i++)
        size += mqc__wire_bytes_size(value_size(&event->args[i]));
    for (size_t i = 0; i < event->metadata_count; i++) {
        const struct mqc_metadata *metadata = &event->metadata[i];
        size += mqc__wire_bytes_size(mqc__protobuf_number_size(metadata->id) +
                                     mqc__wire_bytes_size(value_size(&metadata->value)));
    }
    return size;
}

static void put_metadata(struct mqc__wire_writer *writer, const struct mqc_metadata *metadata)
{
    const uint8_t *end = writer->at;
    put_value(writer, &metadata->value, MQC__TAG_METADATA_VALUE);
    mqc__protobuf_put_number(writer, metadata->id, MQC__TAG_METADATA_ID);
    mqc__wire_enclose(writer, end, MQC__TAG_EVENT_METADATA);
}

static void put_event(struct mqc__wire_writer *writer, const struct mqc_event *event)
{
    const uint8_t *end = writer->at;
    for (size_t i = event->metadata_count; i-- != 0;)
        put_metadata(writer, &event->metadata[i]);
    for (size_t i = event->arg_count; i-- != 0;)
        put_value(writer, &event->args[i], MQC__TAG_EVENT_ARGS);
    mqc__protobuf_put_text(writer, event->name, MQC__TAG_EVENT_NAME);
    mqc__wire_enclose(writer, end, MQC__TAG_ENVELOPE_EVENTS);
}

size_t mqc__protobuf_event_size(const struct mqc_event *event)
{
    return mqc__wire_bytes_size(event_size(event));
}

enum mqc_error mqc__protobuf_event_sized(const struct mqc_event *event, size_t size,
                                         struct mqc__buffer *buffer)
{
    struct mqc__wire_writer writer;
    const enum mqc_error error = mqc__protobuf_room(buffer, size, &writer);
    if (error == MQC_OK)
        put_event(&writer, event);
    return error;
}

enum mqc_error mqc__protobuf_event(const struct mqc_event *event, struct mqc__buffer *buffer)
{
    return mqc__protobuf_event_sized(event, mqc__protobuf_event_size(event), buffer);
}
