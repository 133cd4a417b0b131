#include "value/signature.h"

#include "base/buffer.h"

#include <stdint.h>
#include <stdio.h>

static void write_type(const struct mqc__type_spec *spec, struct mqc__buffer *buffer);

static const char *scalar_name(enum mqc_type type)
{
    switch (type) {
    case MQC_TYPE_BOOLEAN: return "bool";
    case MQC_TYPE_COUNT: return "count";
    case MQC_TYPE_INTEGER: return "int";
    case MQC_TYPE_REAL: return "double";
    case MQC_TYPE_STRING: return "string";
    case MQC_TYPE_ADDRESS: return "addr";
    case MQC_TYPE_SUBNET: return "subnet";
    case MQC_TYPE_PORT: return "port";
    case MQC_TYPE_TIMESTAMP: return "time";
    case MQC_TYPE_TIMESPAN: return "interval";
    case MQC_TYPE_ENUM: return "enum";
    default: return "any";
    }
}

static void write_scalar(const struct mqc__type_spec *spec, struct mqc__buffer *buffer)
{
    (void)mqc__buffer_append_text(buffer, scalar_name(spec->scalar));
    if (spec->enum_name.size == 0)
        return;
    (void)mqc__buffer_append_text(buffer, " ");
    (void)mqc__buffer_append(buffer, spec->enum_name.data, spec->enum_name.size);
}

static void write_index(const struct mqc__type_spec *spec, struct mqc__buffer *buffer)
{
    (void)mqc__buffer_append_text(buffer, "[");
    for (size_t i = 0; i < spec->index_count; i++) {
        (void)mqc__buffer_append_text(buffer, i > 0 ? ", " : "");
        write_type(&spec->index[i], buffer);
    }
    (void)mqc__buffer_append_text(buffer, "]");
}

static void write_record(const struct mqc__type_spec *spec, struct mqc__buffer *buffer)
{
    (void)mqc__buffer_append_text(buffer, "record { ");
    for (size_t i = 0; i < spec->field_count; i++) {
        const struct mqc__field_spec *field = &spec->fields[i];
        (void)mqc__buffer_append(buffer, field->name.data, field->name.size);
        (void)mqc__buffer_append_text(buffer, ": ");
        write_type(&field->type, buffer);
        (void)mqc__buffer_append_text(buffer, field->is_optional ? " &optional; " : "; ");
    }
    (void)mqc__buffer_append_text(buffer, "}");
}

static void write_type(const struct mqc__type_spec *spec, struct mqc__buffer *buffer)
{
    switch (spec->shape) {
    case MQC__SHAPE_ANY: (void)mqc__buffer_append_text(buffer, "any"); return;
    case MQC__SHAPE_PATTERN: (void)mqc__buffer_append_text(buffer, "pattern"); return;
    case MQC__SHAPE_SCALAR: write_scalar(spec, buffer); return;
    case MQC__SHAPE_SET:
        (void)mqc__buffer_append_text(buffer, "set");
        write_index(spec, buffer);
        return;
    case MQC__SHAPE_TABLE:
        (void)mqc__buffer_append_text(buffer, "table");
        write_index(spec, buffer);
        (void)mqc__buffer_append_text(buffer, " of ");
        write_type(spec->yield, buffer);
        return;
    case MQC__SHAPE_VECTOR:
        (void)mqc__buffer_append_text(buffer, "vector of ");
        write_type(spec->yield, buffer);
        return;
    case MQC__SHAPE_RECORD: write_record(spec, buffer); return;
    }
}

void mqc__type_format(const struct mqc__type_spec *spec, char *text_out, size_t size)
{
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, SIZE_MAX / 2);
    write_type(spec, &buffer);
    (void)snprintf(text_out, size, "%.*s", (int)(buffer.size < size ? buffer.size : size),
                   buffer.size != 0 ? buffer.data : "");
    mqc__buffer_fini(&buffer);
}
