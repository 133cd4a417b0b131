#ifndef MQC_CODEC_PROTOBUF_SCHEMA_H
#define MQC_CODEC_PROTOBUF_SCHEMA_H

#include "codec/wire.h"
#include "mqcluster/v1/event.pb-c.h"

/*
 * proto/mqcluster/v1/event.proto for the code that reads and writes it by hand. What protoc-c makes
 * of it would turn each value into an object with a header, and each list into an array of pointers
 * to such objects; here values are written and read where they are. A test compares these numbers
 * with the generated descriptors.
 */

/* One byte each on the wire up to 15, two above. The kinds of Value have their numbers from the
 * generated header. */
#define MQC__TAG_ENVELOPE_INSTANCE MQC__WIRE_TAG(1, MQC__WIRE_BYTES)
#define MQC__TAG_ENVELOPE_NODE MQC__WIRE_TAG(2, MQC__WIRE_BYTES)
#define MQC__TAG_ENVELOPE_FIRST_SEQUENCE MQC__WIRE_TAG(3, MQC__WIRE_VARINT)
#define MQC__TAG_ENVELOPE_STARTS_COUNT MQC__WIRE_TAG(4, MQC__WIRE_VARINT)
#define MQC__TAG_ENVELOPE_EVENTS MQC__WIRE_TAG(5, MQC__WIRE_BYTES)
#define MQC__TAG_ENVELOPE_COMPRESSION MQC__WIRE_TAG(6, MQC__WIRE_VARINT)
#define MQC__TAG_ENVELOPE_COMPRESSED_EVENTS MQC__WIRE_TAG(7, MQC__WIRE_BYTES)
#define MQC__TAG_ENVELOPE_RECEIPT MQC__WIRE_TAG(8, MQC__WIRE_VARINT)
#define MQC__TAG_ENVELOPE_KEPT_FROM MQC__WIRE_TAG(9, MQC__WIRE_VARINT)
#define MQC__TAG_ENVELOPE_COUNT_AGE_MS MQC__WIRE_TAG(10, MQC__WIRE_VARINT)
#define MQC__TAG_ENVELOPE_TOPIC MQC__WIRE_TAG(11, MQC__WIRE_BYTES)
#define MQC__TAG_ENVELOPE_RECEIPTS MQC__WIRE_TAG(12, MQC__WIRE_BYTES)
#define MQC__TAG_ENVELOPE_AFTER_INSTANCE MQC__WIRE_TAG(16, MQC__WIRE_BYTES)
#define MQC__TAG_ENVELOPE_AFTER_SEQUENCE MQC__WIRE_TAG(17, MQC__WIRE_VARINT)
#define MQC__TAG_ENVELOPE_AFTER_KEPT_FROM MQC__WIRE_TAG(18, MQC__WIRE_VARINT)
#define MQC__TAG_ENVELOPE_AFTER_COUNT_AGE_MS MQC__WIRE_TAG(19, MQC__WIRE_VARINT)
#define MQC__TAG_ENVELOPE_PIECE MQC__WIRE_TAG(13, MQC__WIRE_BYTES)
#define MQC__TAG_PIECE_TOTAL MQC__WIRE_TAG(1, MQC__WIRE_VARINT)
#define MQC__TAG_PIECE_OFFSET MQC__WIRE_TAG(2, MQC__WIRE_VARINT)
#define MQC__TAG_PIECE_CONTENT MQC__WIRE_TAG(3, MQC__WIRE_BYTES)
#define MQC__TAG_RECEIPT_INSTANCE MQC__WIRE_TAG(1, MQC__WIRE_BYTES)
#define MQC__TAG_RECEIPT_TOPIC MQC__WIRE_TAG(2, MQC__WIRE_BYTES)
#define MQC__TAG_RECEIPT_HANDLED_TO MQC__WIRE_TAG(3, MQC__WIRE_VARINT)
#define MQC__TAG_RECEIPT_WANTS_REPEAT MQC__WIRE_TAG(4, MQC__WIRE_VARINT)
#define MQC__TAG_EVENT_NAME MQC__WIRE_TAG(1, MQC__WIRE_BYTES)
#define MQC__TAG_EVENT_ARGS MQC__WIRE_TAG(2, MQC__WIRE_BYTES)
#define MQC__TAG_EVENT_METADATA MQC__WIRE_TAG(3, MQC__WIRE_BYTES)
#define MQC__TAG_METADATA_ID MQC__WIRE_TAG(1, MQC__WIRE_VARINT)
#define MQC__TAG_METADATA_VALUE MQC__WIRE_TAG(2, MQC__WIRE_BYTES)
#define MQC__TAG_LIST_ITEMS MQC__WIRE_TAG(1, MQC__WIRE_BYTES)
#define MQC__TAG_VALUE(kind, wire_type)                                                            \
    MQC__WIRE_TAG(MQCLUSTER__V1__VALUE__KIND_##kind, MQC__WIRE_##wire_type)

/* What an Envelope's `compression` says. */
#define MQC__COMPRESSION_ZSTD 1

/* A message's known fields: their tags by number, 0 for a number that is not in use. */
struct mqc__wire_schema {
    unsigned field_count; /* the highest number */
    uint8_t tags[20];
};

extern const struct mqc__wire_schema mqc__schema_envelope;
extern const struct mqc__wire_schema mqc__schema_piece;
extern const struct mqc__wire_schema mqc__schema_receipt;
extern const struct mqc__wire_schema mqc__schema_event;
extern const struct mqc__wire_schema mqc__schema_metadata;
extern const struct mqc__wire_schema mqc__schema_value;
extern const struct mqc__wire_schema mqc__schema_list;

#endif
