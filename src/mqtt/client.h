#ifndef MQC_MQTT_CLIENT_H
#define MQC_MQTT_CLIENT_H

#include "mqtt/session.h"

/*
 * How MQTT is spoken. A session uses one client for one connection: create, connect, the calls in
 * between, disconnect, free. One thread at a time makes these calls (the session's), and no call is
 * made from a callback. `struct mqc__client` is the implementation's own.
 */
struct mqc__client;

/* What a connection should be. Borrowed from create until free. */
struct mqc__connect_request {
    const char *uri;
    bool is_311; /* MQTT 3.1.1, not 5 */
    const char *client_id;
    const char *username; /* NULL: none */
    const char *password; /* NULL: none */
    unsigned keep_alive_s;
    unsigned timeout_ms;
    bool starts_clean;         /* what the broker kept for the client id is thrown away */
    uint32_t session_expiry_s; /* 0: the session ends with the connection. With MQTT 3.1.1 a session
                                * that starts clean ends with it too. */
    unsigned in_flight_max;    /* the caller never has more QoS 1 messages in flight */
};

/* What came of a call. */
enum mqc__client_result {
    MQC__CLIENT_OK,
    MQC__CLIENT_REFUSED,     /* the broker answered, and not with success */
    MQC__CLIENT_UNREACHABLE, /* connect: no connection, or it ended without an answer */
    MQC__CLIENT_LOST,        /* there is no connection any more */
    MQC__CLIENT_UNUSABLE,    /* the client library cannot do this, now or later: a bad argument */
    MQC__CLIENT_NOMEM,
};

/* The broker's answer to a connect. */
struct mqc__connect_answer {
    int reason; /* with REFUSED: the return code of the CONNACK */
    unsigned receive_max;
    uint32_t packet_bytes_max; /* UINT32_MAX: no limit */
    int qos_max;
    /* What the broker demands and the client does not keep by itself; else what was asked for. */
    unsigned keep_alive_s;
};

/* What the client tells. Callbacks run on the client library's threads, may run before the call
 * that caused them returns, and do not run any more once free has returned. */
struct mqc__client_sink {
    void *context;
    /* One at a time. May block, which holds back the broker, and also everything else that the
     * library's receive thread does: acknowledgements, keep-alive, the other clients. */
    void (*message)(void *context, const struct mqc__mqtt_message *message);
    /* A QoS 1 message was acknowledged; reason 0 with MQTT 3.1.1. Must not block or call the
     * client. Tokens that were never given out can occur. */
    void (*acked)(void *context, int token, int reason);
    /* The connection ended and disconnect was not called; at most once. `reason` is that of a
     * DISCONNECT, -1 when there was none. Must not block or call the client. */
    void (*lost)(void *context, int reason);
};

/* A message to publish; borrowed for the call. */
struct mqc__client_message {
    const char *topic;
    struct mqc_view payload;
    const char *content_type; /* not sent with MQTT 3.1.1 */
    enum mqc__qos qos;
};

struct mqc__client_ops {
    /* Makes a client without a connection; NULL when memory runs out. Does not block on the
     * network. Borrows the request; copies the sink. */
    struct mqc__client *(*create)(const struct mqc__connect_request *request,
                                  const struct mqc__client_sink *sink);
    /* Connects once. Blocks, at the longest a little more than the request's timeout. Once only.
     * Messages can arrive before it returns. OK, REFUSED, UNREACHABLE, UNUSABLE, NOMEM. */
    enum mqc__client_result (*connect)(struct mqc__client *client,
                                       struct mqc__connect_answer *answer_out);
    /* Subscribes at QoS 1, with No Local where the version has it; reasons_out has room for one
     * code per filter. Blocks until the broker has answered, at most some 10 s, after which the
     * connection counts as lost. OK (also when filters were refused: see the codes), LOST,
     * UNUSABLE, NOMEM. */
    enum mqc__client_result (*subscribe)(struct mqc__client *client, char *const *filters,
                                         size_t count, int *reasons_out);
    /* As subscribe. The codes do not matter. */
    enum mqc__client_result (*unsubscribe)(struct mqc__client *client, char *const *filters,
                                           size_t count);
    /* Writes a message. Copies it. Can block while the connection takes no more bytes. The token
     * names a QoS 1 message to `acked`. OK (a QoS 1 message may still get lost: then `lost` is
     * called), LOST, UNUSABLE, NOMEM. */
    enum mqc__client_result (*publish)(struct mqc__client *client,
                                       const struct mqc__client_message *message, int *token_out);
    /* Ends the connection politely. Blocks for a moment. Idempotent; also without a connection. */
    void (*disconnect)(struct mqc__client *client);
    /* Waits for a callback that runs, disconnects if that was not done, frees. NULL is fine. */
    void (*free)(struct mqc__client *client);
    /* Finds out in words why a broker could not be reached: "connection refused". Returns true when
     * it accepts TCP connections now; the words are empty then. Blocks, at most timeout_ms beyond
     * the look-up of the name. Needs no client. */
    bool (*probe)(const char *uri, unsigned timeout_ms, char *words_out, size_t words_size);
};

/*
 * The client on Paho's MQTTClient. Every call returns the same ops. The first one keeps Paho from
 * two things that it does to the whole process: it leaves SIGPIPE as it was (the threads that use
 * the ops must block it), and, with a Paho older than 1.3.14, which would send every connection
 * through the proxy of the environment variable http_proxy without asking, it removes that variable
 * from the environment, since there is no other way. So make the first call before threads exist
 * that read the environment. MQC_ENOMEM.
 */
enum mqc_error mqc__paho_ops(const struct mqc__client_ops **ops_out);

#endif
