#include "spool/positions_hash.h"

#include <endian.h>

struct siphash {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static inline void sip_round(struct siphash *hash)
{
    hash->v0 += hash->v1;
    hash->v1 = rotate(hash->v1, 13) ^ hash->v0;
    hash->v0 = rotate(hash->v0, 32);
    hash->v2 += hash->v3;
    hash->v3 = rotate(hash->v3, 16) ^ hash->v2;
    hash->v0 += hash->v3;
    hash->v3 = rotate(hash->v3, 21) ^ hash->v0;
    hash->v2 += hash->v1;
    hash->v1 = rotate(hash->v1, 17) ^ hash->v2;
    hash->v2 = rotate(hash->v2, 32);
}

static inline void absorb_word(struct siphash *hash, uint64_t word)
{
    hash->v3 ^= word;
    sip_round(hash);
    sip_round(hash);
    hash->v0 ^= word;
}

/* Takes all whole words and returns what is left, fewer than eight bytes, as a number. */
static inline uint64_t absorb_words(struct siphash *hash, struct mqc_view bytes)
{
    uint64_t word = 0;
    size_t at = 0;
    for (; bytes.size - at >= sizeof word; at += sizeof word) {
        memcpy(&word, bytes.data + at, sizeof word);
        absorb_word(hash, le64toh(word));
    }
    word = 0;
    for (size_t i = at; i < bytes.size; i++)
        word |= (uint64_t)(unsigned char)bytes.data[i] << 8 * (i - at);
    return word;
}

static uint64_t finish(struct siphash *hash)
{
    for (int i = 0; i < 4; i++)
        sip_round(hash);
    return hash->v0 ^ hash->v1 ^ hash->v2 ^ hash->v3;
}

struct mqc__positions_key mqc__positions_siphash(const uint64_t seed[2],
                                                 const struct mqc_view *pieces, size_t count)
{
    struct siphash hash = {
        .v0 = seed[0] ^ UINT64_C(0x736f6d6570736575),
        .v1 = seed[1] ^ UINT64_C(0x646f72616e646f6d) ^ 0xee,
        .v2 = seed[0] ^ UINT64_C(0x6c7967656e657261),
        .v3 = seed[1] ^ UINT64_C(0x7465646279746573),
    };
    uint64_t total = 0;
    uint64_t rest = 0;
    for (size_t i = 0; i < count; i++) {
        rest = absorb_words(&hash, pieces[i]);
        total += pieces[i].size;
        const size_t over = pieces[i].size % 8;
        if (i + 1 == count || over == 0)
            continue;
        absorb_word(&hash, rest);
        total += 8 - over;
    }
    absorb_word(&hash, rest | total << 56);
    struct mqc__positions_key key;
    hash.v2 ^= 0xee;
    key.words[0] = finish(&hash);
    hash.v1 ^= 0xdd;
    key.words[1] = finish(&hash);
    return key;
}

struct mqc__positions_key mqc__positions_hash(const uint64_t seed[2], struct mqc_view instance,
                                              struct mqc_view topic)
{
    /* With its size in front, an instance cannot run on into the topic. */
    const uint64_t size = htole64(instance.size);
    const struct mqc_view pieces[] = {mqc_view_bytes(&size, sizeof size), instance, topic};
    return mqc__positions_siphash(seed, pieces, sizeof pieces / sizeof pieces[0]);
}
