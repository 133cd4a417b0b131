#include "mqtt/paho_priv.h"

#include "mqtt/paho_gate.h"
#include "mqtt/paho_process.h"

#include <stdio.h>
#include <stdlib.h>

/*
 * The life of a client: Paho's MQTTClient in its threaded mode, where one receive thread for all
 * clients of the process runs the callbacks.
 *
 * Paho lets go of its lock around the message callback and uses its client object right before and
 * right after it, so that destroying the object can pull it away from under the receive thread. The
 * thread ends when the last connection of the process does; then the object is destroyed at once.
 * Else it is set aside and destroyed some time later.
 */

/* How long a client is set aside: far longer than the receive thread needs for the few instructions
 * around a callback. */
#define ASIDE_S 10

/* How long to wait for the thread in which Paho announces a DISCONNECT that it has received. */
#define NOTICE_WAIT_S 5

/* How long a connect takes at most to start the receive thread and count as under way with Paho. */
#define CONNECT_START_MS 600

/* How long a receive thread that was told to end may take to be gone. */
#define THREAD_END_MS 50

/* Guards the list. */
static pthread_mutex_t process_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct mqc__client *set_aside;

static time_t now_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* Begins a call to the sink, if one may still be made. */
static bool begin_callback(struct mqc__client *client)
{
    pthread_mutex_lock(&client->mutex);
    client->callback_count++;
    const bool is_wanted = !client->is_freed;
    pthread_mutex_unlock(&client->mutex);
    return is_wanted;
}

static void end_callback(struct mqc__client *client)
{
    pthread_mutex_lock(&client->mutex);
    client->callback_count--;
    pthread_cond_broadcast(&client->has_changed);
    pthread_mutex_unlock(&client->mutex);
}

static struct mqc_view content_type_of(MQTTClient_message *message)
{
    const MQTTProperty *property =
        MQTTProperties_getProperty(&message->properties, MQTTPROPERTY_CODE_CONTENT_TYPE);
    if (property == NULL || property->value.data.len <= 0)
        return mqc_view_text(NULL);
    return mqc_view_bytes(property->value.data.data, (size_t)property->value.data.len);
}

static int64_t expiry_of(MQTTClient_message *message)
{
    MQTTProperties *properties = &message->properties;
    if (!MQTTProperties_hasProperty(properties, MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL))
        return -1;
    /* An int in old versions. */
    return (uint32_t)MQTTProperties_getNumericValue(properties,
                                                    MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL);
}

static void release_message(void *memory)
{
    MQTTClient_message *message = memory;
    MQTTClient_freeMessage(&message);
}

static int on_message(void *context, char *topic, int topic_size, MQTTClient_message *paho_message)
{
    struct mqc__client *client = context;
    struct mqc__message_memory memory = {.memory = paho_message, .release = release_message};
    uint64_t ack = 0;
    if (begin_callback(client) && mqc__paho_acks_arrived(client, paho_message, &ack)) {
        mqc__link_received(client->link);
        const struct mqc__mqtt_message message = {
            /* Paho gives the size only when the topic contains NUL. */
            .topic =
                topic_size > 0 ? mqc_view_bytes(topic, (size_t)topic_size) : mqc_view_text(topic),
            .payload =
                mqc_view_bytes(paho_message->payload,
                               paho_message->payloadlen > 0 ? (size_t)paho_message->payloadlen : 0),
            .content_type = content_type_of(paho_message),
            .is_retained = paho_message->retained != 0,
            .expiry_s = expiry_of(paho_message),
            .memory = &memory,
            .ack = ack,
        };
        client->sink.message(client->sink.context, &message);
    }
    if (!memory.is_taken)
        release_message(paho_message);
    MQTTClient_free(topic);
    end_callback(client);
    return 1;
}

/* Paho holds its global mutex here and in the next one. */
static void on_published(void *context, int token, int packet_type, MQTTProperties *properties,
                         enum MQTTReasonCodes reason)
{
    (void)packet_type;
    (void)properties;
    struct mqc__client *client = context;
    if (begin_callback(client)) {
        mqc__link_received(client->link);
        client->sink.acked(client->sink.context, token, (int)reason);
    }
    end_callback(client);
}

static void on_delivered(void *context, MQTTClient_deliveryToken token)
{
    struct mqc__client *client = context;
    /* MQTT 5 acknowledgements come with their reason, to on_published. */
    if (client->request->is_311)
        on_published(context, token, 0, NULL, MQTTREASONCODE_SUCCESS);
}

static void tell_lost(struct mqc__client *client, int reason)
{
    const bool is_wanted = begin_callback(client);
    pthread_mutex_lock(&client->mutex);
    const bool is_first = !client->was_told;
    client->was_told = true;
    pthread_mutex_unlock(&client->mutex);
    if (is_wanted && is_first)
        client->sink.lost(client->sink.context, reason);
    end_callback(client);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): Paho's type */
static void on_lost(void *context, char *cause)
{
    (void)cause;
    tell_lost(context, -1);
}

static void on_disconnected(void *context, MQTTProperties *properties, enum MQTTReasonCodes reason)
{
    (void)properties;
    tell_lost(context, (int)reason);
}

static void destroy(struct mqc__client *client)
{
    if (client->paho != NULL)
        MQTTClient_destroy(&client->paho);
    MQTTProperties_free(&client->publish_properties);
    MQTTProperties_free(&client->aliased_properties);
    mqc__topic_aliases_fini(&client->aliases);
    MQTTProperties_free(&client->presence_properties);
    mqc__ack_gate_fini(&client->gate);
    pthread_cond_destroy(&client->has_changed);
    pthread_mutex_destroy(&client->mutex);
    free(client);
}

/* Whether it was set aside long enough. */
static bool is_forgotten(struct mqc__client *client, time_t now)
{
    pthread_mutex_lock(&client->mutex);
    const bool is_idle = client->callback_count == 0;
    pthread_mutex_unlock(&client->mutex);
    return is_idle && !client->stays_aside && now - client->aside_since_s >= ASIDE_S;
}

/* Takes those out of the list that were set aside long enough; the caller destroys them. */
static struct mqc__client *take_forgotten(void)
{
    struct mqc__client *forgotten = NULL;
    const time_t now = now_s();
    pthread_mutex_lock(&process_mutex);
    struct mqc__client **place = &set_aside;
    while (*place != NULL) {
        struct mqc__client *client = *place;
        if (!is_forgotten(client, now)) {
            place = &client->next;
            continue;
        }
        *place = client->next;
        client->next = forgotten;
        forgotten = client;
    }
    pthread_mutex_unlock(&process_mutex);
    return forgotten;
}

static void destroy_forgotten(void)
{
    if (mqc__paho_gate_is_connecting())
        return;
    struct mqc__client *forgotten = take_forgotten();
    while (forgotten != NULL) {
        struct mqc__client *client = forgotten;
        forgotten = client->next;
        destroy(client);
    }
}

static bool init_sync(struct mqc__client *client)
{
    if (pthread_mutex_init(&client->mutex, NULL) != 0)
        return false;
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0) {
        pthread_mutex_destroy(&client->mutex);
        return false;
    }
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    const bool is_done = pthread_cond_init(&client->has_changed, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    if (!is_done)
        pthread_mutex_destroy(&client->mutex);
    return is_done;
}

bool mqc__paho_client_bind(struct mqc__client *client)
{
    char uri[32];
    (void)snprintf(uri, sizeof uri, "tcp://127.0.0.1:%u", (unsigned)mqc__link_port(client->link));
    MQTTClient_createOptions options = MQTTClient_createOptions_initializer;
    options.MQTTVersion = client->request->is_311 ? MQTTVERSION_3_1_1 : MQTTVERSION_5;
    if (MQTTClient_createWithOptions(&client->paho, uri, client->request->client_id,
                                     MQTTCLIENT_PERSISTENCE_NONE, NULL, &options) != 0)
        return false;
    return MQTTClient_setCallbacks(client->paho, client, on_lost, on_message, on_delivered) == 0 &&
           MQTTClient_setPublished(client->paho, client, on_published) == 0 &&
           MQTTClient_setDisconnected(client->paho, client, on_disconnected) == 0;
}

struct mqc__client *mqc__paho_client_new(const struct mqc__connect_request *request,
                                         const struct mqc__client_sink *sink)
{
    destroy_forgotten();
    struct mqc__client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return NULL;
    client->request = request;
    client->sink = *sink;
    if (!init_sync(client)) {
        free(client);
        return NULL;
    }
    return client;
}

void mqc__paho_client_disconnect(struct mqc__client *client)
{
    if (client->is_disconnected)
        return;
    client->is_disconnected = true;
    if (client->paho == NULL)
        return;
    const bool is_connected = MQTTClient_isConnected(client->paho) != 0;
    const bool is_alone = mqc__paho_gate_enter_disconnect(is_connected ? CONNECT_START_MS : 0);
    /* Without a connection it serves to end the receive thread, if that has no more to do. */
    if (is_connected || is_alone)
        (void)MQTTClient_disconnect(client->paho, 0);
    mqc__paho_gate_leave_disconnect();
}

/* Waits until no callback runs; none reaches the sink after that. */
static void silence(struct mqc__client *client)
{
    pthread_mutex_lock(&client->mutex);
    client->is_freed = true;
    while (client->callback_count != 0)
        pthread_cond_wait(&client->has_changed, &client->mutex);
    pthread_mutex_unlock(&client->mutex);
}

/* Paho announces a DISCONNECT of the broker from a thread of its own, which uses the client object:
 * waits until it did and has come back. Returns whether it did. */
static bool await_notice(struct mqc__client *client)
{
    struct timespec deadline;
    (void)clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += NOTICE_WAIT_S;
    int error = 0;
    pthread_mutex_lock(&client->mutex);
    while ((!client->was_told || client->callback_count != 0) && error == 0)
        error = pthread_cond_timedwait(&client->has_changed, &client->mutex, &deadline);
    const bool was_told = client->was_told;
    pthread_mutex_unlock(&client->mutex);
    return was_told;
}

static void put_aside(struct mqc__client *client, bool is_for_ever)
{
    client->aside_since_s = now_s();
    client->stays_aside = is_for_ever;
    pthread_mutex_lock(&process_mutex);
    client->next = set_aside;
    set_aside = client;
    pthread_mutex_unlock(&process_mutex);
}

void mqc__paho_client_free(struct mqc__client *client)
{
    if (client == NULL)
        return;
    silence(client);
    const bool has_ended = client->was_connected && !client->is_disconnected &&
                           MQTTClient_isConnected(client->paho) == 0;
    const bool is_unannounced = has_ended && !await_notice(client);
    mqc__paho_client_disconnect(client);
    mqc__paho_link_close(client);
    /* Destroying waits for connects, which take their time. */
    if (is_unannounced || mqc__paho_gate_is_connecting() ||
        mqc__paho_keeps_receiving(THREAD_END_MS))
        put_aside(client, is_unannounced);
    else
        destroy(client);
    destroy_forgotten();
}
