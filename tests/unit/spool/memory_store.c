#include "unit/spool/memory_store.h"

#include "base/fail.h"

#include <stdio.h>
#include <stdlib.h>

void memory_store_init(struct memory_store *store)
{
    memset(store, 0, sizeof *store);
    store->failure = MQC_EIO;
}

static void remove_groups(struct memory_store *store, size_t from, size_t count)
{
    for (size_t i = from; i < from + count; i++)
        free(store->groups[i].records);
    store->group_count -= count;
    memmove(store->groups + from, store->groups + from + count,
            (store->group_count - from) * sizeof store->groups[0]);
}

void memory_store_fini(struct memory_store *store)
{
    remove_groups(store, 0, store->group_count);
}

static struct memory_store *own(struct mqc__store *store)
{
    return (struct memory_store *)store;
}

static enum mqc_error call(struct memory_store *store, enum memory_call what,
                           struct mqc_error_info *info)
{
    store->calls[what]++;
    if (store->failures[what] == 0)
        return MQC_OK;
    store->failures[what]--;
    return mqc__fail(info, store->failure, "the store in memory failed");
}

static uint64_t last_of(const struct memory_group *group)
{
    return group->first_number + group->event_count - 1;
}

static enum mqc_error open_store(void *context, const struct mqc__spool_options *options,
                                 bool set_aside, struct mqc__store **store_out,
                                 struct mqc__store_state *state_out, struct mqc_error_info *info)
{
    (void)options;
    struct memory_store *store = context;
    const enum mqc_error error = call(store, MEMORY_OPEN, info);
    if (error != MQC_OK)
        return error;
    *state_out =
        (struct mqc__store_state){.last_number = store->last_number, .released = store->released};
    for (size_t i = 0; i < store->group_count; i++) {
        state_out->event_count += store->groups[i].event_count;
        state_out->bytes += store->groups[i].size;
    }
    if (store->group_count != 0) {
        state_out->first_number = store->groups[0].first_number;
        state_out->last_kept = last_of(&store->groups[store->group_count - 1]);
    }
    if (set_aside) {
        store->set_asides++;
        (void)snprintf(state_out->damage, sizeof state_out->damage, "the memory was set aside");
    }
    store->is_open = true;
    *store_out = context;
    return MQC_OK;
}

static void erase_at(struct memory_store *store, size_t at, struct mqc__store_erased *erased)
{
    const struct memory_group *group = &store->groups[at];
    if (erased->event_count == 0)
        erased->first_number = group->first_number;
    erased->last_number = last_of(group);
    erased->event_count += group->event_count;
    erased->bytes += group->size;
    remove_groups(store, at, 1);
}

static void make_room(struct memory_store *store, const struct mqc__store_change *change,
                      struct mqc__store_effect *effect)
{
    size_t above = 0;
    while (above < store->group_count && store->groups[above].first_number < change->room_from)
        above++;
    while (above < store->group_count &&
           effect->released.bytes + effect->room_above.bytes < change->room_bytes)
        erase_at(store, above, &effect->room_above);
    while (store->group_count != 0 &&
           effect->released.bytes + effect->room_above.bytes + effect->room_below.bytes <
               change->room_bytes)
        erase_at(store, 0, &effect->room_below);
}

static bool is_needed(const struct mqc__store_sift *sift, const struct memory_group *group)
{
    for (size_t i = 0; i < sift->needed_count; i++)
        if (sift->needed[i].first <= last_of(group) && sift->needed[i].last >= group->first_number)
            return true;
    return false;
}

/* Looks at MEMORY_SIFT_GROUPS groups. */
static void sift_some(struct memory_store *store, const struct mqc__store_sift *sift,
                      struct mqc__store_effect *effect)
{
    size_t at = 0;
    while (at < store->group_count && store->groups[at].first_number < sift->from)
        at++;
    for (size_t i = 0; i < MEMORY_SIFT_GROUPS; i++) {
        if (at == store->group_count || last_of(&store->groups[at]) >= sift->below) {
            effect->sifted_to = sift->below;
            return;
        }
        effect->sifted_to = last_of(&store->groups[at]) + 1;
        if (is_needed(sift, &store->groups[at]))
            at++;
        else
            erase_at(store, at, &effect->sifted);
    }
}

static void add(struct memory_store *store, const struct mqc__store_group *group)
{
    struct memory_group *added = &store->groups[store->group_count++];
    *added = (struct memory_group){.first_number = group->first_number,
                                   .event_count = group->event_count,
                                   .size = group->records.size};
    added->records = malloc(group->records.size + 1);
    if (added->records != NULL)
        memcpy(added->records, group->records.data, group->records.size);
    (void)snprintf(added->instance, sizeof added->instance, "%.*s", (int)group->instance.size,
                   group->instance.data);
    store->last_number = last_of(added);
}

static enum mqc_error commit(struct mqc__store *handle, const struct mqc__store_change *change,
                             struct mqc__store_effect *effect_out, struct mqc_error_info *info)
{
    struct memory_store *store = own(handle);
    enum mqc_error error = call(store, MEMORY_COMMIT, info);
    if (error == MQC_OK && store->group_count == MEMORY_GROUPS_MAX)
        error = mqc__fail(info, MQC_EIO, "the store in memory is too small");
    if (error != MQC_OK)
        return error;
    *effect_out = (struct mqc__store_effect){.has_more = false};
    if (change->released > store->released)
        store->released = change->released;
    while (change->released != 0 && store->group_count != 0 &&
           last_of(&store->groups[0]) < change->released)
        erase_at(store, 0, &effect_out->released);
    make_room(store, change, effect_out);
    if (change->sift != NULL)
        sift_some(store, change->sift, effect_out);
    if (change->group != NULL)
        add(store, change->group);
    return MQC_OK;
}

static enum mqc_error read_groups(struct mqc__store *handle, uint64_t number,
                                  mqc__store_visit_fn visit, void *context,
                                  struct mqc_error_info *info)
{
    struct memory_store *store = own(handle);
    const enum mqc_error error = call(store, MEMORY_READ, info);
    if (error != MQC_OK)
        return error;
    for (size_t i = 0; i < store->group_count; i++) {
        const struct memory_group *kept = &store->groups[i];
        const struct mqc__store_group group = {
            .first_number = kept->first_number,
            .event_count = kept->event_count,
            .instance = mqc_view_text(kept->instance),
            .records = mqc_view_bytes(kept->records, kept->size),
        };
        if (last_of(kept) >= number && !visit(context, &group))
            break;
    }
    return MQC_OK;
}

static enum mqc_error sync_store(struct mqc__store *store, struct mqc_error_info *info)
{
    return call(own(store), MEMORY_SYNC, info);
}

static void close_store(struct mqc__store *store)
{
    if (store != NULL)
        own(store)->is_open = false;
}

const struct mqc__spool_store_ops memory_store_ops = {
    .open = open_store,
    .commit = commit,
    .read = read_groups,
    .sync = sync_store,
    .close = close_store,
};
