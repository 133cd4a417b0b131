#ifndef MQC_MQTT_PAHO_PRIV_H
#define MQC_MQTT_PAHO_PRIV_H

#include "mqtt/client.h"

#include "link/link.h"
#include "mqtt/ack_gate.h"
#include "mqtt/topic_alias.h"

#include <MQTTClient.h>
#include <pthread.h>
#include <time.h>

/* The client on Paho, as the files paho*.c share it. */
struct mqc__client {
    struct mqc__client *next; /* of those set aside */
    time_t aside_since_s;
    bool stays_aside;
    MQTTClient paho;                    /* NULL before connect */
    struct mqc__link *link;             /* what Paho connects to; NULL: not yet, or not any more */
    struct mqc__client_failure failure; /* of opening the link */
    const struct mqc__connect_request *request;
    struct mqc__client_sink sink;
    struct mqc__topic_aliases aliases;  /* of this connection */
    MQTTProperties publish_properties;  /* what every event's message is sent with */
    MQTTProperties aliased_properties;  /* the same and, at the end, an alias */
    MQTTProperties presence_properties; /* what the last message of presence was sent with */
    bool was_connected;
    bool is_disconnected;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t has_changed;
    bool is_freed;           /* no more calls to the sink */
    bool was_told;           /* Paho announced the end of the connection */
    unsigned callback_count; /* running now */
    struct mqc__ack_gate gate;
    bool is_woken; /* the link is to look at the gate, and has not */
};

/* Makes the object; nothing is connected. NULL: memory. */
struct mqc__client *mqc__paho_client_new(const struct mqc__connect_request *request,
                                         const struct mqc__client_sink *sink);

/* Makes Paho's part of it, for the link, and sets the callbacks up. False: memory. */
bool mqc__paho_client_bind(struct mqc__client *client);

/* paho_link.c */

/* Connects to the broker, so that Paho can connect to the link. `uses_proxy`: Paho takes the link
 * for an HTTP proxy. False: it cannot be reached; mqc__paho_failure() says why. */
bool mqc__paho_link_open(struct mqc__client *client, bool uses_proxy);

/* Ends the link, and keeps what the next one can resume. Idempotent. */
void mqc__paho_link_close(struct mqc__client *client);

/* As in struct mqc__client_ops. */
void mqc__paho_failure(const struct mqc__client *client, struct mqc__client_failure *failure_out);
void mqc__paho_traffic(const struct mqc__client *client, struct mqc__client_traffic *traffic_out);
bool mqc__paho_probe(const char *uri, unsigned timeout_ms);

/* Ends the connection if there is one. Idempotent. */
void mqc__paho_client_disconnect(struct mqc__client *client);

/* As struct mqc__client_ops.free. */
void mqc__paho_client_free(struct mqc__client *client);

/* paho_acks.c */

/* Holds acknowledgements back, if the request wants it; else it lets all pass. */
struct mqc__link_filter mqc__paho_acks_filter(struct mqc__client *client);

/* A message is handed over. Sets its `ack`; false: it must not be, the connection ends. */
bool mqc__paho_acks_arrived(struct mqc__client *client, const MQTTClient_message *message,
                            uint64_t *ack_out);

/* As struct mqc__client_ops.handled. */
void mqc__paho_handled(struct mqc__client *client, uint32_t ack);

#endif
