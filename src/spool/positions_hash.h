#ifndef MQC_SPOOL_POSITIONS_HASH_H
#define MQC_SPOOL_POSITIONS_HASH_H

#include "base/view.h"

#include <stdint.h>

/* 128 bits that stand for a stream. Who does not know the seed cannot make two streams have the
 * same ones. */
struct mqc__positions_key {
    uint64_t words[2];
};

/* SipHash-2-4 with a result of 128 bits (Aumasson, Bernstein 2012) of the pieces one after another,
 * each but the last filled up with zeros to a multiple of 8 bytes. */
struct mqc__positions_key mqc__positions_siphash(const uint64_t seed[2],
                                                 const struct mqc_view *pieces, size_t count);

/* The key of a stream. */
struct mqc__positions_key mqc__positions_hash(const uint64_t seed[2], struct mqc_view instance,
                                              struct mqc_view topic);

#endif
