#include "value/check.h"

#include "base/fail.h"
#include "value/sort.h"

#include <stdio.h>
#include <stdlib.h>

/* What is being checked, for the error text: "argument" and its number, or 0 when it has none. */
struct check {
    const char *what;
    size_t number;
    struct mqc_error_info *info;
};

/* Written only when something is wrong: nearly every value is fine. */
struct label {
    char text[64];
};

static struct label label_of(const struct check *check)
{
    struct label label;
    if (check->number != 0)
        (void)snprintf(label.text, sizeof label.text, "%s %zu", check->what, check->number);
    else
        (void)snprintf(label.text, sizeof label.text, "%s", check->what);
    return label;
}

static enum mqc_error check_at(const struct check *check, const struct mqc_value *value,
                               unsigned depth);

static bool has_equal_values(struct mqc_list list)
{
    struct mqc_value *sorted = mqc__values_sorted(list);
    const struct mqc_value *items = sorted != NULL ? sorted : list.items;
    bool is_equal = false;
    for (size_t i = 1; i < list.count && !is_equal; i++)
        is_equal = mqc_value_compare(&items[i - 1], &items[i]) == 0;
    free(sorted);
    return is_equal;
}

static bool has_equal_keys(struct mqc_entries entries)
{
    struct mqc_entry *sorted = mqc__entries_sorted(entries);
    const struct mqc_entry *items = sorted != NULL ? sorted : entries.items;
    bool is_equal = false;
    for (size_t i = 1; i < entries.count && !is_equal; i++)
        is_equal = mqc_value_compare(&items[i - 1].key, &items[i].key) == 0;
    free(sorted);
    return is_equal;
}

static bool has_host_bits(const struct mqc_subnet *subnet)
{
    for (unsigned bit = subnet->length; bit < 128; bit++)
        if ((subnet->network.bytes[bit / 8] & (0x80U >> (bit % 8))) != 0)
            return true;
    return false;
}

static enum mqc_error check_subnet(const struct check *check, const struct mqc_subnet *subnet)
{
    if (subnet->length > 128)
        return mqc__fail(check->info, MQC_EINVAL, "%s: subnet length %u is over 128",
                         label_of(check).text, subnet->length);
    if (has_host_bits(subnet))
        return mqc__fail(check->info, MQC_EINVAL, "%s: subnet has host bits behind its length",
                         label_of(check).text);
    return MQC_OK;
}

static enum mqc_error check_list(const struct check *check, const struct mqc_value *value,
                                 unsigned depth)
{
    const struct mqc_list list = value->as.list;
    if (list.count != 0 && list.items == NULL)
        return mqc__fail(check->info, MQC_EINVAL, "%s: %zu items but no pointer to them",
                         label_of(check).text, list.count);
    for (size_t i = 0; i < list.count; i++) {
        const enum mqc_error error = check_at(check, &list.items[i], depth + 1);
        if (error != MQC_OK)
            return error;
    }
    return MQC_OK;
}

static enum mqc_error check_entries(const struct check *check, struct mqc_entries entries,
                                    unsigned depth)
{
    if (entries.count != 0 && entries.items == NULL)
        return mqc__fail(check->info, MQC_EINVAL, "%s: %zu entries but no pointer to them",
                         label_of(check).text, entries.count);
    for (size_t i = 0; i < entries.count; i++) {
        enum mqc_error error = check_at(check, &entries.items[i].key, depth + 1);
        if (error == MQC_OK)
            error = check_at(check, &entries.items[i].value, depth + 1);
        if (error != MQC_OK)
            return error;
    }
    return MQC_OK;
}

static enum mqc_error check_text(const struct check *check, struct mqc_view text)
{
    if (text.size != 0 && text.data == NULL)
        return mqc__fail(check->info, MQC_EINVAL, "%s: %zu bytes but no pointer to them",
                         label_of(check).text, text.size);
    return MQC_OK;
}

static enum mqc_error check_at(const struct check *check, const struct mqc_value *value,
                               unsigned depth)
{
    if (depth > MQC_MAX_DEPTH)
        return mqc__fail(check->info, MQC_ETOOLARGE, "%s: nested deeper than %d",
                         label_of(check).text, MQC_MAX_DEPTH);
    switch (value->type) {
    case MQC_TYPE_NONE:
    case MQC_TYPE_BOOLEAN:
    case MQC_TYPE_COUNT:
    case MQC_TYPE_INTEGER:
    case MQC_TYPE_REAL:
    case MQC_TYPE_ADDRESS:
    case MQC_TYPE_TIMESTAMP:
    case MQC_TYPE_TIMESPAN: return MQC_OK;
    case MQC_TYPE_STRING:
    case MQC_TYPE_ENUM: return check_text(check, value->as.text);
    case MQC_TYPE_SUBNET: return check_subnet(check, &value->as.subnet);
    case MQC_TYPE_PORT:
        if (value->as.port.protocol <= MQC_PROTOCOL_ICMP)
            return MQC_OK;
        return mqc__fail(check->info, MQC_EINVAL, "%s: port protocol %u is none of 0 to 3",
                         label_of(check).text, value->as.port.protocol);
    case MQC_TYPE_SET:
    case MQC_TYPE_VECTOR: return check_list(check, value, depth);
    case MQC_TYPE_TABLE: return check_entries(check, value->as.entries, depth);
    }
    return mqc__fail(check->info, MQC_EINVAL, "%s: unknown value type %d", label_of(check).text,
                     (int)value->type);
}

/* What has passed check_at and is not sorted: each set and table with a sorted copy. */
static enum mqc_error find_equal(const struct check *check, const struct mqc_value *value)
{
    enum mqc_error error = MQC_OK;
    const bool is_list = value->type == MQC_TYPE_SET || value->type == MQC_TYPE_VECTOR;
    for (size_t i = 0; is_list && i < value->as.list.count && error == MQC_OK; i++)
        error = find_equal(check, &value->as.list.items[i]);
    const bool is_table = value->type == MQC_TYPE_TABLE;
    for (size_t i = 0; is_table && i < value->as.entries.count && error == MQC_OK; i++) {
        error = find_equal(check, &value->as.entries.items[i].key);
        if (error == MQC_OK)
            error = find_equal(check, &value->as.entries.items[i].value);
    }
    if (error == MQC_OK && value->type == MQC_TYPE_SET && has_equal_values(value->as.list))
        error = mqc__fail(check->info, MQC_EINVAL, "%s: an element stands twice in a set",
                          label_of(check).text);
    if (error == MQC_OK && is_table && has_equal_keys(value->as.entries))
        error = mqc__fail(check->info, MQC_EINVAL, "%s: a key stands twice in a table",
                          label_of(check).text);
    return error;
}

/* The types of which every value is right, a bit for each. */
#define ALWAYS_RIGHT                                                                               \
    (1U << MQC_TYPE_NONE | 1U << MQC_TYPE_BOOLEAN | 1U << MQC_TYPE_COUNT |                         \
     1U << MQC_TYPE_INTEGER | 1U << MQC_TYPE_REAL | 1U << MQC_TYPE_ADDRESS |                       \
     1U << MQC_TYPE_TIMESTAMP | 1U << MQC_TYPE_TIMESPAN)

/* Says whether nothing is wrong with it, as with nearly every argument; false: look closer. */
static inline bool is_right(const struct mqc_value *value)
{
    if ((unsigned)value->type > MQC_TYPE_VECTOR)
        return false;
    if ((ALWAYS_RIGHT >> value->type & 1U) != 0)
        return true;
    return value->type == MQC_TYPE_PORT
               ? value->as.port.protocol <= MQC_PROTOCOL_ICMP
               : value->type == MQC_TYPE_STRING && value->as.text.data != NULL;
}

/* Where the first value is that has to be looked at more closely. */
static size_t find_suspect(const struct mqc_value *values, size_t count, size_t from)
{
    while (from < count && is_right(&values[from]))
        from++;
    return from;
}

static enum mqc_error check_value(const struct check *check, const struct mqc_value *value)
{
    const enum mqc_error error = check_at(check, value, 1);
    /* What was decoded is sorted already, and that shows in linear time. */
    if (error != MQC_OK || value->type < MQC_TYPE_SET || mqc__value_is_sorted(value))
        return error;
    return find_equal(check, value);
}

enum mqc_error mqc__value_check(const struct mqc_value *value, const char *what,
                                struct mqc_error_info *info)
{
    const struct check check = {what, 0, info};
    return check_value(&check, value);
}

enum mqc_error mqc__event_check(const struct mqc_event *event, struct mqc_error_info *info)
{
    if (event->name.size == 0 || event->name.data == NULL)
        return mqc__fail(info, MQC_EINVAL, "the event has no name");
    if ((event->arg_count != 0 && event->args == NULL) ||
        (event->metadata_count != 0 && event->metadata == NULL))
        return mqc__fail(info, MQC_EINVAL, "event %.*s: a count without a pointer",
                         (int)(event->name.size < 100 ? event->name.size : 100), event->name.data);
    enum mqc_error error = MQC_OK;
    size_t suspect = find_suspect(event->args, event->arg_count, 0);
    while (suspect < event->arg_count && error == MQC_OK) {
        const struct check check = {"argument", suspect + 1, info};
        error = check_value(&check, &event->args[suspect]);
        suspect = find_suspect(event->args, event->arg_count, suspect + 1);
    }
    for (size_t i = 0; i < event->metadata_count && error == MQC_OK; i++) {
        const struct check check = {"metadata", i + 1, info};
        error = check_value(&check, &event->metadata[i].value);
    }
    return error;
}
