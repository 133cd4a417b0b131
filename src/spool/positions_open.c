#include "spool/positions_priv.h"

#include "base/fail.h"

#include <stdlib.h>
#include <sys/mman.h>

/* A slot, and when it was used; one that says nothing is the first to be given away. */
struct used {
    uint64_t use;
    uint32_t place;
};

static int compare_used(const void *a, const void *b)
{
    const struct used *left = a;
    const struct used *right = b;
    return (left->use > right->use) - (left->use < right->use);
}

static bool says_nothing(const struct mqc__positions_slot *slot)
{
    return mqc__positions_load(&slot->last) == 0 && mqc__positions_load(&slot->uncertain) == 0;
}

/* After a power cut a stream may stand in a place that it had earlier too: the greater number is
 * the later one. */
static void index_slot(struct mqc__positions *positions, uint32_t place)
{
    struct mqc__positions_slot *slot = &positions->slots[place];
    const struct mqc__positions_key none = {{0, 0}};
    if (says_nothing(slot))
        return;
    const uint32_t other = mqc__positions_find(positions, mqc__positions_key_of(slot));
    if (other != MQC__POSITIONS_NONE &&
        mqc__positions_last(positions, other) > mqc__positions_load(&slot->last)) {
        mqc__positions_clear(slot, none);
        return;
    }
    if (other != MQC__POSITIONS_NONE) {
        mqc__positions_unindex(positions, other);
        mqc__positions_clear(&positions->slots[other], none);
    }
    mqc__positions_index(positions, place);
}

static bool is_fresh(const struct mqc__positions_slot *slot)
{
    return mqc__positions_load(&slot->key[0]) == 0 && mqc__positions_load(&slot->key[1]) == 0 &&
           mqc__positions_load(&slot->use) == 0;
}

static enum mqc_error index_slots(struct mqc__positions *positions)
{
    positions->fresh = positions->slot_count;
    while (positions->fresh > 0 && is_fresh(&positions->slots[positions->fresh - 1]))
        positions->fresh--;
    if (positions->fresh == 0)
        return MQC_OK;
    struct used *used = malloc(positions->fresh * sizeof *used);
    if (used == NULL)
        return MQC_ENOMEM;
    for (uint32_t i = 0; i < positions->fresh; i++) {
        const uint64_t use = mqc__positions_load(&positions->slots[i].use);
        if (use > positions->use)
            positions->use = use;
        used[i] = (struct used){says_nothing(&positions->slots[i]) ? 0 : use, i};
    }
    qsort(used, positions->fresh, sizeof *used, compare_used);
    for (size_t i = 0; i < positions->fresh; i++) {
        mqc__positions_append(positions, used[i].place);
        index_slot(positions, used[i].place);
    }
    free(used);
    return MQC_OK;
}

/* Notes in the stream that an event was in the handlers when the last process ended. */
static void keep_interrupted(struct mqc__positions *positions)
{
    struct mqc__positions_header *header = positions->header;
    const uint64_t number = mqc__positions_load(&header->handling_number);
    const struct mqc__positions_key key = {{mqc__positions_load(&header->handling_key[0]),
                                            mqc__positions_load(&header->handling_key[1])}};
    if (number == 0)
        return;
    bool is_new;
    const uint32_t place = mqc__positions_take_key(positions, key, &is_new);
    if (number > mqc__positions_last(positions, place)) {
        mqc__positions_store(&positions->slots[place].uncertain, number);
        mqc__positions_skip(positions, place, number - 1);
    }
    mqc__positions_store(&header->handling_number, 0);
}

static size_t bucket_count_for(size_t slot_count)
{
    size_t count = 1;
    while (count < slot_count)
        count *= 2;
    return count;
}

/* Takes the mapping, also on failure. */
static struct mqc__positions *new_positions(struct mqc__positions_mapping mapping)
{
    struct mqc__positions *positions = calloc(1, sizeof *positions);
    if (positions == NULL) {
        mqc__positions_unmap(&mapping);
        return NULL;
    }
    positions->mapping = mapping;
    positions->header = mapping.memory;
    positions->slots = (void *)((char *)mapping.memory + MQC__POSITIONS_HEADER_BYTES);
    positions->slot_count = positions->header->slot_count;
    positions->oldest = MQC__POSITIONS_NONE;
    positions->newest = MQC__POSITIONS_NONE;
    const size_t bucket_count = bucket_count_for(positions->slot_count);
    positions->bucket_mask = bucket_count - 1;
    positions->buckets = calloc(bucket_count, sizeof *positions->buckets);
    positions->links = calloc(positions->slot_count, sizeof *positions->links);
    if (positions->buckets == NULL || positions->links == NULL || index_slots(positions) != MQC_OK)
        mqc__positions_free(&positions);
    else
        keep_interrupted(positions);
    return positions;
}

struct mqc__positions *mqc__positions_new(size_t streams_max)
{
    struct mqc__positions_mapping mapping = {.size = mqc__positions_bytes(streams_max), .fd = -1};
    mapping.memory =
        mmap(NULL, mapping.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping.memory == MAP_FAILED)
        return NULL;
    mqc__positions_fill_header(mapping.memory, streams_max);
    return new_positions(mapping);
}

enum mqc_error mqc__positions_open(const char *path, struct mqc__positions **positions_out,
                                   struct mqc_error_info *info)
{
    *positions_out = NULL;
    *info = (struct mqc_error_info){.code = MQC_OK};
    struct mqc__positions_mapping mapping;
    const enum mqc_error error = mqc__positions_map(path, &mapping, info);
    if (error != MQC_OK)
        return error;
    *positions_out = new_positions(mapping);
    return *positions_out != NULL ? MQC_OK : mqc__fail(info, MQC_ENOMEM, "out of memory");
}

void mqc__positions_free(struct mqc__positions **positions)
{
    if (*positions == NULL)
        return;
    mqc__positions_unmap(&(*positions)->mapping);
    free((*positions)->buckets);
    free((*positions)->links);
    free(*positions);
    *positions = NULL;
}
