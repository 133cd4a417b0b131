/*
 * Does one thing many times, each time inside measured(), for a tool that counts the instructions
 * of that function: instructions PATH NODES, with so many proxies in the cluster. Prints for how
 * many events.
 */
#include "api/mqcluster.h"
#include "backend/backend_priv.h"
#include "base/arena.h"
#include "base/clock.h"
#include "codec/compress.h"
#include "codec/json.h"
#include "codec/presence.h"
#include "codec/protobuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define COUNT 2000
#define WARM_UP 100
#define NODES_MAX 1000
#define ARGS 5
#define BATCH 100 /* events in a full message */
#define LEVEL 3   /* of compression, as by default */
#define EVENT "connection_seen"
#define POOL "zeek/cluster/pool/proxy"
#define OWN_TOPIC "zeek/cluster/node/manager/"
#define ROOT "mqcluster/bench"

/* The manager of a cluster, which never reaches its broker. */
struct node {
    struct mqc_backend *backend;
    struct mqc_value args[ARGS];
    struct mqc__buffer payload; /* to be received, or read */
    struct mqc__arena arena;    /* what was read */
    struct mqc__buffer events;  /* to be compressed, or that were */
    struct mqc__compressor *compressor;
    unsigned expected_count; /* of events in it */
    unsigned taken_count;
};

/* Something to measure. False when it failed. */
struct path {
    const char *name;
    unsigned events;                                     /* for one call */
    bool (*prepare)(struct node *node, unsigned number); /* not measured; NULL: nothing */
    bool (*perform)(struct node *node, unsigned number);
};

static void fill_args(struct node *node, unsigned number)
{
    static const unsigned char origin[] = {10, 0, 0, 1};
    static const unsigned char responder[] = {192, 168, 17, 4};
    node->args[0] = mqc_address_v4(origin);
    node->args[1] = mqc_port((uint16_t)(1024 + number), MQC_PROTOCOL_TCP);
    node->args[2] = mqc_address_v4(responder);
    node->args[3] = mqc_port(443, MQC_PROTOCOL_TCP);
    node->args[4] = mqc_string_text("established");
}

static bool make_event(struct node *node, unsigned number, struct mqc_event *event)
{
    fill_args(node, number);
    return mqc_make_event(node->backend, EVENT, node->args, ARGS, event, NULL) == MQC_OK;
}

static bool publish(struct node *node, unsigned number)
{
    struct mqc_event event;
    return make_event(node, number, &event) &&
           mqc_publish(node->backend, mqc_view_text("zeek/cluster/node/proxy-1/"), &event, NULL);
}

static bool encode(struct node *node, unsigned number)
{
    struct mqc_event event;
    struct mqc__buffer encoded;
    mqc__buffer_init(&encoded, (size_t)1 << 20);
    const bool is_encoded =
        make_event(node, number, &event) && mqc__protobuf_event(&event, &encoded) == MQC_OK;
    mqc__buffer_fini(&encoded);
    return is_encoded;
}

static bool publish_hrw(struct node *node, unsigned number)
{
    struct mqc_event event;
    const struct mqc_key key = {.value = mqc_count(number)};
    return make_event(node, number, &event) &&
           mqc_publish_hrw(node->backend, mqc_view_text(POOL), &key, &event, NULL);
}

static bool publish_rr(struct node *node, unsigned number)
{
    struct mqc_event event;
    return make_event(node, number, &event) &&
           mqc_publish_rr(node->backend, mqc_view_text(POOL), mqc_view_text("bench"), &event, NULL);
}

static bool prepare_events(struct node *node, unsigned number, unsigned count)
{
    const struct mqc__envelope_header header = {
        .sender = {mqc_view_text("worker-1-0123456789ab"), mqc_view_text("worker-1")},
        .first_sequence = (uint64_t)number * count + 1,
    };
    mqc__buffer_clear(&node->payload);
    node->expected_count = count;
    bool is_done = mqc__protobuf_header(&header, &node->payload) == MQC_OK;
    for (unsigned i = 0; i < count && is_done; i++) {
        struct mqc_event event;
        is_done = make_event(node, number + i, &event) &&
                  mqc__protobuf_event(&event, &node->payload) == MQC_OK;
    }
    return is_done;
}

static bool prepare_event(struct node *node, unsigned number)
{
    return prepare_events(node, number, 1);
}

static bool prepare_batch(struct node *node, unsigned number)
{
    return prepare_events(node, number, BATCH);
}

/* Events that differ as those of a site with many hosts. */
static bool prepare_varied(struct node *node, unsigned number)
{
    mqc__buffer_clear(&node->events);
    bool is_done = true;
    for (unsigned i = 0; i < BATCH && is_done; i++) {
        struct mqc_event event;
        const unsigned bits = (number * BATCH + i) * 2654435761U;
        is_done = make_event(node, bits >> 20U, &event);
        memcpy(node->args[0].as.address.bytes + 14, &bits, 2);
        memcpy(node->args[2].as.address.bytes + 12, &bits, 4);
        is_done = is_done && mqc__protobuf_event(&event, &node->events) == MQC_OK;
    }
    return is_done;
}

/* As the thread of the connection does it, which no other path here counts. */
static bool compress(struct node *node, unsigned number)
{
    (void)number;
    mqc__buffer_clear(&node->payload);
    return mqc__compress(node->compressor, mqc__buffer_view(&node->events), &node->payload);
}

static bool prepare_compressed(struct node *node, unsigned number)
{
    node->expected_count = BATCH;
    return prepare_varied(node, number) && compress(node, number);
}

/* From the arrival at the inbox to the end of the handler. */
static bool receive(struct node *node, unsigned number)
{
    const struct mqc__mqtt_message message = {
        .topic = mqc_view_text(ROOT "/event/" OWN_TOPIC),
        .payload = mqc__buffer_view(&node->payload),
        .content_type = mqc_view_text(MQC__CONTENT_TYPE_PROTOBUF),
    };
    const unsigned taken_before = node->taken_count;
    (void)number;
    if (mqc__inbox_put_message(node->backend->inbox, &message, 1) != MQC__INBOX_QUEUED)
        return false;
    /* That there is no broker may have to be told before. */
    while (node->taken_count == taken_before && mqc_backend_process(node->backend, 1) == 1)
        ;
    return node->taken_count == taken_before + node->expected_count;
}

static void take(void *context, const struct mqc_message *message)
{
    struct node *node = context;
    if (message->event->arg_count == ARGS)
        node->taken_count++;
}

/* The message that a WebSocket client gets. */
static bool json_encode(struct node *node, unsigned number)
{
    struct mqc_event event;
    mqc__buffer_clear(&node->payload);
    return make_event(node, number, &event) &&
           mqc__json_write_message(mqc_view_text(OWN_TOPIC), &event, &node->payload) == MQC_OK;
}

/* And the one that it sends. */
static bool json_decode(struct node *node, unsigned number)
{
    struct mqc__json_message message;
    (void)number;
    mqc__arena_reset(&node->arena);
    return mqc__json_read_message(&node->arena, mqc__buffer_view(&node->payload), &message, NULL) ==
               MQC_OK &&
           message.event.arg_count == ARGS;
}

static const struct path paths[] = {
    {"publish", 1, NULL, publish},
    {"encode", 1, NULL, encode},
    {"publish_hrw", 1, NULL, publish_hrw},
    {"publish_rr", 1, NULL, publish_rr},
    {"receive", 1, prepare_event, receive},
    {"receive_batch", BATCH, prepare_batch, receive},
    {"compress", BATCH, prepare_varied, compress},
    {"receive_compressed", BATCH, prepare_compressed, receive},
    {"json_encode", 1, NULL, json_encode},
    {"json_decode", 1, json_encode, json_decode},
};

/* The tool counts what happens in here. */
bool measured(const struct path *path, struct node *node, unsigned number);

__attribute__((noinline)) bool measured(const struct path *path, struct node *node, unsigned number)
{
    return path->perform(node, number);
}

static bool perform_many(const struct path *path, struct node *node)
{
    for (unsigned i = 0; i < WARM_UP + COUNT; i++) {
        if (path->prepare != NULL && !path->prepare(node, i))
            return false;
        if (!(i < WARM_UP ? path->perform(node, i) : measured(path, node, i)))
            return false;
    }
    return true;
}

static struct mqc_config *make_config(unsigned proxy_count)
{
    char path[] = "/tmp/mqcluster-bench-XXXXXX";
    const int fd = mkstemp(path);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file == NULL)
        return NULL;
    (void)fputs("cluster: {name: bench, root: " ROOT "}\nnode: manager\n"
                "broker: {uri: \"mqtt://127.0.0.1:1\", backoff_min: 1h, backoff_max: 1h}\n"
                "events: {" EVENT ": {args: [{orig_h: addr}, {orig_p: port}, {resp_h: addr}, "
                "{resp_p: port}, {state: string}]}}\n"
                "nodes:\n  manager: {type: manager}\n",
                file);
    for (unsigned i = 1; i <= proxy_count; i++)
        (void)fprintf(file, "  proxy-%u: {type: proxy}\n", i);
    (void)fclose(file);
    struct mqc_config *config = NULL;
    if (mqc_config_load(path, NULL, NULL, &config) != MQC_OK)
        (void)fprintf(stderr, "the configuration is wrong\n");
    (void)unlink(path);
    return config;
}

/* A presence of the proxy arrives. */
static bool bring_up(struct node *node, unsigned number)
{
    char name[32];
    char topic[64];
    (void)snprintf(name, sizeof name, "proxy-%u", number);
    (void)snprintf(topic, sizeof topic, ROOT "/node/proxy/%s", name);
    const struct mqc__presence presence = {.is_up = true,
                                           .type = mqc_view_text("proxy"),
                                           .name = mqc_view_text(name),
                                           .instance = mqc_view_text(name),
                                           .connection = 1,
                                           .renewal = 1,
                                           .lease_ms = 60000,
                                           .start_ms = 1};
    mqc__buffer_clear(&node->payload);
    if (mqc__presence_encode(&presence, &node->payload) != MQC_OK)
        return false;
    const struct mqc__mqtt_message message = {
        .topic = mqc_view_text(topic), .payload = mqc__buffer_view(&node->payload), .expiry_s = -1};
    return mqc__members_received(mqc__backend_members(node->backend), &message,
                                 mqc__clock_monotonic_ms());
}

static bool open_node(struct node *node, unsigned proxy_count)
{
    struct mqc_error_info info = {.code = MQC_OK};
    struct mqc_config *config = make_config(proxy_count);
    bool is_open = config != NULL && mqc_backend_new(config, &node->backend, &info) == MQC_OK &&
                   mqc_on_event(node->backend, EVENT, take, node, &info) == MQC_OK &&
                   mqc_backend_fd(node->backend) >= 0 &&
                   mqc_backend_init(node->backend, NULL, &info) == MQC_OK;
    mqc_config_free(&config);
    for (unsigned i = 1; is_open && i <= proxy_count; i++)
        is_open = bring_up(node, i);
    if (is_open)
        (void)mqc_backend_process(node->backend, 0);
    else
        (void)fprintf(stderr, "no node: %s\n", info.text);
    return is_open && mqc_active_node_count(node->backend, "proxy") == proxy_count;
}

static const struct path *find_path(const char *name)
{
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        if (strcmp(paths[i].name, name) == 0)
            return &paths[i];
    return NULL;
}

int main(int argc, char **argv)
{
    struct node node = {.backend = NULL};
    const struct path *path = argc == 3 ? find_path(argv[1]) : NULL;
    const unsigned long proxy_count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    if (path == NULL || proxy_count == 0 || proxy_count > NODES_MAX) {
        (void)fprintf(stderr, "usage: instructions PATH NODES\n");
        return 2;
    }
    mqc__buffer_init(&node.payload, (size_t)1 << 20);
    mqc__buffer_init(&node.events, (size_t)1 << 20);
    mqc__arena_init(&node.arena, (size_t)1 << 20);
    node.compressor = mqc__compressor_new(LEVEL);
    const bool is_done = node.compressor != NULL && open_node(&node, (unsigned)proxy_count) &&
                         perform_many(path, &node);
    mqc_backend_free(&node.backend);
    mqc__arena_fini(&node.arena);
    mqc__buffer_fini(&node.payload);
    mqc__buffer_fini(&node.events);
    mqc__compressor_free(&node.compressor);
    if (!is_done)
        return 1;
    (void)printf("%u\n", COUNT * path->events);
    return 0;
}
