#include "cli/record.h"

#include "cli/output.h"
#include "cli/report.h"

#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

void mqc__record_begin(struct mqc__record *record)
{
    *record = (struct mqc__record){.stream = NULL};
    record->stream = open_memstream(&record->text, &record->size);
    record->has_failed = record->stream == NULL;
}

void mqc__record_add(struct mqc__record *record, const char *format, ...)
{
    va_list arguments;
    if (record->has_failed)
        return;
    va_start(arguments, format);
    record->has_failed = vfprintf(record->stream, format, arguments) < 0;
    va_end(arguments);
}

static void add_json(struct mqc__record *record, enum mqc_error error, char *json)
{
    if (error == MQC_OK)
        mqc__record_add(record, "%s", json);
    else
        record->has_failed = true;
    free(json);
}

void mqc__record_add_string(struct mqc__record *record, struct mqc_view text)
{
    char *json = NULL;
    const enum mqc_error error = mqc_text_to_json(text, &json);
    add_json(record, error, json);
}

void mqc__record_add_value(struct mqc__record *record, const struct mqc_value *value)
{
    char *json = NULL;
    const enum mqc_error error = mqc_value_to_json(value, &json);
    add_json(record, error, json);
}

void mqc__record_time(int64_t ns, char text_out[MQC__RECORD_TIME_BYTES])
{
    const time_t seconds = (time_t)(ns / 1000000000);
    struct tm parts;
    size_t size = 0;
    if (gmtime_r(&seconds, &parts) != NULL)
        size = strftime(text_out, MQC__RECORD_TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &parts);
    (void)snprintf(text_out + size, MQC__RECORD_TIME_BYTES - size, ".%03dZ",
                   (int)(ns % 1000000000 / 1000000));
}

bool mqc__record_print(struct mqc__record *record, const char *who)
{
    if (record->stream != NULL && fclose(record->stream) != 0)
        record->has_failed = true;
    if (record->has_failed)
        mqc__report(who, "%s", mqc_error_text(MQC_ENOMEM));
    const bool is_printed = !record->has_failed && mqc__output_line(who, record->text);
    free(record->text);
    return is_printed;
}
