#include "base/utf8.h"
#include "codec/json_priv.h"

#include <stdio.h>

/* A member that an object may have, and its value once it was found. */
struct member {
    const char *name;
    struct json_object *value;
    bool is_present;
};

static struct member *find_member(struct member *members, size_t count, struct mqc_view name)
{
    for (size_t i = 0; i < count; i++)
        if (mqc_view_equal(name, mqc_view_text(members[i].name)))
            return &members[i];
    return NULL;
}

/* Finds an object's members; each other one and each second one is an error. */
static enum mqc_error take_members(const struct mqc__json_reader *reader, struct json_object *node,
                                   struct member *members, size_t count)
{
    if (mqc__json_kind(node) != MQC__JSON_OBJECT)
        return mqc__json_reader_fail(reader, MQC_EMALFORMED, "expected an object, got %s",
                                     mqc__json_kind_name(node));
    const size_t size = mqc__json_size(node);
    for (size_t i = 0; i < size; i++) {
        const struct mqc_view name = mqc__json_name(node, i);
        struct member *member = find_member(members, count, name);
        char excerpt[MQC__EXCERPT_BYTES];
        if (member == NULL || member->is_present)
            return mqc__json_reader_fail(reader, MQC_EMALFORMED, "%s member %s",
                                         member == NULL ? "unknown" : "second",
                                         mqc__excerpt(name, excerpt));
        member->is_present = true;
        member->value = mqc__json_value(node, i);
    }
    return MQC_OK;
}

static enum mqc_error take_text(const struct mqc__json_reader *reader, const struct member *member,
                                struct mqc_view *text_out)
{
    if (mqc__json_kind(member->value) != MQC__JSON_STRING)
        return mqc__json_reader_fail(reader, MQC_EMALFORMED, "\"%s\": expected a string, got %s",
                                     member->name, mqc__json_kind_name(member->value));
    return mqc__json_reader_text(reader, mqc__json_text(member->value), text_out);
}

/* A key with a declared type, a scalar one, may be missing. */
static enum mqc_error take_pool(struct mqc__json_reader *reader, const struct member *member,
                                const struct mqc__type_spec *key_spec, struct mqc_view *pool_out,
                                struct mqc_value *key_out)
{
    (void)snprintf(reader->what, sizeof reader->what, "%s", member->name);
    struct member members[] = {{.name = "pool"}, {.name = "key"}};
    enum mqc_error error = take_members(reader, member->value, members, 2);
    if (error != MQC_OK)
        return error;
    if (!members[0].is_present || (!members[1].is_present && key_spec == NULL))
        return mqc__json_reader_fail(reader, MQC_EMALFORMED, "no \"%s\"",
                                     members[members[0].is_present ? 1 : 0].name);
    error = take_text(reader, &members[0], pool_out);
    *key_out = mqc_string_text("");
    (void)snprintf(reader->what, sizeof reader->what, "the key of %s", member->name);
    if (error == MQC_OK && members[1].is_present)
        error = mqc__json_read_typed(reader, key_spec, members[1].value, 1, key_out);
    if (error == MQC_OK && key_spec != NULL && key_out->type != key_spec->scalar)
        error = mqc__json_reader_fail(reader, MQC_ETYPE, "expected a string");
    reader->what[0] = '\0';
    return error;
}

static void name_argument(struct mqc__json_reader *reader, size_t index,
                          const struct mqc__field_spec *param)
{
    if (param == NULL)
        (void)snprintf(reader->what, sizeof reader->what, "argument %zu", index + 1);
    else
        (void)snprintf(reader->what, sizeof reader->what, "argument %zu (%.*s)", index + 1,
                       (int)(param->name.size < 60 ? param->name.size : 60), param->name.data);
}

static enum mqc_error take_args(struct mqc__json_reader *reader, struct json_object *node,
                                const struct mqc__signature *signature, struct mqc_event *event)
{
    if (mqc__json_kind(node) != MQC__JSON_ARRAY)
        return mqc__json_reader_fail(reader, MQC_EMALFORMED, "\"args\": expected an array, got %s",
                                     mqc__json_kind_name(node));
    const size_t count = mqc__json_size(node);
    void *memory = NULL;
    enum mqc_error error = mqc__json_reader_alloc(reader, count, sizeof(struct mqc_value), &memory);
    struct mqc_value *args = memory;
    for (size_t i = 0; i < count && error == MQC_OK; i++) {
        const bool is_declared = signature != NULL && i < signature->param_count;
        const struct mqc__field_spec *param = is_declared ? &signature->params[i] : NULL;
        name_argument(reader, i, param);
        error = mqc__json_read_typed(reader, param != NULL ? &param->type : NULL,
                                     mqc__json_item(node, i), 1, &args[i]);
    }
    event->args = args;
    event->arg_count = count;
    return error;
}

enum { TOPIC, HRW, RR, EVENT, ARGS, MEMBER_COUNT };

static enum mqc_error take_target(struct mqc__json_reader *reader, const struct member *members,
                                  struct mqc__json_request *request)
{
    static const struct mqc__type_spec string = {.shape = MQC__SHAPE_SCALAR,
                                                 .scalar = MQC_TYPE_STRING};
    request->has_topic = members[TOPIC].is_present;
    request->has_hrw = members[HRW].is_present;
    request->has_rr = members[RR].is_present;
    if (request->has_topic + request->has_hrw + request->has_rr > 1)
        return mqc__json_reader_fail(reader, MQC_EMALFORMED,
                                     "more than one of \"topic\", \"hrw\" and \"rr\"");
    if (request->has_topic)
        return take_text(reader, &members[TOPIC], &request->topic);
    if (request->has_hrw)
        return take_pool(reader, &members[HRW], NULL, &request->hrw_pool, &request->hrw_key);
    if (request->has_rr)
        return take_pool(reader, &members[RR], &string, &request->rr_pool, &request->rr_key);
    return MQC_OK;
}

static enum mqc_error take_event(struct mqc__json_reader *reader, const struct member *members,
                                 const struct mqc__json_signatures *signatures,
                                 struct mqc_event *event)
{
    if (!members[EVENT].is_present)
        return mqc__json_reader_fail(reader, MQC_EMALFORMED, "no \"event\"");
    const enum mqc_error error = take_text(reader, &members[EVENT], &event->name);
    if (error != MQC_OK)
        return error;
    if (event->name.size == 0)
        return mqc__json_reader_fail(reader, MQC_EMALFORMED, "\"event\" is empty");
    if (!members[ARGS].is_present)
        return MQC_OK;
    const struct mqc__signature *signature = NULL;
    if (signatures != NULL)
        signature = signatures->find(signatures->context, event->name);
    return take_args(reader, members[ARGS].value, signature, event);
}

enum mqc_error mqc__json_read_request_node(struct mqc__json_reader *reader,
                                           struct json_object *tree,
                                           const struct mqc__json_signatures *signatures,
                                           struct mqc__json_request *request_out)
{
    struct member members[MEMBER_COUNT] = {
        [TOPIC] = {.name = "topic"}, [HRW] = {.name = "hrw"},   [RR] = {.name = "rr"},
        [EVENT] = {.name = "event"}, [ARGS] = {.name = "args"},
    };
    *request_out = (struct mqc__json_request){.has_topic = false};
    enum mqc_error error = take_members(reader, tree, members, MEMBER_COUNT);
    if (error == MQC_OK)
        error = take_target(reader, members, request_out);
    if (error == MQC_OK)
        error = take_event(reader, members, signatures, &request_out->event);
    return error;
}

enum mqc_error mqc__json_read_plain(struct mqc__arena *arena, struct mqc_view json,
                                    const struct mqc__json_signatures *signatures,
                                    struct mqc__json_request *request_out,
                                    struct mqc_error_info *info)
{
    struct mqc__json_reader reader;
    struct json_object *tree = NULL;
    enum mqc_error error = mqc__json_reader_open(&reader, arena, json, &tree, info);
    if (error != MQC_OK)
        return error;
    error = mqc__json_read_request_node(&reader, tree, signatures, request_out);
    mqc__json_tree_free(&tree);
    return error;
}

enum mqc_error mqc__json_read_as(struct mqc__arena *arena, struct mqc_view json,
                                 const struct mqc__type_spec *spec, struct mqc_value *value_out,
                                 struct mqc_error_info *info)
{
    struct mqc__json_reader reader;
    struct json_object *tree = NULL;
    enum mqc_error error = mqc__json_reader_open(&reader, arena, json, &tree, info);
    if (error != MQC_OK)
        return error;
    error = mqc__json_read_typed(&reader, spec, tree, 1, value_out);
    mqc__json_tree_free(&tree);
    return error;
}
