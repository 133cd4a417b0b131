#ifndef MQC_CODEC_DECOMPRESS_H
#define MQC_CODEC_DECOMPRESS_H

#include "codec/protobuf.h"

/* What decompresses has for doing so: made when it is first needed, used again each time. Zeroed
 * memory is ready. One thread at a time. */
struct mqc__decompressor {
    void *context;
    void *dictionary;
};

void mqc__decompressor_fini(struct mqc__decompressor *decompressor);

/*
 * Decompresses an envelope's compressed events into the arena, where they take no more than what
 * they say and at most MQC__COMPRESSED_EVENTS_BYTES_MAX: mqc__protobuf_decode_events() is for them
 * then. MQC_EMALFORMED: they cannot be decompressed, or were compressed with what this version does
 * not know, or are not all of the envelope's events; MQC_ETOOLARGE; MQC_ENOMEM; *info says what.
 */
enum mqc_error mqc__decompress(struct mqc__decompressor *decompressor, struct mqc__arena *arena,
                               const struct mqc__envelope *envelope, struct mqc_view *events_out,
                               struct mqc_error_info *info);

#endif
