#include "cluster/topics.h"

/* Joins the parts, of which an empty one last makes the topic end with the separator. */
static bool join(struct mqc__arena *arena, char separator, const struct mqc_view *parts,
                 size_t count, struct mqc_view *topic_out)
{
    size_t size = count - 1;
    for (size_t i = 0; i < count; i++)
        size += parts[i].size;
    char *topic = mqc__arena_alloc(arena, size);
    if (topic == NULL)
        return false;
    *topic_out = mqc_view_bytes(topic, size);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            *topic++ = separator;
        if (parts[i].size != 0)
            memcpy(topic, parts[i].data, parts[i].size);
        topic += parts[i].size;
    }
    return true;
}

bool mqc__topic_of_class(struct mqc__arena *arena, char separator, enum mqc__node_type type,
                         struct mqc_view *topic_out)
{
    const struct mqc_view parts[] = {
        mqc_view_text("zeek"),
        mqc_view_text("cluster"),
        mqc_view_text(mqc__node_type_name(type)),
    };
    *topic_out = mqc_view_text(NULL);
    if (type == MQC__NODE_NONE || type == MQC__NODE_CONTROL)
        return true;
    return join(arena, separator, parts, 3, topic_out);
}

static bool topic_of(struct mqc__arena *arena, char separator, const char *kind,
                     struct mqc_view name, struct mqc_view *topic_out)
{
    const struct mqc_view parts[] = {
        mqc_view_text("zeek"), mqc_view_text("cluster"), mqc_view_text(kind), name,
        mqc_view_text(NULL),
    };
    return join(arena, separator, parts, 5, topic_out);
}

bool mqc__topic_of_pool(struct mqc__arena *arena, char separator, struct mqc_view name,
                        struct mqc_view *topic_out)
{
    const struct mqc_view parts[] = {
        mqc_view_text("zeek"),
        mqc_view_text("cluster"),
        mqc_view_text("pool"),
        name,
    };
    return join(arena, separator, parts, 4, topic_out);
}

bool mqc__topic_of_node(struct mqc__arena *arena, char separator, struct mqc_view name,
                        struct mqc_view *topic_out)
{
    return topic_of(arena, separator, "node", name, topic_out);
}

bool mqc__topic_of_node_id(struct mqc__arena *arena, char separator, struct mqc_view id,
                           struct mqc_view *topic_out)
{
    return topic_of(arena, separator, "nodeid", id, topic_out);
}

/* Takes a level and the separator off the beginning. */
static bool skip_level(struct mqc_view *topic, char separator, const char *level)
{
    const struct mqc_view expected = mqc_view_text(level);
    if (!mqc_view_starts_with(*topic, expected) || topic->size == expected.size ||
        topic->data[expected.size] != separator)
        return false;
    *topic = mqc_view_bytes(topic->data + expected.size + 1, topic->size - expected.size - 1);
    return true;
}

bool mqc__topic_is_of_one_node(struct mqc_view topic, char separator)
{
    return skip_level(&topic, separator, "zeek") && skip_level(&topic, separator, "cluster") &&
           (skip_level(&topic, separator, "nodeid") || skip_level(&topic, separator, "node")) &&
           topic.size != 0;
}
