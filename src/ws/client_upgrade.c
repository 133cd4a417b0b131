#include "ws/client.h"

#include "base/log.h"
#include "http/request.h"
#include "http/response.h"
#include "ws/handshake.h"

#include <stdio.h>

#define BODY_BYTES_MAX ((size_t)64 << 20)
#define RESPONSE_BYTES_MAX (BODY_BYTES_MAX + 4096)

static void on_time_over(uv_timer_t *timer)
{
    mqc__ws_client_drop(timer->data);
}

/* Its last bytes: the client is to close, or is cut after a while. */
static void answer(struct mqc__ws_client *client, const struct mqc__http_response *response)
{
    struct mqc__buffer bytes;
    mqc__buffer_init(&bytes, RESPONSE_BYTES_MAX);
    client->stage = MQC__WS_STAGE_ANSWERED;
    (void)uv_timer_start(&client->timer, on_time_over, client->listener->options->grace_ms, 0);
    if (mqc__http_response_write(&bytes, response))
        mqc__ws_wire_send(&client->wire, mqc__ws_outgoing_bytes(mqc__buffer_view(&bytes)));
    mqc__buffer_fini(&bytes);
    if (client->stage == MQC__WS_STAGE_ANSWERED)
        mqc__ws_wire_finish(&client->wire);
}

static void refuse(struct mqc__ws_client *client, unsigned code, const char *reason,
                   const char *headers)
{
    const struct mqc__http_response response = {
        .code = code,
        .reason = reason[0] != '\0' ? reason : NULL,
        .headers = headers,
    };
    mqc__log(MQC_LOG_DEBUG, "WebSocket connection from %s on %s refused: %u %s",
             client->endpoint.address.data, client->listener->place, code, reason);
    answer(client, &response);
}

static void serve_health(struct mqc__ws_client *client, bool is_head)
{
    const struct mqc__ws_cluster *cluster = &client->server->cluster;
    struct mqc__buffer body;
    mqc__buffer_init(&body, BODY_BYTES_MAX);
    const bool is_well = cluster->health(cluster->context, &body);
    const struct mqc__http_response response = {
        .code = is_well ? 200 : 503,
        .content_type = "application/json",
        .body = mqc__buffer_view(&body),
        .is_head = is_head,
    };
    answer(client, &response);
    mqc__buffer_fini(&body);
}

static void serve_metrics(struct mqc__ws_client *client, bool is_head)
{
    const struct mqc__ws_cluster *cluster = &client->server->cluster;
    struct mqc__buffer body;
    mqc__buffer_init(&body, BODY_BYTES_MAX);
    cluster->metrics(cluster->context, &body);
    const struct mqc__http_response response = {
        .code = 200,
        .content_type = MQC__PROMETHEUS_CONTENT_TYPE,
        .body = mqc__buffer_view(&body),
        .is_head = is_head,
    };
    answer(client, &response);
    mqc__buffer_fini(&body);
}

/* What is not for WebSocket; false: it should have been. */
static bool serve_page(struct mqc__ws_client *client, bool has_token)
{
    const struct mqc_websocket_options *options = client->listener->options;
    const struct mqc_view target = mqc__http_request_target(client->request);
    const bool is_head =
        mqc_view_equal(mqc__http_request_method(client->request), mqc_view_text("HEAD"));
    if (options->serves_healthz && mqc_view_equal(target, mqc_view_text("/healthz"))) {
        serve_health(client, is_head);
        return true;
    }
    if (mqc_view_equal(target, mqc_view_text(MQC__WS_PATH)))
        return false;
    if (!options->serves_metrics || !mqc_view_equal(target, mqc_view_text("/metrics")))
        refuse(client, 404, "", NULL);
    else if (has_token)
        serve_metrics(client, is_head);
    else
        refuse(client, 401, "", "WWW-Authenticate: Bearer\r\n");
    return true;
}

static bool note_application(struct mqc__ws_client *client,
                             const struct mqc__ws_handshake *handshake)
{
    client->endpoint.has_application_name = handshake->has_application_name;
    if (!handshake->has_application_name)
        return true;
    return mqc__arena_copy(&client->texts, handshake->application_name,
                           &client->endpoint.application_name);
}

/* As Zeek does it: the words come as a message, and then the close. */
static void reject(struct mqc__ws_client *client, const char *code, const char *context)
{
    mqc__ws_client_send_error(client, code, mqc_view_text(context));
    mqc__ws_client_close(client, MQC__WS_CODE_POLICY, context);
}

static void begin_talking(struct mqc__ws_client *client, const struct mqc__ws_handshake *handshake)
{
    const struct mqc__http_response accepted = {.code = 101, .headers = handshake->headers};
    struct mqc__buffer response;
    mqc__buffer_init(&response, RESPONSE_BYTES_MAX);
    const bool is_written = mqc__http_response_write(&response, &accepted);
    client->frames = mqc__ws_frames_new(client->listener->options->max_message_bytes);
    client->stage = MQC__WS_STAGE_TALKING;
    atomic_fetch_add(&client->server->clients_now, 1);
    mqc__ws_wire_send(&client->wire,
                      is_written ? mqc__ws_outgoing_bytes(mqc__buffer_view(&response)) : NULL);
    mqc__buffer_fini(&response);
    if (client->stage != MQC__WS_STAGE_TALKING)
        return;
    if (client->frames == NULL || !note_application(client, handshake)) {
        mqc__ws_client_drop(client);
        return;
    }
    mqc__ws_client_begin_pings(client);
    if (!handshake->is_path_right)
        reject(client, MQC__WS_ERROR_URI, MQC__WS_CONTEXT_URI);
    else if (!handshake->is_application_name_right)
        reject(client, MQC__WS_ERROR_APPLICATION_NAME, MQC__WS_CONTEXT_APPLICATION_NAME);
    else
        client->is_known = true;
}

static void take_request(struct mqc__ws_client *client)
{
    const struct mqc_websocket_options *options = client->listener->options;
    const struct mqc__ws_handshake_rules rules = {
        .bearer_token = mqc_view_text(options->bearer_token),
        .origins = options->allowed_origins,
        .origin_count = options->allowed_origin_count,
    };
    struct mqc__ws_handshake handshake;
    const enum mqc__ws_handshake_result result =
        mqc__ws_handshake_judge(&rules, client->request, &handshake);
    if (result == MQC__WS_UPGRADE && options->serves_websocket)
        begin_talking(client, &handshake);
    else if (result == MQC__WS_UPGRADE)
        refuse(client, 404, "", NULL);
    else if (result != MQC__WS_PLAIN ||
             !serve_page(client, mqc__ws_handshake_has_token(&rules, client->request)))
        refuse(client, handshake.code, handshake.reason, handshake.headers);
}

size_t mqc__ws_client_take_head(struct mqc__ws_client *client, struct mqc_view bytes)
{
    size_t used = 0;
    switch (mqc__http_request_feed(client->request, bytes, &used)) {
    case MQC__HTTP_WANTS_INPUT: break;
    case MQC__HTTP_COMPLETE: take_request(client); break;
    case MQC__HTTP_BAD:
        refuse(client, mqc__http_request_refusal_code(client->request),
               mqc__http_request_reason(client->request), NULL);
        break;
    }
    return used;
}
