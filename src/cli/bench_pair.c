#include "cli/bench_pair.h"

#include "cli/cli.h"
#include "cli/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#define EVENT "mqcluster_bench"
#define PARAMS "run: count, kind: count, number: count, sent: count, filling: string"
#define CONNECT_STEP_MS 20

enum { ARG_RUN, ARG_KIND, ARG_NUMBER, ARG_SENT, ARG_FILLING, ARGS };

int64_t mqc__bench_now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The declaration has checked number and types of the arguments. */
static void take_event(void *context, const struct mqc_message *message)
{
    struct mqc__bench_pair *pair = context;
    const struct mqc_value *args = message->event->args;
    const int64_t now_ns = mqc__bench_now_ns();
    const uint64_t kind = args[ARG_KIND].as.count;
    if (args[ARG_RUN].as.count != pair->run || kind >= MQC__BENCH_KINDS)
        return;
    (void)pthread_mutex_lock(&pair->mutex);
    struct mqc__bench_tally *tally = &pair->tallies[kind];
    if (mqc__bench_tally_note(tally, args[ARG_NUMBER].as.count, now_ns) &&
        kind == MQC__BENCH_KIND_LONE)
        pair->lone_ns[tally->received - 1] = now_ns - (int64_t)args[ARG_SENT].as.count;
    (void)pthread_mutex_unlock(&pair->mutex);
}

/* Both ends meet the same broker: what one of them says already is not said again. */
static void take_error(void *context, const char *tag, const char *message)
{
    const struct mqc__bench_pair *pair = context;
    if (!pair->client.is_verbose && strcmp(tag, "subscribe_refused") == 0)
        mqc__report(pair->client.who, "%s: %s", tag, message);
}

/* Text that a terminal can show and that does not compress to nothing. */
static bool make_filling(struct mqc__bench_pair *pair, size_t size)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint64_t state = pair->run | 1;
    pair->filling_bytes = size - MQC__BENCH_SIZE_LEAST;
    pair->filling = malloc(pair->filling_bytes + 1);
    if (pair->filling == NULL)
        return false;
    for (size_t i = 0; i < pair->filling_bytes; i++) {
        /* xorshift64 */
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        pair->filling[i] = letters[state >> 58];
    }
    return true;
}

static bool prepare(struct mqc__bench_pair *pair, size_t size)
{
    if (getrandom(&pair->run, sizeof pair->run, 0) != (ssize_t)sizeof pair->run) {
        mqc__report(pair->client.who, "the system gives no random bits: %s", strerror(errno));
        return false;
    }
    pair->has_mutex = pthread_mutex_init(&pair->mutex, NULL) == 0;
    if (pair->has_mutex && make_filling(pair, size) &&
        mqc__bench_tally_init(&pair->tallies[MQC__BENCH_KIND_LONE], MQC__BENCH_LONE) &&
        mqc__bench_tally_init(&pair->tallies[MQC__BENCH_KIND_FLOW], MQC__BENCH_EVENTS_MOST))
        return true;
    mqc__report(pair->client.who, "%s", mqc_error_text(MQC_ENOMEM));
    return false;
}

/* The broker throws out the older of two clients of one id. */
static enum mqc_error rename_client(struct mqc_config *config, struct mqc_error_info *info)
{
    char id[200];
    char other_id[210];
    info->code = mqc_config_get(config, "broker.client_id", id, sizeof id);
    if (info->code != MQC_OK)
        return info->code;
    (void)snprintf(other_id, sizeof other_id, "%s-in", id);
    return mqc_config_set(config, "broker.client_id", other_id, info);
}

static bool make_receiver(struct mqc__bench_pair *pair, struct mqc_error_info *info)
{
    return rename_client(pair->client.config, info) == MQC_OK &&
           mqc_backend_new(pair->client.config, &pair->receiver, info) == MQC_OK &&
           mqc_declare_event(pair->client.backend, EVENT, PARAMS, info) == MQC_OK &&
           mqc_declare_event(pair->receiver, EVENT, PARAMS, info) == MQC_OK &&
           (info->code = mqc_on_error(pair->receiver, take_error, pair)) == MQC_OK &&
           mqc_on_event(pair->receiver, EVENT, take_event, pair, info) == MQC_OK &&
           mqc_subscribe(pair->receiver, mqc_view_text(pair->topic), MQC_MATCH_LEVEL, info) ==
               MQC_OK;
}

int mqc__bench_pair_open(struct mqc__bench_pair *pair, const struct mqc__options *options,
                         const char *topic, size_t size)
{
    struct mqc_error_info info = {.code = MQC_OK};
    *pair = (struct mqc__bench_pair){.topic = topic};
    const int status = mqc__client_open(&pair->client, options);
    if (status != MQC__EXIT_DONE)
        return status;
    if (!prepare(pair, size))
        return MQC__EXIT_FAILED;
    if (make_receiver(pair, &info))
        return MQC__EXIT_DONE;
    mqc__client_report_error(&pair->client, &info);
    return MQC__EXIT_FAILED;
}

/* Asks one end after the other. */
static enum mqc_error look(const struct mqc__bench_pair *pair)
{
    const enum mqc_error error = mqc_backend_wait_ready(pair->receiver, 0);
    return error == MQC_OK ? mqc_backend_wait_ready(pair->client.backend, 0) : error;
}

static void report_unready(struct mqc__bench_pair *pair, enum mqc_error error)
{
    struct mqc__client *client = &pair->client;
    if (error == MQC_ETIMEOUT)
        mqc__client_report(client, "the broker was not reached within the time given");
    else if (error == MQC_EREFUSED)
        mqc__client_report(client, "the broker refuses the subscription to %s", pair->topic);
    else
        mqc__client_report(client, "%s", mqc_error_text(error));
}

int mqc__bench_pair_connect(struct mqc__bench_pair *pair, int64_t timeout_ms)
{
    struct mqc__client *client = &pair->client;
    struct mqc_error_info info;
    const int64_t deadline_ms = mqc__client_now_ms() + timeout_ms;
    const int status = mqc__client_start(client);
    if (status != MQC__EXIT_DONE)
        return status;
    if (mqc_backend_init(pair->receiver, NULL, &info) != MQC_OK) {
        mqc__client_report_error(client, &info);
        return MQC__EXIT_FAILED;
    }
    enum mqc_error error = MQC_ETIMEOUT;
    while (error == MQC_ETIMEOUT && !client->was_stopped) {
        const int left_ms = mqc__client_left_ms(deadline_ms, CONNECT_STEP_MS);
        error = look(pair);
        if (error != MQC_ETIMEOUT || left_ms == 0)
            break;
        (void)mqc__client_wait(client, -1, left_ms);
    }
    if (error == MQC_OK)
        return MQC__EXIT_DONE;
    if (!client->was_stopped)
        report_unready(pair, error);
    return MQC__EXIT_FAILED;
}

enum mqc_error mqc__bench_pair_send(struct mqc__bench_pair *pair, enum mqc__bench_kind kind,
                                    struct mqc_error_info *info)
{
    struct mqc_event event;
    const struct mqc_value args[ARGS] = {
        [ARG_RUN] = mqc_count(pair->run),
        [ARG_KIND] = mqc_count(kind),
        [ARG_NUMBER] = mqc_count(pair->accepted[kind]),
        [ARG_SENT] = mqc_count((uint64_t)mqc__bench_now_ns()),
        [ARG_FILLING] = mqc_string(mqc_view_bytes(pair->filling, pair->filling_bytes)),
    };
    if (mqc_make_event(pair->client.backend, EVENT, args, ARGS, &event, info) != MQC_OK ||
        !mqc_publish(pair->client.backend, mqc_view_text(pair->topic), &event, info))
        return info->code;
    pair->accepted[kind]++;
    return MQC_OK;
}

uint64_t mqc__bench_pair_received(struct mqc__bench_pair *pair, enum mqc__bench_kind kind)
{
    (void)pthread_mutex_lock(&pair->mutex);
    const uint64_t received = pair->tallies[kind].received;
    (void)pthread_mutex_unlock(&pair->mutex);
    return received;
}

void mqc__bench_pair_close(struct mqc__bench_pair *pair)
{
    (void)mqc_backend_close(pair->client.backend, 0);
    (void)mqc_backend_close(pair->receiver, 0);
}

void mqc__bench_pair_fini(struct mqc__bench_pair *pair)
{
    mqc_backend_free(&pair->receiver);
    mqc__client_fini(&pair->client);
    for (size_t i = 0; i < MQC__BENCH_KINDS; i++)
        mqc__bench_tally_fini(&pair->tallies[i]);
    free(pair->filling);
    pair->filling = NULL;
    if (pair->has_mutex)
        (void)pthread_mutex_destroy(&pair->mutex);
    pair->has_mutex = false;
}
