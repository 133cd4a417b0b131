#ifndef MQC_VALUE_VALUE_H
#define MQC_VALUE_VALUE_H

#include "base/error.h"
#include "base/view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Zeek's wire data types, in the order in which sets and tables sort them (Zeek: a Broker data
 * value's type rank). Records, lists, patterns, functions and opaque values travel as vectors.
 */
enum mqc_type {
    MQC_TYPE_NONE,      /* no value: an unset record field */
    MQC_TYPE_BOOLEAN,   /* bool */
    MQC_TYPE_COUNT,     /* count: unsigned 64 bit */
    MQC_TYPE_INTEGER,   /* int: signed 64 bit */
    MQC_TYPE_REAL,      /* double: binary64, infinities and NaN included */
    MQC_TYPE_STRING,    /* string: any bytes */
    MQC_TYPE_ADDRESS,   /* addr */
    MQC_TYPE_SUBNET,    /* subnet */
    MQC_TYPE_PORT,      /* port */
    MQC_TYPE_TIMESTAMP, /* time: nanoseconds since the Unix epoch */
    MQC_TYPE_TIMESPAN,  /* interval: nanoseconds, signed */
    MQC_TYPE_ENUM,      /* enum: the value's fully qualified name */
    MQC_TYPE_SET,       /* set */
    MQC_TYPE_TABLE,     /* table */
    MQC_TYPE_VECTOR,    /* vector, record, list */
};

/* 16 bytes in network order; IPv4 is stored as ::ffff:a.b.c.d. */
struct mqc_address {
    uint8_t bytes[16];
};

/* A network: host bits are zero; `length` counts over all 128 bits, so IPv4's /8 is 104. */
struct mqc_subnet {
    struct mqc_address network;
    uint8_t length;
};

/* A port's protocol, numbered as in Zeek. */
enum mqc_protocol {
    MQC_PROTOCOL_UNKNOWN = 0,
    MQC_PROTOCOL_TCP = 1,
    MQC_PROTOCOL_UDP = 2,
    MQC_PROTOCOL_ICMP = 3,
};

struct mqc_port {
    uint16_t number;
    uint8_t protocol; /* enum mqc_protocol */
};

struct mqc_value;
struct mqc_entry;

/* Values in a row: a set's elements, a vector's elements or a record's fields. */
struct mqc_list {
    const struct mqc_value *items;
    size_t count;
};

/* A table's entries. */
struct mqc_entries {
    const struct mqc_entry *items;
    size_t count;
};

/*
 * One value. Plain data that borrows what it points to: whoever made it keeps the strings, items
 * and entries alive; mqc_event_copy() makes an independent copy. Build it with the functions
 * below, or by designated initialisers.
 */
struct mqc_value {
    enum mqc_type type;
    union {
        bool boolean;
        uint64_t count;
        int64_t integer;
        double real;
        struct mqc_view text; /* string, enum */
        struct mqc_address address;
        struct mqc_subnet subnet;
        struct mqc_port port;
        int64_t ns;                 /* timestamp, timespan */
        struct mqc_list list;       /* set, vector */
        struct mqc_entries entries; /* table */
    } as;
};

struct mqc_entry {
    struct mqc_value key;
    struct mqc_value value;
};

/* The constructors below are also C++, hence without compound literals. */
static inline struct mqc_value mqc_none(void)
{
    struct mqc_value value = {MQC_TYPE_NONE, {false}};
    return value;
}

static inline struct mqc_value mqc_boolean(bool boolean)
{
    struct mqc_value value = {MQC_TYPE_BOOLEAN, {boolean}};
    return value;
}

static inline struct mqc_value mqc_count(uint64_t count)
{
    struct mqc_value value = {MQC_TYPE_COUNT, {false}};
    value.as.count = count;
    return value;
}

static inline struct mqc_value mqc_integer(int64_t integer)
{
    struct mqc_value value = {MQC_TYPE_INTEGER, {false}};
    value.as.integer = integer;
    return value;
}

static inline struct mqc_value mqc_real(double real)
{
    struct mqc_value value = {MQC_TYPE_REAL, {false}};
    value.as.real = real;
    return value;
}

static inline struct mqc_value mqc_string(struct mqc_view bytes)
{
    struct mqc_value value = {MQC_TYPE_STRING, {false}};
    value.as.text = bytes;
    return value;
}

static inline struct mqc_value mqc_string_text(const char *text)
{
    return mqc_string(mqc_view_text(text));
}

static inline struct mqc_value mqc_enum_value(const char *name)
{
    struct mqc_value value = {MQC_TYPE_ENUM, {false}};
    value.as.text = mqc_view_text(name);
    return value;
}

/* From sixteen bytes in network order; ::ffff:a.b.c.d is the IPv4 address a.b.c.d. */
static inline struct mqc_value mqc_address_v6(const void *sixteen_bytes)
{
    struct mqc_value value = {MQC_TYPE_ADDRESS, {false}};
    memcpy(value.as.address.bytes, sixteen_bytes, 16);
    return value;
}

/* From four bytes in network order. */
static inline struct mqc_value mqc_address_v4(const void *four_bytes)
{
    struct mqc_value value = {MQC_TYPE_ADDRESS, {false}};
    memset(value.as.address.bytes, 0, 10);
    memset(value.as.address.bytes + 10, 0xff, 2);
    memcpy(value.as.address.bytes + 12, four_bytes, 4);
    return value;
}

static inline struct mqc_value mqc_port(uint16_t number, enum mqc_protocol protocol)
{
    struct mqc_value value = {MQC_TYPE_PORT, {false}};
    value.as.port.number = number;
    value.as.port.protocol = (uint8_t)protocol;
    return value;
}

/* Nanoseconds since the Unix epoch. */
static inline struct mqc_value mqc_timestamp(int64_t ns)
{
    struct mqc_value value = {MQC_TYPE_TIMESTAMP, {false}};
    value.as.ns = ns;
    return value;
}

/* Nanoseconds. */
static inline struct mqc_value mqc_timespan(int64_t ns)
{
    struct mqc_value value = {MQC_TYPE_TIMESPAN, {false}};
    value.as.ns = ns;
    return value;
}

/* Elements in any order, each only once. Borrows the items. */
static inline struct mqc_value mqc_set(const struct mqc_value *items, size_t count)
{
    struct mqc_value value = {MQC_TYPE_SET, {false}};
    value.as.list.items = items;
    value.as.list.count = count;
    return value;
}

/* Elements in order, or a record's fields with mqc_none() for the unset ones. Borrows the items. */
static inline struct mqc_value mqc_vector(const struct mqc_value *items, size_t count)
{
    struct mqc_value value = {MQC_TYPE_VECTOR, {false}};
    value.as.list.items = items;
    value.as.list.count = count;
    return value;
}

/* Entries in any order, each key only once. Borrows the entries. */
static inline struct mqc_value mqc_table(const struct mqc_entry *entries, size_t count)
{
    struct mqc_value value = {MQC_TYPE_TABLE, {false}};
    value.as.entries.items = entries;
    value.as.entries.count = count;
    return value;
}

/* Returns the data type's name as the JSON form writes it: "count", "enum-value". Any thread. */
MQC_API const char *mqc_type_name(enum mqc_type type);

/*
 * Compares two values as Zeek orders the elements of its sets and tables: by type, then numbers
 * numerically, text bytewise, addresses and subnets by network bytes then length, ports by number
 * then protocol, vectors element by element. Sets and tables compare by their sorted contents.
 * NaN is equal to itself and greater than every other real, so that the order is total. Returns
 * less than, equal to or greater than 0. Nested at most MQC_MAX_DEPTH deep. Any thread.
 */
MQC_API int mqc_value_compare(const struct mqc_value *a, const struct mqc_value *b);

/* How deep values may be nested: an event's argument is at depth 1. Zeek's own JSON reader stops at
 * about the same depth. */
#define MQC_MAX_DEPTH 64

#endif
