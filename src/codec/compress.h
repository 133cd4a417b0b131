#ifndef MQC_CODEC_COMPRESS_H
#define MQC_CODEC_COMPRESS_H

#include "base/buffer.h"

/*
 * Compressed events: the fields `compression` and `compressed_events` of an Envelope, in the place
 * of its `events`. See proto/mqcluster/v1/event.proto.
 */

/* Events that are larger before they are compressed are refused, and never sent so. */
#define MQC__COMPRESSED_EVENTS_BYTES_MAX ((size_t)1 << 20)

/* zstd's, from fast to small. */
#define MQC__COMPRESSION_LEVEL_MAX 19

/* Compresses, one thread at a time, with memory that is used again each time. */
struct mqc__compressor;

/* Returns a compressor for a level from 1 to MQC__COMPRESSION_LEVEL_MAX, NULL without memory. */
struct mqc__compressor *mqc__compressor_new(int level);

void mqc__compressor_free(struct mqc__compressor **compressor);

/*
 * Appends what stands for these `events` fields, compressed. false: they are too large or so small
 * or varied that it does not save an eighth, or there is no memory; the buffer is as it was, and
 * the events are to be sent as they are.
 */
bool mqc__compress(struct mqc__compressor *compressor, struct mqc_view events,
                   struct mqc__buffer *buffer);

#endif
