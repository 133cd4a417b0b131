#include "spool/positions_priv.h"

#include "base/fail.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

struct mqc__positions_key mqc__positions_key_of(const struct mqc__positions_slot *slot)
{
    return (struct mqc__positions_key){
        {mqc__positions_load(&slot->key[0]), mqc__positions_load(&slot->key[1])}};
}

static bool is_key(const struct mqc__positions_slot *slot, struct mqc__positions_key key)
{
    return mqc__positions_load(&slot->key[0]) == key.words[0] &&
           mqc__positions_load(&slot->key[1]) == key.words[1];
}

static uint32_t *bucket_of(const struct mqc__positions *positions, struct mqc__positions_key key)
{
    return &positions->buckets[key.words[0] & positions->bucket_mask];
}

uint32_t mqc__positions_find(const struct mqc__positions *positions, struct mqc__positions_key key)
{
    uint32_t place = *bucket_of(positions, key) - 1;
    while (place != MQC__POSITIONS_NONE && !is_key(&positions->slots[place], key))
        place = positions->links[place].next;
    return place;
}

void mqc__positions_index(struct mqc__positions *positions, uint32_t place)
{
    uint32_t *bucket = bucket_of(positions, mqc__positions_key_of(&positions->slots[place]));
    positions->links[place].next = *bucket - 1;
    *bucket = place + 1;
}

void mqc__positions_unindex(struct mqc__positions *positions, uint32_t place)
{
    uint32_t *bucket = bucket_of(positions, mqc__positions_key_of(&positions->slots[place]));
    uint32_t at = *bucket - 1;
    if (at == place)
        *bucket = positions->links[place].next + 1;
    while (at != MQC__POSITIONS_NONE && at != place) {
        const uint32_t next = positions->links[at].next;
        if (next == place)
            positions->links[at].next = positions->links[place].next;
        at = next;
    }
}

void mqc__positions_append(struct mqc__positions *positions, uint32_t place)
{
    positions->links[place].older = positions->newest;
    positions->links[place].newer = MQC__POSITIONS_NONE;
    if (positions->newest != MQC__POSITIONS_NONE)
        positions->links[positions->newest].newer = place;
    else
        positions->oldest = place;
    positions->newest = place;
}

static void remove_from_ages(struct mqc__positions *positions, uint32_t place)
{
    const struct mqc__positions_links links = positions->links[place];
    if (links.older != MQC__POSITIONS_NONE)
        positions->links[links.older].newer = links.newer;
    else
        positions->oldest = links.newer;
    if (links.newer != MQC__POSITIONS_NONE)
        positions->links[links.newer].older = links.older;
    else
        positions->newest = links.older;
}

/* It says nothing from the first store on, so that a key that is set by half does no harm. */
void mqc__positions_clear(struct mqc__positions_slot *slot, struct mqc__positions_key key)
{
    mqc__positions_store(&slot->last, 0);
    mqc__positions_store(&slot->uncertain, 0);
    mqc__positions_store(&slot->mark, 0);
    mqc__positions_store(&slot->key[0], key.words[0]);
    mqc__positions_store(&slot->key[1], key.words[1]);
}

static uint32_t give_place(struct mqc__positions *positions, struct mqc__positions_key key)
{
    uint32_t place = (uint32_t)positions->fresh;
    if (positions->fresh < positions->slot_count) {
        positions->fresh++;
    } else {
        place = positions->oldest;
        remove_from_ages(positions, place);
        mqc__positions_unindex(positions, place);
    }
    mqc__positions_clear(&positions->slots[place], key);
    mqc__positions_index(positions, place);
    return place;
}

static void make_newest(struct mqc__positions *positions, uint32_t place)
{
    mqc__positions_append(positions, place);
    mqc__positions_store(&positions->slots[place].use, ++positions->use);
}

void mqc__positions_touch(struct mqc__positions *positions, size_t place)
{
    if (place == positions->newest)
        return;
    remove_from_ages(positions, (uint32_t)place);
    make_newest(positions, (uint32_t)place);
}

uint32_t mqc__positions_take_key(struct mqc__positions *positions, struct mqc__positions_key key,
                                 bool *is_new_out)
{
    uint32_t place = mqc__positions_find(positions, key);
    *is_new_out = place == MQC__POSITIONS_NONE;
    if (place == MQC__POSITIONS_NONE) {
        place = give_place(positions, key);
        make_newest(positions, place);
    } else {
        mqc__positions_touch(positions, place);
    }
    return place;
}

size_t mqc__positions_take(struct mqc__positions *positions, struct mqc_view instance,
                           struct mqc_view topic, bool *is_new_out)
{
    return mqc__positions_take_key(
        positions, mqc__positions_hash(positions->header->seed, instance, topic), is_new_out);
}

size_t mqc__positions_count(const struct mqc__positions *positions)
{
    return positions->slot_count;
}

bool mqc__positions_is_on_disk(const struct mqc__positions *positions)
{
    return positions->mapping.fd >= 0;
}

uint64_t mqc__positions_last(const struct mqc__positions *positions, size_t place)
{
    return mqc__positions_load(&positions->slots[place].last);
}

bool mqc__positions_is_uncertain(const struct mqc__positions *positions, size_t place,
                                 uint64_t number)
{
    return number != 0 && mqc__positions_load(&positions->slots[place].uncertain) == number;
}

void mqc__positions_skip(struct mqc__positions *positions, size_t place, uint64_t last)
{
    struct mqc__positions_slot *slot = &positions->slots[place];
    if (last > mqc__positions_load(&slot->last))
        mqc__positions_store(&slot->last, last);
}

void mqc__positions_begin(struct mqc__positions *positions, size_t place, uint64_t number)
{
    struct mqc__positions_header *header = positions->header;
    const struct mqc__positions_slot *slot = &positions->slots[place];
    if (number <= mqc__positions_load(&slot->last))
        return;
    mqc__positions_skip(positions, place, number - 1);
    mqc__positions_store(&header->handling_key[0], mqc__positions_load(&slot->key[0]));
    mqc__positions_store(&header->handling_key[1], mqc__positions_load(&slot->key[1]));
    mqc__positions_store(&header->handling_number, number);
}

void mqc__positions_done(struct mqc__positions *positions, size_t place, uint64_t number)
{
    mqc__positions_skip(positions, place, number);
    mqc__positions_store(&positions->header->handling_number, 0);
}

uint64_t mqc__positions_mark(const struct mqc__positions *positions, size_t place)
{
    return mqc__positions_load(&positions->slots[place].mark);
}

void mqc__positions_set_mark(struct mqc__positions *positions, size_t place, uint64_t mark)
{
    mqc__positions_store(&positions->slots[place].mark, mark);
}

enum mqc_error mqc__positions_sync(const struct mqc__positions *positions,
                                   struct mqc_error_info *info)
{
    if (positions->mapping.fd < 0 ||
        msync(positions->mapping.memory, positions->mapping.size, MS_SYNC) == 0)
        return MQC_OK;
    char reason[128];
    return mqc__fail(info, MQC_EIO, "the positions cannot be brought to the disk: %s",
                     strerror_r(errno, reason, sizeof reason));
}
