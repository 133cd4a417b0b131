/*
 * A node with a WebSocket server, on the public interface, for tests/bench/bench_websocket.py:
 *
 *     websocket_node BROKER-PORT LISTEN-PORT CLUSTER FOLDER
 *
 * It says "ready" and runs until its standard input ends. What its handlers do for the clients,
 * which publish on the topic bench/up and subscribe to bench/down:
 *
 *     bench_ping   publish the same arguments as a bench_pong
 *     bench_count  count
 *     bench_ask    publish the count as a bench_told, and begin anew
 *     bench_flood  publish bench_flow for so many milliseconds, then how many as a bench_end
 *     bench_seen   so many of them have reached each client
 */
#include "bench/clock.h"
#include "bench/websocket.h"

#include <mqcluster.h>

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECT_MS 15000
#define CLOSE_MS 2000
#define PAUSE_NS (50 * NS_PER_US)
#define BUSY_S 30

/* How often an event that finds no room is offered. */
#define TRIES ((unsigned)(BUSY_S * NS_PER_S / PAUSE_NS))

/* A flood may be so far ahead of its slowest client. */
#define AHEAD 5000

struct node {
    struct mqc_backend *backend;
    uint64_t count; /* the handlers' */
    atomic_uint_fast64_t flood_ms;
    atomic_uint_fast64_t seen;
    atomic_bool is_over;
    sem_t work; /* there is a flood to be made, seen has grown, or it is over */
};

static void complain(const char *what, const char *text)
{
    (void)fprintf(stderr, "websocket_node: %s: %s\n", what, text);
}

static void on_problem(void *context, const struct mqc_config_problem *problem)
{
    (void)context;
    complain(problem->key, problem->text);
}

static void on_error(void *context, const char *tag, const char *message)
{
    (void)context;
    /* What finds no room is offered again. */
    if (strcmp(tag, "outbox_overflow") != 0)
        complain(tag, message);
}

/* Publishes as a program does that wants nothing lost: waits while there is no room. */
static bool publish(const struct node *node, const char *name, const struct mqc_value *args,
                    size_t count)
{
    const struct mqc_event event = {.name = mqc_view_text(name), .args = args, .arg_count = count};
    struct mqc_error_info info;
    for (unsigned i = 0; i < TRIES; i++) {
        if (mqc_publish(node->backend, mqc_view_text(WEBSOCKET_TOPIC_DOWN), &event, &info))
            return true;
        if (info.code != MQC_EFULL)
            break;
        clock_sleep_until(clock_now_ns() + PAUSE_NS);
    }
    complain(name, info.text);
    return false;
}

static void on_ping(void *context, const struct mqc_message *message)
{
    const struct mqc_event *event = message->event;
    (void)publish(context, "bench_pong", event->args, event->arg_count);
}

static void on_count(void *context, const struct mqc_message *message)
{
    struct node *node = context;
    (void)message;
    node->count++;
}

static void on_ask(void *context, const struct mqc_message *message)
{
    struct node *node = context;
    const struct mqc_value args[] = {mqc_count(WEBSOCKET_NUMBER_BASE + node->count)};
    (void)message;
    node->count = 0;
    (void)publish(node, "bench_told", args, 1);
}

/* Reads the number that an event carries. */
static uint64_t number_of(const struct mqc_message *message)
{
    const struct mqc_event *event = message->event;
    return event->arg_count != 0 && event->args[0].type == MQC_TYPE_COUNT &&
                   event->args[0].as.count >= WEBSOCKET_NUMBER_BASE
               ? event->args[0].as.count - WEBSOCKET_NUMBER_BASE
               : 0;
}

static void on_flood(void *context, const struct mqc_message *message)
{
    struct node *node = context;
    atomic_store(&node->seen, 0);
    atomic_store(&node->flood_ms, number_of(message));
    (void)sem_post(&node->work);
}

static void on_seen(void *context, const struct mqc_message *message)
{
    struct node *node = context;
    atomic_store(&node->seen, number_of(message));
    (void)sem_post(&node->work);
}

/* Waits until the clients have come near enough; not for ever, since one may be gone. */
static bool await_clients(struct node *node, uint64_t sent)
{
    const int64_t end_ns = clock_now_ns() + BUSY_S * NS_PER_S;
    const struct timespec end = {end_ns / NS_PER_S, end_ns % NS_PER_S};
    while (sent >= atomic_load(&node->seen) + AHEAD && !atomic_load(&node->is_over)) {
        if (sem_clockwait(&node->work, CLOCK_MONOTONIC, &end) != 0 && clock_now_ns() >= end_ns)
            return false;
    }
    return !atomic_load(&node->is_over);
}

static void flood(struct node *node, uint64_t milliseconds)
{
    const int64_t end_ns = clock_now_ns() + (int64_t)milliseconds * NS_PER_MS;
    const struct mqc_value filling = mqc_string_text(WEBSOCKET_FILLING);
    uint64_t sent = 0;
    while (clock_now_ns() < end_ns && await_clients(node, sent)) {
        const struct mqc_value args[] = {mqc_count(WEBSOCKET_NUMBER_BASE + sent), filling};
        if (!publish(node, "bench_flow", args, 2))
            break;
        sent++;
    }
    const struct mqc_value args[] = {mqc_count(WEBSOCKET_NUMBER_BASE + sent)};
    (void)publish(node, "bench_end", args, 1);
}

/* The thread that floods; the handlers must go on meanwhile. */
static void *work(void *context)
{
    struct node *node = context;
    while (!atomic_load(&node->is_over)) {
        if (sem_wait(&node->work) != 0)
            continue;
        const uint64_t milliseconds = atomic_exchange(&node->flood_ms, 0);
        if (milliseconds != 0)
            flood(node, milliseconds);
    }
    return NULL;
}

static struct mqc_config *make_config(char **argv)
{
    char path[512];
    struct mqc_config *config = NULL;
    (void)snprintf(path, sizeof path, "%s/%s-node.yaml", argv[4], argv[3]);
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return NULL;
    (void)fprintf(file,
                  "cluster: {name: %s}\n"
                  "node: manager\n"
                  "broker: {uri: \"mqtt://127.0.0.1:%s\"}\n"
                  "nodes: {manager: {type: manager}}\n"
                  "websocket: {listen_port: %s}\n",
                  argv[3], argv[1], argv[2]);
    const bool is_written = fclose(file) == 0;
    if (!is_written || mqc_config_load(path, on_problem, NULL, &config) != MQC_OK)
        complain("no node", "the configuration cannot be used");
    return config;
}

static bool add_handlers(struct node *node, struct mqc_error_info *info)
{
    static const struct {
        const char *event;
        mqc_message_fn handler;
    } handlers[] = {
        {"bench_ping", on_ping},   {"bench_count", on_count}, {"bench_ask", on_ask},
        {"bench_flood", on_flood}, {"bench_seen", on_seen},
    };
    for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++) {
        if (mqc_on_event(node->backend, handlers[i].event, handlers[i].handler, node, info) !=
            MQC_OK)
            return false;
    }
    return true;
}

static bool open_node(struct node *node, const struct mqc_config *config)
{
    struct mqc_error_info info = {.code = MQC_OK};
    if (mqc_backend_new(config, &node->backend, &info) == MQC_OK &&
        (info.code = mqc_on_error(node->backend, on_error, NULL)) == MQC_OK &&
        add_handlers(node, &info) &&
        mqc_subscribe(node->backend, mqc_view_text(WEBSOCKET_TOPIC_UP), MQC_MATCH_PREFIX, &info) ==
            MQC_OK &&
        mqc_backend_init(node->backend, NULL, &info) == MQC_OK &&
        (info.code = mqc_backend_wait_ready(node->backend, CONNECT_MS)) == MQC_OK)
        return true;
    complain("no node", info.text[0] != '\0' ? info.text : mqc_error_text(info.code));
    return false;
}

static void run_until_told(void)
{
    char byte;
    (void)puts("ready");
    (void)fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        continue;
}

int main(int argc, char **argv)
{
    struct node node = {.count = 0};
    pthread_t worker;
    if (argc != 5) {
        complain("usage", "websocket_node BROKER-PORT LISTEN-PORT CLUSTER FOLDER");
        return 2;
    }
    struct mqc_config *config = make_config(argv);
    if (config == NULL || sem_init(&node.work, 0, 0) != 0)
        return 1;
    const bool is_open =
        open_node(&node, config) && pthread_create(&worker, NULL, work, &node) == 0;
    mqc_config_free(&config);
    if (is_open) {
        run_until_told();
        atomic_store(&node.is_over, true);
        (void)sem_post(&node.work);
        (void)pthread_join(worker, NULL);
        (void)mqc_backend_close(node.backend, CLOSE_MS);
    }
    mqc_backend_free(&node.backend);
    return is_open ? 0 : 1;
}
