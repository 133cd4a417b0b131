#include "api/mqcluster.h"

#include "api/require.h"
#include "backend/backend.h"
#include "base/buffer.h"
#include "config/settings.h"
#include "config/state_directory.h"
#include "spool/spool.h"
#include "topic/topic.h"

#include <stdio.h>

const char *mqc_guarantee_name(enum mqc_guarantee guarantee)
{
    switch (guarantee) {
    case MQC_GUARANTEE_BEST_EFFORT: return "best_effort";
    case MQC_GUARANTEE_BROKER: return "broker";
    case MQC_GUARANTEE_END_TO_END: break;
    }
    return "end_to_end";
}

static enum mqc_error find_directory(const struct mqc_config *config, char path_out[PATH_MAX],
                                     struct mqc_error_info *info)
{
    const struct mqc__settings *settings = mqc__config_settings(config);
    if (settings->node != NULL)
        return mqc__state_directory(settings->delivery.directory, settings->node, path_out, info);
    (void)mqc__fail(info, MQC_ECONFIG, "node is not set; it names the node whose spool it is");
    mqc__fail_place(info, "node");
    return MQC_ECONFIG;
}

enum mqc_error mqc_spool_path(const struct mqc_config *config, char *path_out, size_t size,
                              struct mqc_error_info *info)
{
    char directory[PATH_MAX];
    REQUIRE_ARGUMENT(config != NULL && path_out != NULL && size != 0, info);
    path_out[0] = '\0';
    const enum mqc_error error = find_directory(config, directory, info);
    if (error != MQC_OK)
        return error;
    const int length = snprintf(path_out, size, "%s/%s", directory, MQC__SESSION_SPOOL_NAME);
    if (length >= 0 && (size_t)length < size)
        return MQC_OK;
    return mqc__fail(info, MQC_ETOOLARGE, "the path of the spool is too long");
}

/* What the records are given on with. */
struct walk {
    const char *root;
    struct mqc__buffer topic;
    mqc_spool_fn visit;
    void *context;
};

static enum mqc_guarantee guarantee_of(struct mqc__service service)
{
    if (service.is_end_to_end)
        return MQC_GUARANTEE_END_TO_END;
    return service.qos == MQC__QOS_0 ? MQC_GUARANTEE_BEST_EFFORT : MQC_GUARANTEE_BROKER;
}

static struct mqc_view event_topic(struct walk *walk, struct mqc_view mqtt_topic)
{
    struct mqc_view encoded;
    mqc__buffer_clear(&walk->topic);
    if (!mqc__topic_event_part(walk->root, mqtt_topic, &encoded) ||
        !mqc__topic_decode(encoded, &walk->topic))
        return mqc_view_text(NULL);
    const struct mqc_view topic = mqc__buffer_view(&walk->topic);
    return topic.size != 0 ? topic : mqc_view_text("");
}

static bool give_on(void *context, const struct mqc__spool_record *from)
{
    struct walk *walk = context;
    const struct mqc__service service = mqc__session_spool_service(from->service);
    const struct mqc_spool_record record = {
        .number = from->number,
        .instance = from->instance,
        .topic = event_topic(walk, from->topic),
        .mqtt_topic = from->topic,
        .sequence = from->sequence,
        .guarantee = guarantee_of(service),
        .is_urgent = service.is_urgent,
        .is_to_one = service.is_to_one,
        .bytes = from->topic.size + from->event.size + MQC__SPOOL_RECORD_COST,
        .payload = from->event,
    };
    return walk->visit(walk->context, &record);
}

enum mqc_error mqc_spool_walk(const struct mqc_config *config, mqc_spool_fn visit, void *context,
                              struct mqc_error_info *info)
{
    char path[PATH_MAX + sizeof "/" MQC__SESSION_SPOOL_NAME];
    char root[MQC_ROOT_BYTES];
    REQUIRE_ARGUMENT(config != NULL && visit != NULL, info);
    enum mqc_error error = mqc_spool_path(config, path, sizeof path, info);
    if (error != MQC_OK)
        return error;
    if (mqc_config_root(config, root, sizeof root) != MQC_OK)
        return mqc__fail(info, MQC_ECONFIG, "cluster.name is not set");
    struct walk walk = {.root = root, .visit = visit, .context = context};
    mqc__buffer_init(&walk.topic, MQC__TOPIC_BYTES_MAX);
    error = mqc__spool_walk(path, give_on, &walk, info);
    mqc__buffer_fini(&walk.topic);
    return error;
}

enum mqc_error mqc_spool_adopt(struct mqc_backend *backend, const struct mqc_config *config,
                               struct mqc_error_info *info)
{
    char directory[PATH_MAX];
    REQUIRE_ARGUMENT(backend != NULL && config != NULL, info);
    if (!mqc__config_settings(config)->cluster.is_guest)
        return mqc__fail(info, MQC_ECONFIG,
                         "only a guest takes over a spool; set cluster.guest, and a client id");
    enum mqc_error error = find_directory(config, directory, info);
    if (error != MQC_OK)
        return error;
    error = mqc__backend_adopt_spool(backend, directory);
    return error == MQC_OK ? MQC_OK : mqc__fail(info, error, "%s", mqc_error_text(error));
}
