#include "codec/json_priv.h"

static bool is_message(struct json_object *tree)
{
    struct json_object *member = NULL;
    return mqc__json_kind(tree) == MQC__JSON_OBJECT &&
           (mqc__json_find(tree, "@data-type", &member) || mqc__json_find(tree, "data", &member));
}

static void take_message(const struct mqc__json_message *message,
                         struct mqc__json_request *request_out)
{
    *request_out = (struct mqc__json_request){
        .has_topic = message->has_topic,
        .topic = message->topic,
        .event = message->event,
    };
}

static enum mqc_error read_tree(struct mqc__json_reader *reader, struct json_object *tree,
                                const struct mqc__json_signatures *signatures,
                                struct mqc__json_request *request_out)
{
    if (!is_message(tree))
        return mqc__json_read_request_node(reader, tree, signatures, request_out);
    struct mqc__json_message message;
    const enum mqc_error error = mqc__json_read_message_node(reader, tree, &message);
    take_message(&message, request_out);
    return error;
}

enum mqc_error mqc__json_read_any(struct mqc__arena *arena, struct mqc_view json,
                                  const struct mqc__json_signatures *signatures,
                                  struct mqc__json_request *request_out,
                                  struct mqc_error_info *info)
{
    struct mqc__json_reader reader = {.arena = arena, .info = info};
    struct mqc__json_message message;
    enum mqc_error error = MQC_OK;
    if (mqc__json_read_message_quick(&reader, json, &message, &error)) {
        take_message(&message, request_out);
        return error;
    }
    *request_out = (struct mqc__json_request){.has_topic = false};
    struct json_object *tree = NULL;
    error = mqc__json_reader_open(&reader, arena, json, &tree, info);
    if (error != MQC_OK)
        return error;
    error = read_tree(&reader, tree, signatures, request_out);
    mqc__json_tree_free(&tree);
    return error;
}
