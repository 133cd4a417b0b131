#include "topic/topic.h"

#include "api/mqcluster.h"
#include "base/fail.h"

static enum mqc_error compose(const struct mqc_config *config, struct mqc_view topic,
                              struct mqc__buffer *buffer, struct mqc_error_info *info)
{
    char root[MQC_ROOT_BYTES];
    if (mqc_config_root(config, root, sizeof root) != MQC_OK)
        return mqc__fail(info, MQC_ECONFIG, "cluster.name is not set");
    const enum mqc_error error = mqc__topic_event(root, topic, buffer, info);
    if (error != MQC_OK || mqc__buffer_append(buffer, "", 1))
        return error;
    return mqc__fail(info, MQC_ENOMEM, "%s", mqc_error_text(MQC_ENOMEM));
}

enum mqc_error mqc_mqtt_topic(const struct mqc_config *config, struct mqc_view topic,
                              char **text_out, struct mqc_error_info *info)
{
    if (text_out != NULL)
        *text_out = NULL;
    if (config == NULL || text_out == NULL || (topic.data == NULL && topic.size != 0))
        return mqc__fail(info, MQC_EINVAL, "mqc_mqtt_topic: an argument is NULL");
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, MQC__TOPIC_BYTES_MAX + 1);
    const enum mqc_error error = compose(config, topic, &buffer, info);
    if (error == MQC_OK)
        *text_out = buffer.data;
    else
        mqc__buffer_fini(&buffer);
    return error;
}
