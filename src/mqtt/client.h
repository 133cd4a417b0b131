#ifndef MQC_MQTT_CLIENT_H
#define MQC_MQTT_CLIENT_H

#include "link/link.h"
#include "mqtt/session.h"

/*
 * How MQTT is spoken. A session uses one client for one connection: create, connect, the calls in
 * between, disconnect, free. One thread at a time makes these calls (the session's), and no call is
 * made from a callback. `struct mqc__client` is the implementation's own.
 */
struct mqc__client;

/* A message to publish; borrowed for the call. */
struct mqc__client_message {
    const char *topic;
    struct mqc_view payload;
    const char *content_type; /* not sent with MQTT 3.1.1 */
    enum mqc__qos qos;
    bool is_retained;
    bool is_presence;  /* not an event */
    uint32_t expiry_s; /* not sent with MQTT 3.1.1; 0: never */
};

/* What a connection should be. Borrowed from create until free. */
struct mqc__connect_request {
    const char *uri;
    struct mqc__tls_config *tls; /* for mqtts:// */
    const char *server_name;     /* what the broker proves to be; NULL: the URI's host */
    /* With TLS: what may be resumed, the owner's; replaced when the connection ends by what the
     * next one can resume. */
    struct mqc__tls_session **tls_session;
    unsigned tcp_timeout_ms;   /* as user_timeout_ms of struct mqc__link_options */
    unsigned tcp_keep_alive_s; /* TCP's, not MQTT's; 0: none */
    bool tcp_quick_ack;        /* as acks_at_once there */
    bool is_311;               /* MQTT 3.1.1, not 5 */
    const char *client_id;
    const char *username; /* NULL: none */
    const char *password; /* NULL: none */
    unsigned keep_alive_s;
    unsigned timeout_ms;       /* for connection, TLS handshake and MQTT's answer together */
    bool starts_clean;         /* what the broker kept for the client id is thrown away */
    uint32_t session_expiry_s; /* 0: the session ends with the connection. With MQTT 3.1.1 a session
                                * that starts clean ends with it too. */
    unsigned in_flight_max;    /* the caller never has more QoS 1 messages in flight */
    uint16_t receive_max;      /* what the broker may have in flight; not said with MQTT 3.1.1; 0:
                                * nothing is said */
    bool uses_topic_aliases;   /* with MQTT 5, as many as the broker allows */
    bool holds_acks;           /* a message is acknowledged when `handled` says so, not before */
    struct mqc__client_message will; /* topic NULL: none */
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

/* Why there is no connection, or none any more. */
struct mqc__client_failure {
    const char *tag; /* a constant, see mqc__link_open() and mqc__link_failure(); NULL: not known */
    char text[sizeof((struct mqc_error_info *)NULL)->text];
    bool is_closed; /* the broker was reached and just ended the connection */
};

/* The broker's answer to a connect. */
struct mqc__connect_answer {
    int reason; /* with REFUSED: the return code of the CONNACK */
    unsigned receive_max;
    uint32_t packet_bytes_max; /* UINT32_MAX: no limit */
    int qos_max;
    bool lacks_retain; /* with MQTT 5, likewise the next two */
    bool lacks_wildcards;
    bool lacks_shared_subscriptions;
    /* What the broker demands and the client does not keep by itself; else what was asked for. */
    unsigned keep_alive_s;
    char connection[300]; /* what it runs over, for the log: address, TLS version, peer */
};

/* What the client tells. Callbacks run on the client library's threads, may run before the call
 * that caused them returns, and do not run any more once free has returned. */
struct mqc__client_sink {
    void *context;
    /* One at a time, in the order in which the broker sent them. `ack` counts the messages of this
     * connection that `handled` is to be called for, from 1. May block, which holds back the
     * broker, and also everything else that the library's receive thread does: acknowledgements,
     * keep-alive, the other clients. */
    void (*message)(void *context, const struct mqc__mqtt_message *message);
    /* A QoS 1 message was acknowledged; reason 0 with MQTT 3.1.1. Must not block or call the
     * client. Tokens that were never given out can occur. */
    void (*acked)(void *context, int token, int reason);
    /* The connection ended and disconnect was not called; at most once. `reason` is that of a
     * DISCONNECT, -1 when there was none. Must not block or call the client. */
    void (*lost)(void *context, int reason);
};

/* Bytes on the way to and from the broker. */
struct mqc__client_traffic {
    uint64_t in_bytes;
    uint64_t out_bytes;
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
    /* Subscribes at QoS 1, with No Local where the version has it; what the broker says of itself,
     * $SYS/..., at QoS 0, so that nothing has to be acknowledged. reasons_out has room for one code
     * per filter. With `wants_retained` comes what the broker retains for the filters, also for
     * those that it knew; else only for new ones (with MQTT 3.1.1 it always comes). Blocks until
     * the broker has answered, at most some 10 s, after which the connection counts as lost. OK
     * (also when filters were refused: see the codes), LOST, UNUSABLE, NOMEM. */
    enum mqc__client_result (*subscribe)(struct mqc__client *client, char *const *filters,
                                         size_t count, bool wants_retained, int *reasons_out);
    /* As subscribe. The codes do not matter. */
    enum mqc__client_result (*unsubscribe)(struct mqc__client *client, char *const *filters,
                                           size_t count);
    /* Writes a message. Copies it. Can block while the connection takes no more bytes. The token
     * names a QoS 1 message to `acked`. OK (a QoS 1 message may still get lost: then `lost` is
     * called), LOST, UNUSABLE, NOMEM. */
    enum mqc__client_result (*publish)(struct mqc__client *client,
                                       const struct mqc__client_message *message, int *token_out);
    /* A message was handled: acknowledges it, once all that came before it were handled too.
     * `ack` is that of the message, of which the low 32 bits are enough. Any thread, also inside a
     * callback, until free is called; cheap, never blocks. */
    void (*handled)(struct mqc__client *client, uint32_t ack);
    /* Tells why connect found the broker UNREACHABLE, or why the connection was lost. */
    void (*failure)(const struct mqc__client *client, struct mqc__client_failure *failure_out);
    /* Tells how many bytes the connection has carried, TLS included. Any thread, once connect has
     * returned OK. */
    void (*traffic)(const struct mqc__client *client, struct mqc__client_traffic *traffic_out);
    /* Ends the connection politely. Blocks for a moment. Idempotent; also without a connection. */
    void (*disconnect)(struct mqc__client *client);
    /* Waits for a callback that runs, disconnects if that was not done, frees. NULL is fine. */
    void (*free)(struct mqc__client *client);
    /* Says whether a broker accepts TCP connections now. Blocks, at most timeout_ms. Needs no
     * client. */
    bool (*probe)(const char *uri, unsigned timeout_ms);
};

/*
 * The client on Paho's MQTTClient, which speaks to the broker through a link (link/link.h). Every
 * call returns the same ops. The first one leaves SIGPIPE as it was, which Paho would have ignored
 * in the whole process; the threads that use the ops must block it. A proxy in the environment is
 * not used, whatever Paho's version. MQC_ENOMEM.
 */
enum mqc_error mqc__paho_ops(const struct mqc__client_ops **ops_out);

#endif
