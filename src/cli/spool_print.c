#include "cli/spool_print.h"

#include "cli/record.h"

#include <inttypes.h>

/* Bytes that would steer a terminal become '?': topics may come from other programs. */
static void add_text(struct mqc__record *record, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        const unsigned char byte = (unsigned char)text[i];
        mqc__record_add(record, "%c", byte < 0x20 || byte == 0x7f ? '?' : byte);
    }
}

static bool print_heading(const char *who)
{
    struct mqc__record record;
    mqc__record_begin(&record);
    mqc__record_add(&record, "%10s %12s %20s  %-11s  %s", "EVENTS", "BYTES", "NUMBERS", "GUARANTEE",
                    "INSTANCE, TOPIC");
    return mqc__record_print(&record, who);
}

static bool print_line(const char *who, const struct mqc__spool_line *line)
{
    char numbers[50];
    struct mqc__record record;
    (void)snprintf(numbers, sizeof numbers, "%" PRIu64 "-%" PRIu64, line->first_sequence,
                   line->last_sequence);
    mqc__record_begin(&record);
    mqc__record_add(&record, "%10" PRIu64 " %12" PRIu64 " %20s  %-11s  ", line->events, line->bytes,
                    numbers, mqc_guarantee_name(line->guarantee));
    add_text(&record, line->instance, line->instance_size);
    mqc__record_add(&record, "%s", line->is_foreign ? ", of another cluster: " : ", ");
    add_text(&record, line->topic, line->topic_size);
    return mqc__record_print(&record, who);
}

static bool print_total(const char *who, const struct mqc__spool_tally *tally,
                        const struct mqc__spool_file *file)
{
    struct mqc__record record;
    mqc__record_begin(&record);
    mqc__record_add(&record, "%10" PRIu64 " %12" PRIu64 "  in all; %s takes %" PRIu64 " bytes",
                    tally->events, tally->bytes, file->path, file->bytes);
    return mqc__record_print(&record, who);
}

static bool print_line_json(const char *who, const struct mqc__spool_line *line)
{
    struct mqc__record record;
    const struct mqc_view topic = mqc_view_bytes(line->topic, line->topic_size);
    mqc__record_begin(&record);
    mqc__record_add(&record, "{\"instance\":");
    mqc__record_add_string(&record, mqc_view_bytes(line->instance, line->instance_size));
    mqc__record_add(&record, ",\"topic\":");
    if (line->is_foreign)
        mqc__record_add(&record, "null,\"mqtt_topic\":");
    mqc__record_add_string(&record, topic);
    mqc__record_add(&record,
                    ",\"guarantee\":\"%s\",\"events\":%" PRIu64 ",\"bytes\":%" PRIu64
                    ",\"first_sequence\":%" PRIu64 ",\"last_sequence\":%" PRIu64
                    ",\"first_number\":%" PRIu64 ",\"last_number\":%" PRIu64 "}",
                    mqc_guarantee_name(line->guarantee), line->events, line->bytes,
                    line->first_sequence, line->last_sequence, line->first_number,
                    line->last_number);
    return mqc__record_print(&record, who);
}

static bool print_total_json(const char *who, const struct mqc__spool_tally *tally,
                             const struct mqc__spool_file *file)
{
    struct mqc__record record;
    mqc__record_begin(&record);
    mqc__record_add(&record, "{\"path\":");
    mqc__record_add_string(&record, mqc_view_text(file->path));
    mqc__record_add(&record,
                    ",\"file_bytes\":%" PRIu64 ",\"events\":%" PRIu64 ",\"bytes\":%" PRIu64 "}",
                    file->bytes, tally->events, tally->bytes);
    return mqc__record_print(&record, who);
}

bool mqc__spool_print(const char *who, const struct mqc__spool_tally *tally,
                      const struct mqc__spool_file *file, bool is_json)
{
    bool is_printed = is_json || tally->first == NULL || print_heading(who);
    for (const struct mqc__spool_line *line = tally->first; line != NULL && is_printed;
         line = line->next)
        is_printed = is_json ? print_line_json(who, line) : print_line(who, line);
    if (!is_printed)
        return false;
    return is_json ? print_total_json(who, tally, file) : print_total(who, tally, file);
}
