#ifndef MQC_CODEC_PROTOBUF_UNPACK_H
#define MQC_CODEC_PROTOBUF_UNPACK_H

#include "base/arena.h"
#include "base/error.h"

#include <protobuf-c/protobuf-c.h>

/*
 * Unpacks a flat message, one without messages in it, by protobuf-c, into the arena. What
 * protobuf-c would take or misread is refused before: every length stays inside the message, and
 * known fields have the wire type of the schema. NULL with *error_out set when it fails:
 * MQC_EMALFORMED, or MQC_ETOOLARGE and MQC_ENOMEM by the arena; *info says what.
 */
const void *mqc__protobuf_unpack(struct mqc__arena *arena,
                                 const ProtobufCMessageDescriptor *message, struct mqc_view payload,
                                 enum mqc_error *error_out, struct mqc_error_info *info);

#endif
