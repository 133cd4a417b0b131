#include "mqtt/paho_priv.h"

#include "mqtt/paho_gate.h"
#include "mqtt/paho_process.h"

#include "base/clock.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Paho's code for a lack of memory, which its headers do not name. */
#define PAHO_MEMORY_ERROR (-99)

/* Guards what follows. */
static pthread_mutex_t prepare_mutex = PTHREAD_MUTEX_INITIALIZER;
/* A client that is never connected nor destroyed: with the last client Paho tears down its library
 * state, without heed to threads that are about to create another. */
static MQTTClient anchor;
/* Paho adapts to the keep-alive time that the broker demands; set once, before any client is made.
 */
static bool keeps_server_keep_alive;

/* Paho sends every connection through the proxy of the environment variable http_proxy, without
 * asking; known before any client is made. */
static bool always_obeys_proxy;

static MQTTClient_connectOptions connect_options(const struct mqc__connect_request *request)
{
    const MQTTClient_connectOptions options_5 = MQTTClient_connectOptions_initializer5;
    const MQTTClient_connectOptions options_311 = MQTTClient_connectOptions_initializer;
    MQTTClient_connectOptions options = request->is_311 ? options_311 : options_5;
    const int is_clean = request->starts_clean ? 1 : 0;
    if (request->is_311) {
        options.MQTTVersion = MQTTVERSION_3_1_1;
        options.cleansession = is_clean;
    } else {
        options.cleanstart = is_clean;
    }
    options.keepAliveInterval = (int)request->keep_alive_s;
    options.username = request->username;
    options.password = request->password;
    options.reliable = 0;
    /* At this many publish would sleep; it is never reached. */
    options.maxInflightMessages = (int)request->in_flight_max + 1;
    return options;
}

static uint32_t number(MQTTProperties *properties, enum MQTTPropertyCodes code, uint32_t otherwise)
{
    if (properties == NULL || MQTTProperties_hasProperty(properties, code) == 0)
        return otherwise;
    /* Old versions return an int, in which 2^31 and above are negative. */
    return (uint32_t)MQTTProperties_getNumericValue(properties, code);
}

static void read_answer(const struct mqc__client *client, MQTTProperties *properties,
                        struct mqc__connect_answer *answer_out)
{
    const unsigned asked_s = client->request->keep_alive_s;
    answer_out->receive_max = number(properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM, UINT16_MAX);
    answer_out->packet_bytes_max =
        number(properties, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE, UINT32_MAX);
    answer_out->qos_max = (int)number(properties, MQTTPROPERTY_CODE_MAXIMUM_QOS, 2);
    answer_out->lacks_retain = number(properties, MQTTPROPERTY_CODE_RETAIN_AVAILABLE, 1) == 0;
    answer_out->lacks_wildcards =
        number(properties, MQTTPROPERTY_CODE_WILDCARD_SUBSCRIPTION_AVAILABLE, 1) == 0;
    answer_out->lacks_shared_subscriptions =
        number(properties, MQTTPROPERTY_CODE_SHARED_SUBSCRIPTION_AVAILABLE, 1) == 0;
    answer_out->keep_alive_s = asked_s;
    if (!keeps_server_keep_alive)
        answer_out->keep_alive_s = number(properties, MQTTPROPERTY_CODE_SERVER_KEEP_ALIVE, asked_s);
}

static bool add_text(MQTTProperties *properties, enum MQTTPropertyCodes code, const char *text)
{
    MQTTProperty property = {.identifier = code};
    char *copy = strdup(text);
    if (copy == NULL)
        return false;
    property.value.data.data = copy;
    property.value.data.len = (int)strlen(copy);
    const int error = MQTTProperties_add(properties, &property);
    free(copy);
    return error == 0;
}

/* What a message says besides its payload. */
static bool add_properties(MQTTProperties *properties, const struct mqc__client_message *message)
{
    MQTTProperty expiry = {.identifier = MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL};
    expiry.value.integer4 = message->expiry_s;
    if (message->expiry_s != 0 && MQTTProperties_add(properties, &expiry) != 0)
        return false;
    return message->content_type == NULL ||
           add_text(properties, MQTTPROPERTY_CODE_CONTENT_TYPE, message->content_type);
}

static bool add_number(MQTTProperties *properties, enum MQTTPropertyCodes code, uint16_t number)
{
    MQTTProperty property = {.identifier = code};
    property.value.integer2 = number;
    return MQTTProperties_add(properties, &property) == 0;
}

static MQTTResponse connect_5(struct mqc__client *client, MQTTClient_connectOptions *options)
{
    MQTTProperties properties = MQTTProperties_initializer;
    MQTTProperties will_properties = MQTTProperties_initializer;
    if (options->will != NULL)
        (void)add_properties(&will_properties, &client->request->will);
    if (client->request->session_expiry_s != 0) {
        MQTTProperty expiry = {.identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL};
        expiry.value.integer4 = client->request->session_expiry_s;
        (void)MQTTProperties_add(&properties, &expiry);
    }
    if (client->request->receive_max != 0)
        (void)add_number(&properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM,
                         client->request->receive_max);
    const MQTTResponse response = MQTTClient_connect5(
        client->paho, options, &properties, options->will != NULL ? &will_properties : NULL);
    MQTTProperties_free(&properties);
    MQTTProperties_free(&will_properties);
    return response;
}

static enum mqc__client_result connect_result(int code)
{
    if (code >= 0)
        return code == MQTTCLIENT_SUCCESS ? MQC__CLIENT_OK : MQC__CLIENT_REFUSED;
    switch (code) {
    case MQTTCLIENT_FAILURE:
    case MQTTCLIENT_DISCONNECTED: return MQC__CLIENT_UNREACHABLE;
    case PAHO_MEMORY_ERROR: return MQC__CLIENT_NOMEM;
    default: return MQC__CLIENT_UNUSABLE;
    }
}

static MQTTClient_willOptions will_options(const struct mqc__client_message *will)
{
    MQTTClient_willOptions options = MQTTClient_willOptions_initializer;
    options.topicName = will->topic;
    options.payload.data = will->payload.data;
    options.payload.len = (int)will->payload.size;
    options.qos = (int)will->qos;
    options.retained = will->is_retained ? 1 : 0;
    return options;
}

/* Connects Paho to the link, in the time that is left. */
static enum mqc__client_result connect_paho(struct mqc__client *client, int64_t deadline_ms,
                                            const char *proxy,
                                            struct mqc__connect_answer *answer_out)
{
    MQTTClient_connectOptions options = connect_options(client->request);
    MQTTResponse response = MQTTResponse_initializer;
    int code = MQTTCLIENT_FAILURE;
    const int64_t left_ms = deadline_ms - mqc__clock_monotonic_ms();
    options.connectTimeout = left_ms > 1000 ? (int)((left_ms + 999) / 1000) : 1;
    options.httpProxy = proxy;
    MQTTClient_willOptions will = will_options(&client->request->will);
    if (client->request->will.topic != NULL)
        options.will = &will;
    mqc__paho_gate_enter_connect();
    if (client->request->is_311) {
        code = MQTTClient_connect(client->paho, &options);
    } else {
        response = connect_5(client, &options);
        code = (int)response.reasonCode;
    }
    mqc__paho_gate_leave_connect();
    client->was_connected = code == MQTTCLIENT_SUCCESS;
    answer_out->reason = code > 0 ? code : 0;
    read_answer(client, response.properties, answer_out);
    if (client->request->uses_topic_aliases)
        mqc__topic_aliases_init(
            &client->aliases,
            (uint16_t)number(response.properties, MQTTPROPERTY_CODE_TOPIC_ALIAS_MAXIMUM, 0));
    MQTTResponse_free(response);
    return connect_result(code);
}

/* Says whether Paho would go through a proxy of the environment: a new one asks for more first. */
static bool obeys_proxy(void)
{
    const char *wanted = getenv("PAHO_C_CLIENT_USE_HTTP_PROXY");
    const bool is_wanted = wanted != NULL && strncmp(wanted, "TRUE", strlen("TRUE")) == 0;
    return getenv("http_proxy") != NULL && (always_obeys_proxy || is_wanted);
}

/* There is no way to tell Paho to use no proxy. But the link can pretend to be the one. */
static enum mqc__client_result paho_connect(struct mqc__client *client,
                                            struct mqc__connect_answer *answer_out)
{
    char proxy[32];
    const bool uses_proxy = obeys_proxy();
    const int64_t deadline_ms = mqc__clock_monotonic_ms() + (int64_t)client->request->timeout_ms;
    if (!mqc__paho_link_open(client, uses_proxy))
        return MQC__CLIENT_UNREACHABLE;
    if (!mqc__paho_client_bind(client))
        return MQC__CLIENT_NOMEM;
    (void)snprintf(answer_out->connection, sizeof answer_out->connection, "%s",
                   mqc__link_description(client->link));
    (void)snprintf(proxy, sizeof proxy, "127.0.0.1:%u", (unsigned)mqc__link_port(client->link));
    return connect_paho(client, deadline_ms, uses_proxy ? proxy : NULL, answer_out);
}

static enum mqc__client_result call_result(int code)
{
    if (code >= 0)
        return MQC__CLIENT_OK;
    switch (code) {
    case MQTTCLIENT_BAD_UTF8_STRING:
    case MQTTCLIENT_BAD_QOS:
    case MQTTCLIENT_BAD_STRUCTURE:
    case MQTTCLIENT_NULL_PARAMETER: return MQC__CLIENT_UNUSABLE;
    case PAHO_MEMORY_ERROR: return MQC__CLIENT_NOMEM;
    default: return MQC__CLIENT_LOST;
    }
}

/* Reads the codes of an MQTT 5 SUBACK; what it does not cover counts as refused. */
static void read_reasons(const MQTTResponse *response, size_t count, int *reasons_out)
{
    for (size_t i = 0; i < count; i++)
        reasons_out[i] = MQTTREASONCODE_UNSPECIFIED_ERROR;
    if (count == 1)
        reasons_out[0] = (int)response->reasonCode;
    for (size_t i = 0; i < count && count > 1 && response->reasonCodes != NULL; i++) {
        if ((int)i < response->reasonCodeCount)
            reasons_out[i] = (int)response->reasonCodes[i];
    }
}

static bool is_shared(const char *filter)
{
    return strncmp(filter, "$share/", strlen("$share/")) == 0;
}

static enum mqc__qos qos_of(const char *filter)
{
    return strncmp(filter, "$SYS/", strlen("$SYS/")) == 0 ? MQC__QOS_0 : MQC__QOS_1;
}

static enum mqc__client_result subscribe_5(struct mqc__client *client, char *const *filters,
                                           size_t count, bool wants_retained, int *reasons_out)
{
    MQTTSubscribe_options *options = calloc(count, sizeof *options);
    if (options == NULL)
        return MQC__CLIENT_NOMEM;
    for (size_t i = 0; i < count; i++) {
        const MQTTSubscribe_options defaults = MQTTSubscribe_options_initializer;
        options[i] = defaults;
        /* No Local with a shared subscription is a protocol error (MQTT 5, 3.8.3.1). */
        options[i].noLocal = is_shared(filters[i]) ? 0 : 1;
        /* Retained messages come once, and not again with every connection (MQTT 5, 3.8.3.1). */
        options[i].retainHandling = wants_retained ? 0 : 1;
        reasons_out[i] = (int)qos_of(filters[i]);
    }
    MQTTResponse response =
        MQTTClient_subscribeMany5(client->paho, (int)count, filters, reasons_out, options, NULL);
    free(options);
    const enum mqc__client_result result = call_result((int)response.reasonCode);
    if (result == MQC__CLIENT_OK)
        read_reasons(&response, count, reasons_out);
    MQTTResponse_free(response);
    return result;
}

static enum mqc__client_result subscribe(struct mqc__client *client, char *const *filters,
                                         size_t count, bool wants_retained, int *reasons_out)
{
    if (!client->request->is_311)
        return subscribe_5(client, filters, count, wants_retained, reasons_out);
    for (size_t i = 0; i < count; i++)
        reasons_out[i] = (int)qos_of(filters[i]);
    return call_result(MQTTClient_subscribeMany(client->paho, (int)count, filters, reasons_out));
}

static enum mqc__client_result unsubscribe(struct mqc__client *client, char *const *filters,
                                           size_t count)
{
    if (client->request->is_311)
        return call_result(MQTTClient_unsubscribeMany(client->paho, (int)count, filters));
    const MQTTResponse response =
        MQTTClient_unsubscribeMany5(client->paho, (int)count, filters, NULL);
    const int code = (int)response.reasonCode;
    MQTTResponse_free(response);
    return call_result(code);
}

/* The properties of an event's message are always the same and made once, but for the alias, which
 * stands at the end. NULL: no memory. */
static const MQTTProperties *event_properties(struct mqc__client *client,
                                              const struct mqc__client_message *message,
                                              uint16_t alias)
{
    MQTTProperties *properties =
        alias != 0 ? &client->aliased_properties : &client->publish_properties;
    const bool is_made =
        properties->count != 0 ||
        (add_properties(properties, message) &&
         (alias == 0 || add_number(properties, MQTTPROPERTY_CODE_TOPIC_ALIAS, alias)));
    if (!is_made) {
        MQTTProperties_free(properties);
        return NULL;
    }
    if (alias != 0)
        properties->array[properties->count - 1].value.integer2 = alias;
    return properties;
}

static const MQTTProperties *presence_properties(struct mqc__client *client,
                                                 const struct mqc__client_message *message)
{
    MQTTProperties_free(&client->presence_properties);
    return add_properties(&client->presence_properties, message) ? &client->presence_properties
                                                                 : NULL;
}

static enum mqc__client_result publish_5(struct mqc__client *client,
                                         const struct mqc__client_message *message,
                                         MQTTClient_message *paho_message, int *token_out)
{
    bool is_new = false;
    uint16_t alias = 0;
    if (!message->is_presence)
        alias = mqc__topic_aliases_use(&client->aliases, mqc_view_text(message->topic), &is_new);
    const MQTTProperties *properties = message->is_presence
                                           ? presence_properties(client, message)
                                           : event_properties(client, message, alias);
    enum mqc__client_result result = MQC__CLIENT_NOMEM;
    if (properties != NULL) {
        const char *topic = alias != 0 && !is_new ? "" : message->topic;
        paho_message->properties = *properties;
        const MQTTResponse response =
            MQTTClient_publishMessage5(client->paho, topic, paho_message, token_out);
        result = call_result((int)response.reasonCode);
        MQTTResponse_free(response);
    }
    if (is_new && result != MQC__CLIENT_OK)
        mqc__topic_aliases_forget(&client->aliases, alias);
    return result;
}

static enum mqc__client_result publish(struct mqc__client *client,
                                       const struct mqc__client_message *message, int *token_out)
{
    MQTTClient_message paho_message = MQTTClient_message_initializer;
    /* Paho copies it; the interface just does not say so. */
    paho_message.payload = (void *)(uintptr_t)message->payload.data;
    paho_message.payloadlen = (int)message->payload.size;
    paho_message.qos = (int)message->qos;
    paho_message.retained = message->is_retained ? 1 : 0;
    *token_out = -1;
    if (!client->request->is_311)
        return publish_5(client, message, &paho_message, token_out);
    return call_result(
        MQTTClient_publishMessage(client->paho, message->topic, &paho_message, token_out));
}

static enum mqc__client_result paho_subscribe(struct mqc__client *client, char *const *filters,
                                              size_t count, bool wants_retained, int *reasons_out)
{
    mqc__paho_gate_enter_call();
    const enum mqc__client_result result =
        subscribe(client, filters, count, wants_retained, reasons_out);
    mqc__paho_gate_leave_call();
    return result;
}

static enum mqc__client_result paho_unsubscribe(struct mqc__client *client, char *const *filters,
                                                size_t count)
{
    mqc__paho_gate_enter_call();
    const enum mqc__client_result result = unsubscribe(client, filters, count);
    mqc__paho_gate_leave_call();
    return result;
}

static enum mqc__client_result paho_publish(struct mqc__client *client,
                                            const struct mqc__client_message *message,
                                            int *token_out)
{
    mqc__paho_gate_enter_call();
    const enum mqc__client_result result = publish(client, message, token_out);
    mqc__paho_gate_leave_call();
    return result;
}

static const struct mqc__client_ops paho_ops = {
    .create = mqc__paho_client_new,
    .connect = paho_connect,
    .subscribe = paho_subscribe,
    .unsubscribe = paho_unsubscribe,
    .publish = paho_publish,
    .disconnect = mqc__paho_client_disconnect,
    .free = mqc__paho_client_free,
    .handled = mqc__paho_handled,
    .failure = mqc__paho_failure,
    .traffic = mqc__paho_traffic,
    .probe = mqc__paho_probe,
};

static const char *paho_version(void)
{
    const MQTTClient_nameValue *info = MQTTClient_getVersionInfo();
    while (info->name != NULL && strcmp(info->name, "Version") != 0)
        info++;
    return info->value;
}

/* Makes the first Paho object, which sets the disposition of SIGPIPE, and puts that back. */
static bool prepare(void)
{
    struct sigaction before;
    const bool is_known = sigaction(SIGPIPE, NULL, &before) == 0;
    const int error = MQTTClient_create(&anchor, "tcp://127.0.0.1:1", "anchor",
                                        MQTTCLIENT_PERSISTENCE_NONE, NULL);
    if (is_known)
        (void)sigaction(SIGPIPE, &before, NULL);
    if (error != 0)
        return false;
    keeps_server_keep_alive = mqc__paho_is_1_3_14(paho_version());
    always_obeys_proxy = !keeps_server_keep_alive;
    return true;
}

enum mqc_error mqc__paho_ops(const struct mqc__client_ops **ops_out)
{
    pthread_mutex_lock(&prepare_mutex);
    const bool is_prepared = anchor != NULL || prepare();
    pthread_mutex_unlock(&prepare_mutex);
    *ops_out = is_prepared ? &paho_ops : NULL;
    return is_prepared ? MQC_OK : MQC_ENOMEM;
}
