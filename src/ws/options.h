#ifndef MQC_WS_OPTIONS_H
#define MQC_WS_OPTIONS_H

#include "base/export.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeek's Cluster::WebSocketTLSOptions. There is TLS if cert_file and key_file are both given; one
 * without the other is a mistake. An empty name counts as given: that is TLS without a certificate,
 * for cipher suites that need none. */
struct mqc_websocket_tls {
    const char *cert_file;         /* PEM, the certificate and its intermediates; NULL: not given */
    const char *key_file;          /* its private key in PEM; NULL: not given */
    bool enable_peer_verification; /* clients need a certificate; only with TLS */
    const char *ca_file;           /* who vouches for clients; NULL or empty: the system's CAs */
    const char *ciphers;           /* names with ':' between; NULL or empty: the default */
};

/*
 * One address where programs can take part in the cluster by WebSocket: Zeek's
 * Cluster::WebSocketServerOptions, and the limits of this server. Start with
 * mqc_websocket_options_init() and change what should differ.
 */
struct mqc_websocket_options {
    const char *listen_addr; /* an IPv4 or IPv6 address */
    uint16_t listen_port;    /* 0: one that the system chooses */
    uint64_t
        max_event_queue_size; /* messages of all clients that wait to be handled; 0: no limit */
    int64_t ping_interval_ms; /* 0 or less: no pings */
    struct mqc_websocket_tls tls_options;
    size_t max_connections;             /* of clients at a time */
    unsigned handshake_timeout_ms;      /* from the connection to the upgrade, TLS included */
    size_t max_message_bytes;           /* of one message of a client */
    size_t max_pending_bytes;           /* what a client may send before it got its ack */
    size_t max_outbound_bytes;          /* what may wait for one client that reads slowly */
    unsigned grace_ms;                  /* for the end of a connection, before it is cut */
    const char *bearer_token;           /* clients must send it (RFC 6750 2.1); NULL: none */
    const char *const *allowed_origins; /* pages that browsers may connect from */
    size_t allowed_origin_count;        /* 0: any */
    bool serves_websocket;              /* at /v1/messages/json */
    bool serves_healthz;                /* at /healthz */
    bool serves_metrics;                /* at /metrics */
};

/* Fills in the defaults: 127.0.0.1 port 27759, without TLS and token, everything served. */
MQC_API void mqc_websocket_options_init(struct mqc_websocket_options *options_out);

#endif
