#include "api/services.h"
#include "api/zeek_words.h"

#include "backend/gateway.h"
#include "base/log.h"

/* Between the backend, which knows the cluster, and the WebSocket server, which knows the clients.
 */

static const char *node_id(void *context)
{
    return mqc__backend_node_id(mqc__services_backend(context));
}

static enum mqc_error subscribe(void *context, const struct mqc_view *prefixes, size_t count,
                                struct mqc_error_info *info)
{
    return mqc__backend_gateway_subscribe(mqc__services_backend(context), prefixes, count, info);
}

static void unsubscribe(void *context, const struct mqc_view *prefixes, size_t count)
{
    mqc__backend_gateway_unsubscribe(mqc__services_backend(context), prefixes, count);
}

static enum mqc_error ready(void *context, const struct mqc_view *prefixes, size_t count)
{
    return mqc__backend_gateway_ready(mqc__services_backend(context), prefixes, count);
}

static enum mqc_error publish(void *context, const struct mqc__ws_publication *publication,
                              bool *is_handled_later_out, struct mqc_error_info *info)
{
    const struct mqc__gateway_event event = {
        .origin = publication->client,
        .topic = publication->topic,
        .event = publication->event,
        .endpoint = publication->endpoint,
        .handled = publication->handled,
        .context = publication->context,
    };
    struct mqc_backend *backend = mqc__services_backend(context);
    const enum mqc_error error =
        mqc__backend_gateway_publish(backend, &event, is_handled_later_out, info);
    if (error == MQC_ETYPE || error == MQC_EUNDECLARED)
        mqc__api_zeek_words(mqc__backend_signature(backend, publication->event->name),
                            publication->event, info);
    return error;
}

static void published(void *context)
{
    mqc__backend_gateway_published(mqc__services_backend(context));
}

static void raise_local(struct mqc__services *services, const struct mqc_event *event)
{
    const enum mqc_error error = mqc__backend_raise_event(mqc__services_backend(services), event);
    if (error != MQC_OK && error != MQC_ECLOSED)
        mqc__log(MQC_LOG_WARNING, "the handlers miss a %.*s: %s", (int)event->name.size,
                 event->name.data, mqc_error_text(error));
}

/* Zeek's Cluster::EndpointInfo and the NetworkInfo in it, as values whose parts live in `parts`. */
struct endpoint_value {
    struct mqc_value network[2];
    struct mqc_value fields[3];
};

static struct mqc_value make_endpoint(const struct mqc__ws_endpoint *endpoint,
                                      struct endpoint_value *parts)
{
    parts->network[0] = mqc_string(endpoint->address);
    parts->network[1] = mqc_port(endpoint->port, MQC_PROTOCOL_TCP);
    parts->fields[0] = mqc_string(endpoint->id);
    parts->fields[1] = mqc_vector(parts->network, 2);
    parts->fields[2] =
        endpoint->has_application_name ? mqc_string(endpoint->application_name) : mqc_none();
    return mqc_vector(parts->fields, 3);
}

static void client_added(void *context, const struct mqc__ws_endpoint *endpoint,
                         const struct mqc_view *subscriptions, size_t count)
{
    struct endpoint_value parts;
    struct mqc__arena arena;
    mqc__arena_init(&arena, (size_t)1 << 24);
    struct mqc_value *texts = mqc__arena_array(&arena, count, sizeof *texts);
    for (size_t i = 0; i < count && texts != NULL; i++)
        texts[i] = mqc_string(subscriptions[i]);
    const struct mqc_value args[] = {make_endpoint(endpoint, &parts),
                                     mqc_vector(texts, texts != NULL ? count : 0)};
    const struct mqc_event event = {
        .name = mqc_view_text("Cluster::websocket_client_added"),
        .args = args,
        .arg_count = sizeof args / sizeof args[0],
    };
    raise_local(context, &event);
    mqc__arena_fini(&arena);
}

static void client_lost(void *context, const struct mqc__ws_endpoint *endpoint, unsigned code,
                        struct mqc_view reason)
{
    struct endpoint_value parts;
    const struct mqc_value args[] = {make_endpoint(endpoint, &parts), mqc_count(code),
                                     mqc_string(reason)};
    const struct mqc_event event = {
        .name = mqc_view_text("Cluster::websocket_client_lost"),
        .args = args,
        .arg_count = sizeof args / sizeof args[0],
    };
    raise_local(context, &event);
}

static bool health(void *context, struct mqc__buffer *body)
{
    return mqc__api_write_health(mqc__services_backend(context), body);
}

static void metrics(void *context, struct mqc__buffer *body)
{
    mqc__api_write_metrics(mqc__services_backend(context), body);
}

struct mqc__ws_cluster mqc__services_cluster(struct mqc__services *services)
{
    return (struct mqc__ws_cluster){
        .context = services,
        .node_id = node_id,
        .subscribe = subscribe,
        .unsubscribe = unsubscribe,
        .ready = ready,
        .publish = publish,
        .published = published,
        .client_added = client_added,
        .client_lost = client_lost,
        .health = health,
        .metrics = metrics,
    };
}

static void on_event(void *context, struct mqc_view topic, const struct mqc_event *event,
                     uint64_t origin)
{
    mqc__ws_server_deliver(mqc__services_server(context), topic, event, origin);
}

static void on_ready(void *context)
{
    mqc__ws_server_ready(mqc__services_server(context));
}

static void on_error(void *context, const char *tag, const char *text)
{
    mqc__ws_server_error(mqc__services_server(context), tag, text);
}

void mqc__services_set_gateway(struct mqc__services *services, struct mqc_backend *backend)
{
    const struct mqc__gateway gateway = {
        .context = services,
        .event = on_event,
        .ready = on_ready,
        .error = on_error,
    };
    mqc__backend_set_gateway(backend, &gateway);
}
