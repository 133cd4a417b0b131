#include "mqtt/paho_priv.h"

#include "base/fail.h"
#include "link/tls.h"
#include "mqtt/uri.h"

#include <stdio.h>
#include <string.h>

/* The link under Paho: the connection to the broker. */

static struct mqc__link_options link_options(struct mqc__client *client,
                                             const struct mqc__uri *where, bool uses_proxy)
{
    const struct mqc__connect_request *request = client->request;
    return (struct mqc__link_options){
        .host = where->host,
        .port = where->port,
        .tls = where->is_tls ? request->tls : NULL,
        .server_name = request->server_name,
        .tls_session = request->tls_session != NULL ? *request->tls_session : NULL,
        .connect_timeout_ms = request->timeout_ms,
        .user_timeout_ms = request->tcp_timeout_ms,
        .keep_alive_s = request->tcp_keep_alive_s,
        .acks_at_once = request->tcp_quick_ack,
        .is_proxy = uses_proxy,
        .filter = mqc__paho_acks_filter(client),
    };
}

bool mqc__paho_link_open(struct mqc__client *client, bool uses_proxy)
{
    struct mqc__uri where;
    struct mqc_error_info info = {.code = MQC_OK};
    client->failure.tag = "link_failed";
    enum mqc_error error = mqc__uri_parse(client->request->uri, &where, &info);
    if (error == MQC_OK && where.is_tls && client->request->tls == NULL)
        error = mqc__fail(&info, MQC_ECONFIG, "there is no TLS configuration for mqtts://");
    if (error == MQC_OK) {
        const struct mqc__link_options options = link_options(client, &where, uses_proxy);
        error = mqc__link_open(&options, &client->link, &client->failure.tag, &info);
    }
    (void)snprintf(client->failure.text, sizeof client->failure.text, "%s", info.text);
    return error == MQC_OK;
}

static void keep_tls_session(const struct mqc__client *client)
{
    struct mqc__tls_session *next = NULL;
    if (client->request->tls_session == NULL ||
        mqc__link_tls_session(client->link, &next) != MQC_OK)
        return;
    mqc__tls_session_free(client->request->tls_session);
    *client->request->tls_session = next;
}

void mqc__paho_link_close(struct mqc__client *client)
{
    if (client->link == NULL)
        return;
    mqc__link_close(client->link);
    keep_tls_session(client);
    mqc__link_free(&client->link);
}

/* The broker's host is there and took the connection. */
static bool is_closed(const char *tag)
{
    return strcmp(tag, "connection_closed") == 0 || strcmp(tag, "connection_reset") == 0;
}

void mqc__paho_failure(const struct mqc__client *client, struct mqc__client_failure *failure_out)
{
    struct mqc__link_failure failure;
    *failure_out = client->failure;
    if (client->link == NULL || !mqc__link_failure(client->link, &failure))
        return;
    failure_out->tag = failure.tag;
    (void)snprintf(failure_out->text, sizeof failure_out->text, "%s", failure.text);
    failure_out->is_closed = is_closed(failure.tag);
}

void mqc__paho_traffic(const struct mqc__client *client, struct mqc__client_traffic *traffic_out)
{
    struct mqc__link_stats stats;
    mqc__link_stats(client->link, &stats);
    *traffic_out = (struct mqc__client_traffic){.in_bytes = stats.broker_in_bytes,
                                                .out_bytes = stats.broker_out_bytes};
}

bool mqc__paho_probe(const char *uri, unsigned timeout_ms)
{
    struct mqc__uri where;
    return mqc__uri_parse(uri, &where, NULL) == MQC_OK &&
           mqc__link_probe(where.host, where.port, timeout_ms);
}
