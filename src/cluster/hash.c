#include "cluster/hash.h"

uint32_t mqc__fnv1a32_add(uint32_t hash, const void *bytes, size_t size)
{
    const uint8_t *byte = bytes;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ byte[i]) * UINT32_C(16777619);
    return hash;
}

uint32_t mqc__fnv1a32(struct mqc_view bytes)
{
    return mqc__fnv1a32_add(MQC__FNV1A32_START, bytes.data, bytes.size);
}
