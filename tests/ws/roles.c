#include "script.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANNOUNCEMENTS 3

void script_complain(const char *what, const struct mqc_error_info *info)
{
    (void)fprintf(stderr, "ws_script: %s: %s%s%s\n", what, info->place,
                  info->place[0] != '\0' ? ": " : "", info->text);
}

static void print_message(const struct mqc_message *message)
{
    char *text = NULL;
    if (mqc_message_to_json(message, &text) == MQC_OK) {
        (void)puts(text);
        (void)fflush(stdout);
    }
    free(text);
}

/* --- The roles ------------------------------------------------------------------------------ */

static void publish(struct script *script, struct mqc_view topic, const struct mqc_event *event)
{
    struct mqc_error_info info;
    if (!mqc_publish(script->backend, topic, event, &info))
        script_complain("publish", &info);
}

static struct mqc_view reply_topic(const struct script *script, const struct mqc_message *message)
{
    return script->reply_topic.size != 0 ? script->reply_topic : message->topic;
}

static void answer_pong(struct script *script, const struct mqc_message *message)
{
    struct mqc_event pong = {.name = mqc_view_text("pong"),
                             .args = message->event->args,
                             .arg_count = message->event->arg_count};
    publish(script, reply_topic(script, message), &pong);
}

/* What the sender said when it happened, or else what the node says. */
static size_t find_timestamp(const struct script *script, const struct mqc_event *event,
                             struct mqc_metadata *metadata_out)
{
    for (size_t i = 0; i < event->metadata_count; i++) {
        if (event->metadata[i].id == MQC_METADATA_NETWORK_TIMESTAMP) {
            *metadata_out = event->metadata[i];
            return 1;
        }
    }
    metadata_out->id = MQC_METADATA_NETWORK_TIMESTAMP;
    metadata_out->value = mqc_timestamp(script->stamp_ns);
    return script->stamp_ns != 0 ? 1 : 0;
}

static void answer_double(struct script *script, const struct mqc_message *message)
{
    const struct mqc_event *ping = message->event;
    const struct mqc_view text = ping->args[0].as.text;
    char twice[2 * SCRIPT_TOPIC_BYTES];
    (void)snprintf(twice, sizeof twice, "%.*s%.*s", (int)text.size, text.data, (int)text.size,
                   text.data);
    const struct mqc_value args[] = {mqc_string_text(twice), mqc_count(2 * ping->args[1].as.count)};
    struct mqc_metadata metadata;
    const struct mqc_event pong = {
        .name = mqc_view_text("pong"),
        .args = args,
        .arg_count = 2,
        .metadata = &metadata,
        .metadata_count = find_timestamp(script, ping, &metadata),
    };
    publish(script, reply_topic(script, message), &pong);
}

static void answer_alternate(struct script *script, const struct mqc_message *message)
{
    if (message->event->args[1].as.count % 2 == 0)
        publish(script, message->topic, message->event);
}

static void announce(struct script *script)
{
    for (uint64_t i = 0; i < ANNOUNCEMENTS; i++) {
        const struct mqc_value args[] = {mqc_string_text("announcement"), mqc_count(i)};
        const struct mqc_event ping = {.name = mqc_view_text("ping"), .args = args, .arg_count = 2};
        publish(script, script->reply_topic, &ping);
    }
}

static const struct {
    const char *name;
    script_ping_fn answer;
} roles[] = {
    {"watch", NULL},  {"pong", answer_pong},           {"double", answer_double}, {"count", NULL},
    {"listen", NULL}, {"alternate", answer_alternate}, {"announce", NULL},
};

bool script_set_role(struct script *script, const char *name)
{
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (strcmp(name, roles[i].name) != 0)
            continue;
        script->role = name;
        script->answer = roles[i].answer;
        return true;
    }
    return false;
}

/* --- What arrives --------------------------------------------------------------------------- */

static void hold(struct script *script, const struct mqc_message *message)
{
    struct held_ping *held = &script->held[script->held_count];
    if (script->held_count == SCRIPT_HELD_MAX ||
        mqc_event_copy(message->event, &held->event) != MQC_OK)
        return;
    (void)snprintf(held->topic, sizeof held->topic, "%.*s", (int)message->topic.size,
                   message->topic.data);
    script->held_count++;
}

static void answer_held(struct script *script)
{
    for (size_t i = 0; i < script->held_count; i++) {
        struct held_ping *held = &script->held[i];
        const struct mqc_message message = {.topic = mqc_view_text(held->topic),
                                            .event = held->event};
        if (script->answer != NULL)
            script->answer(script, &message);
        mqc_event_free(&held->event);
    }
    script->held_count = 0;
}

static void on_ping(void *context, const struct mqc_message *message)
{
    struct script *script = context;
    script->ping_count++;
    if (strcmp(script->role, "count") != 0)
        print_message(message);
    if (script->client_count < script->clients_wanted)
        hold(script, message);
    else if (script->answer != NULL)
        script->answer(script, message);
    if (script->ping_count == script->pings_wanted)
        (void)kill(getpid(), SIGTERM);
}

static void on_client_added(void *context, const struct mqc_message *message)
{
    struct script *script = context;
    print_message(message);
    script->client_count++;
    if (script->client_count != script->clients_wanted)
        return;
    answer_held(script);
    if (strcmp(script->role, "announce") == 0)
        announce(script);
}

static void on_other(void *context, const struct mqc_message *message)
{
    (void)context;
    const struct mqc_view name = message->event->name;
    if (!mqc_view_equal(name, mqc_view_text("ping")))
        print_message(message);
}

bool script_register(struct script *script, struct mqc_error_info *info)
{
    struct mqc_backend *backend = script->backend;
    if (mqc_declare_event(backend, "ping", "message: string, n: count", info) != MQC_OK ||
        mqc_declare_event(backend, "pong", "message: string, n: count", info) != MQC_OK ||
        mqc_declare_event(backend, "last", "who: string", info) != MQC_OK ||
        mqc_on_event(backend, "ping", on_ping, script, info) != MQC_OK ||
        mqc_on_event(backend, "Cluster::websocket_client_added", on_client_added, script, info) !=
            MQC_OK ||
        mqc_on_event(backend, "Cluster::websocket_client_lost", on_other, script, info) != MQC_OK)
        return false;
    for (size_t i = 0; i < script->topic_count; i++) {
        if (mqc_subscribe(backend, script->topics[i], MQC_MATCH_PREFIX, info) != MQC_OK ||
            mqc_on_prefix(backend, script->topics[i], on_other, script, info) != MQC_OK)
            return false;
    }
    return true;
}

void script_drop_held(struct script *script)
{
    while (script->held_count > 0)
        mqc_event_free(&script->held[--script->held_count].event);
}
