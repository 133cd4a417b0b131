#include "config/options_priv.h"

#include "config/text_check.h"
#include "ws/options_check.h"

#define AT_WEBSOCKET(member) offsetof(struct mqc__websocket_settings, member)

static const struct mqc__choice serve_choices[] = {{"websocket", MQC__SERVE_WEBSOCKET},
                                                   {"healthz", MQC__SERVE_HEALTHZ},
                                                   {"metrics", MQC__SERVE_METRICS},
                                                   {NULL, 0}};

static const struct mqc__option rows[] = {
    {.path = "websocket",
     .kind = MQC__OPTION_WEBSOCKETS,
     .default_note = "none",
     .doc = "Where the node serves programs that take part in the cluster by Zeek's WebSocket API, "
            "each with a mapping of these options. Nothing is served unless it is given; {} gives "
            "it with all defaults."},
    {.path = "websocket.listen_addr",
     .kind = MQC__OPTION_TEXT,
     .offset = AT_WEBSOCKET(listen_addr),
     .check = mqc__check_listen_addr,
     .default_text = "127.0.0.1",
     .doc =
         "The IPv4 or IPv6 address to listen on: one of this host's, or 0.0.0.0 or :: for all of "
         "them. When other hosts can reach it, give tls_options and a bearer token, or else a "
         "warning is logged."},
    {.path = "websocket.listen_port",
     .kind = MQC__OPTION_INTEGER,
     .offset = AT_WEBSOCKET(listen_port),
     .default_text = "27759",
     .min = 1,
     .max = UINT16_MAX,
     .doc = "The TCP port to listen on."},
    {.path = "websocket.max_event_queue_size",
     .kind = MQC__OPTION_INTEGER,
     .offset = AT_WEBSOCKET(max_event_queue_size),
     .default_text = "32",
     .min = 0,
     .max = MQC__WS_QUEUE_SIZE_MAX,
     .doc = "How many messages of all clients together may wait to be handled. When it is full, "
            "clients are held back until there is room. 0 sets no limit."},
    {.path = "websocket.ping_interval",
     .kind = MQC__OPTION_DURATION,
     .offset = AT_WEBSOCKET(ping_interval_ms),
     .default_text = "5s",
     .may_be_off = true,
     .min = MQC__WS_PING_INTERVAL_MS_MIN,
     .max = MQC__WS_PING_INTERVAL_MS_MAX,
     .doc = "How often clients are sent a ping. One that has not answered by the next is closed. "
            "off, like a negative duration, sends none; clients that vanish then are found when "
            "something is sent to them, if ever."},
    {.path = "websocket.tls_options",
     .kind = MQC__OPTION_SECTION,
     .doc = "TLS for clients. Given cert_file and key_file, all need to speak it (wss://)."},
    {.path = "websocket.tls_options.cert_file",
     .kind = MQC__OPTION_FILE,
     .offset = AT_WEBSOCKET(tls.cert_file),
     .default_note = "none",
     .example = "/etc/mqcluster/websocket.pem",
     .doc = "The server's certificate in PEM, followed by its intermediates. It needs key_file. A "
            "relative name starts at the folder of this file, as for all files here."},
    {.path = "websocket.tls_options.key_file",
     .kind = MQC__OPTION_FILE,
     .offset = AT_WEBSOCKET(tls.key_file),
     .default_note = "none",
     .example = "/etc/mqcluster/websocket.key",
     .doc = "The private key of the certificate. Only its owner may have access to it (chmod "
            "600)."},
    {.path = "websocket.tls_options.enable_peer_verification",
     .kind = MQC__OPTION_BOOL,
     .offset = AT_WEBSOCKET(tls.enable_peer_verification),
     .default_text = "false",
     .doc = "true lets only clients in that have a certificate of the authorities in ca_file."},
    {.path = "websocket.tls_options.ca_file",
     .kind = MQC__OPTION_FILE,
     .offset = AT_WEBSOCKET(tls.ca_file),
     .default_note = "the system's authorities",
     .example = "/etc/mqcluster/clients-ca.pem",
     .doc = "The certificates of the authorities (CAs) that may vouch for clients, in PEM."},
    {.path = "websocket.tls_options.ciphers",
     .kind = MQC__OPTION_TEXT,
     .offset = AT_WEBSOCKET(tls.ciphers),
     .check = mqc__check_cipher_list,
     .default_note = "those with forward secrecy and authenticated encryption",
     .example = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256:TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
     .doc = "The cipher suites to accept, the preferred first, with ':' between."},
    {.path = "websocket.max_connections",
     .kind = MQC__OPTION_INTEGER,
     .offset = AT_WEBSOCKET(max_connections),
     .default_text = "1000",
     .min = MQC__WS_CONNECTIONS_MIN,
     .max = MQC__WS_CONNECTIONS_MAX,
     .doc = "How many connections there may be at a time; more are closed at once. Each needs a "
            "file descriptor, of which the system gives a process only so many (ulimit -n)."},
    {.path = "websocket.handshake_timeout",
     .kind = MQC__OPTION_DURATION,
     .offset = AT_WEBSOCKET(handshake_timeout_ms),
     .default_text = "3s",
     .min = MQC__WS_HANDSHAKE_TIMEOUT_MS_MIN,
     .max = MQC__WS_HANDSHAKE_TIMEOUT_MS_MAX,
     .doc = "How long a connection may take until its request is complete, TLS included. Raise it "
            "for clients behind slow links."},
    {.path = "websocket.grace",
     .kind = MQC__OPTION_DURATION,
     .offset = AT_WEBSOCKET(grace_ms),
     .default_text = "1s",
     .max = MQC__WS_GRACE_MS_MAX,
     .doc = "How long a client gets for its part of the end of a connection before it is cut off: "
            "to answer a close, and to read what was wrong with its subscriptions. Stopping the "
            "node takes as long where clients do not answer."},
    {.path = "websocket.max_message_bytes",
     .kind = MQC__OPTION_SIZE,
     .offset = AT_WEBSOCKET(max_message_bytes),
     .default_text = "8MiB",
     .min = MQC__WS_BYTES_MIN,
     .max = MQC__WS_BYTES_MAX,
     .doc = "The largest message of a client, all its fragments together. A client that sends a "
            "larger one is closed."},
    {.path = "websocket.max_pending_bytes",
     .kind = MQC__OPTION_SIZE,
     .offset = AT_WEBSOCKET(max_pending_bytes),
     .default_text = "8MiB",
     .min = MQC__WS_BYTES_MIN,
     .max = MQC__WS_BYTES_MAX,
     .doc = "How many bytes a client may send before its subscriptions were acknowledged. A client "
            "that sends more is held back until then."},
    {.path = "websocket.max_outbound_bytes",
     .kind = MQC__OPTION_SIZE,
     .offset = AT_WEBSOCKET(max_outbound_bytes),
     .default_text = "64MiB",
     .min = MQC__WS_BYTES_MIN,
     .max = MQC__WS_BYTES_MAX,
     .doc = "How many bytes may wait for a client that reads slowly. It is closed when there are "
            "more, so that it takes neither memory nor time from the others."},
    {.path = "websocket.bearer_token",
     .kind = MQC__OPTION_TEXT,
     .offset = AT_WEBSOCKET(bearer_token),
     .check = mqc__websocket_check_token,
     .default_note = "none",
     .example = "${WEBSOCKET_TOKEN}",
     .is_secret = true,
     .doc = "A secret that every client must send, in the header Authorization: Bearer TOKEN, made "
            "for instance by: openssl rand -hex 32. Browsers cannot send it. Better taken from the "
            "environment or from a file than written here."},
    {.path = "websocket.bearer_token_file",
     .kind = MQC__OPTION_PASSWORD_FILE,
     .offset = AT_WEBSOCKET(bearer_token),
     .check = mqc__websocket_check_token,
     .default_note = "none",
     .excludes = "websocket.bearer_token",
     .example = "/etc/mqcluster/websocket.token",
     .doc = "A file that holds the token; a line end after it does not count. Only its owner may "
            "have access to it (chmod 600)."},
    {.path = "websocket.allowed_origins",
     .kind = MQC__OPTION_TEXTS,
     .offset = AT_WEBSOCKET(allowed_origins),
     .count_offset = AT_WEBSOCKET(allowed_origin_count),
     .check = mqc__websocket_check_origin,
     .default_note = "any",
     .example = "[\"https://dashboard.example.org\"]",
     .doc = "The sites whose pages may connect from a browser, each as https://HOST or "
            "https://HOST:PORT. Without it any page that someone on this host looks at can take "
            "part in the cluster, if it finds the port. Programs that are no browsers send no "
            "origin, and may connect in any case."},
    {.path = "websocket.serve",
     .kind = MQC__OPTION_CHOICES,
     .offset = AT_WEBSOCKET(serve),
     .given_offset = AT_WEBSOCKET(has_serve),
     .choices = serve_choices,
     .default_text = "[websocket, healthz, metrics]",
     .doc = "What is served. websocket: Zeek's API at /v1/messages/json. healthz: at /healthz, "
            "whether the node is connected to the broker. metrics: at /metrics, numbers for "
            "Prometheus, as the section metrics says."},
};

const struct mqc__option_table mqc__options_websocket = MQC__OPTION_TABLE(rows);
