#include "topic/topic.h"

#include "api/mqcluster.h"
#include "base/fail.h"

/* What a configuration takes. */
#define NAME_BYTES_MAX 255

static enum mqc_error fail_memory(struct mqc_error_info *info)
{
    return mqc__fail(info, MQC_ENOMEM, "%s", mqc_error_text(MQC_ENOMEM));
}

static enum mqc_error find_root(const struct mqc_config *config, char root_out[MQC_ROOT_BYTES],
                                struct mqc_error_info *info)
{
    if (mqc_config_root(config, root_out, MQC_ROOT_BYTES) == MQC_OK)
        return MQC_OK;
    return mqc__fail(info, MQC_ECONFIG, "cluster.name is not set");
}

/* Ends the text in the buffer and gives it away, or frees it when there was an error. */
static enum mqc_error finish(enum mqc_error error, struct mqc__buffer *buffer, char **text_out,
                             struct mqc_error_info *info)
{
    if (error == MQC_OK && !mqc__buffer_append(buffer, "", 1))
        error = fail_memory(info);
    if (error == MQC_OK)
        *text_out = buffer->data;
    else
        mqc__buffer_fini(buffer);
    return error;
}

enum mqc_error mqc_mqtt_topic(const struct mqc_config *config, struct mqc_view topic,
                              char **text_out, struct mqc_error_info *info)
{
    char root[MQC_ROOT_BYTES];
    if (text_out != NULL)
        *text_out = NULL;
    if (config == NULL || text_out == NULL || (topic.data == NULL && topic.size != 0))
        return mqc__fail(info, MQC_EINVAL, "mqc_mqtt_topic: an argument is NULL");
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, MQC__TOPIC_BYTES_MAX + 1);
    enum mqc_error error = find_root(config, root, info);
    if (error == MQC_OK)
        error = mqc__topic_event(root, topic, &buffer, info);
    return finish(error, &buffer, text_out, info);
}

/* Says whether a text can stand as one level of a topic. */
static bool is_level(const char *text)
{
    const size_t size = strlen(text);
    return size != 0 && size <= NAME_BYTES_MAX && memchr(text, '/', size) == NULL;
}

static enum mqc_error compose_presence(const char *root, const struct mqc_config_node *node,
                                       struct mqc__buffer *buffer, struct mqc_error_info *info)
{
    const char *const texts[] = {root, "/node/", node->type, "/"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        (void)mqc__buffer_append_text(buffer, texts[i]);
    return mqc__topic_encode(mqc_view_text(node->name), buffer) ? MQC_OK : fail_memory(info);
}

enum mqc_error mqc_mqtt_presence_topic(const struct mqc_config *config,
                                       const struct mqc_config_node *node, char **text_out,
                                       struct mqc_error_info *info)
{
    char root[MQC_ROOT_BYTES];
    if (text_out != NULL)
        *text_out = NULL;
    if (config == NULL || node == NULL || node->name == NULL || node->type == NULL ||
        text_out == NULL)
        return mqc__fail(info, MQC_EINVAL, "mqc_mqtt_presence_topic: an argument is NULL");
    if (!is_level(node->name) || !is_level(node->type))
        return mqc__fail(info, MQC_ETOPIC, "a node's name and type are 1 to %d bytes without '/'",
                         NAME_BYTES_MAX);
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, MQC__TOPIC_BYTES_MAX + 1);
    enum mqc_error error = find_root(config, root, info);
    if (error == MQC_OK)
        error = compose_presence(root, node, &buffer, info);
    return finish(error, &buffer, text_out, info);
}
