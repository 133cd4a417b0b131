#include "metrics/prometheus.h"

#include "base/utf8.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Enough for a double or an uint64_t, and for what stands around it. */
#define NUMBER_BYTES ((size_t)40)

/* U+FFFD */
static const char replacement[] = "\xef\xbf\xbd";

/* The length of the clean character at the start of the text; 0: there is none. */
static size_t clean_next(struct mqc_view text)
{
    const size_t length = mqc__utf8_next(text);
    return length > 0 && !mqc__utf8_is_control(text) ? length : 0;
}

static struct mqc_view skip(struct mqc_view text, size_t size)
{
    return mqc_view_bytes(text.data + size, text.size - size);
}

struct mqc_view mqc__prometheus_clean(struct mqc_view value, char *room)
{
    if (!mqc__utf8_has_control(value))
        return value;
    size_t used = 0;
    while (value.size > 0) {
        const size_t length = clean_next(value);
        const struct mqc_view part =
            length > 0 ? mqc_view_bytes(value.data, length) : mqc_view_text(replacement);
        memcpy(room + used, part.data, part.size);
        used += part.size;
        value = skip(value, length > 0 ? length : 1);
    }
    return mqc_view_bytes(room, used);
}

/* Appends a label's value, cleaned and escaped. */
static void append_value(struct mqc__buffer *out, struct mqc_view value)
{
    while (value.size > 0) {
        const size_t length = clean_next(value);
        if (length == 0)
            mqc__buffer_append_text(out, replacement);
        else if (value.data[0] == '"' || value.data[0] == '\\')
            mqc__buffer_append_text(out, value.data[0] == '"' ? "\\\"" : "\\\\");
        else
            mqc__buffer_append(out, value.data, length);
        value = skip(value, length > 0 ? length : 1);
    }
}

static void append_label(struct mqc__buffer *out, char before, const char *name,
                         struct mqc_view value)
{
    mqc__buffer_append(out, &before, 1);
    mqc__buffer_append_text(out, name);
    mqc__buffer_append_text(out, "=\"");
    append_value(out, value);
    mqc__buffer_append_text(out, "\"");
}

/* Writes a double as Go and Python read it, whatever the locale's decimal point. */
static void format_double(double value, char text_out[NUMBER_BYTES])
{
    if (isnan(value) || isinf(value)) {
        (void)snprintf(text_out, NUMBER_BYTES, "%s",
                       isnan(value) ? "NaN" : (value > 0 ? "+Inf" : "-Inf"));
        return;
    }
    (void)snprintf(text_out, NUMBER_BYTES, "%.15g", value);
    if (strtod(text_out, NULL) != value)
        (void)snprintf(text_out, NUMBER_BYTES, "%.17g", value);
    for (char *at = text_out; *at != '\0'; at++)
        if (strchr("0123456789+-e", *at) == NULL)
            *at = '.';
}

/* One line; `le` is the last label of a histogram's bucket, NULL for the others. */
static void sample(const struct mqc__prometheus *writer, const char *suffix,
                   struct mqc__prometheus_labels labels, const char *le, const char *value)
{
    struct mqc__buffer *out = writer->out;
    char before = '{';
    mqc__buffer_append_text(out, writer->name);
    mqc__buffer_append_text(out, suffix);
    if (writer->node.size > 0) {
        append_label(out, before, "node", writer->node);
        before = ',';
    }
    for (size_t i = 0; i < labels.count; i++) {
        append_label(out, before, labels.items[i].name, labels.items[i].value);
        before = ',';
    }
    if (le != NULL) {
        append_label(out, before, "le", mqc_view_text(le));
        before = ',';
    }
    mqc__buffer_append_text(out, before == ',' ? "} " : " ");
    mqc__buffer_append_text(out, value);
    mqc__buffer_append_text(out, "\n");
}

static void sample_count(const struct mqc__prometheus *writer, const char *suffix,
                         struct mqc__prometheus_labels labels, const char *le, uint64_t value)
{
    char text[NUMBER_BYTES];
    (void)snprintf(text, sizeof text, "%" PRIu64, value);
    sample(writer, suffix, labels, le, text);
}

static void head_line(struct mqc__prometheus *writer, const char *keyword, const char *text)
{
    mqc__buffer_append_text(writer->out, keyword);
    mqc__buffer_append_text(writer->out, writer->name);
    mqc__buffer_append_text(writer->out, writer->suffix);
    mqc__buffer_append_text(writer->out, " ");
    mqc__buffer_append_text(writer->out, text);
    mqc__buffer_append_text(writer->out, "\n");
}

static void begin(struct mqc__prometheus *writer, const char *name, const char *suffix,
                  const char *help, const char *type)
{
    writer->name = name;
    writer->suffix = suffix;
    head_line(writer, "# HELP ", help);
    head_line(writer, "# TYPE ", type);
}

void mqc__prometheus_init(struct mqc__prometheus *writer, struct mqc__buffer *out,
                          struct mqc_view node)
{
    *writer = (struct mqc__prometheus){.out = out, .node = node, .name = "", .suffix = ""};
}

void mqc__prometheus_begin_counter(struct mqc__prometheus *writer, const char *name,
                                   const char *help)
{
    begin(writer, name, "_total", help, "counter");
}

void mqc__prometheus_begin_gauge(struct mqc__prometheus *writer, const char *name, const char *help)
{
    begin(writer, name, "", help, "gauge");
}

void mqc__prometheus_begin_histogram(struct mqc__prometheus *writer, const char *name,
                                     const char *help)
{
    begin(writer, name, "", help, "histogram");
}

void mqc__prometheus_count(struct mqc__prometheus *writer, struct mqc__prometheus_labels labels,
                           uint64_t value)
{
    sample_count(writer, writer->suffix, labels, NULL, value);
}

void mqc__prometheus_number(struct mqc__prometheus *writer, struct mqc__prometheus_labels labels,
                            double value)
{
    char text[NUMBER_BYTES];
    format_double(value, text);
    sample(writer, writer->suffix, labels, NULL, text);
}

void mqc__prometheus_histogram(struct mqc__prometheus *writer, struct mqc__prometheus_labels labels,
                               const struct mqc__prometheus_histogram *histogram)
{
    uint64_t count = 0;
    for (size_t i = 0; i < histogram->bound_count; i++) {
        char le[NUMBER_BYTES];
        count += histogram->counts[i];
        (void)snprintf(le, sizeof le, "%" PRIu64, histogram->bounds[i]);
        sample_count(writer, "_bucket", labels, le, count);
    }
    count += histogram->counts[histogram->bound_count];
    sample_count(writer, "_bucket", labels, "+Inf", count);
    sample_count(writer, "_sum", labels, NULL, histogram->sum);
    sample_count(writer, "_count", labels, NULL, count);
}

void mqc__prometheus_counter(struct mqc__prometheus *writer, const char *name, const char *help,
                             uint64_t value)
{
    mqc__prometheus_begin_counter(writer, name, help);
    mqc__prometheus_count(writer, (struct mqc__prometheus_labels){.count = 0}, value);
}

void mqc__prometheus_gauge(struct mqc__prometheus *writer, const char *name, const char *help,
                           double value)
{
    mqc__prometheus_begin_gauge(writer, name, help);
    mqc__prometheus_number(writer, (struct mqc__prometheus_labels){.count = 0}, value);
}
