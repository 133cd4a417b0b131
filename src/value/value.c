#include "value/value.h"

#include "value/sort.h"

#include <math.h>
#include <stdlib.h>

static const char *const type_names[] = {
    [MQC_TYPE_NONE] = "none",         [MQC_TYPE_BOOLEAN] = "boolean",
    [MQC_TYPE_COUNT] = "count",       [MQC_TYPE_INTEGER] = "integer",
    [MQC_TYPE_REAL] = "real",         [MQC_TYPE_STRING] = "string",
    [MQC_TYPE_ADDRESS] = "address",   [MQC_TYPE_SUBNET] = "subnet",
    [MQC_TYPE_PORT] = "port",         [MQC_TYPE_TIMESTAMP] = "timestamp",
    [MQC_TYPE_TIMESPAN] = "timespan", [MQC_TYPE_ENUM] = "enum-value",
    [MQC_TYPE_SET] = "set",           [MQC_TYPE_TABLE] = "table",
    [MQC_TYPE_VECTOR] = "vector",
};

const char *mqc_type_name(enum mqc_type type)
{
    return (size_t)type < sizeof type_names / sizeof type_names[0] ? type_names[type] : "unknown";
}

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

static int compare_real(double a, double b)
{
    if (isnan(a) || isnan(b))
        return (isnan(a) != 0) - (isnan(b) != 0);
    if (a != b)
        return COMPARE(a, b);
    /* Zero and minus zero are different values: they are written differently. */
    return (signbit(b) != 0) - (signbit(a) != 0);
}

static int compare_view(struct mqc_view a, struct mqc_view b)
{
    const size_t shorter = a.size < b.size ? a.size : b.size;
    const int order = shorter != 0 ? memcmp(a.data, b.data, shorter) : 0;
    return order != 0 ? order : COMPARE(a.size, b.size);
}

static int compare_subnet(const struct mqc_subnet *a, const struct mqc_subnet *b)
{
    const int order = memcmp(a->network.bytes, b->network.bytes, sizeof a->network.bytes);
    return order != 0 ? order : COMPARE(a->length, b->length);
}

static int compare_port(struct mqc_port a, struct mqc_port b)
{
    const int order = COMPARE(a.number, b.number);
    return order != 0 ? order : COMPARE(a.protocol, b.protocol);
}

/* Comparing values whose sets and tables are known to be sorted takes linear time; finding out at
 * every level of nesting would take quadratic time. */
static int compare_values(const struct mqc_value *a, const struct mqc_value *b, bool is_sorted);

static int compare_list(struct mqc_list a, struct mqc_list b, bool is_sorted)
{
    for (size_t i = 0; i < a.count && i < b.count; i++) {
        const int order = compare_values(&a.items[i], &b.items[i], is_sorted);
        if (order != 0)
            return order;
    }
    return COMPARE(a.count, b.count);
}

static int compare_entries(struct mqc_entries a, struct mqc_entries b, bool is_sorted)
{
    for (size_t i = 0; i < a.count && i < b.count; i++) {
        int order = compare_values(&a.items[i].key, &b.items[i].key, is_sorted);
        if (order == 0)
            order = compare_values(&a.items[i].value, &b.items[i].value, is_sorted);
        if (order != 0)
            return order;
    }
    return COMPARE(a.count, b.count);
}

/* Sorted copies, so that equal contents compare equal however they were put in. Without memory the
 * given order decides: still an order, and nobody is hurt. */
static int compare_set(struct mqc_list a, struct mqc_list b)
{
    struct mqc_value *sorted_a = mqc__values_sorted(a);
    struct mqc_value *sorted_b = mqc__values_sorted(b);
    const struct mqc_list left = {sorted_a != NULL ? sorted_a : a.items, a.count};
    const struct mqc_list right = {sorted_b != NULL ? sorted_b : b.items, b.count};
    const int order = compare_list(left, right, false);
    free(sorted_a);
    free(sorted_b);
    return order;
}

static int compare_table(struct mqc_entries a, struct mqc_entries b)
{
    struct mqc_entry *sorted_a = mqc__entries_sorted(a);
    struct mqc_entry *sorted_b = mqc__entries_sorted(b);
    const struct mqc_entries left = {sorted_a != NULL ? sorted_a : a.items, a.count};
    const struct mqc_entries right = {sorted_b != NULL ? sorted_b : b.items, b.count};
    const int order = compare_entries(left, right, false);
    free(sorted_a);
    free(sorted_b);
    return order;
}

static int compare_values(const struct mqc_value *a, const struct mqc_value *b, bool is_sorted)
{
    if (a->type != b->type)
        return COMPARE((int)a->type, (int)b->type);
    switch (a->type) {
    case MQC_TYPE_NONE: return 0;
    case MQC_TYPE_BOOLEAN: return COMPARE((int)a->as.boolean, (int)b->as.boolean);
    case MQC_TYPE_COUNT: return COMPARE(a->as.count, b->as.count);
    case MQC_TYPE_INTEGER: return COMPARE(a->as.integer, b->as.integer);
    case MQC_TYPE_REAL: return compare_real(a->as.real, b->as.real);
    case MQC_TYPE_STRING:
    case MQC_TYPE_ENUM: return compare_view(a->as.text, b->as.text);
    case MQC_TYPE_ADDRESS:
        return memcmp(a->as.address.bytes, b->as.address.bytes, sizeof a->as.address.bytes);
    case MQC_TYPE_SUBNET: return compare_subnet(&a->as.subnet, &b->as.subnet);
    case MQC_TYPE_PORT: return compare_port(a->as.port, b->as.port);
    case MQC_TYPE_TIMESTAMP:
    case MQC_TYPE_TIMESPAN: return COMPARE(a->as.ns, b->as.ns);
    case MQC_TYPE_SET:
        return is_sorted ? compare_list(a->as.list, b->as.list, true)
                         : compare_set(a->as.list, b->as.list);
    case MQC_TYPE_TABLE:
        return is_sorted ? compare_entries(a->as.entries, b->as.entries, true)
                         : compare_table(a->as.entries, b->as.entries);
    case MQC_TYPE_VECTOR: return compare_list(a->as.list, b->as.list, is_sorted);
    }
    return 0;
}

int mqc_value_compare(const struct mqc_value *a, const struct mqc_value *b)
{
    return compare_values(a, b, false);
}

int mqc__value_compare_sorted(const struct mqc_value *a, const struct mqc_value *b)
{
    return compare_values(a, b, true);
}
