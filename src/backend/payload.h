#ifndef MQC_BACKEND_PAYLOAD_H
#define MQC_BACKEND_PAYLOAD_H

#include "codec/decompress.h"
#include "codec/json.h"
#include "codec/protobuf.h"

/* A payload as it came, who knows the types of plain JSON arguments, and what decompresses. */
struct mqc__payload_source {
    struct mqc_view payload;
    struct mqc_view content_type;                  /* empty: not said */
    const struct mqc__json_signatures *signatures; /* may be NULL */
    struct mqc__decompressor *decompressor;
};

/*
 * Reads an MQTT payload into an envelope: protobuf, or JSON where the content type says so; without
 * a content type (MQTT 3.1.1) a payload that begins with '{' is JSON, which no Envelope does. JSON
 * may be a data message of Zeek's WebSocket API or the plain form {"event": .., "args": [..]},
 * whose topic is not needed here. JSON gives an envelope without sender and sequence number. Events
 * that are compressed come out decompressed; for them the arena gets the limit that they would have
 * had uncompressed, and room for themselves. Errors as mqc__protobuf_decode() and
 * mqc__decompress(), and MQC_ETYPE when plain arguments do not fit.
 */
enum mqc_error mqc__payload_read(struct mqc__arena *arena, const struct mqc__payload_source *source,
                                 struct mqc__envelope *envelope_out, struct mqc_error_info *info);

/* How much memory decoding a payload of this size may take. */
size_t mqc__payload_memory_limit(size_t payload_bytes);

#endif
