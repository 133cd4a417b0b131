#ifndef TESTS_SUPPORT_FAKE_BROKER_H
#define TESTS_SUPPORT_FAKE_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A broker that does what a real one never does. It reads MQTT packets on a port of 127.0.0.1 and
 * answers as its rules say; it forwards nothing. One thread serves all connections.
 */
struct fake_broker;

/* What to do with one connection. Zero is a broker that accepts and acknowledges everything. */
struct fake_rule {
    const uint8_t *connack_properties; /* MQTT 5, without the length */
    size_t connack_properties_size;
    const uint8_t *raw; /* sent instead of the CONNACK, or right after it */
    size_t raw_size;
    enum {
        FAKE_CONNECT_ACCEPT,
        FAKE_CONNECT_SILENT,  /* never answers */
        FAKE_CONNECT_HANG_UP, /* closes without an answer */
        FAKE_CONNECT_RAW,     /* sends `raw` instead of a CONNACK */
    } on_connect;
    enum {
        FAKE_PUBLISH_ACK,
        FAKE_PUBLISH_SILENT,
        FAKE_PUBLISH_ACK_TWICE,
        FAKE_PUBLISH_HOLD, /* acknowledges when fake_broker_release is called */
    } on_publish;
    unsigned close_at_publish;  /* closes when the Nth PUBLISH of the connection came; 0: never */
    unsigned close_mid_publish; /* as before, and first sends half a packet */
    uint8_t close_code;         /* MQTT 5: sent in a DISCONNECT before closing so, unless 0 */
    uint8_t connack_code;       /* 0: accepted */
    uint8_t suback_code;        /* instead of what was asked for, unless 0 */
    uint8_t puback_code;        /* MQTT 5 */
    bool is_connack_311;        /* a CONNACK of MQTT 3.1.1 even when the client speaks 5 */
    bool closes_after_raw;
    bool drops_suback; /* closes instead of a SUBACK */
};

/* What came in. */
struct fake_totals {
    unsigned connects;   /* CONNECT packets */
    unsigned connects_5; /* of those with MQTT 5 */
    unsigned last_keep_alive_s;
    unsigned publishes;
    unsigned repeated_publishes; /* with the DUP flag */
    unsigned aliased_publishes;  /* without a topic */
    unsigned unknown_aliases;    /* of those, with an alias that this connection has not heard of */
    unsigned last_receive_max;   /* of a CONNECT, 0: not said */
    unsigned in_flight_max; /* QoS 1 publishes without an acknowledgement, at the worst moment */
    unsigned largest_packet_bytes;
    unsigned subscribes;
    unsigned pubacks;
    unsigned last_puback_id;
    unsigned pings;
    unsigned disconnects; /* polite ones */
};

/* Starts it: the first connection that sends something is served by rules[0] and so on, the last
 * rule serves all further ones. Copies the rules, not the bytes they point at. NULL on failure. */
struct fake_broker *fake_broker_start(const struct fake_rule *rules, size_t rule_count);

/* mqtt://127.0.0.1:port */
const char *fake_broker_uri(const struct fake_broker *broker);

struct fake_totals fake_broker_totals(struct fake_broker *broker);

/* Acknowledges what is held and everything further at once. */
void fake_broker_release(struct fake_broker *broker);

/* Sends bytes on every connection. */
void fake_broker_send(struct fake_broker *broker, const void *bytes, size_t size);

/* Closes every connection. */
void fake_broker_close_all(struct fake_broker *broker);

void fake_broker_free(struct fake_broker **broker);

#endif
