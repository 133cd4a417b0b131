#include "codec/json_priv.h"

static bool is_list(const struct mqc_value *value, size_t least, size_t most)
{
    return value->type == MQC_TYPE_VECTOR && value->as.list.count >= least &&
           value->as.list.count <= most;
}

static bool is_one(const struct mqc_value *value)
{
    return value->type == MQC_TYPE_COUNT && value->as.count == 1;
}

static enum mqc_error read_metadata(const struct mqc__json_reader *reader,
                                    const struct mqc_value *value, struct mqc_event *event)
{
    if (value->type != MQC_TYPE_VECTOR)
        return mqc__json_reader_fail(reader, MQC_ETYPE, "the event's metadata is no vector");
    const struct mqc_list list = value->as.list;
    void *memory = NULL;
    const enum mqc_error error =
        mqc__json_reader_alloc(reader, list.count, sizeof(struct mqc_metadata), &memory);
    if (error != MQC_OK)
        return error;
    struct mqc_metadata *metadata = memory;
    for (size_t i = 0; i < list.count; i++) {
        const struct mqc_value *entry = &list.items[i];
        if (!is_list(entry, 2, 2) || entry->as.list.items[0].type != MQC_TYPE_COUNT)
            return mqc__json_reader_fail(reader, MQC_ETYPE,
                                         "metadata %zu is no vector of a count and a value", i + 1);
        metadata[i].id = entry->as.list.items[0].as.count;
        metadata[i].value = entry->as.list.items[1];
    }
    event->metadata = metadata;
    event->metadata_count = list.count;
    return MQC_OK;
}

static enum mqc_error read_event(const struct mqc__json_reader *reader,
                                 const struct mqc_value *value, struct mqc_event *event)
{
    if (!is_list(value, 2, 3))
        return mqc__json_reader_fail(reader, MQC_ETYPE,
                                     "the event is no vector of name, arguments and metadata");
    const struct mqc_value *parts = value->as.list.items;
    if (parts[0].type != MQC_TYPE_STRING || parts[0].as.text.size == 0)
        return mqc__json_reader_fail(reader, MQC_ETYPE, "the event has no name");
    if (parts[1].type != MQC_TYPE_VECTOR)
        return mqc__json_reader_fail(reader, MQC_ETYPE, "the event's arguments are no vector");
    event->name = parts[0].as.text;
    event->args = parts[1].as.list.items;
    event->arg_count = parts[1].as.list.count;
    return value->as.list.count == 3 ? read_metadata(reader, &parts[2], event) : MQC_OK;
}

static enum mqc_error read_envelope(const struct mqc__json_reader *reader,
                                    const struct mqc_value *value, struct mqc_event *event)
{
    if (!is_list(value, 3, 3))
        return mqc__json_reader_fail(reader, MQC_ETYPE,
                                     "the data is no vector of format, type and event");
    const struct mqc_value *parts = value->as.list.items;
    if (!is_one(&parts[0]) || !is_one(&parts[1]))
        return mqc__json_reader_fail(reader, MQC_ETYPE,
                                     "the data's format and message type are not count 1");
    return read_event(reader, &parts[2], event);
}

enum mqc_error mqc__json_read_message_node(struct mqc__json_reader *reader,
                                           struct json_object *tree,
                                           struct mqc__json_message *message_out)
{
    *message_out = (struct mqc__json_message){.has_topic = false};
    struct mqc_value data;
    enum mqc_error error = mqc__json_read_tagged(reader, tree, MQC__JSON_MESSAGE_DEPTH, &data);
    if (error != MQC_OK)
        return error;
    struct json_object *topic = NULL;
    if (mqc__json_find(tree, "topic", &topic) && mqc__json_kind(topic) == MQC__JSON_STRING) {
        message_out->has_topic = true;
        error = mqc__json_reader_text(reader, mqc__json_text(topic), &message_out->topic);
    }
    return error == MQC_OK ? read_envelope(reader, &data, &message_out->event) : error;
}

bool mqc__json_read_message_quick(const struct mqc__json_reader *reader, struct mqc_view json,
                                  struct mqc__json_message *message_out, enum mqc_error *error_out)
{
    struct mqc_value data;
    *message_out = (struct mqc__json_message){.has_topic = false};
    if (!mqc__json_quick(reader->arena, json, &message_out->topic, &data))
        return false;
    message_out->has_topic = true;
    *error_out = read_envelope(reader, &data, &message_out->event);
    return true;
}

enum mqc_error mqc__json_read_message(struct mqc__arena *arena, struct mqc_view json,
                                      struct mqc__json_message *message_out,
                                      struct mqc_error_info *info)
{
    struct mqc__json_reader reader = {.arena = arena, .info = info};
    struct json_object *tree = NULL;
    enum mqc_error error = MQC_OK;
    if (mqc__json_read_message_quick(&reader, json, message_out, &error))
        return error;
    error = mqc__json_reader_open(&reader, arena, json, &tree, info);
    if (error != MQC_OK)
        return error;
    error = mqc__json_read_message_node(&reader, tree, message_out);
    mqc__json_tree_free(&tree);
    return error;
}
