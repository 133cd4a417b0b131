/*
 * Does one thing many times inside measured(), for a tool that counts the instructions of that
 * function: instructions PATH VARIANT. Prints how many times it was.
 */
#include "backend/backend_priv.h"
#include "base/clock.h"
#include "bench/instructions.h"
#include "codec/presence.h"
#include "codec/protobuf.h"
#include "api/mqcluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define COUNT 2000
#define WARM_UP 100
#define NODES_MAX 500

/* What is done: the number of the repetition is its argument. False when it failed. */
typedef bool (*path_fn)(struct bench_node *node, unsigned number);

static void make_args(unsigned number, struct mqc_value args[BENCH_ARGS])
{
    static const unsigned char origin[] = {10, 0, 0, 1};
    static const unsigned char responder[] = {192, 168, 17, 4};
    args[0] = mqc_address_v4(origin);
    args[1] = mqc_port((uint16_t)(1024 + number), MQC_PROTOCOL_TCP);
    args[2] = mqc_address_v4(responder);
    args[3] = mqc_port(443, MQC_PROTOCOL_TCP);
    args[4] = mqc_string_text("established");
}

static bool make_event(struct bench_node *node, unsigned number, struct mqc_value args[BENCH_ARGS],
                       struct mqc_event *event)
{
    make_args(number, args);
    return mqc_make_event(node->backend, "connection_seen", args, BENCH_ARGS, event, NULL) ==
           MQC_OK;
}

static bool publish(struct bench_node *node, unsigned number)
{
    struct mqc_value args[BENCH_ARGS];
    struct mqc_event event;
    return make_event(node, number, args, &event) &&
           mqc_publish(node->backend, mqc_view_text("zeek/cluster/node/proxy-1/"), &event, NULL);
}

static bool encode(struct bench_node *node, unsigned number)
{
    struct mqc_value args[BENCH_ARGS];
    struct mqc_event event;
    struct mqc__buffer encoded;
    mqc__buffer_init(&encoded, (size_t)1 << 20);
    const bool is_encoded = make_event(node, number, args, &event) &&
                            mqc__protobuf_event(&event, &encoded) == MQC_OK;
    mqc__buffer_fini(&encoded);
    return is_encoded;
}

static bool publish_hrw(struct bench_node *node, unsigned number)
{
    struct mqc_value args[BENCH_ARGS];
    struct mqc_event event;
    const struct mqc_key key = {.value = mqc_count(number)};
    return make_event(node, number, args, &event) &&
           mqc_publish_hrw(node->backend, mqc_view_text("zeek/cluster/pool/proxy"), &key, &event,
                           NULL);
}

static bool publish_rr(struct bench_node *node, unsigned number)
{
    struct mqc_value args[BENCH_ARGS];
    struct mqc_event event;
    return make_event(node, number, args, &event) &&
           mqc_publish_rr(node->backend, mqc_view_text("zeek/cluster/pool/proxy"),
                          mqc_view_text("bench"), &event, NULL);
}

static void take(void *context, const struct mqc_message *message)
{
    struct bench_node *node = context;
    node->taken_count += message->event->arg_count == BENCH_ARGS ? 1 : 0;
}

/* An envelope as the broker brings it, from the arrival to the end of its handler. */
static bool receive(struct bench_node *node, unsigned number)
{
    char payload[512];
    struct mqc__buffer header;
    struct mqc_value args[BENCH_ARGS];
    struct mqc_event event;
    (void)payload;
    const struct mqc__sender sender = {mqc_view_text("worker-1-0123456789ab"),
                                       mqc_view_text("worker-1")};
    mqc__buffer_init(&header, (size_t)1 << 16);
    bool is_done = make_event(node, number, args, &event) &&
                   mqc__protobuf_header(&sender, number + 1, number == 0, &header) == MQC_OK &&
                   mqc__protobuf_event(&event, &header) == MQC_OK;
    (void)is_done;
    mqc__buffer_fini(&header);
    return is_done;
}
