#include "value/check.h"

#include "base/fail.h"
#include "value/sort.h"

#include <stdio.h>
#include <stdlib.h>

/* What is being checked, for the error text. */
struct check {
    const char *what;
    struct mqc_error_info *info;
};

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
        return mqc__fail(check->info, MQC_EINVAL, "%s: subnet length %u is over 128", check->what,
                         subnet->length);
    if (has_host_bits(subnet))
        return mqc__fail(check->info, MQC_EINVAL, "%s: subnet has host bits behind its length",
                         check->what);
    return MQC_OK;
}

static enum mqc_error check_list(const struct check *check, const struct mqc_value *value,
                                 unsigned depth)
{
    const struct mqc_list list = value->as.list;
    if (list.count != 0 && list.items == NULL)
        return mqc__fail(check->info, MQC_EINVAL, "%s: %zu items but no pointer to them",
                         check->what, list.count);
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
                         check->what, entries.count);
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
                         check->what, text.size);
    return MQC_OK;
}

static enum mqc_error check_at(const struct check *check, const struct mqc_value *value,
                               unsigned depth)
{
    if (depth > MQC_MAX_DEPTH)
        return mqc__fail(check->info, MQC_ETOOLARGE, "%s: nested deeper than %d", check->what,
                         MQC_MAX_DEPTH);
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
                         check->what, value->as.port.protocol);
    case MQC_TYPE_SET:
    case MQC_TYPE_VECTOR: return check_list(check, value, depth);
    case MQC_TYPE_TABLE: return check_entries(check, value->as.entries, depth);
    }
    return mqc__fail(check->info, MQC_EINVAL, "%s: unknown value type %d", check->what,
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
        error =
            mqc__fail(check->info, MQC_EINVAL, "%s: an element stands twice in a set", check->what);
    if (error == MQC_OK && is_table && has_equal_keys(value->as.entries))
        error =
            mqc__fail(check->info, MQC_EINVAL, "%s: a key stands twice in a table", check->what);
    return error;
}

enum mqc_error mqc__value_check(const struct mqc_value *value, const char *what,
                                struct mqc_error_info *info)
{
    const struct check check = {what, info};
    const enum mqc_error error = check_at(&check, value, 1);
    /* What was decoded is sorted already, and that shows in linear time. */
    if (error != MQC_OK || mqc__value_is_sorted(value))
        return error;
    return find_equal(&check, value);
}

static enum mqc_error check_numbered(const struct mqc_value *value, const char *kind, size_t number,
                                     struct mqc_error_info *info)
{
    char what[64];
    /* Only what can fail needs its name: nearly every argument is a plain scalar. */
    const bool is_scalar = value->type < MQC_TYPE_STRING || value->type == MQC_TYPE_ADDRESS;
    if (is_scalar)
        return MQC_OK;
    (void)snprintf(what, sizeof what, "%s %zu", kind, number);
    return mqc__value_check(value, what, info);
}

enum mqc_error mqc__event_check(const struct mqc_event *event, struct mqc_error_info *info)
{
    if (event->name.size == 0 || event->name.data == NULL)
        return mqc__fail(info, MQC_EINVAL, "the event has no name");
    if ((event->arg_count != 0 && event->args == NULL) ||
        (event->metadata_count != 0 && event->metadata == NULL))
        return mqc__fail(info, MQC_EINVAL, "event %.*s: a count without a pointer",
                         (int)(event->name.size < 100 ? event->name.size : 100), event->name.data);
    for (size_t i = 0; i < event->arg_count; i++) {
        const enum mqc_error error = check_numbered(&event->args[i], "argument", i + 1, info);
        if (error != MQC_OK)
            return error;
    }
    for (size_t i = 0; i < event->metadata_count; i++) {
        const enum mqc_error error =
            check_numbered(&event->metadata[i].value, "metadata", i + 1, info);
        if (error != MQC_OK)
            return error;
    }
    return MQC_OK;
}
