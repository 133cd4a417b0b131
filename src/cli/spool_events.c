#include "cli/spool_events.h"

#include "cli/record.h"
#include "cli/report.h"

#include <inttypes.h>
#include <stdlib.h>

/* The message's own members stand behind those of the spool. */
static bool print_json(const struct mqc__spool_events *events, const char *message)
{
    const struct mqc_spool_record *from = events->record;
    struct mqc__record record;
    mqc__record_begin(&record);
    mqc__record_add(&record,
                    "{\"number\":%" PRIu64 ",\"sequence\":%" PRIu64 ",\"guarantee\":\"%s\",%s",
                    from->number, from->sequence, mqc_guarantee_name(from->guarantee), message + 1);
    return mqc__record_print(&record, events->who);
}

static void print_message(void *context, const struct mqc_message *decoded)
{
    struct mqc__spool_events *events = context;
    const struct mqc_message message = {
        .topic = events->record->topic,
        .event = decoded->event,
        .sender_node = mqc_view_text(events->node),
        .sender_instance = events->record->instance,
    };
    char *text = NULL;
    if (mqc_message_to_json(&message, &text) != MQC_OK) {
        mqc__report(events->who, "%s", mqc_error_text(MQC_ENOMEM));
        events->has_failed = true;
        return;
    }
    events->has_failed = !print_json(events, text);
    free(text);
}

bool mqc__spool_events_print(void *context, const struct mqc_spool_record *record)
{
    struct mqc__spool_events *events = context;
    struct mqc_error_info info;
    events->record = record;
    if (mqc_payload_decode(record->payload, "application/x-protobuf", print_message, events,
                           &info) != MQC_OK) {
        mqc__report(events->who, "event %" PRIu64 ": %s", record->number, info.text);
        events->has_failed = true;
        return info.code != MQC_ENOMEM;
    }
    return !events->has_failed;
}
