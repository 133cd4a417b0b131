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

/* What the arguments of one event may take when they are read. */
#define ARGS_MEMORY_BYTES ((size_t)64 << 20)

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
    mqc__arena_init(&arena, ARGS_MEMORY_BYTES);
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
    if (received_ns == 0) {
        (void)write_text(buffer, ",\"received\":null}");
        return;
    }
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

/* Ends the text in the buffer and gives it away, or frees it when there was an error. */
static enum mqc_error give_text(enum mqc_error error, struct mqc__buffer *buffer, char **text_out)
{
    (void)mqc__buffer_append(buffer, "", 1);
    if (error == MQC_OK && mqc__buffer_failed(buffer))
        error = MQC_ENOMEM;
    if (error == MQC_OK)
        *text_out = buffer->data;
    else
        mqc__buffer_fini(buffer);
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
    return give_text(write_message(&buffer, message), &buffer, text_out);
}

enum mqc_error mqc_value_to_json(const struct mqc_value *value, char **text_out)
{
    if (text_out == NULL)
        return MQC_EINVAL;
    *text_out = NULL;
    if (value == NULL)
        return MQC_EINVAL;
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, SIZE_MAX / 2);
    return give_text(mqc__json_write_value(value, &buffer), &buffer, text_out);
}

enum mqc_error mqc_text_to_json(struct mqc_view bytes, char **text_out)
{
    if (text_out == NULL)
        return MQC_EINVAL;
    *text_out = NULL;
    if (bytes.data == NULL && bytes.size != 0)
        return MQC_EINVAL;
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, SIZE_MAX / 2);
    return give_text(mqc__json_write_string(bytes, &buffer), &buffer, text_out);
}

enum mqc_error mqc_payload_decode(struct mqc_view payload, const char *content_type,
                                  mqc_message_fn handler, void *context,
                                  struct mqc_error_info *info)
{
    if (handler == NULL || (payload.data == NULL && payload.size != 0))
        return mqc__fail(info, MQC_EINVAL, "mqc_payload_decode: an argument is NULL");
    struct mqc__arena arena;
    mqc__arena_init(&arena, mqc__payload_memory_limit(payload.size));
    struct mqc__decompressor decompressor = {NULL, NULL};
    const struct mqc__payload_source source = {payload, mqc_view_text(content_type), NULL,
                                               &decompressor};
    struct mqc__envelope envelope;
    const enum mqc_error error = mqc__payload_read(&arena, &source, &envelope, info);
    struct mqc_message message = {.received_ns = mqc__clock_wall_ns(), .is_remote = true};
    for (size_t i = 0; error == MQC_OK && i < envelope.event_count; i++) {
        message.sender_node = envelope.sender.node;
        message.sender_instance = envelope.sender.instance;
        message.event = &envelope.events[i];
        handler(context, &message);
    }
    mqc__decompressor_fini(&decompressor);
    mqc__arena_fini(&arena);
    return error;
}
