#ifndef MQC_BASE_HASH_H
#define MQC_BASE_HASH_H

#include "base/view.h"

#include <stdint.h>

/*
 * A hash for tables in memory: fast for names and topics, not the same on every machine, so for
 * nothing that is stored or sent. With a seed that nobody else knows, nobody can choose keys that
 * all fall into one place.
 */

static inline uint64_t mqc__hash_mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

/* The bytes, fewer than eight, as a number. */
static inline uint64_t mqc__hash_short(const char *bytes, size_t size)
{
    uint64_t word = 0;
    for (size_t i = 0; i < size; i++)
        word = word << 8 | (unsigned char)bytes[i];
    return word;
}

static inline uint64_t mqc__hash_eight(const char *bytes)
{
    uint64_t word = 0;
    memcpy(&word, bytes, sizeof word);
    return word;
}

static inline uint32_t mqc__hash(struct mqc_view bytes, uint64_t seed)
{
    uint64_t hash = mqc__hash_mix(seed, bytes.size);
    size_t at = 0;
    for (; bytes.size - at >= 8; at += 8)
        hash = mqc__hash_mix(hash, mqc__hash_eight(bytes.data + at));
    if (at != bytes.size) {
        /* With eight bytes or more the last eight, of which some come again. */
        const uint64_t rest = bytes.size >= 8 ? mqc__hash_eight(bytes.data + bytes.size - 8)
                                              : mqc__hash_short(bytes.data, bytes.size);
        hash = mqc__hash_mix(hash, rest);
    }
    return (uint32_t)mqc__hash_mix(hash, seed);
}

#endif
