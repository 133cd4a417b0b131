#ifndef MQC_CODEC_PROTOBUF_PRIV_H
#define MQC_CODEC_PROTOBUF_PRIV_H

#include "base/arena.h"
#include "mqcluster/v1/event.pb-c.h"
#include "value/event.h"

/* Where the decoder stands, for its error texts, and what it has found so far. */
struct mqc__decoder {
    struct mqc__arena *arena;
    struct mqc_error_info *info;
    struct mqc_view event_name;
    size_t event_number; /* from 1 */
    const char *part;    /* "argument" or "metadata" */
    size_t part_number;  /* from 1 */
    size_t unknown_count;
};

/*
 * Checks the wire form of a message before protobuf-c, which has no limit of its own, may see it:
 * every length stays inside its message, known fields have the wire type of the schema, no
 * singular message stands twice (protobuf-c would merge them), and values are nested at most
 * MQC_MAX_DEPTH deep. Takes time linear in the size, no memory, and does not recurse.
 * MQC_EMALFORMED and MQC_ETOOLARGE: *info says what and at which byte.
 */
enum mqc_error mqc__protobuf_scan(const ProtobufCMessageDescriptor *message,
                                  struct mqc_view payload, struct mqc_error_info *info);

/* Scans and unpacks a message into the decoder's arena; NULL with *error_out set when it fails:
 * MQC_EMALFORMED, or MQC_ETOOLARGE and MQC_ENOMEM by the arena. */
const void *mqc__protobuf_unpack(const struct mqc__decoder *decoder,
                                 const ProtobufCMessageDescriptor *message, struct mqc_view payload,
                                 enum mqc_error *error_out);

/* Turns an unpacked value into a value whose lists are in the decoder's arena and whose text still
 * belongs to `in`. MQC_EMALFORMED, or MQC_ETOOLARGE and MQC_ENOMEM by the arena. */
enum mqc_error mqc__protobuf_value(struct mqc__decoder *decoder, const Mqcluster__V1__Value *in,
                                   struct mqc_value *out);

/* Fills *info with where the decoder stands and the problem; returns the code. */
enum mqc_error mqc__protobuf_refuse(const struct mqc__decoder *decoder, enum mqc_error code,
                                    const char *problem);

/* Takes a zeroed array from the arena; on failure *error_out says whether the arena's limit or the
 * memory is exhausted. */
void *mqc__protobuf_array(const struct mqc__decoder *decoder, size_t count, size_t size,
                          enum mqc_error *error_out);

#endif
