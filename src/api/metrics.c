#include "api/mqcluster.h"

#include "api/services.h"
#include "base/buffer.h"

#include <stddef.h>
#include <stdlib.h>

#define TEXT_BYTES_MAX ((size_t)64 << 20)

/* One of the totals of a backend. */
struct total {
    const char *name;
    const char *help;
    size_t offset;
    bool is_gauge; /* what is there now; else it only grows */
};

#define AT(member) offsetof(struct mqc_stats, member)
#define WS_AT(member) offsetof(struct mqc__ws_stats, member)

static const struct total totals[] = {
    {"mqcluster_events_published", "Events that were accepted for publishing.",
     AT(published_events), false},
    {"mqcluster_events_refused", "Events that were refused because the outbox was full.",
     AT(refused_events), false},
    {"mqcluster_events_delivered", "Events that were brought to the broker.", AT(delivered_events),
     false},
    {"mqcluster_events_dropped", "Events that were accepted and then lost.", AT(dropped_events),
     false},
    {"mqcluster_events_received", "Events that arrived and were handed to handlers.",
     AT(received_events), false},
    {"mqcluster_events_duplicate", "Events that arrived again and were kept back.",
     AT(duplicate_events), false},
    {"mqcluster_events_missing", "Events that never arrived, by gaps in their senders' numbers.",
     AT(missing_events), false},
    {"mqcluster_events_mismatched", "Events that did not fit their declaration.",
     AT(mismatched_events), false},
    {"mqcluster_events_given_up",
     "Events to one node that were delivered, and not acknowledged by it in time.",
     AT(given_up_events), false},
    {"mqcluster_messages_repeated", "Messages that were sent again because a receiver asked.",
     AT(repeated_messages), false},
    {"mqcluster_messages_unwanted", "Messages that came through a filter wider than the prefix.",
     AT(unwanted_messages), false},
    {"mqcluster_messages_malformed", "Messages that could not be read.", AT(malformed_messages),
     false},
    {"mqcluster_messages_unhandled", "Messages that arrived while closing.", AT(unhandled_messages),
     false},
    {"mqcluster_connects", "Times the connection to the broker was made.", AT(connects), false},
    {"mqcluster_broker_received_bytes", "Bytes from the broker, TLS included.", AT(broker_in_bytes),
     false},
    {"mqcluster_broker_sent_bytes", "Bytes to the broker, TLS included.", AT(broker_out_bytes),
     false},
    {"mqcluster_outbox_events", "Events that wait for the broker.", AT(outbox_events), true},
    {"mqcluster_outbox_bytes", "Their size.", AT(outbox_bytes), true},
    {"mqcluster_kept_events", "Events that were delivered and are kept for their receivers.",
     AT(kept_events), true},
    {"mqcluster_kept_bytes", "Their size.", AT(kept_bytes), true},
    {"mqcluster_inbox_messages", "Messages that wait for handlers.", AT(inbox_messages), true},
    {"mqcluster_inbox_bytes", "Their size.", AT(inbox_bytes), true},
};

/* Of a node with delivery.durability: disk. */
static const struct total spool_totals[] = {
    {"mqcluster_spool_events", "Events on disk that are not done with.", AT(spool_events), true},
    {"mqcluster_spool_bytes", "Their size, which delivery.spool_bytes bounds.", AT(spool_bytes),
     true},
    {"mqcluster_spool_unread_events", "Those that are on disk alone: the outbox had no room.",
     AT(spool_unread_events), true},
    {"mqcluster_spool_commits", "Groups of events that were written to disk.", AT(spool_commits),
     false},
    {"mqcluster_spool_failed_commits", "Groups of events that could not be written to disk.",
     AT(spool_failed_commits), false},
    {"mqcluster_spool_syncs", "Times that fsync: interval forced events through to the disk.",
     AT(spool_syncs), false},
};

static const struct total websocket_totals[] = {
    {"mqcluster_websocket_connections", "Connections that were accepted.", WS_AT(accepted), false},
    {"mqcluster_websocket_refused_connections", "Connections over the limit of a listener.",
     WS_AT(refused), false},
    {"mqcluster_websocket_slow_clients", "Clients that were closed because they read too slowly.",
     WS_AT(too_slow), false},
    {"mqcluster_websocket_rejected_messages", "Messages that were answered with an error.",
     WS_AT(rejected), false},
    {"mqcluster_websocket_held_messages", "Messages that had to wait for room, for a while.",
     WS_AT(held), false},
    {"mqcluster_websocket_clients", "Clients that are connected.", WS_AT(clients), true},
};

static void write_totals(struct mqc__prometheus *writer, const struct total *rows, size_t count,
                         const void *stats)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value;
        memcpy(&value, (const char *)stats + rows[i].offset, sizeof value);
        if (rows[i].is_gauge)
            mqc__prometheus_gauge(writer, rows[i].name, rows[i].help, (double)value);
        else
            mqc__prometheus_counter(writer, rows[i].name, rows[i].help, value);
    }
}

static void write_spool(struct mqc__prometheus *writer, const struct mqc_stats *stats)
{
    mqc__prometheus_gauge(writer, "mqcluster_spool_failing",
                          "1: the last attempt to write to the spool failed.",
                          stats->spool_is_failing ? 1 : 0);
    write_totals(writer, spool_totals, sizeof spool_totals / sizeof spool_totals[0], stats);
}

static void write_backend(struct mqc__prometheus *writer, const struct mqc_backend *backend)
{
    struct mqc_stats stats;
    mqc__backend_stats(backend, &stats);
    mqc__prometheus_gauge(writer, "mqcluster_connected", "1: there is a connection to the broker.",
                          mqc__backend_state(backend) == MQC_STATE_UP ? 1 : 0);
    write_totals(writer, totals, sizeof totals / sizeof totals[0], &stats);
    if (mqc__backend_has_spool(backend))
        write_spool(writer, &stats);
    if (stats.certificate_expiry_s != 0)
        mqc__prometheus_gauge(writer, "mqcluster_certificate_expiry_timestamp_seconds",
                              "When the own certificate, or one that came with it, expires.",
                              (double)stats.certificate_expiry_s);
}

static void write_websocket(struct mqc__prometheus *writer, struct mqc__ws_server *server)
{
    struct mqc__ws_stats stats;
    if (server == NULL)
        return;
    mqc__ws_server_stats(server, &stats);
    write_totals(writer, websocket_totals, sizeof websocket_totals / sizeof websocket_totals[0],
                 &stats);
    mqc__ws_server_write_blocks(server, writer);
}

void mqc__api_write_metrics(struct mqc_backend *backend, struct mqc__buffer *body)
{
    const struct mqc__services *services = mqc__services_of(backend);
    struct mqc__prometheus writer;
    mqc__prometheus_init(&writer, body, mqc_view_text(mqc__backend_node(backend)));
    mqc__telemetry_write(mqc__services_telemetry(services), &writer);
    write_backend(&writer, backend);
    write_websocket(&writer, mqc__services_server(services));
}

enum mqc_error mqc_metrics_to_text(struct mqc_backend *backend, char **text_out)
{
    if (text_out == NULL)
        return MQC_EINVAL;
    *text_out = NULL;
    if (backend == NULL)
        return MQC_EINVAL;
    struct mqc__buffer text;
    mqc__buffer_init(&text, TEXT_BYTES_MAX);
    mqc__api_write_metrics(backend, &text);
    if (mqc__buffer_append(&text, "", 1)) {
        *text_out = text.data;
        return MQC_OK;
    }
    mqc__buffer_fini(&text);
    return MQC_ENOMEM;
}
