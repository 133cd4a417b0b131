#ifndef MQC_CLUSTER_MEMBERSHIP_HASH_H
#define MQC_CLUSTER_MEMBERSHIP_HASH_H

#include "base/view.h"

#include <stdint.h>

/* FNV-1a, 64 bits: what stands for an instance or a complaint where the text would take too much
 * room. Chained by passing the result on. */
#define MQC__HASH_START UINT64_C(0xcbf29ce484222325)

static inline uint64_t mqc__membership_hash(struct mqc_view bytes, uint64_t hash)
{
    for (size_t i = 0; i < bytes.size; i++)
        hash = (hash ^ (unsigned char)bytes.data[i]) * UINT64_C(0x100000001b3);
    /* So that "ab", "c" and "a", "bc" differ. */
    return (hash ^ bytes.size) * UINT64_C(0x100000001b3);
}

#endif
