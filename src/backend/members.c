#include "backend/members_priv.h"

#include "base/clock.h"
#include "base/fail.h"
#include "cluster/topics.h"
#include "mqtt/session.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_ROOM ((size_t)64 << 20)

/* What a process outside the cluster goes by in the pools. With no name at all, Zeek's rules give
 * no pool a node; this one is no node's, since it has a '/'. */
static const char outsider[] = "/";

static void act(void *context, const struct mqc__membership_action *action)
{
    struct mqc__members *members = context;
    const struct mqc__members_owner *owner = &members->owner;
    const struct mqc__member_change change = {action->name, action->instance, action->text};
    switch (action->kind) {
    case MQC__MEMBERSHIP_PUBLISH:
        owner->announce(owner->context, action->payload, action->is_retained);
        break;
    case MQC__MEMBERSHIP_HELLO:
        members->is_stale = members->is_stale || members->options.is_dynamic;
        owner->event(owner->context, MQC__MEMBER_HELLO, &change);
        break;
    case MQC__MEMBERSHIP_NODE_UP:
        mqc__pools_node_up(members->pools, action->name);
        owner->event(owner->context, MQC__MEMBER_UP, &change);
        break;
    case MQC__MEMBERSHIP_NODE_DOWN:
        mqc__pools_node_down(members->pools, action->name);
        owner->event(owner->context, MQC__MEMBER_DOWN, &change);
        break;
    case MQC__MEMBERSHIP_ERROR: owner->error(owner->context, action->tag, action->text); break;
    case MQC__MEMBERSHIP_GIVE_WAY: owner->give_way(owner->context, action->text); break;
    }
}

static bool copy_view(struct mqc__arena *arena, struct mqc_view *view)
{
    return mqc__arena_copy(arena, *view, view);
}

static bool copy_text(struct mqc__arena *arena, const char **text)
{
    struct mqc_view copy = {NULL, 0};
    if (*text != NULL && !mqc__arena_copy(arena, mqc_view_text(*text), &copy))
        return false;
    *text = copy.data;
    return true;
}

static bool copy_nodes(struct mqc__members *members)
{
    const struct mqc__layout_node *from = members->options.nodes;
    const size_t count = members->options.node_count;
    struct mqc__layout_node *nodes = mqc__arena_array(&members->texts, count, sizeof *nodes);
    if (nodes == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        nodes[i] = from[i];
        if (!copy_view(&members->texts, &nodes[i].name))
            return false;
    }
    members->options.nodes = nodes;
    return true;
}

static enum mqc_error fill(struct mqc__members *members, struct mqc_error_info *info)
{
    struct mqc__members_options *options = &members->options;
    const struct mqc__pool_spec *pools = options->pools;
    options->pools = NULL; /* they live in the pools */
    if (!copy_text(&members->texts, &options->root) ||
        !copy_text(&members->texts, &options->node) || !copy_nodes(members))
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    members->self = mqc_view_text(options->node);
    const struct mqc__pools_options pools_options = {
        .self = members->self.size != 0 ? members->self : mqc_view_text(outsider),
        .separator = options->separator,
    };
    members->pools = mqc__pools_new(&pools_options);
    if (members->pools == NULL)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    for (size_t i = 0; i < options->pool_count; i++) {
        const enum mqc_error error = mqc__pools_register(members->pools, &pools[i], info);
        if (error != MQC_OK)
            return error;
    }
    return mqc__pools_register_builtin(members->pools, info);
}

enum mqc_error mqc__members_new(const struct mqc__members_options *options,
                                const struct mqc__members_owner *owner,
                                struct mqc__members **members_out, struct mqc_error_info *info)
{
    *members_out = NULL;
    struct mqc__members *members = calloc(1, sizeof *members);
    if (members == NULL)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    members->options = *options;
    members->owner = *owner;
    mqc__arena_init(&members->texts, TEXT_ROOM);
    mqc__buffer_init(&members->will, TEXT_ROOM);
    (void)pthread_mutex_init(&members->mutex, NULL);
    const enum mqc_error error = fill(members, info);
    if (error != MQC_OK)
        mqc__members_free(&members);
    *members_out = members;
    return error;
}

void mqc__members_free(struct mqc__members **members)
{
    struct mqc__members *gone = *members;
    if (gone == NULL)
        return;
    mqc__membership_free(&gone->membership);
    mqc__pools_free(&gone->pools);
    mqc__buffer_fini(&gone->will);
    mqc__arena_fini(&gone->texts);
    pthread_mutex_destroy(&gone->mutex);
    free(gone);
    *members = NULL;
}

enum mqc_error mqc__members_register(struct mqc__members *members,
                                     const struct mqc__pool_spec *spec, struct mqc_error_info *info)
{
    pthread_mutex_lock(&members->mutex);
    enum mqc_error error = MQC_EEXIST;
    if (members->membership != NULL)
        (void)mqc__fail(info, error, "a pool must be registered before mqc_backend_init()");
    else
        error = mqc__pools_register(members->pools, spec, info);
    if (error == MQC_OK)
        members->options.watch |= MQC__TYPE_BIT(spec->node_type);
    pthread_mutex_unlock(&members->mutex);
    return error;
}

void mqc__members_watch_all(struct mqc__members *members)
{
    pthread_mutex_lock(&members->mutex);
    if (members->membership == NULL)
        members->options.watch = MQC__TYPES_ALL;
    pthread_mutex_unlock(&members->mutex);
}

static enum mqc_error make_membership(struct mqc__members *members, struct mqc_error_info *info)
{
    const struct mqc__members_options *from = &members->options;
    struct mqc__membership_node *nodes =
        mqc__arena_array(&members->texts, from->node_count, sizeof *nodes);
    if (nodes == NULL)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    for (size_t i = 0; i < from->node_count; i++)
        nodes[i] = (struct mqc__membership_node){from->nodes[i].name, from->nodes[i].type};
    const struct mqc__membership_options options = {
        .root = from->root,
        .name = members->self,
        .type = from->type,
        .instance = mqc_view_text(members->instance),
        .start_ms = (uint64_t)(mqc__clock_wall_ns() / 1000000),
        .lease_ms = from->lease_ms,
        .types = from->watch,
        .is_dynamic = from->is_dynamic,
        .nodes = nodes,
        .node_count = from->node_count,
        .nodes_max = MQC__MEMBERSHIP_NODES_DEFAULT,
    };
    const struct mqc__membership_sink sink = {members, act};
    return mqc__membership_new(&options, &sink, &members->membership, info);
}

/* The layout, or with dynamic membership all that is known. */
static enum mqc_error list_nodes(struct mqc__members *members, struct mqc__arena *arena,
                                 struct mqc__layout *layout_out)
{
    const struct mqc__members_options *options = &members->options;
    *layout_out = (struct mqc__layout){.nodes = options->nodes,
                                       .count = options->node_count,
                                       .manager_is_logger = options->manager_is_logger};
    if (!options->is_dynamic)
        return MQC_OK;
    const size_t known = mqc__membership_count(members->membership);
    struct mqc__layout_node *nodes = mqc__arena_array(arena, known + 1, sizeof *nodes);
    if (nodes == NULL)
        return MQC_ENOMEM;
    size_t count = 0;
    for (size_t i = 0; i < known; i++) {
        struct mqc__membership_member member;
        mqc__membership_at(members->membership, i, &member);
        nodes[count++] = (struct mqc__layout_node){member.name, member.type};
    }
    if (members->self.size != 0)
        nodes[count++] = (struct mqc__layout_node){members->self, options->type};
    layout_out->nodes = nodes;
    layout_out->count = count;
    return MQC_OK;
}

static void tell_pools_who_is_up(struct mqc__members *members)
{
    const size_t known = mqc__membership_count(members->membership);
    for (size_t i = 0; i < known; i++) {
        struct mqc__membership_member member;
        mqc__membership_at(members->membership, i, &member);
        if (member.is_up)
            mqc__pools_node_up(members->pools, member.name);
    }
}

static enum mqc_error assign_locked(struct mqc__members *members, struct mqc_error_info *info)
{
    struct mqc__arena arena;
    struct mqc__layout layout;
    mqc__arena_init(&arena, TEXT_ROOM);
    enum mqc_error error = list_nodes(members, &arena, &layout);
    if (error == MQC_OK)
        error = mqc__pools_assign(members->pools, &layout, info);
    else
        (void)mqc__fail(info, error, "out of memory");
    mqc__arena_fini(&arena);
    if (error == MQC_OK)
        tell_pools_who_is_up(members);
    return error;
}

enum mqc_error mqc__members_refresh_locked(struct mqc__members *members,
                                           struct mqc_error_info *info)
{
    if (!members->is_stale)
        return MQC_OK;
    const enum mqc_error error = assign_locked(members, info);
    members->is_stale = error != MQC_OK;
    return error;
}

/* What the session needs, in memory that lives as long as the members. */
static enum mqc_error note_texts(struct mqc__members *members)
{
    struct mqc__members_texts *told = &members->told;
    struct mqc__topic_list list = {NULL, 0};
    const enum mqc_error error =
        mqc__pools_own_topics(members->pools, members->options.type,
                              mqc_view_text(members->instance), &members->texts, &list);
    if (error != MQC_OK)
        return error;
    for (size_t i = 0; i < list.count; i++)
        if (!copy_view(&members->texts, &list.topics[i]))
            return MQC_ENOMEM;
    told->topics = list.topics;
    told->topic_count = members->self.size != 0 ? list.count : 0;
    told->filters = mqc__membership_filters(members->membership, &told->filter_count);
    struct mqc__membership_action will;
    if (!mqc__membership_will(members->membership, &will))
        return MQC_OK;
    struct mqc_view topic = will.topic;
    if (!copy_view(&members->texts, &topic))
        return MQC_ENOMEM;
    told->presence_topic = topic.data;
    told->presence_expiry_s = will.expiry_s;
    return MQC_OK;
}

/* With dynamic membership the nodes that exclusive pools need may still come. */
static enum mqc_error assign_first_locked(struct mqc__members *members, struct mqc_error_info *info)
{
    const enum mqc_error error = assign_locked(members, info);
    members->is_stale = members->options.is_dynamic && error == MQC_ECONFIG;
    return members->is_stale ? MQC_OK : error;
}

static enum mqc_error start_locked(struct mqc__members *members, const char *instance,
                                   struct mqc_error_info *info)
{
    const char *copy = instance;
    if (!copy_text(&members->texts, &copy))
        return MQC_ENOMEM;
    members->instance = copy;
    members->started_ms = mqc__clock_monotonic_ms();
    enum mqc_error error = make_membership(members, info);
    if (error == MQC_OK)
        error = assign_first_locked(members, info);
    if (error == MQC_OK)
        error = note_texts(members);
    return error;
}

static void forget_start_locked(struct mqc__members *members)
{
    mqc__membership_free(&members->membership);
    members->told = (struct mqc__members_texts){.topics = NULL};
    members->instance = NULL;
}

enum mqc_error mqc__members_start(struct mqc__members *members, const char *instance,
                                  struct mqc_error_info *info)
{
    pthread_mutex_lock(&members->mutex);
    forget_start_locked(members);
    const enum mqc_error error = start_locked(members, instance, info);
    if (error != MQC_OK)
        forget_start_locked(members);
    if (error == MQC_ENOMEM)
        (void)mqc__fail(info, error, "out of memory");
    pthread_mutex_unlock(&members->mutex);
    return error;
}

void mqc__members_texts(const struct mqc__members *members, struct mqc__members_texts *texts_out)
{
    *texts_out = members->told;
}

/* The payload is copied, since another thread's input ends its life. */
struct mqc_view mqc__members_will(struct mqc__members *members)
{
    struct mqc__membership_action will;
    mqc__buffer_clear(&members->will);
    pthread_mutex_lock(&members->mutex);
    if (mqc__membership_will(members->membership, &will))
        (void)mqc__buffer_append(&members->will, will.payload.data, will.payload.size);
    pthread_mutex_unlock(&members->mutex);
    return mqc__buffer_view(&members->will);
}

typedef void (*input_fn)(struct mqc__membership *membership, int64_t now_ms);

/* Said with the mutex held, so that of two threads' inputs the plan of the later one holds. */
static void plan_tick_locked(struct mqc__members *members)
{
    members->owner.tick_at(members->owner.context,
                           mqc__membership_next_tick_ms(members->membership));
}

static void give_input(struct mqc__members *members, input_fn input, int64_t now_ms)
{
    pthread_mutex_lock(&members->mutex);
    input(members->membership, now_ms);
    plan_tick_locked(members);
    pthread_mutex_unlock(&members->mutex);
}

void mqc__members_connected(struct mqc__members *members, int64_t now_ms)
{
    give_input(members, mqc__membership_connected, now_ms);
}

void mqc__members_disconnected(struct mqc__members *members, int64_t now_ms)
{
    give_input(members, mqc__membership_disconnected, now_ms);
}

void mqc__members_acknowledged(struct mqc__members *members, int64_t now_ms)
{
    give_input(members, mqc__membership_acknowledged, now_ms);
}

void mqc__members_tick(struct mqc__members *members, int64_t now_ms)
{
    give_input(members, mqc__membership_tick, now_ms);
}

void mqc__members_leave(struct mqc__members *members, const char *reason, int64_t now_ms)
{
    pthread_mutex_lock(&members->mutex);
    mqc__membership_close(members->membership, mqc_view_text(reason), now_ms);
    plan_tick_locked(members);
    pthread_mutex_unlock(&members->mutex);
}

bool mqc__members_received(struct mqc__members *members, const struct mqc__mqtt_message *message,
                           int64_t now_ms)
{
    const struct mqc__membership_message presence = {
        .topic = message->topic,
        .payload = message->payload,
        .is_retained = message->is_retained,
        .expiry_ms = message->expiry_s >= 0 ? message->expiry_s * 1000 : -1,
    };
    pthread_mutex_lock(&members->mutex);
    const bool is_concerned = mqc__membership_concerns(members->membership, message->topic);
    if (is_concerned && mqc__membership_received(members->membership, &presence, now_ms) != MQC_OK)
        members->owner.error(members->owner.context, "out_of_memory",
                             "no memory for the presence of a node; its next renewal will do");
    if (is_concerned)
        plan_tick_locked(members);
    pthread_mutex_unlock(&members->mutex);
    return is_concerned;
}
