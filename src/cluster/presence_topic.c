#include "cluster/presence_topic.h"

#include "base/fail.h"
#include "base/utf8.h"
#include "codec/presence.h"
#include "topic/topic.h"

static const char node_level[] = "/node/";

static const char *name_problem(struct mqc_view name)
{
    if (name.size == 0)
        return "is empty";
    if (name.size > MQC__PRESENCE_NAME_BYTES_MAX)
        return "is longer than 255 bytes";
    return memchr(name.data, '/', name.size) != NULL ? "contains '/'" : NULL;
}

static bool append_type(const char *root, enum mqc__node_type type, struct mqc__buffer *buffer)
{
    return mqc__buffer_append_text(buffer, root) && mqc__buffer_append_text(buffer, node_level) &&
           mqc__buffer_append_text(buffer, mqc__node_type_name(type)) &&
           mqc__buffer_append_text(buffer, "/");
}

enum mqc_error mqc__presence_topic(const char *root, enum mqc__node_type type, struct mqc_view name,
                                   struct mqc__buffer *buffer, struct mqc_error_info *info)
{
    const char *problem = name_problem(name);
    if (problem != NULL)
        return mqc__fail(info, MQC_ETOPIC, "a node's name %s", problem);
    const struct mqc__buffer before = *buffer;
    if (append_type(root, type, buffer) && mqc__topic_encode(name, buffer))
        return MQC_OK;
    buffer->size = before.size;
    buffer->has_failed = before.has_failed;
    return mqc__fail(info, MQC_ENOMEM, "no room for an MQTT topic");
}

enum mqc_error mqc__presence_filter(const char *root, enum mqc__node_type type,
                                    struct mqc__buffer *buffer)
{
    const struct mqc__buffer before = *buffer;
    if (append_type(root, type, buffer) && mqc__buffer_append_text(buffer, "#"))
        return MQC_OK;
    buffer->size = before.size;
    buffer->has_failed = before.has_failed;
    return MQC_ENOMEM;
}

/* Cuts off what the text begins with; false: it does not. */
static bool cut(struct mqc_view *text, const char *beginning)
{
    const struct mqc_view view = mqc_view_text(beginning);
    if (!mqc_view_starts_with(*text, view))
        return false;
    *text = mqc_view_bytes(text->data + view.size, text->size - view.size);
    return true;
}

bool mqc__presence_topic_is(const char *root, struct mqc_view mqtt_topic)
{
    return cut(&mqtt_topic, root) && cut(&mqtt_topic, node_level);
}

static enum mqc_error decode_name(struct mqc_view encoded, struct mqc__buffer *name,
                                  struct mqc_error_info *info)
{
    if (encoded.size == 0)
        return mqc__fail(info, MQC_EMALFORMED, "the name in the topic is empty");
    /* Each byte is written as three at most. */
    if (encoded.size > (size_t)3 * MQC__PRESENCE_NAME_BYTES_MAX)
        return mqc__fail(info, MQC_EMALFORMED, "the name in the topic is longer than 255 bytes");
    if (mqc__buffer_extend(name, encoded.size) == NULL)
        return mqc__fail(info, MQC_ENOMEM, "no room for a node's name");
    name->size -= encoded.size;
    const size_t start = name->size;
    const bool is_encoded = mqc__topic_decode(encoded, name);
    const char *problem = name_problem(mqc_view_bytes(name->data + start, name->size - start));
    if (is_encoded && problem == NULL)
        return MQC_OK;
    name->size = start;
    return mqc__fail(info, MQC_EMALFORMED, "the name in the topic %s",
                     is_encoded ? problem : "is not encoded as it should be");
}

enum mqc_error mqc__presence_topic_parse(const char *root, struct mqc_view mqtt_topic,
                                         enum mqc__node_type *type_out, struct mqc__buffer *name,
                                         struct mqc_error_info *info)
{
    struct mqc_view rest = mqtt_topic;
    if (!cut(&rest, root) || !cut(&rest, node_level))
        return mqc__fail(info, MQC_EMALFORMED, "not a topic of a node");
    const char *slash = rest.size != 0 ? memchr(rest.data, '/', rest.size) : NULL;
    if (slash == NULL)
        return mqc__fail(info, MQC_EMALFORMED, "the topic has no level for the name");
    const struct mqc_view type = mqc_view_bytes(rest.data, (size_t)(slash - rest.data));
    char excerpt[MQC__EXCERPT_BYTES];
    if (!mqc__node_type_parse(type, type_out) || *type_out == MQC__NODE_NONE)
        return mqc__fail(info, MQC_EMALFORMED, "the topic's level %s is no type of a node",
                         mqc__excerpt(type, excerpt));
    return decode_name(mqc_view_bytes(slash + 1, rest.size - type.size - 1), name, info);
}
