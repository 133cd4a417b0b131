#include "api/mqcluster.h"

#include "api/text.h"
#include "backend/backend.h"
#include "backend/payload.h"
#include "base/clock.h"
#include "base/fail.h"
#include "codec/json.h"
#include "value/text.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* What one line of JSON may take when it is read. */
#define REQUEST_MEMORY_BYTES ((size_t)64 << 20)

static const struct mqc__signature *find_signature(void *context, struct mqc_view event)
{
    return context != NULL ? mqc__backend_signature(context, event) : NULL;
}

static enum mqc_error read_args(const struct mqc__signature *signature, const char *const *texts,
                                size_t count, struct mqc__arena *arena, struct mqc_value *args,
                                struct mqc_error_info *info)
{
    for (size_t i = 0; i < count; i++) {
        const bool is_known = signature != NULL && i < signature->param_count;
        const struct mqc__field_spec *param = is_known ? &signature->params[i] : NULL;
        struct mqc_error_info reason = {0};
        const enum mqc_error error = mqc__text_value(
            arena, texts[i], param != NULL ? &param->type : NULL, &args[i], &reason);
        if (error != MQC_OK)
            return mqc__fail(info, error, "argument %zu%s%.*s%s: %s", i + 1,
                             param != NULL ? " (" : "", param != NULL ? (int)param->name.size : 0,
                             param != NULL ? param->name.data : "", param != NULL ? ")" : "",
                             reason.text);
    }
    return MQC_OK;
}

enum mqc_error mqc_event_from_text(const struct mqc_backend *backend, const char *name,
                                   const char *const *args, size_t arg_count,
                                   struct mqc_event **event_out, struct mqc_error_info *info)
{
    *event_out = NULL;
    if (backend == NULL || name == NULL || (args == NULL && arg_count != 0))
        return mqc__fail(info, MQC_EINVAL, "mqc_event_from_text: an argument is NULL");
    struct mqc__arena arena;
    mqc__arena_init(&arena, REQUEST_MEMORY_BYTES);
    struct mqc_event event = {.name = mqc_view_text(name), .arg_count = arg_count};
    struct mqc_value *values = mqc__arena_array(&arena, arg_count, sizeof *values);
    enum mqc_error error =
        values != NULL ? MQC_OK : mqc__fail(info, MQC_ENOMEM, "%s", mqc_error_text(MQC_ENOMEM));
    if (error == MQC_OK)
        error = read_args(mqc__backend_signature(backend, event.name), args, arg_count, &arena,
                          values, info);
    event.args = values;
    if (error == MQC_OK)
        error = mqc__backend_check_event(backend, &event, info);
    if (error == MQC_OK)
        error = mqc_event_copy(&event, event_out);
    mqc__arena_fini(&arena);
    return error;
}

/* A request and the memory that it lives in. */
struct owned_request {
    struct mqc_request request;
    struct mqc__arena arena;
};

static enum mqc_error read_request(const struct mqc_backend *backend, struct mqc_view json,
                                   struct owned_request *owned, struct mqc_error_info *info)
{
    /* The context is only read. */
    const struct mqc__json_signatures signatures = {find_signature, (void *)(uintptr_t)backend};
    struct mqc__json_request request;
    const enum mqc_error error =
        mqc__json_read_any(&owned->arena, json, &signatures, &request, info);
    if (error != MQC_OK)
        return error;
    if (request.has_hrw || request.has_rr)
        return mqc__fail(info, MQC_EUNSUPPORTED,
                         "\"%s\" needs pools, which this version does not have; name a \"topic\"",
                         request.has_hrw ? "hrw" : "rr");
    if (!request.has_topic)
        return mqc__fail(info, MQC_EMALFORMED, "the member \"topic\" is missing");
    owned->request = (struct mqc_request){.topic = request.topic, .event = request.event};
    return mqc__backend_check_event(backend, &owned->request.event, info);
}

enum mqc_error mqc_request_from_json(const struct mqc_backend *backend, struct mqc_view json,
                                     struct mqc_request **request_out, struct mqc_error_info *info)
{
    *request_out = NULL;
    if (backend == NULL || (json.data == NULL && json.size != 0))
        return mqc__fail(info, MQC_EINVAL, "mqc_request_from_json: an argument is NULL");
    struct owned_request *owned = calloc(1, sizeof *owned);
    if (owned == NULL)
        return mqc__fail(info, MQC_ENOMEM, "%s", mqc_error_text(MQC_ENOMEM));
    mqc__arena_init(&owned->arena, REQUEST_MEMORY_BYTES);
    struct mqc_request *request = &owned->request;
    const enum mqc_error error = read_request(backend, json, owned, info);
    if (error != MQC_OK)
        mqc_request_free(&request);
    *request_out = request;
    return error;
}

void mqc_request_free(struct mqc_request **request)
{
    if (request == NULL || *request == NULL)
        return;
    /* The request is the first member of what mqc_request_from_json() allocated. */
    struct owned_request *owned = (struct owned_request *)*request;
    mqc__arena_fini(&owned->arena);
    free(owned);
    *request = NULL;
}

static enum mqc_error write_text(struct mqc__buffer *buffer, const char *text)
{
    return mqc__buffer_append_text(buffer, text) ? MQC_OK : MQC_ENOMEM;
}

/* A string, or null when there is none. */
static void write_string_or_null(struct mqc__buffer *buffer, bool is_there, struct mqc_view text)
{
    if (is_there)
        (void)mqc__json_write_string(text, buffer);
    else
        (void)write_text(buffer, "null");
}

static void write_sender(struct mqc__buffer *buffer, const struct mqc_message *message)
{
    (void)write_text(buffer, ",\"sender\":{\"node\":");
    write_string_or_null(buffer, message->sender_node.size != 0, message->sender_node);
    (void)write_text(buffer, ",\"instance\":");
    write_string_or_null(buffer, message->sender_instance.size != 0, message->sender_instance);
    (void)write_text(buffer, "}");
}

static void write_received(struct mqc__buffer *buffer, int64_t received_ns)
{
    char text[MQC__TEXT_BYTES];
    (void)mqc__timestamp_format(received_ns, text);
    (void)write_text(buffer, ",\"received\":\"");
    (void)write_text(buffer, text);
    (void)write_text(buffer, "Z\"}");
}

static enum mqc_error write_message(struct mqc__buffer *buffer, const struct mqc_message *message)
{
    (void)write_text(buffer, "{\"topic\":");
    write_string_or_null(buffer, message->topic.data != NULL, message->topic);
    (void)write_text(buffer, ",\"event\":");
    (void)mqc__json_write_string(message->event->name, buffer);
    (void)write_text(buffer, ",\"args\":");
    enum mqc_error error = mqc__json_write_args(message->event, buffer);
    (void)write_text(buffer, ",\"metadata\":");
    if (error == MQC_OK)
        error = mqc__json_write_metadata(message->event, buffer);
    write_sender(buffer, message);
    write_received(buffer, message->received_ns);
    return error;
}

enum mqc_error mqc_message_to_json(const struct mqc_message *message, char **text_out)
{
    if (text_out == NULL)
        return MQC_EINVAL;
    *text_out = NULL;
    if (message == NULL || message->event == NULL)
        return MQC_EINVAL;
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, SIZE_MAX / 2);
    enum mqc_error error = write_message(&buffer, message);
    (void)mqc__buffer_append(&buffer, "", 1);
    if (error == MQC_OK && mqc__buffer_failed(&buffer))
        error = MQC_ENOMEM;
    if (error == MQC_OK)
        *text_out = buffer.data;
    else
        mqc__buffer_fini(&buffer);
    return error;
}

enum mqc_error mqc_payload_decode(struct mqc_view payload, const char *content_type,
                                  mqc_message_fn handler, void *context,
                                  struct mqc_error_info *info)
{
    if (handler == NULL || (payload.data == NULL && payload.size != 0))
        return mqc__fail(info, MQC_EINVAL, "mqc_payload_decode: an argument is NULL");
    struct mqc__arena arena;
    mqc__arena_init(&arena, mqc__payload_memory_limit(payload.size));
    const struct mqc__payload_source source = {payload, mqc_view_text(content_type), NULL};
    struct mqc__envelope envelope;
    const enum mqc_error error = mqc__payload_read(&arena, &source, &envelope, info);
    struct mqc_message message = {.received_ns = mqc__clock_wall_ns(), .is_remote = true};
    for (size_t i = 0; error == MQC_OK && i < envelope.event_count; i++) {
        message.sender_node = envelope.sender.node;
        message.sender_instance = envelope.sender.instance;
        message.event = &envelope.events[i];
        handler(context, &message);
    }
    mqc__arena_fini(&arena);
    return error;
}
