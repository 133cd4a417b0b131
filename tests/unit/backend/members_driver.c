#include "unit/backend/members_driver.h"

#include "cluster/membership.h"
#include "mqtt/session.h"
#include "support/suite.h"

#include <stdarg.h>
#include <stdio.h>

static const struct mqc__layout_node layout[] = {
    {{"m", 1}, MQC__NODE_MANAGER}, {{"p1", 2}, MQC__NODE_PROXY},  {{"p2", 2}, MQC__NODE_PROXY},
    {{"w1", 2}, MQC__NODE_WORKER}, {{"w2", 2}, MQC__NODE_WORKER}, {{"w3", 2}, MQC__NODE_WORKER},
    {{"l1", 2}, MQC__NODE_LOGGER},
};

struct mqc__members_options members_options(void)
{
    return (struct mqc__members_options){
        .root = "r",
        .node = "m",
        .type = MQC__NODE_MANAGER,
        .nodes = layout,
        .node_count = sizeof layout / sizeof layout[0],
        .separator = '/',
        .lease_ms = 15000,
        .watch = MQC__TYPES_ALL,
    };
}

static void write_down(struct members_driver *driver, const char *format, ...) MQC_PRINTF(2, 3);

static void write_down(struct members_driver *driver, const char *format, ...)
{
    char text[600];
    va_list arguments;
    va_start(arguments, format);
    const int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (driver->log.size != 0)
        (void)mqc__buffer_append(&driver->log, " ", 1);
    (void)mqc__buffer_append(&driver->log, text, (size_t)size);
}

static void announce(void *context, struct mqc_view payload, bool is_retained)
{
    struct members_driver *driver = context;
    struct mqc__arena arena;
    struct mqc__presence presence = {.is_up = false};
    mqc__arena_init(&arena, (size_t)1 << 16);
    if (mqc__presence_decode(&arena, payload, &presence, NULL) == MQC_OK)
        driver->is_up = presence.is_up;
    mqc__arena_fini(&arena);
    driver->is_retained = is_retained;
    driver->announce_count++;
    write_down(driver, "announce");
}

static void raise_event(void *context, enum mqc__member_event event,
                        const struct mqc__member_change *change)
{
    static const char *const names[] = {
        [MQC__MEMBER_HELLO] = "hello", [MQC__MEMBER_UP] = "up", [MQC__MEMBER_DOWN] = "down"};
    write_down(context, "%s:%.*s/%.*s", names[event], (int)change->name.size, change->name.data,
               (int)change->instance.size, change->instance.data);
}

static void raise_error(void *context, const char *tag, const char *text)
{
    struct members_driver *driver = context;
    mqc__buffer_clear(&driver->error);
    (void)mqc__buffer_append(&driver->error, text, strlen(text) + 1);
    write_down(driver, "error:%s", tag);
}

static void give_way(void *context, const char *text)
{
    (void)text;
    write_down(context, "give_way");
}

static void tick_at(void *context, int64_t at_ms)
{
    struct members_driver *driver = context;
    driver->tick_ms = at_ms;
}

enum mqc_error members_driver_new(struct members_driver *driver,
                                  const struct mqc__members_options *options,
                                  struct mqc_error_info *info)
{
    const struct mqc__members_owner owner = {
        .context = driver,
        .announce = announce,
        .event = raise_event,
        .error = raise_error,
        .give_way = give_way,
        .tick_at = tick_at,
    };
    *driver = (struct members_driver){.tick_ms = -1, .now_ms = 1000, .start_ms = 1000};
    mqc__buffer_init(&driver->log, (size_t)1 << 20);
    mqc__buffer_init(&driver->error, (size_t)1 << 20);
    return mqc__members_new(options, &owner, &driver->members, info);
}

void members_driver_open(struct members_driver *driver, const struct mqc__members_options *options)
{
    struct mqc_error_info info = {.code = MQC_OK};
    const bool is_open = members_driver_new(driver, options, &info) == MQC_OK &&
                         mqc__members_start(driver->members, "ME", &info) == MQC_OK;
    if (!is_open)
        (void)fprintf(stderr, "%s\n", info.text);
    REQUIRE(is_open);
    mqc__members_connected(driver->members, driver->now_ms);
}

void members_driver_free(struct members_driver *driver)
{
    mqc__members_free(&driver->members);
    mqc__buffer_fini(&driver->log);
    mqc__buffer_fini(&driver->error);
}

bool members_driver_see(struct members_driver *driver, const char *type, const char *name,
                        const char *instance, bool is_up)
{
    static uint64_t renewal;
    const struct mqc__presence presence = {
        .is_up = is_up,
        .type = mqc_view_text(type),
        .name = mqc_view_text(name),
        .instance = mqc_view_text(instance),
        .connection = 1,
        .renewal = ++renewal,
        .lease_ms = 15000,
        .start_ms = driver->start_ms,
    };
    char topic[300];
    struct mqc__buffer payload;
    (void)snprintf(topic, sizeof topic, "r/node/%s/%s", type, name);
    mqc__buffer_init(&payload, MQC__PRESENCE_BYTES_MAX);
    if (mqc__presence_encode(&presence, &payload) != MQC_OK)
        return false;
    const struct mqc__mqtt_message message = {
        .topic = mqc_view_text(topic), .payload = mqc__buffer_view(&payload), .expiry_s = -1};
    const bool is_taken = mqc__members_received(driver->members, &message, driver->now_ms);
    mqc__buffer_fini(&payload);
    return is_taken;
}

const char *members_driver_log(struct members_driver *driver)
{
    static char text[4096];
    (void)snprintf(text, sizeof text, "%.*s", (int)driver->log.size,
                   driver->log.size != 0 ? (const char *)driver->log.data : "");
    mqc__buffer_clear(&driver->log);
    return text;
}
