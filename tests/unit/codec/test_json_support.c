#include "test_json_support.h"

#include <stdio.h>
#include <stdlib.h>

void json_result_init(struct json_result *result, struct mqc_view json, size_t limit_bytes)
{
    *result = (struct json_result){.error = MQC_OK};
    mqc__arena_init(&result->arena, limit_bytes);
    mqc__buffer_init(&result->text, SIZE_MAX);
    struct mqc_value value = mqc_none();
    result->error = mqc__json_read_value(&result->arena, json, &value, &result->info);
    if (result->error == MQC_OK)
        result->error = mqc__json_write_value(&value, &result->text);
    (void)mqc__buffer_append(&result->text, "", 1);
}

void json_result_fini(struct json_result *result)
{
    mqc__arena_fini(&result->arena);
    mqc__buffer_fini(&result->text);
}

void check_reads(const char *json, const char *written, const char *file, unsigned line)
{
    struct json_result result;
    json_result_init(&result, mqc_view_text(json), 1 << 20);
    if (result.error != MQC_OK)
        (void)check_text(result.info.text, "no error", json, file, line);
    else
        (void)check_text(result.text.data, written, json, file, line);
    json_result_fini(&result);
}

void check_refuses(struct mqc_view json, enum mqc_error error, const char *file, unsigned line)
{
    char text[128];
    (void)snprintf(text, sizeof text, "%.*s", (int)(json.size < 100 ? json.size : 100),
                   json.size != 0 ? json.data : "");
    struct json_result result;
    json_result_init(&result, json, 1 << 20);
    (void)check_text(mqc_error_name(result.error), mqc_error_name(error), text, file, line);
    if (result.error != MQC_OK)
        (void)check_true(result.info.code == error && result.info.text[0] != '\0', text, file, line,
                         false);
    json_result_fini(&result);
}

char *json_nested(const char *open, const char *inner, const char *close, size_t count)
{
    const size_t open_size = strlen(open);
    const size_t inner_size = strlen(inner);
    const size_t close_size = strlen(close);
    char *text = malloc(count * (open_size + close_size) + inner_size + 1);
    if (text == NULL)
        abort();
    char *end = text;
    for (size_t i = 0; i < count; i++, end += open_size)
        memcpy(end, open, open_size);
    memcpy(end, inner, inner_size);
    end += inner_size;
    for (size_t i = 0; i < count; i++, end += close_size)
        memcpy(end, close, close_size);
    *end = '\0';
    return text;
}
