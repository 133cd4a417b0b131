#ifndef MQC_MQTT_PAHO_PRIV_H
#define MQC_MQTT_PAHO_PRIV_H

#include "mqtt/client.h"

#include <MQTTClient.h>
#include <pthread.h>
#include <time.h>

/* The client on Paho, as the files paho*.c share it. */
struct mqc__client {
    struct mqc__client *next; /* of those set aside */
    time_t aside_since_s;
    bool stays_aside;
    MQTTClient paho;
    const struct mqc__connect_request *request;
    struct mqc__client_sink sink;
    MQTTProperties publish_properties; /* what every message is sent with */
    bool was_connected;
    bool is_disconnected;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t has_changed;
    bool is_freed;           /* no more calls to the sink */
    bool was_told;           /* Paho announced the end of the connection */
    unsigned callback_count; /* running now */
};

/* Makes the object and sets Paho's callbacks up; nothing is connected. NULL: memory. */
struct mqc__client *mqc__paho_client_new(const struct mqc__connect_request *request,
                                         const struct mqc__client_sink *sink);

/* Ends the connection if there is one. Idempotent. */
void mqc__paho_client_disconnect(struct mqc__client *client);

/* As struct mqc__client_ops.free. */
void mqc__paho_client_free(struct mqc__client *client);

#endif
