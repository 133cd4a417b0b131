#include "codec/protobuf_schema.h"

#define FIELD(tag) [(tag) >> 3] = (tag)

const struct mqc__wire_schema mqc__schema_envelope = {
    .field_count = 19,
    .tags = {FIELD(MQC__TAG_ENVELOPE_INSTANCE), FIELD(MQC__TAG_ENVELOPE_NODE),
             FIELD(MQC__TAG_ENVELOPE_FIRST_SEQUENCE), FIELD(MQC__TAG_ENVELOPE_STARTS_COUNT),
             FIELD(MQC__TAG_ENVELOPE_EVENTS), FIELD(MQC__TAG_ENVELOPE_COMPRESSION),
             FIELD(MQC__TAG_ENVELOPE_COMPRESSED_EVENTS), FIELD(MQC__TAG_ENVELOPE_RECEIPT),
             FIELD(MQC__TAG_ENVELOPE_KEPT_FROM), FIELD(MQC__TAG_ENVELOPE_COUNT_AGE_MS),
             FIELD(MQC__TAG_ENVELOPE_TOPIC), FIELD(MQC__TAG_ENVELOPE_RECEIPTS),
             FIELD(MQC__TAG_ENVELOPE_AFTER_INSTANCE), FIELD(MQC__TAG_ENVELOPE_AFTER_SEQUENCE),
             FIELD(MQC__TAG_ENVELOPE_AFTER_KEPT_FROM), FIELD(MQC__TAG_ENVELOPE_AFTER_COUNT_AGE_MS),
             FIELD(MQC__TAG_ENVELOPE_PIECE)},
};

const struct mqc__wire_schema mqc__schema_piece = {
    .field_count = 3,
    .tags = {FIELD(MQC__TAG_PIECE_TOTAL), FIELD(MQC__TAG_PIECE_OFFSET),
             FIELD(MQC__TAG_PIECE_CONTENT)},
};

const struct mqc__wire_schema mqc__schema_receipt = {
    .field_count = 4,
    .tags = {FIELD(MQC__TAG_RECEIPT_INSTANCE), FIELD(MQC__TAG_RECEIPT_TOPIC),
             FIELD(MQC__TAG_RECEIPT_HANDLED_TO), FIELD(MQC__TAG_RECEIPT_WANTS_REPEAT)},
};

const struct mqc__wire_schema mqc__schema_event = {
    .field_count = 3,
    .tags = {FIELD(MQC__TAG_EVENT_NAME), FIELD(MQC__TAG_EVENT_ARGS),
             FIELD(MQC__TAG_EVENT_METADATA)},
};

const struct mqc__wire_schema mqc__schema_metadata = {
    .field_count = 2,
    .tags = {FIELD(MQC__TAG_METADATA_ID), FIELD(MQC__TAG_METADATA_VALUE)},
};

const struct mqc__wire_schema mqc__schema_list = {
    .field_count = 1,
    .tags = {FIELD(MQC__TAG_LIST_ITEMS)},
};

const struct mqc__wire_schema mqc__schema_value = {
    .field_count = 15,
    .tags = {FIELD(MQC__TAG_VALUE(BOOLEAN, VARINT)), FIELD(MQC__TAG_VALUE(COUNT, VARINT)),
             FIELD(MQC__TAG_VALUE(INTEGER, VARINT)), FIELD(MQC__TAG_VALUE(REAL, FIXED64)),
             FIELD(MQC__TAG_VALUE(STRING, BYTES)), FIELD(MQC__TAG_VALUE(IPV4, FIXED32)),
             FIELD(MQC__TAG_VALUE(IPV6, BYTES)), FIELD(MQC__TAG_VALUE(SUBNET, BYTES)),
             FIELD(MQC__TAG_VALUE(PORT, VARINT)), FIELD(MQC__TAG_VALUE(TIMESTAMP, FIXED64)),
             FIELD(MQC__TAG_VALUE(TIMESPAN, VARINT)), FIELD(MQC__TAG_VALUE(ENUMERATION, BYTES)),
             FIELD(MQC__TAG_VALUE(SET, BYTES)), FIELD(MQC__TAG_VALUE(TABLE, BYTES)),
             FIELD(MQC__TAG_VALUE(VECTOR, BYTES))},
};
