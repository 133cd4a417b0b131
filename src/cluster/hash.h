#ifndef MQC_CLUSTER_HASH_H
#define MQC_CLUSTER_HASH_H

#include "base/view.h"

#include <stdint.h>

/*
 * Zeek's hashes, bit for bit: every node of a cluster computes them alone and has to come to the
 * same owner of a key.
 */

/* The FNV-1a hash of no bytes at all. */
#define MQC__FNV1A32_START UINT32_C(2166136261)

/* Goes on with a 32-bit FNV-1a hash. Any thread. */
uint32_t mqc__fnv1a32_add(uint32_t hash, const void *bytes, size_t size);

/* Returns the 32-bit FNV-1a hash of some bytes. Any thread. */
uint32_t mqc__fnv1a32(struct mqc_view bytes);

/*
 * Returns how much a site wants a key, below 2^31: of a pool's sites the one with the greatest
 * weight owns the key, of equal ones that with the greater site id. One step of a linear
 * congruential generator from the site id, one from that mixed with the hash. Any thread.
 */
static inline uint32_t mqc__hrw_weight(uint32_t key_hash, uint32_t site_id)
{
    const uint32_t multiplier = UINT32_C(1103515245);
    const uint32_t increment = UINT32_C(12345);
    const uint32_t mask = UINT32_C(0x7fffffff);
    const uint32_t mixed = (multiplier * site_id + increment) ^ (key_hash & mask);
    return (multiplier * mixed + increment) & mask;
}

#endif
