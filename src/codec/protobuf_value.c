#include "codec/protobuf_priv.h"
#include "value/sort.h"

static void set_ipv4(struct mqc_address *address, uint64_t number)
{
    *address = (struct mqc_address){.bytes = {[10] = 0xff, [11] = 0xff}};
    for (unsigned i = 0; i < 4; i++)
        address->bytes[12 + i] = (uint8_t)(number >> (24 - 8 * i));
}

static enum mqc_error decode_ipv6(const struct mqc__decoder *decoder, struct mqc_view bytes,
                                  struct mqc_address *out)
{
    if (bytes.size != sizeof out->bytes)
        return mqc__protobuf_refuse(decoder, MQC_EMALFORMED, "an IPv6 address is not 16 bytes");
    memcpy(out->bytes, bytes.data, sizeof out->bytes);
    return MQC_OK;
}

static bool has_host_bits(const struct mqc_subnet *subnet)
{
    for (size_t i = subnet->length / 8U; i < sizeof subnet->network.bytes; i++) {
        const unsigned kept = i == subnet->length / 8U ? subnet->length % 8U : 0;
        if ((subnet->network.bytes[i] & (0xffU >> kept)) != 0)
            return true;
    }
    return false;
}

static enum mqc_error decode_subnet(const struct mqc__decoder *decoder, struct mqc_view bytes,
                                    struct mqc_subnet *out)
{
    if (bytes.size != 5 && bytes.size != 17)
        return mqc__protobuf_refuse(decoder, MQC_EMALFORMED, "a subnet is neither 5 nor 17 bytes");
    const size_t address_bytes = bytes.size - 1;
    const unsigned length = (unsigned char)bytes.data[address_bytes];
    if (length > address_bytes * 8)
        return mqc__protobuf_refuse(decoder, MQC_EMALFORMED, "a subnet's prefix is too long");
    *out = (struct mqc_subnet){.length = (uint8_t)(length + 128 - address_bytes * 8)};
    if (address_bytes == 4)
        set_ipv4(&out->network, 0);
    memcpy(out->network.bytes + sizeof out->network.bytes - address_bytes, bytes.data,
           address_bytes);
    if (has_host_bits(out))
        return mqc__protobuf_refuse(decoder, MQC_EMALFORMED,
                                    "a subnet's address has bits behind its prefix");
    return MQC_OK;
}

static enum mqc_error decode_port(const struct mqc__decoder *decoder, uint64_t port,
                                  struct mqc_port *out)
{
    if (port >> 2 > UINT16_MAX)
        return mqc__protobuf_refuse(decoder, MQC_EMALFORMED, "a port number is over 65535");
    *out = (struct mqc_port){.number = (uint16_t)(port >> 2), .protocol = (uint8_t)(port & 3U)};
    return MQC_OK;
}

static int64_t from_zigzag(uint64_t number)
{
    return (int64_t)(number >> 1 ^ (UINT64_C(0) - (number & 1)));
}

static struct mqc_value real_of(uint64_t bits)
{
    struct mqc_value value = mqc_real(0);
    memcpy(&value.as.real, &bits, sizeof value.as.real);
    return value;
}

static enum mqc_error count_items(const struct mqc__decoder *decoder, struct mqc_view content,
                                  size_t *count_out)
{
    struct mqc__wire_reader reader = mqc__wire_reader(content);
    *count_out = 0;
    while (reader.at != reader.end) {
        struct mqc__wire_field field;
        const enum mqc_error error =
            mqc__protobuf_next(decoder, &mqc__schema_list, &reader, &field);
        if (error != MQC_OK)
            return error;
        *count_out += field.number == MQC__TAG_LIST_ITEMS >> 3 ? 1 : 0;
    }
    return MQC_OK;
}

/* Decodes the next item of a list that has one. */
static enum mqc_error next_item(struct mqc__decoder *decoder, struct mqc__wire_reader *reader,
                                unsigned depth, struct mqc_value *out)
{
    struct mqc__wire_field field = {.number = 0};
    enum mqc_error error = MQC_OK;
    while (error == MQC_OK && field.number != MQC__TAG_LIST_ITEMS >> 3)
        error = mqc__protobuf_next(decoder, &mqc__schema_list, reader, &field);
    return error != MQC_OK ? error : mqc__protobuf_value(decoder, field.bytes, depth, out);
}

static enum mqc_error decode_items(struct mqc__decoder *decoder, struct mqc_view content,
                                   unsigned depth, struct mqc_list *out)
{
    *out = (struct mqc_list){NULL, 0};
    size_t count = 0;
    enum mqc_error error = count_items(decoder, content, &count);
    if (error != MQC_OK || count == 0)
        return error;
    struct mqc_value *items = mqc__protobuf_array(decoder, count, sizeof *items, &error);
    struct mqc__wire_reader reader = mqc__wire_reader(content);
    for (size_t i = 0; i < count && error == MQC_OK; i++)
        error = next_item(decoder, &reader, depth, &items[i]);
    if (error == MQC_OK)
        *out = (struct mqc_list){items, count};
    return error;
}

static enum mqc_error decode_set(struct mqc__decoder *decoder, struct mqc_view content,
                                 unsigned depth, struct mqc_list *out)
{
    const enum mqc_error error = decode_items(decoder, content, depth, out);
    if (error != MQC_OK || out->count == 0)
        return error;
    /* They are in the arena, and nobody else has seen them yet. */
    if (!mqc__values_sort((struct mqc_value *)out->items, out->count))
        return mqc__protobuf_refuse(decoder, MQC_EMALFORMED, "a set has an element twice");
    return MQC_OK;
}

static enum mqc_error decode_table(struct mqc__decoder *decoder, struct mqc_view content,
                                   unsigned depth, struct mqc_entries *out)
{
    *out = (struct mqc_entries){NULL, 0};
    size_t item_count = 0;
    enum mqc_error error = count_items(decoder, content, &item_count);
    if (error != MQC_OK || item_count == 0)
        return error;
    if (item_count % 2 != 0)
        return mqc__protobuf_refuse(decoder, MQC_EMALFORMED, "a table's last key has no value");
    const size_t count = item_count / 2;
    struct mqc_entry *entries = mqc__protobuf_array(decoder, count, sizeof *entries, &error);
    struct mqc__wire_reader reader = mqc__wire_reader(content);
    for (size_t i = 0; i < count && error == MQC_OK; i++) {
        error = next_item(decoder, &reader, depth, &entries[i].key);
        if (error == MQC_OK)
            error = next_item(decoder, &reader, depth, &entries[i].value);
    }
    if (error != MQC_OK)
        return error;
    if (!mqc__entries_sort(entries, count))
        return mqc__protobuf_refuse(decoder, MQC_EMALFORMED, "a table has a key twice");
    *out = (struct mqc_entries){entries, count};
    return MQC_OK;
}

/* A kind that is a message of its own. */
static enum mqc_error decode_list_kind(struct mqc__decoder *decoder,
                                       const struct mqc__wire_field *field, unsigned depth,
                                       struct mqc_value *out)
{
    switch (field->number) {
    case MQCLUSTER__V1__VALUE__KIND_SET:
        out->type = MQC_TYPE_SET;
        return decode_set(decoder, field->bytes, depth + 1, &out->as.list);
    case MQCLUSTER__V1__VALUE__KIND_TABLE:
        out->type = MQC_TYPE_TABLE;
        return decode_table(decoder, field->bytes, depth + 1, &out->as.entries);
    default:
        out->type = MQC_TYPE_VECTOR;
        return decode_items(decoder, field->bytes, depth + 1, &out->as.list);
    }
}

static enum mqc_error decode_kind(const struct mqc__decoder *decoder,
                                  const struct mqc__wire_field *field, struct mqc_value *out)
{
    switch (field->number) {
    case MQCLUSTER__V1__VALUE__KIND_BOOLEAN: *out = mqc_boolean(field->value != 0); return MQC_OK;
    case MQCLUSTER__V1__VALUE__KIND_COUNT: *out = mqc_count(field->value); return MQC_OK;
    case MQCLUSTER__V1__VALUE__KIND_INTEGER:
        *out = mqc_integer(from_zigzag(field->value));
        return MQC_OK;
    case MQCLUSTER__V1__VALUE__KIND_REAL: *out = real_of(field->value); return MQC_OK;
    case MQCLUSTER__V1__VALUE__KIND_STRING: *out = mqc_string(field->bytes); return MQC_OK;
    case MQCLUSTER__V1__VALUE__KIND_IPV4:
        out->type = MQC_TYPE_ADDRESS;
        set_ipv4(&out->as.address, field->value);
        return MQC_OK;
    case MQCLUSTER__V1__VALUE__KIND_IPV6:
        out->type = MQC_TYPE_ADDRESS;
        return decode_ipv6(decoder, field->bytes, &out->as.address);
    case MQCLUSTER__V1__VALUE__KIND_SUBNET:
        out->type = MQC_TYPE_SUBNET;
        return decode_subnet(decoder, field->bytes, &out->as.subnet);
    case MQCLUSTER__V1__VALUE__KIND_PORT:
        out->type = MQC_TYPE_PORT;
        return decode_port(decoder, field->value, &out->as.port);
    case MQCLUSTER__V1__VALUE__KIND_TIMESTAMP:
        *out = mqc_timestamp((int64_t)field->value);
        return MQC_OK;
    case MQCLUSTER__V1__VALUE__KIND_TIMESPAN:
        *out = mqc_timespan(from_zigzag(field->value));
        return MQC_OK;
    default:
        out->type = MQC_TYPE_ENUM;
        out->as.text = field->bytes;
        return MQC_OK;
    }
}

/* What the fields of a Value have shown so far. */
struct seen {
    unsigned lists; /* a bit for each kind that is a message */
    bool is_unknown;
};

static enum mqc_error decode_field(struct mqc__decoder *decoder,
                                   const struct mqc__wire_field *field, unsigned depth,
                                   struct seen *seen, struct mqc_value *out)
{
    if (field->number < MQCLUSTER__V1__VALUE__KIND_SET)
        return decode_kind(decoder, field, out);
    if (field->number > MQCLUSTER__V1__VALUE__KIND_VECTOR) {
        seen->is_unknown = true;
        return MQC_OK;
    }
    const unsigned bit = 1U << field->number;
    if ((seen->lists & bit) != 0)
        return mqc__protobuf_refuse_bytes(decoder, (const uint8_t *)field->bytes.data,
                                          MQC_EMALFORMED,
                                          "a field that stands only once comes again");
    seen->lists |= bit;
    return decode_list_kind(decoder, field, depth, out);
}

/* The only 32-bit number that is a varint. */
static bool is_port_over_32_bits(const struct mqc__wire_field *field)
{
    return field->number == MQCLUSTER__V1__VALUE__KIND_PORT && field->value > UINT32_MAX;
}

enum mqc_error mqc__protobuf_value(struct mqc__decoder *decoder, struct mqc_view content,
                                   unsigned depth, struct mqc_value *out)
{
    *out = mqc_none();
    if (depth > MQC_MAX_DEPTH)
        return mqc__protobuf_refuse_bytes(decoder, (const uint8_t *)content.data, MQC_ETOOLARGE,
                                          "values are nested too deep, the limit is 64");
    struct seen seen = {.lists = 0};
    struct mqc__wire_reader reader = mqc__wire_reader(content);
    while (reader.at != reader.end) {
        struct mqc__wire_field field;
        enum mqc_error error = mqc__protobuf_next(decoder, &mqc__schema_value, &reader, &field);
        if (error == MQC_OK && is_port_over_32_bits(&field))
            error = mqc__protobuf_refuse_bytes(decoder, reader.at, MQC_EMALFORMED,
                                               "a 32-bit number is over 32 bits");
        if (error == MQC_OK)
            error = decode_field(decoder, &field, depth, &seen, out);
        if (error != MQC_OK)
            return error;
    }
    if (out->type == MQC_TYPE_NONE && seen.is_unknown)
        decoder->unknown_count++;
    return MQC_OK;
}
