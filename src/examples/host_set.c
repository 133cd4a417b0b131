#include "examples/host_set.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

struct host {
    uint8_t address[16];
    uint32_t next; /* with the same hash; NONE: the last */
};

/* Hosts in the order of their arrival, in a ring, and chains of those with the same hash. */
struct host_set {
    struct host *hosts;
    size_t limit;
    size_t count;
    size_t oldest;
    uint32_t *chains;
    size_t chain_mask;
};

struct host_set *host_set_new(size_t limit)
{
    struct host_set *set = calloc(1, sizeof *set);
    size_t chains = 16;
    if (set == NULL)
        return NULL;
    while (chains < limit)
        chains *= 2;
    set->limit = limit;
    set->chain_mask = chains - 1;
    set->hosts = calloc(limit, sizeof *set->hosts);
    set->chains = malloc(chains * sizeof *set->chains);
    if (set->hosts == NULL || set->chains == NULL)
        host_set_free(&set);
    else
        memset(set->chains, 0xff, chains * sizeof *set->chains);
    return set;
}

void host_set_free(struct host_set **set)
{
    if (*set == NULL)
        return;
    free((*set)->hosts);
    free((*set)->chains);
    free(*set);
    *set = NULL;
}

/* Returns where the chain of an address begins. */
static uint32_t *chain_of(const struct host_set *set, const uint8_t address[16])
{
    /* FNV-1a */
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < 16; i++)
        hash = (hash ^ address[i]) * UINT64_C(0x100000001b3);
    return &set->chains[(hash ^ hash >> 32) & set->chain_mask];
}

bool host_set_has(const struct host_set *set, const uint8_t address[16])
{
    for (uint32_t i = *chain_of(set, address); i != NONE; i = set->hosts[i].next)
        if (memcmp(set->hosts[i].address, address, 16) == 0)
            return true;
    return false;
}

/* Takes the oldest host out of its chain. */
static void remove_oldest(struct host_set *set)
{
    struct host *host = &set->hosts[set->oldest];
    uint32_t *link = chain_of(set, host->address);
    while (*link != set->oldest)
        link = &set->hosts[*link].next;
    *link = host->next;
    set->oldest = (set->oldest + 1) % set->limit;
    set->count--;
}

void host_set_add(struct host_set *set, const uint8_t address[16])
{
    if (set->count == set->limit)
        remove_oldest(set);
    const size_t place = (set->oldest + set->count) % set->limit;
    uint32_t *chain = chain_of(set, address);
    memcpy(set->hosts[place].address, address, 16);
    set->hosts[place].next = *chain;
    *chain = (uint32_t)place;
    set->count++;
}

size_t host_set_count(const struct host_set *set)
{
    return set->count;
}
