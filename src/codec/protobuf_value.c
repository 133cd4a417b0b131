#include "base/fail.h"
#include "codec/protobuf_priv.h"
#include "value/sort.h"

enum mqc_error mqc__protobuf_refuse(const struct mqc__decoder *decoder, enum mqc_error code,
                                    const char *problem)
{
    /* The name comes from outside and the text goes into logs: nothing but printable characters. */
    char name[65];
    size_t length = 0;
    for (; length < decoder->event_name.size && length < sizeof name - 1; length++) {
        const char byte = decoder->event_name.data[length];
        name[length] = '?';
        if (byte >= ' ' && byte <= '~')
            name[length] = byte;
    }
    name[length] = '\0';
    if (decoder->part == NULL)
        return mqc__fail(decoder->info, code, "event %zu (%s): %s", decoder->event_number, name,
                         problem);
    return mqc__fail(decoder->info, code, "event %zu (%s), %s %zu: %s", decoder->event_number, name,
                     decoder->part, decoder->part_number, problem);
}

void *mqc__protobuf_array(const struct mqc__decoder *decoder, size_t count, size_t size,
                          enum mqc_error *error_out)
{
    void *array = mqc__arena_array(decoder->arena, count, size);
    if (array != NULL)
        return array;
    *error_out = decoder->arena->is_over_limit
                     ? mqc__fail(decoder->info, MQC_ETOOLARGE,
                                 "the payload takes more than %zu bytes when decoded",
                                 decoder->arena->limit_bytes)
                     : mqc__fail(decoder->info, MQC_ENOMEM, "no memory to decode a payload");
    return NULL;
}

static struct mqc_view view_of(ProtobufCBinaryData bytes)
{
    return mqc_view_bytes(bytes.data, bytes.len);
}

static void set_ipv4(struct mqc_address *address, uint32_t number)
{
    *address = (struct mqc_address){.bytes = {[10] = 0xff, [11] = 0xff}};
    for (unsigned i = 0; i < 4; i++)
        address->bytes[12 + i] = (uint8_t)(number >> (24 - 8 * i));
}

static enum mqc_error decode_ipv6(const struct mqc__decoder *decoder, ProtobufCBinaryData bytes,
                                  struct mqc_address *out)
{
    if (bytes.len != sizeof out->bytes)
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

static enum mqc_error decode_subnet(const struct mqc__decoder *decoder, ProtobufCBinaryData bytes,
                                    struct mqc_subnet *out)
{
    if (bytes.len != 5 && bytes.len != 17)
        return mqc__protobuf_refuse(decoder, MQC_EMALFORMED, "a subnet is neither 5 nor 17 bytes");
    const size_t address_bytes = bytes.len - 1;
    const unsigned length = bytes.data[address_bytes];
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

static enum mqc_error decode_port(const struct mqc__decoder *decoder, uint32_t port,
                                  struct mqc_port *out)
{
    if (port >> 2 > UINT16_MAX)
        return mqc__protobuf_refuse(decoder, MQC_EMALFORMED, "a port number is over 65535");
    *out = (struct mqc_port){.number = (uint16_t)(port >> 2), .protocol = (uint8_t)(port & 3U)};
    return MQC_OK;
}

static enum mqc_error decode_items(struct mqc__decoder *decoder, const Mqcluster__V1__List *in,
                                   bool is_set, struct mqc_list *out)
{
    *out = (struct mqc_list){NULL, 0};
    if (in->n_items == 0)
        return MQC_OK;
    enum mqc_error error = MQC_OK;
    struct mqc_value *items =
        mqc__protobuf_array(decoder, in->n_items, sizeof(struct mqc_value), &error);
    if (items == NULL)
        return error;
    for (size_t i = 0; i < in->n_items; i++) {
        error = mqc__protobuf_value(decoder, in->items[i], &items[i]);
        if (error != MQC_OK)
            return error;
    }
    if (is_set && !mqc__values_sort(items, in->n_items))
        return mqc__protobuf_refuse(decoder, MQC_EMALFORMED, "a set has an element twice");
    *out = (struct mqc_list){items, in->n_items};
    return MQC_OK;
}

static enum mqc_error decode_entries(struct mqc__decoder *decoder, const Mqcluster__V1__List *in,
                                     struct mqc_entries *out)
{
    *out = (struct mqc_entries){NULL, 0};
    if (in->n_items == 0)
        return MQC_OK;
    if (in->n_items % 2 != 0)
        return mqc__protobuf_refuse(decoder, MQC_EMALFORMED, "a table's last key has no value");
    const size_t count = in->n_items / 2;
    enum mqc_error error = MQC_OK;
    struct mqc_entry *entries =
        mqc__protobuf_array(decoder, count, sizeof(struct mqc_entry), &error);
    if (entries == NULL)
        return error;
    for (size_t i = 0; i < count; i++) {
        error = mqc__protobuf_value(decoder, in->items[2 * i], &entries[i].key);
        if (error == MQC_OK)
            error = mqc__protobuf_value(decoder, in->items[2 * i + 1], &entries[i].value);
        if (error != MQC_OK)
            return error;
    }
    if (!mqc__entries_sort(entries, count))
        return mqc__protobuf_refuse(decoder, MQC_EMALFORMED, "a table has a key twice");
    *out = (struct mqc_entries){entries, count};
    return MQC_OK;
}

enum mqc_error mqc__protobuf_value(struct mqc__decoder *decoder, const Mqcluster__V1__Value *in,
                                   struct mqc_value *out)
{
    switch (in->kind_case) {
    case MQCLUSTER__V1__VALUE__KIND_BOOLEAN: *out = mqc_boolean(in->boolean != 0); return MQC_OK;
    case MQCLUSTER__V1__VALUE__KIND_COUNT: *out = mqc_count(in->count); return MQC_OK;
    case MQCLUSTER__V1__VALUE__KIND_INTEGER: *out = mqc_integer(in->integer); return MQC_OK;
    case MQCLUSTER__V1__VALUE__KIND_REAL: *out = mqc_real(in->real); return MQC_OK;
    case MQCLUSTER__V1__VALUE__KIND_STRING: *out = mqc_string(view_of(in->string)); return MQC_OK;
    case MQCLUSTER__V1__VALUE__KIND_ENUMERATION:
        out->type = MQC_TYPE_ENUM;
        out->as.text = view_of(in->enumeration);
        return MQC_OK;
    case MQCLUSTER__V1__VALUE__KIND_TIMESTAMP: *out = mqc_timestamp(in->timestamp); return MQC_OK;
    case MQCLUSTER__V1__VALUE__KIND_TIMESPAN: *out = mqc_timespan(in->timespan); return MQC_OK;
    case MQCLUSTER__V1__VALUE__KIND_IPV4:
        out->type = MQC_TYPE_ADDRESS;
        set_ipv4(&out->as.address, in->ipv4);
        return MQC_OK;
    case MQCLUSTER__V1__VALUE__KIND_IPV6:
        out->type = MQC_TYPE_ADDRESS;
        return decode_ipv6(decoder, in->ipv6, &out->as.address);
    case MQCLUSTER__V1__VALUE__KIND_SUBNET:
        out->type = MQC_TYPE_SUBNET;
        return decode_subnet(decoder, in->subnet, &out->as.subnet);
    case MQCLUSTER__V1__VALUE__KIND_PORT:
        out->type = MQC_TYPE_PORT;
        return decode_port(decoder, in->port, &out->as.port);
    case MQCLUSTER__V1__VALUE__KIND_SET:
        out->type = MQC_TYPE_SET;
        return decode_items(decoder, in->set, true, &out->as.list);
    case MQCLUSTER__V1__VALUE__KIND_VECTOR:
        out->type = MQC_TYPE_VECTOR;
        return decode_items(decoder, in->vector, false, &out->as.list);
    case MQCLUSTER__V1__VALUE__KIND_TABLE:
        out->type = MQC_TYPE_TABLE;
        return decode_entries(decoder, in->table, &out->as.entries);
    default: break;
    }
    *out = mqc_none();
    if (in->base.n_unknown_fields != 0)
        decoder->unknown_count++;
    return MQC_OK;
}
