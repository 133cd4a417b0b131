#include "base/fail.h"
#include "base/utf8.h"
#include "cluster/membership_priv.h"
#include "cluster/presence_topic.h"
#include "topic/topic.h"

#include <stdlib.h>

/* A presence and the unknown fields of a later version. */
#define DECODED_BYTES_MAX ((size_t)64 << 10)

static enum mqc_error check_options(const struct mqc__membership_options *options,
                                    struct mqc_error_info *info)
{
    if (mqc__topic_check_root(options->root, info) != MQC_OK)
        return MQC_EINVAL;
    if (options->instance.size == 0 || options->instance.size > MQC__PRESENCE_INSTANCE_BYTES_MAX)
        return mqc__fail(info, MQC_EINVAL, "the instance id has %zu bytes, 1 to %d are possible",
                         options->instance.size, MQC__PRESENCE_INSTANCE_BYTES_MAX);
    if (options->lease_ms < MQC__PRESENCE_LEASE_MIN_MS ||
        options->lease_ms > MQC__PRESENCE_LEASE_MAX_MS)
        return mqc__fail(info, MQC_EINVAL, "the lease is %lu ms, %d to %d are possible",
                         (unsigned long)options->lease_ms, MQC__PRESENCE_LEASE_MIN_MS,
                         MQC__PRESENCE_LEASE_MAX_MS);
    if (options->type != MQC__NODE_NONE && !mqc__is_node_type(options->type))
        return mqc__fail(info, MQC_EINVAL, "the node's type is unknown");
    return MQC_OK;
}

/* Copies the bytes into the membership's own memory. */
static enum mqc_error keep(struct mqc__membership *membership, struct mqc_view bytes,
                           struct mqc_view *copy_out, struct mqc_error_info *info)
{
    if (mqc__arena_copy(&membership->memory, bytes, copy_out))
        return MQC_OK;
    return mqc__fail(info, MQC_ENOMEM, "no memory for the membership");
}

static enum mqc_error make_own_topic(struct mqc__membership *membership, struct mqc__buffer *buffer,
                                     struct mqc_error_info *info)
{
    if (membership->type == MQC__NODE_NONE)
        return MQC_OK;
    const enum mqc_error error =
        mqc__presence_topic(membership->root, membership->type, membership->own.name, buffer, info);
    if (error != MQC_OK)
        return error == MQC_ETOPIC ? MQC_EINVAL : error;
    return keep(membership, mqc__buffer_view(buffer), &membership->topic, info);
}

static enum mqc_error make_topics(struct mqc__membership *membership, struct mqc_error_info *info)
{
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, MQC__TOPIC_BYTES_MAX);
    enum mqc_error error = make_own_topic(membership, &buffer, info);
    for (int type = MQC__NODE_NONE + 1; error == MQC_OK && type <= MQC__NODE_WORKER; type++) {
        struct mqc_view filter = {.size = 0};
        mqc__buffer_clear(&buffer);
        error = mqc__presence_filter(membership->root, (enum mqc__node_type)type, &buffer);
        if (error == MQC_OK)
            error = keep(membership, mqc__buffer_view(&buffer), &filter, info);
        membership->type_filters[type] = filter.data;
    }
    mqc__buffer_fini(&buffer);
    return error;
}

static enum mqc_error add_layout(struct mqc__membership *membership,
                                 const struct mqc__membership_options *options,
                                 struct mqc_error_info *info)
{
    if (options->is_dynamic)
        return MQC_OK;
    for (size_t i = 0; i < options->node_count; i++) {
        const struct mqc__membership_node *node = &options->nodes[i];
        char name[MQC__EXCERPT_BYTES];
        if (mqc__own_is_name(membership, node->name))
            continue;
        if (!mqc__is_node_type(node->type) || node->name.size == 0 ||
            mqc__member_find(&membership->table, node->name) != NULL)
            return mqc__fail(info, MQC_EINVAL, "the layout's node %s stands twice or has no type",
                             mqc__excerpt(node->name, name));
        if (mqc__member_add(&membership->table, node->name, node->type) == NULL)
            return mqc__fail(info, MQC_ENOMEM, "no memory for the layout");
    }
    return MQC_OK;
}

/* Takes the memory that later inputs must not lack. */
static enum mqc_error reserve(struct mqc__buffer *buffer, size_t size, struct mqc_error_info *info)
{
    mqc__buffer_init(buffer, size);
    if (mqc__buffer_extend(buffer, size) == NULL)
        return mqc__fail(info, MQC_ENOMEM, "no memory for the membership");
    mqc__buffer_clear(buffer);
    return MQC_OK;
}

static enum mqc_error fill(struct mqc__membership *membership,
                           const struct mqc__membership_options *options,
                           struct mqc_error_info *info)
{
    struct mqc_view root;
    enum mqc_error error = keep(membership, mqc_view_text(options->root), &root, info);
    if (error == MQC_OK)
        error = keep(membership, options->name, &membership->own.name, info);
    if (error == MQC_OK)
        error = keep(membership, options->instance, &membership->own.instance, info);
    if (error != MQC_OK)
        return error;
    membership->root = root.data;
    error = make_topics(membership, info);
    if (error == MQC_OK)
        error = reserve(&membership->name, (size_t)3 * MQC__PRESENCE_NAME_BYTES_MAX, info);
    if (error == MQC_OK)
        error = reserve(&membership->payload, MQC__PRESENCE_OWN_BYTES_MAX, info);
    return error == MQC_OK ? add_layout(membership, options, info) : error;
}

enum mqc_error mqc__membership_new(const struct mqc__membership_options *options,
                                   const struct mqc__membership_sink *sink,
                                   struct mqc__membership **membership_out,
                                   struct mqc_error_info *info)
{
    *membership_out = NULL;
    enum mqc_error error = check_options(options, info);
    if (error != MQC_OK)
        return error;
    struct mqc__membership *membership = malloc(sizeof *membership);
    if (membership == NULL)
        return mqc__fail(info, MQC_ENOMEM, "no memory for the membership");
    *membership = (struct mqc__membership){
        .sink = *sink,
        .type = options->type,
        .is_dynamic = options->is_dynamic,
        .nodes_max = options->nodes_max,
        .types = options->types,
        .own = {.is_up = true,
                .type = mqc_view_text(mqc__node_type_name(options->type)),
                .lease_ms = options->lease_ms,
                .start_ms = options->start_ms},
        .next_tick_ms = INT64_MAX,
        .shortest_lease_ms = options->lease_ms,
    };
    mqc__arena_init(&membership->memory, SIZE_MAX);
    mqc__arena_init(&membership->decoded, DECODED_BYTES_MAX);
    error = fill(membership, options, info);
    if (error != MQC_OK) {
        mqc__membership_free(&membership);
        return error;
    }
    mqc__membership_list_filters(membership);
    *membership_out = membership;
    return MQC_OK;
}

void mqc__membership_free(struct mqc__membership **membership)
{
    struct mqc__membership *freed = *membership;
    if (freed == NULL)
        return;
    mqc__member_table_fini(&freed->table);
    mqc__rivals_free(&freed->rivals);
    mqc__buffer_fini(&freed->payload);
    mqc__buffer_fini(&freed->name);
    mqc__arena_fini(&freed->decoded);
    mqc__arena_fini(&freed->memory);
    free(freed);
    *membership = NULL;
}
