#ifndef MQC_CODEC_DICTIONARY_H
#define MQC_CODEC_DICTIONARY_H

#include <stddef.h>

/*
 * What compressed events are likely to have in them, for zstd, so that few events can be
 * compressed, too. The build makes it from events.dict, which train_dictionary has made. One that
 * is in use never changes: a better one gets another number and stands beside it, and is used for
 * compressing when every node knows it.
 */
extern const unsigned char mqc__dictionary[];
extern const size_t mqc__dictionary_bytes;

/* Its number, which is in it, too, and in each frame that was made with it. */
#define MQC__DICTIONARY_ID 32769

#endif
