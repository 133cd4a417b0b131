#include "test_protobuf_samples.h"

#include "codec/protobuf.h"

#include <stdlib.h>

static struct mqc_view random_bytes(struct mqc__arena *arena, struct test_random *random)
{
    static const size_t sizes[] = {0, 1, 5, 20, 127, 128, 300};
    const size_t size = sizes[test_random_below(random, sizeof sizes / sizeof sizes[0])];
    char *bytes = mqc__arena_alloc(arena, size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)test_random_next(random);
    return mqc_view_bytes(bytes, size);
}

/* All magnitudes, so that numbers of every length on the wire come. */
static uint64_t random_number(struct test_random *random)
{
    return test_random_next(random) >> test_random_below(random, 64);
}

static int64_t random_signed(struct test_random *random)
{
    const uint64_t number = random_number(random);
    return (int64_t)(test_random_below(random, 2) != 0 ? number : ~number);
}

static double random_real(struct test_random *random)
{
    const uint64_t bits = test_random_next(random);
    double real = 0;
    memcpy(&real, &bits, sizeof real);
    return real;
}

static struct mqc_value random_address(struct test_random *random)
{
    uint64_t words[2] = {test_random_next(random), test_random_next(random)};
    return test_random_below(random, 2) != 0 ? mqc_address_v4(words) : mqc_address_v6(words);
}

static struct mqc_value random_subnet(struct test_random *random)
{
    struct mqc_value value = {.type = MQC_TYPE_SUBNET};
    struct mqc_subnet *subnet = &value.as.subnet;
    const bool is_v4 = test_random_below(random, 2) != 0;
    subnet->network = random_address(random).as.address;
    if (is_v4)
        subnet->network = mqc_address_v4(subnet->network.bytes + 12).as.address;
    subnet->length =
        (uint8_t)(is_v4 ? 96 + test_random_below(random, 33) : test_random_below(random, 129));
    for (unsigned bit = subnet->length; bit < 128; bit++)
        subnet->network.bytes[bit / 8] &= (uint8_t) ~(0x80U >> (bit % 8));
    return value;
}

static struct mqc_value random_list(struct mqc__arena *arena, struct test_random *random,
                                    unsigned depth, bool is_set)
{
    const size_t count = test_random_below(random, 6);
    struct mqc_value *items = mqc__arena_array(arena, count, sizeof *items);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        items[kept] = sample_value(arena, random, depth - 1);
        bool is_new = true;
        for (size_t k = 0; k < kept && is_set; k++)
            is_new = is_new && mqc_value_compare(&items[k], &items[kept]) != 0;
        if (is_new)
            kept++;
    }
    return is_set ? mqc_set(items, kept) : mqc_vector(items, kept);
}

static struct mqc_value random_table(struct mqc__arena *arena, struct test_random *random,
                                     unsigned depth)
{
    const struct mqc_value keys = random_list(arena, random, depth, true);
    struct mqc_entry *entries = mqc__arena_array(arena, keys.as.list.count, sizeof *entries);
    for (size_t i = 0; i < keys.as.list.count; i++)
        entries[i] =
            (struct mqc_entry){keys.as.list.items[i], sample_value(arena, random, depth - 1)};
    return mqc_table(entries, keys.as.list.count);
}

struct mqc_value sample_value(struct mqc__arena *arena, struct test_random *random, unsigned depth)
{
    const uint64_t types = depth > 1 ? MQC_TYPE_VECTOR + 1 : MQC_TYPE_ENUM + 1;
    const enum mqc_type type = (enum mqc_type)test_random_below(random, types);
    switch (type) {
    case MQC_TYPE_NONE: return mqc_none();
    case MQC_TYPE_BOOLEAN: return mqc_boolean(test_random_below(random, 2) != 0);
    case MQC_TYPE_COUNT: return mqc_count(random_number(random));
    case MQC_TYPE_INTEGER: return mqc_integer(random_signed(random));
    case MQC_TYPE_REAL: return mqc_real(random_real(random));
    case MQC_TYPE_STRING: return mqc_string(random_bytes(arena, random));
    case MQC_TYPE_ADDRESS: return random_address(random);
    case MQC_TYPE_SUBNET: return random_subnet(random);
    case MQC_TYPE_PORT:
        return mqc_port((uint16_t)test_random_next(random),
                        (enum mqc_protocol)test_random_below(random, 4));
    case MQC_TYPE_TIMESTAMP: return mqc_timestamp(random_signed(random));
    case MQC_TYPE_TIMESPAN: return mqc_timespan(random_signed(random));
    case MQC_TYPE_ENUM:
        return (struct mqc_value){.type = type, .as = {.text = random_bytes(arena, random)}};
    case MQC_TYPE_SET: return random_list(arena, random, depth, true);
    case MQC_TYPE_TABLE: return random_table(arena, random, depth);
    case MQC_TYPE_VECTOR: return random_list(arena, random, depth, false);
    }
    return mqc_none();
}

struct mqc_event sample_event(struct mqc__arena *arena, struct test_random *random)
{
    const size_t arg_count = test_random_below(random, 6);
    const size_t metadata_count = test_random_below(random, 3);
    struct mqc_value *args = mqc__arena_array(arena, arg_count, sizeof *args);
    struct mqc_metadata *metadata = mqc__arena_array(arena, metadata_count, sizeof *metadata);
    for (size_t i = 0; i < arg_count; i++)
        args[i] = sample_value(arena, random, 4);
    for (size_t i = 0; i < metadata_count; i++)
        metadata[i] = (struct mqc_metadata){random_number(random), sample_value(arena, random, 2)};
    struct mqc_view name = random_bytes(arena, random);
    if (name.size == 0)
        name = mqc_view_text("Site::event");
    return (struct mqc_event){.name = name,
                              .args = args,
                              .arg_count = arg_count,
                              .metadata = metadata,
                              .metadata_count = metadata_count};
}

static const struct mqc_value *keep(struct mqc__arena *arena, const void *values, size_t size)
{
    void *kept = mqc__arena_alloc(arena, size);
    memcpy(kept, values, size);
    return kept;
}

struct mqc_event sample_connection_seen(struct mqc__arena *arena)
{
    const struct mqc_value args[] = {
        mqc_address_v4("\x0a\x00\x00\x05"), mqc_port(54321, MQC_PROTOCOL_TCP),
        mqc_address_v4("\x5d\xb8\xd8\x22"), mqc_port(443, MQC_PROTOCOL_TCP),
        mqc_string_text("ESTABLISHED")};
    return (struct mqc_event){.name = mqc_view_text("connection_seen"),
                              .args = keep(arena, args, sizeof args),
                              .arg_count = sizeof args / sizeof args[0]};
}

static struct mqc_value table_of_sets(struct mqc__arena *arena)
{
    const struct mqc_value set[] = {mqc_count(3), mqc_count(1), mqc_string_text("x")};
    const struct mqc_value pair[] = {mqc_string_text("k"), mqc_integer(-1)};
    const struct mqc_entry entries[] = {
        {mqc_vector(keep(arena, pair, sizeof pair), 2), mqc_set(keep(arena, set, sizeof set), 3)},
        {mqc_enum_value("Notice::LOG"), mqc_none()}};
    struct mqc_entry *kept = mqc__arena_alloc(arena, sizeof entries);
    memcpy(kept, entries, sizeof entries);
    return mqc_table(kept, 2);
}

struct mqc_event sample_every_type(struct mqc__arena *arena)
{
    const struct mqc_subnet v4 = {mqc_address_v4("\x0a\x00\x00\x00").as.address, 104};
    const struct mqc_subnet v6 = {.network = {{0x20, 0x01}}, .length = 16};
    const struct mqc_value args[] = {
        mqc_none(),
        mqc_boolean(true),
        mqc_count(UINT64_MAX),
        mqc_integer(INT64_MIN),
        mqc_real(-0.5),
        mqc_string(mqc_view_bytes("a\0\xff", 3)),
        mqc_address_v4("\x0a\x00\x00\x01"),
        mqc_address_v6("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"),
        {.type = MQC_TYPE_SUBNET, .as = {.subnet = v4}},
        {.type = MQC_TYPE_SUBNET, .as = {.subnet = v6}},
        mqc_port(65535, MQC_PROTOCOL_ICMP),
        mqc_timestamp(INT64_C(1755770000123456789)),
        mqc_timespan(-1500000000),
        mqc_enum_value("tcp"),
        mqc_set(NULL, 0),
        table_of_sets(arena),
    };
    const struct mqc_metadata metadata[] = {{MQC_METADATA_NETWORK_TIMESTAMP, mqc_timestamp(-1)},
                                            {MQC_METADATA_FIRST_USER_ID, mqc_string_text("u")}};
    struct mqc_metadata *kept = mqc__arena_alloc(arena, sizeof metadata);
    memcpy(kept, metadata, sizeof metadata);
    return (struct mqc_event){.name = mqc_view_text("M::e"),
                              .args = keep(arena, args, sizeof args),
                              .arg_count = sizeof args / sizeof args[0],
                              .metadata = kept,
                              .metadata_count = 2};
}

struct mqc_value sample_nested(struct mqc__arena *arena, unsigned depth, struct mqc_value innermost)
{
    struct mqc_value value = innermost;
    for (unsigned i = 1; i < depth; i++)
        value = mqc_vector(keep(arena, &value, sizeof value), 1);
    return value;
}

char *sample_memory(size_t size)
{
    char *memory = malloc(size != 0 ? size : 1);
    if (memory == NULL)
        abort();
    return memory;
}

void sample_encode(const struct mqc_event *event, struct mqc__buffer *buffer)
{
    const struct mqc__envelope_header header = {
        .sender = {mqc_view_text("7f3a"), mqc_view_text("worker-1")},
        .first_sequence = 7,
        .starts_count = true,
    };
    CHECK_INT(mqc__protobuf_header(&header, buffer), MQC_OK);
    CHECK_INT(mqc__protobuf_event(event, buffer), MQC_OK);
}

static uint64_t bits_of(double real)
{
    uint64_t bits = 0;
    memcpy(&bits, &real, sizeof bits);
    return bits;
}

static bool values_equal(const struct mqc_value *a, const struct mqc_value *b)
{
    /* The order treats all NaN as one. */
    if (a->type == MQC_TYPE_REAL && b->type == MQC_TYPE_REAL)
        return bits_of(a->as.real) == bits_of(b->as.real);
    return mqc_value_compare(a, b) == 0;
}

bool sample_events_equal(const struct mqc_event *a, const struct mqc_event *b)
{
    if (!mqc_view_equal(a->name, b->name) || a->arg_count != b->arg_count ||
        a->metadata_count != b->metadata_count)
        return false;
    for (size_t i = 0; i < a->arg_count; i++)
        if (!values_equal(&a->args[i], &b->args[i]))
            return false;
    for (size_t i = 0; i < a->metadata_count; i++)
        if (a->metadata[i].id != b->metadata[i].id ||
            !values_equal(&a->metadata[i].value, &b->metadata[i].value))
            return false;
    return true;
}
