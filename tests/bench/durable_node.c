/* The configuration of the two nodes, and their events. */
#include "bench/clock.h"
#include "bench/durable.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CONNECT_MS 15000
#define CLOSE_MS 5000

void durable_complain(const char *format, ...)
{
    char text[1000];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)fprintf(stderr, "durable: %s\n", text);
}

void durable_topic(const struct durable_plan *plan, unsigned number, char *text_out)
{
    (void)snprintf(text_out, 128, "%s%u",
                   plan->is_to_one ? "zeek/cluster/node/" DURABLE_RECEIVER "/" : "bench/", number);
}

void durable_fill(struct mqc_value *args, const struct durable_mark *mark)
{
    const unsigned char origin[] = {
        (unsigned char)(mark->number >> 24), (unsigned char)(mark->number >> 16),
        (unsigned char)(mark->number >> 8), (unsigned char)mark->number};
    const unsigned char responder[] = {192, 168, mark->stream, mark->topic};
    args[0] = mqc_address_v4(origin);
    args[1] = mqc_port(49152 + mark->number % 16384, MQC_PROTOCOL_TCP);
    args[2] = mqc_address_v4(responder);
    args[3] = mqc_port(443, MQC_PROTOCOL_TCP);
    args[4] = mqc_string_text("established");
}

struct durable_mark durable_read(const struct mqc_event *event)
{
    /* The last four bytes are those of IPv4. */
    const uint8_t *origin = event->args[0].as.address.bytes + 12;
    const uint8_t *responder = event->args[2].as.address.bytes + 12;
    return (struct durable_mark){
        .number = (uint32_t)origin[0] << 24 | (uint32_t)origin[1] << 16 | (uint32_t)origin[2] << 8 |
                  origin[3],
        .stream = responder[2],
        .topic = responder[3],
    };
}

static void on_problem(void *context, const struct mqc_config_problem *problem)
{
    (void)context;
    durable_complain("%s:%u: %s: %s", problem->file, problem->line, problem->key, problem->text);
}

static void on_error(void *context, const char *tag, const char *message)
{
    /* What finds no room is offered again, and a drain begins without a broker. */
    (void)context;
    if (strcmp(tag, "outbox_overflow") != 0 && strcmp(tag, "broker_lost") != 0)
        durable_complain("%s: %s", tag, message);
}

static void write_delivery(FILE *file, const struct durable_plan *plan)
{
    (void)fprintf(file, "delivery:\n  guarantee: %s\n", plan->guarantee);
    if (plan->fsync != NULL)
        (void)fprintf(file,
                      "  durability: disk\n"
                      "  directory: \"%s\"\n"
                      "  fsync: %s\n"
                      "  spool_bytes: %s\n",
                      plan->disk, plan->fsync, plan->spool_bytes);
}

static bool write_config(const struct durable_plan *plan, const char *name, const char *path)
{
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        durable_complain("%s cannot be written", path);
        return false;
    }
    (void)fprintf(file,
                  "cluster: {name: %s}\n"
                  "node: %s\n"
                  "broker: {uri: \"mqtt://%s:%u\", backoff_min: 50ms, backoff_max: 200ms}\n"
                  "events:\n"
                  "  " DURABLE_EVENT ": {args: [{orig_h: addr}, {orig_p: port}, {resp_h: addr}, "
                  "{resp_p: port}, {state: string}]}\n"
                  "nodes:\n"
                  "  " DURABLE_PUBLISHER ": {type: worker}\n"
                  "  " DURABLE_RECEIVER ": {type: logger}\n",
                  plan->cluster, name, plan->host, plan->port);
    if (strcmp(name, DURABLE_PUBLISHER) == 0)
        write_delivery(file, plan);
    return fclose(file) == 0;
}

static bool start(struct mqc_backend *backend, mqc_message_fn handler, void *context)
{
    struct mqc_error_info info = {.code = MQC_OK};
    if ((info.code = mqc_on_error(backend, on_error, NULL)) == MQC_OK &&
        (handler == NULL ||
         (mqc_on_event(backend, DURABLE_EVENT, handler, context, &info) == MQC_OK &&
          mqc_subscribe(backend, mqc_view_text("bench"), MQC_MATCH_LEVEL, &info) == MQC_OK)) &&
        mqc_backend_init(backend, NULL, &info) == MQC_OK)
        return true;
    durable_complain("%s", info.text[0] != '\0' ? info.text : mqc_error_text(info.code));
    return false;
}

struct mqc_backend *durable_open(const struct durable_plan *plan, const char *name,
                                 mqc_message_fn handler, void *context)
{
    struct mqc_error_info info = {.code = MQC_OK};
    struct mqc_config *config = NULL;
    struct mqc_backend *backend = NULL;
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s-%s.yaml", plan->folder, plan->cluster, name);
    if (!write_config(plan, name, path) ||
        mqc_config_load(path, on_problem, NULL, &config) != MQC_OK)
        return NULL;
    if (mqc_backend_new(config, &backend, &info) != MQC_OK)
        durable_complain("%s", info.text);
    mqc_config_free(&config);
    if (backend != NULL && !start(backend, handler, context))
        mqc_backend_free(&backend);
    return backend;
}

bool durable_await_ready(struct mqc_backend *backend)
{
    const enum mqc_error error = mqc_backend_wait_ready(backend, CONNECT_MS);
    if (error != MQC_OK)
        durable_complain("%s", mqc_error_text(error));
    return error == MQC_OK;
}

void durable_close(struct mqc_backend **backend)
{
    if (*backend != NULL)
        (void)mqc_backend_close(*backend, CLOSE_MS);
    mqc_backend_free(backend);
}
