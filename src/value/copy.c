#include "value/copy.h"

static enum mqc_error copy_at(struct mqc__arena *arena, const struct mqc_value *value,
                              unsigned depth, struct mqc_value *copy_out);

static enum mqc_error copy_list(struct mqc__arena *arena, struct mqc_list list, unsigned depth,
                                struct mqc_list *copy_out)
{
    struct mqc_value *items = mqc__arena_array(arena, list.count, sizeof *items);
    if (items == NULL)
        return MQC_ENOMEM;
    for (size_t i = 0; i < list.count; i++) {
        const enum mqc_error error = copy_at(arena, &list.items[i], depth + 1, &items[i]);
        if (error != MQC_OK)
            return error;
    }
    *copy_out = (struct mqc_list){items, list.count};
    return MQC_OK;
}

static enum mqc_error copy_entries(struct mqc__arena *arena, struct mqc_entries entries,
                                   unsigned depth, struct mqc_entries *copy_out)
{
    struct mqc_entry *items = mqc__arena_array(arena, entries.count, sizeof *items);
    if (items == NULL)
        return MQC_ENOMEM;
    for (size_t i = 0; i < entries.count; i++) {
        enum mqc_error error = copy_at(arena, &entries.items[i].key, depth + 1, &items[i].key);
        if (error == MQC_OK)
            error = copy_at(arena, &entries.items[i].value, depth + 1, &items[i].value);
        if (error != MQC_OK)
            return error;
    }
    *copy_out = (struct mqc_entries){items, entries.count};
    return MQC_OK;
}

static enum mqc_error copy_at(struct mqc__arena *arena, const struct mqc_value *value,
                              unsigned depth, struct mqc_value *copy_out)
{
    if (depth > MQC_MAX_DEPTH)
        return MQC_ETOOLARGE;
    *copy_out = *value;
    switch (value->type) {
    case MQC_TYPE_STRING:
    case MQC_TYPE_ENUM:
        return mqc__arena_copy(arena, value->as.text, &copy_out->as.text) ? MQC_OK : MQC_ENOMEM;
    case MQC_TYPE_SET:
    case MQC_TYPE_VECTOR: return copy_list(arena, value->as.list, depth, &copy_out->as.list);
    case MQC_TYPE_TABLE:
        return copy_entries(arena, value->as.entries, depth, &copy_out->as.entries);
    default: return MQC_OK;
    }
}

enum mqc_error mqc__value_copy(struct mqc__arena *arena, const struct mqc_value *value,
                               struct mqc_value *copy_out)
{
    return copy_at(arena, value, 1, copy_out);
}
