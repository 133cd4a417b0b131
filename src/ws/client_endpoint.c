#include "ws/client.h"

#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>

/* What a line of the log holds, and what stands around it. */
#define LINE_BYTES_MAX ((size_t)900)

/* Zeek counts its connections from 0. */
static void make_id(struct mqc__ws_client *client)
{
    const struct mqc__ws_cluster *cluster = &client->server->cluster;
    char id[512];
    (void)snprintf(id, sizeof id, "%.300s-websocket-%" PRIu64, cluster->node_id(cluster->context),
                   client->number - 1);
    if (!mqc__arena_copy(&client->texts, mqc_view_text(id), &client->endpoint.id))
        client->endpoint.id = mqc_view_text("websocket");
}

const struct mqc__ws_endpoint *mqc__ws_client_endpoint(struct mqc__ws_client *client)
{
    if (client->endpoint.id.size == 0)
        make_id(client);
    return &client->endpoint;
}

static void append(struct mqc__buffer *line, struct mqc_view text)
{
    (void)mqc__buffer_append(line, text.data, text.size);
}

/* WebSocket client 'ID' (ADDRESS:PORT) application_name=X, as Zeek writes it. */
static void begin_line(const struct mqc__ws_client *client, struct mqc__buffer *line)
{
    const struct mqc__ws_endpoint *endpoint = &client->endpoint;
    char port[16];
    mqc__buffer_init(line, LINE_BYTES_MAX);
    (void)snprintf(port, sizeof port, ":%u)", (unsigned)endpoint->port);
    append(line, mqc_view_text("WebSocket client '"));
    append(line, endpoint->id);
    append(line, mqc_view_text("' ("));
    append(line, endpoint->address);
    append(line, mqc_view_text(port));
    if (!endpoint->has_application_name)
        return;
    append(line, mqc_view_text(" application_name="));
    append(line, endpoint->application_name);
}

static void log_line(struct mqc__buffer *line)
{
    const struct mqc_view text = mqc__buffer_view(line);
    mqc__log(MQC_LOG_INFO, "%.*s%s", (int)text.size, text.data,
             mqc__buffer_failed(line) ? "..." : "");
    mqc__buffer_fini(line);
}

void mqc__ws_client_log_added(const struct mqc__ws_client *client)
{
    struct mqc__buffer line;
    begin_line(client, &line);
    append(&line, mqc_view_text(" subscribed to ["));
    for (size_t i = 0; i < client->prefix_count; i++) {
        append(&line, mqc_view_text(i == 0 ? "" : ", "));
        append(&line, client->prefixes[i]);
    }
    append(&line, mqc_view_text("]"));
    log_line(&line);
}

void mqc__ws_client_log_lost(const struct mqc__ws_client *client)
{
    struct mqc__buffer line;
    char end[256];
    begin_line(client, &line);
    const bool has_reason = client->reason[0] != '\0';
    (void)snprintf(end, sizeof end, " gone with code %u%s%s%s", client->code,
                   has_reason ? " and reason '" : "", client->reason, has_reason ? "'" : "");
    append(&line, mqc_view_text(end));
    log_line(&line);
}
