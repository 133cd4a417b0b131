#include "api/mqcluster.h"

#include "backend/backend.h"
#include "base/fail.h"

enum mqc_error mqc_declare_event(struct mqc_backend *backend, const char *name, const char *params,
                                 struct mqc_error_info *info)
{
    if (backend == NULL || name == NULL || params == NULL)
        return mqc__fail(info, MQC_EINVAL, "mqc_declare_event: an argument is NULL");
    return mqc__backend_declare(backend, mqc_view_text(name), mqc_view_text(params), info);
}

enum mqc_error mqc_make_event(const struct mqc_backend *backend, const char *name,
                              const struct mqc_value *args, size_t arg_count,
                              struct mqc_event *event_out, struct mqc_error_info *info)
{
    if (backend == NULL || name == NULL || event_out == NULL)
        return mqc__fail(info, MQC_EINVAL, "mqc_make_event: an argument is NULL");
    const struct mqc_event event = {
        .name = mqc_view_text(name), .args = args, .arg_count = arg_count};
    const enum mqc_error error = mqc__backend_check_event(backend, &event, info);
    if (error == MQC_OK)
        *event_out = event;
    return error;
}

bool mqc_publish(struct mqc_backend *backend, struct mqc_view topic, const struct mqc_event *event,
                 struct mqc_error_info *info)
{
    if (backend == NULL || event == NULL || (topic.data == NULL && topic.size != 0))
        return mqc__fail(info, MQC_EINVAL, "mqc_publish: an argument is NULL") == MQC_OK;
    return mqc__backend_publish(backend, topic, event, info) == MQC_OK;
}

bool mqc_publish_async(struct mqc_backend *backend, struct mqc_view topic,
                       const struct mqc_event *event, mqc_done_fn done, void *context,
                       struct mqc_error_info *info)
{
    if (backend == NULL || event == NULL || done == NULL || (topic.data == NULL && topic.size != 0))
        return mqc__fail(info, MQC_EINVAL, "mqc_publish_async: an argument is NULL") == MQC_OK;
    const struct mqc__session_done told = {done, context};
    return mqc__backend_publish_async(backend, topic, event, &told, info) == MQC_OK;
}
