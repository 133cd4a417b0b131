#include "api/services.h"

#include "codec/json.h"

#include <inttypes.h>
#include <stdio.h>

static void append_string(struct mqc__buffer *body, const char *name, const char *value)
{
    (void)mqc__buffer_append_text(body, name);
    (void)mqc__json_write_string(mqc_view_text(value), body);
}

static void append_number(struct mqc__buffer *body, const char *name, uint64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRIu64, value);
    (void)mqc__buffer_append_text(body, name);
    (void)mqc__buffer_append_text(body, text);
}

/* Well is a node that is connected: what it takes now arrives. */
bool mqc__api_write_health(struct mqc_backend *backend, struct mqc__buffer *body)
{
    struct mqc_stats stats;
    const enum mqc_state state = mqc__backend_state(backend);
    mqc__backend_stats(backend, &stats);
    append_string(body, "{\"status\":", state == MQC_STATE_UP ? "ok" : "unavailable");
    append_string(body, ",\"connection\":", mqc_state_name(state));
    append_string(body, ",\"node_id\":", mqc__backend_node_id(backend));
    append_number(body, ",\"outbox_events\":", stats.outbox_events);
    append_number(body, ",\"inbox_messages\":", stats.inbox_messages);
    append_number(body, ",\"dropped_events\":", stats.dropped_events);
    /* While it fails nothing is taken, which publish says; the next event tries again. */
    if (mqc__backend_has_spool(backend)) {
        append_string(body, ",\"spool\":", stats.spool_is_failing ? "failing" : "ok");
        append_number(body, ",\"spool_events\":", stats.spool_events);
    }
    (void)mqc__buffer_append_text(body, "}\n");
    return state == MQC_STATE_UP;
}
