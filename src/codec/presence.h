#ifndef MQC_CODEC_PRESENCE_H
#define MQC_CODEC_PRESENCE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/error.h"

#include <stdint.h>

/* A node's presence on the wire, proto/mqcluster/v1/presence.proto, which explains the fields. */

/* The content type of a presence (MQTT 5, 3.3.2.3.9). */
#define MQC__CONTENT_TYPE_PRESENCE "application/x-protobuf; msg=mqcluster.v1.Presence"

/* Larger payloads are refused unread. The rest is for the fields of later versions. */
#define MQC__PRESENCE_BYTES_MAX 4096
/* What this version writes is never larger than this. */
#define MQC__PRESENCE_OWN_BYTES_MAX 1024

#define MQC__PRESENCE_NAME_BYTES_MAX 255
#define MQC__PRESENCE_TYPE_BYTES_MAX 32
#define MQC__PRESENCE_INSTANCE_BYTES_MAX 255
#define MQC__PRESENCE_REASON_BYTES_MAX 255
#define MQC__PRESENCE_LEASE_MIN_MS 1000
#define MQC__PRESENCE_LEASE_MAX_MS 86400000

struct mqc__presence {
    bool is_up;
    struct mqc_view type;
    struct mqc_view name;
    struct mqc_view instance;
    uint64_t connection;
    uint64_t renewal;  /* from 1; 0 only where is_up is false */
    uint32_t lease_ms; /* matters only where is_up is true */
    uint64_t start_ms; /* wall clock of the sender */
    struct mqc_view reason;
    bool gave_way; /* to another instance of the name; only where is_up is false */
};

/* Appends a presence; takes no other memory than the buffer's. MQC_EINVAL: a field is out of its
 * limits; MQC_ETOOLARGE, MQC_ENOMEM: the buffer is full. On failure the buffer is as it was. */
enum mqc_error mqc__presence_encode(const struct mqc__presence *presence,
                                    struct mqc__buffer *buffer);

/*
 * Decodes a presence into the arena, where its texts live. Every field is within the limits above,
 * else MQC_EMALFORMED. MQC_ETOOLARGE: over MQC__PRESENCE_BYTES_MAX, or over the arena's limit;
 * MQC_ENOMEM. *info says what is wrong.
 */
enum mqc_error mqc__presence_decode(struct mqc__arena *arena, struct mqc_view payload,
                                    struct mqc__presence *presence_out,
                                    struct mqc_error_info *info);

#endif
