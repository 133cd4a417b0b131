#include "base/fail.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    const char *name;
    const char *text;
} errors[] = {
    [MQC_OK] = {"MQC_OK", "done"},
    [MQC_EINVAL] = {"MQC_EINVAL", "invalid argument"},
    [MQC_ENOMEM] = {"MQC_ENOMEM", "out of memory"},
    [MQC_ETYPE] = {"MQC_ETYPE", "value does not fit the event's signature"},
    [MQC_EUNDECLARED] = {"MQC_EUNDECLARED", "event is not declared"},
    [MQC_ETOPIC] = {"MQC_ETOPIC", "topic cannot be used with MQTT"},
    [MQC_ETOOLARGE] = {"MQC_ETOOLARGE", "over a size or nesting limit"},
    [MQC_EMALFORMED] = {"MQC_EMALFORMED", "malformed data"},
    [MQC_EFULL] = {"MQC_EFULL", "queue is full"},
    [MQC_ENOTINIT] = {"MQC_ENOTINIT", "backend is not initialised"},
    [MQC_ECLOSED] = {"MQC_ECLOSED", "closed"},
    [MQC_ECONFIG] = {"MQC_ECONFIG", "configuration is wrong"},
    [MQC_EIO] = {"MQC_EIO", "input or output failed"},
    [MQC_ECONNECT] = {"MQC_ECONNECT", "broker cannot be reached"},
    [MQC_EREFUSED] = {"MQC_EREFUSED", "broker refused"},
    [MQC_ETIMEOUT] = {"MQC_ETIMEOUT", "timed out"},
    [MQC_ETAKEN] = {"MQC_ETAKEN", "session was taken over by another client"},
    [MQC_EEXIST] = {"MQC_EEXIST", "exists already"},
    [MQC_ENOTFOUND] = {"MQC_ENOTFOUND", "not found"},
    [MQC_EUNSUPPORTED] = {"MQC_EUNSUPPORTED", "not supported"},
};

#define ERROR_COUNT (sizeof errors / sizeof errors[0])

const char *mqc_error_name(enum mqc_error code)
{
    return (size_t)code < ERROR_COUNT ? errors[code].name : "MQC_EUNKNOWN";
}

const char *mqc_error_text(enum mqc_error code)
{
    return (size_t)code < ERROR_COUNT ? errors[code].text : "unknown error";
}

enum mqc_error mqc__fail(struct mqc_error_info *info, enum mqc_error code, const char *format, ...)
{
    if (info == NULL)
        return code;
    info->code = code;
    info->place[0] = '\0';
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(info->text, sizeof info->text, format, arguments);
    va_end(arguments);
    return code;
}

void mqc__fail_place(struct mqc_error_info *info, const char *format, ...)
{
    if (info == NULL)
        return;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(info->place, sizeof info->place, format, arguments);
    va_end(arguments);
}
