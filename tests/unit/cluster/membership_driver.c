#include "membership_driver.h"

#include "cluster/presence_topic.h"

#include <stdarg.h>
#include <stdio.h>

static void add(struct driver *d, const char *format, ...) MQC_PRINTF(2, 3);

static void add(struct driver *d, const char *format, ...)
{
    char text[1000];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)mqc__buffer_append_text(&d->log, text);
    (void)mqc__buffer_append_text(&d->log, "\n");
}

static void check_publish(struct driver *d, const struct mqc__membership_action *action)
{
    struct mqc__arena arena;
    struct mqc_error_info info = {.text = ""};
    mqc__arena_init(&arena, 1 << 16);
    CHECK_VIEW_TEXT(action->topic, "r/node/worker/me");
    CHECK_UNSIGNED(action->expiry_s, DRIVER_LEASE_MS / 1000);
    CHECK_INT(mqc__presence_decode(&arena, action->payload, &d->latest, &info), MQC_OK);
    CHECK_VIEW_TEXT(d->latest.name, "me");
    CHECK_VIEW_TEXT(d->latest.type, "worker");
    CHECK_VIEW_TEXT(d->latest.instance, "ME");
    CHECK_UNSIGNED(d->latest.lease_ms, DRIVER_LEASE_MS);
    CHECK_UNSIGNED(d->latest.start_ms, 5000);
    add(d, "%s:%llu%s", d->latest.is_up ? "announce" : "goodbye",
        (unsigned long long)d->latest.renewal, action->is_retained ? "" : "(not retained)");
    if (d->latest.is_up)
        d->announce_count++;
    (void)snprintf(d->reason, sizeof d->reason, "%.*s", (int)d->latest.reason.size,
                   d->latest.reason.size != 0 ? d->latest.reason.data : "");
    mqc__arena_fini(&arena);
}

static void act(void *context, const struct mqc__membership_action *action)
{
    struct driver *d = context;
    const int name_size = (int)action->name.size;
    const int id_size = (int)action->instance.size;
    switch (action->kind) {
    case MQC__MEMBERSHIP_PUBLISH: check_publish(d, action); break;
    case MQC__MEMBERSHIP_HELLO:
        add(d, "hello:%.*s/%.*s", name_size, action->name.data, id_size, action->instance.data);
        break;
    case MQC__MEMBERSHIP_NODE_UP:
        add(d, "up:%.*s/%.*s", name_size, action->name.data, id_size, action->instance.data);
        break;
    case MQC__MEMBERSHIP_NODE_DOWN:
        add(d, "down:%.*s/%.*s(%s)", name_size, action->name.data, id_size, action->instance.data,
            action->text);
        break;
    case MQC__MEMBERSHIP_ERROR:
    case MQC__MEMBERSHIP_GIVE_WAY:
        add(d, action->kind == MQC__MEMBERSHIP_ERROR ? "error:%s" : "%s", action->tag);
        (void)snprintf(d->error, sizeof d->error, "%s", action->text);
        break;
    }
}

struct mqc__membership_options driver_options(void)
{
    static const struct mqc__membership_node layout[] = {
        {{"me", 2}, MQC__NODE_WORKER}, {{"w1", 2}, MQC__NODE_WORKER},
        {{"w2", 2}, MQC__NODE_WORKER}, {{"w3", 2}, MQC__NODE_WORKER},
        {{"p1", 2}, MQC__NODE_PROXY},  {{"m1", 2}, MQC__NODE_MANAGER}};
    return (struct mqc__membership_options){
        .root = "r",
        .name = mqc_view_text("me"),
        .type = MQC__NODE_WORKER,
        .instance = mqc_view_text("ME"),
        .start_ms = 5000,
        .lease_ms = DRIVER_LEASE_MS,
        .types = MQC__TYPE_BIT(MQC__NODE_WORKER) | MQC__TYPE_BIT(MQC__NODE_PROXY),
        .nodes = layout,
        .node_count = sizeof layout / sizeof layout[0],
        .nodes_max = 3,
    };
}

void driver_init(struct driver *d, const struct mqc__membership_options *options)
{
    *d = (struct driver){.now_ms = 1000000};
    mqc__buffer_init(&d->log, 1 << 20);
    const struct mqc__membership_sink sink = {.context = d, .act = act};
    struct mqc_error_info info = {.text = ""};
    CHECK_INT(mqc__membership_new(options, &sink, &d->membership, &info), MQC_OK);
    REQUIRE(d->membership != NULL);
}

void driver_fini(struct driver *d)
{
    mqc__membership_free(&d->membership);
    mqc__buffer_fini(&d->log);
}

static void acknowledge(struct driver *d, unsigned count_before)
{
    if (d->announce_count != count_before && !d->is_mute)
        mqc__membership_acknowledged(d->membership, d->now_ms);
}

void driver_connect(struct driver *d)
{
    const unsigned count = d->announce_count;
    struct mqc__membership_action will;
    (void)mqc__membership_will(d->membership, &will);
    mqc__membership_connected(d->membership, d->now_ms);
    acknowledge(d, count);
}

void driver_disconnect(struct driver *d)
{
    mqc__membership_disconnected(d->membership, d->now_ms);
}

static void tick(struct driver *d)
{
    const unsigned count = d->announce_count;
    mqc__membership_tick(d->membership, d->now_ms);
    CHECK(mqc__membership_next_tick_ms(d->membership) > d->now_ms);
    acknowledge(d, count);
}

void driver_run(struct driver *d, int64_t duration_ms)
{
    const int64_t end_ms = d->now_ms + duration_ms;
    int64_t next_ms = mqc__membership_next_tick_ms(d->membership);
    while (next_ms <= end_ms) {
        d->now_ms = next_ms > d->now_ms ? next_ms : d->now_ms;
        tick(d);
        next_ms = mqc__membership_next_tick_ms(d->membership);
    }
    d->now_ms = end_ms;
}

void driver_stop(struct driver *d, int64_t duration_ms)
{
    d->now_ms += duration_ms;
}

static enum mqc_error receive(struct driver *d, const struct mqc__membership_message *message)
{
    const unsigned count = d->announce_count;
    const enum mqc_error error = mqc__membership_received(d->membership, message, d->now_ms);
    acknowledge(d, count);
    return error;
}

enum mqc_error driver_see(struct driver *d, const struct seen *seen)
{
    const struct mqc__presence presence = {
        .is_up = !seen->is_down,
        .gave_way = seen->gave_way,
        .type = mqc_view_text(seen->type != NULL ? seen->type : "worker"),
        .name = mqc_view_text(seen->name),
        .instance = mqc_view_text(seen->instance),
        .connection = seen->connection != 0 ? seen->connection : 1,
        .renewal = seen->renewal != 0 ? seen->renewal : 1,
        .lease_ms = seen->lease_ms != 0 ? seen->lease_ms : DRIVER_LEASE_MS,
        .start_ms = seen->start_ms != 0 ? seen->start_ms : 1000,
        .reason = mqc_view_text(seen->reason),
    };
    struct mqc__buffer payload;
    mqc__buffer_init(&payload, MQC__PRESENCE_OWN_BYTES_MAX);
    struct mqc__buffer topic;
    mqc__buffer_init(&topic, 1000);
    enum mqc__node_type type = MQC__NODE_NONE;
    CHECK_INT(mqc__presence_encode(&presence, &payload), MQC_OK);
    CHECK(mqc__node_type_parse(presence.type, &type));
    CHECK_INT(mqc__presence_topic("r", type, presence.name, &topic, NULL), MQC_OK);
    const struct mqc__membership_message message = {
        .topic = seen->topic != NULL ? mqc_view_text(seen->topic) : mqc__buffer_view(&topic),
        .payload = mqc__buffer_view(&payload),
        .is_retained = seen->is_retained,
        .expiry_ms = seen->expiry_ms != 0 ? seen->expiry_ms : -1,
    };
    CHECK(mqc__membership_concerns(d->membership, message.topic));
    const enum mqc_error error = receive(d, &message);
    mqc__buffer_fini(&payload);
    mqc__buffer_fini(&topic);
    return error;
}

enum mqc_error driver_see_bytes(struct driver *d, const char *topic, const char *payload)
{
    const struct mqc__membership_message message = {
        .topic = mqc_view_text(topic), .payload = mqc_view_text(payload), .expiry_ms = -1};
    return receive(d, &message);
}

/* Takes the first line of the log off. */
static bool next_line(struct mqc_view *log, struct mqc_view *line_out)
{
    const char *end = log->size != 0 ? memchr(log->data, '\n', log->size) : NULL;
    if (end == NULL)
        return false;
    *line_out = mqc_view_bytes(log->data, (size_t)(end - log->data));
    *log = mqc_view_bytes(end + 1, log->size - line_out->size - 1);
    return true;
}

void driver_expect(struct driver *d, const char *expected, bool has_announcements, unsigned line)
{
    struct mqc__buffer got;
    mqc__buffer_init(&got, 1 << 20);
    struct mqc_view log = mqc__buffer_view(&d->log);
    struct mqc_view action;
    while (next_line(&log, &action)) {
        if (!has_announcements && mqc_view_starts_with(action, mqc_view_text("announce")))
            continue;
        (void)mqc__buffer_append_text(&got, got.size != 0 ? " " : "");
        (void)mqc__buffer_append(&got, action.data, action.size);
    }
    (void)check_view(mqc__buffer_view(&got), mqc_view_text(expected), "what was done", __FILE__,
                     line);
    mqc__buffer_fini(&got);
    mqc__buffer_clear(&d->log);
}

bool driver_is_up(const struct driver *d, const char *name)
{
    struct mqc__membership_member member;
    for (size_t i = 0; i < mqc__membership_count(d->membership); i++) {
        mqc__membership_at(d->membership, i, &member);
        if (mqc_view_equal(member.name, mqc_view_text(name)))
            return member.is_up;
    }
    CHECK_TEXT(name, "a known name");
    return false;
}
