#include "unit/mqtt/fake_client.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAYLOADS_MAX 20000
#define TOKENS_MAX 65536

struct mqc__client {
    struct mqc__connect_request request;
    struct mqc__client_sink sink;
    bool is_connected;
    bool was_connected;
    bool was_lost;
    int tokens[TOKENS_MAX]; /* in flight, oldest first */
    size_t sizes[TOKENS_MAX];
    size_t token_count;
    size_t token_bytes;
    int last_token;
    uint64_t message_count; /* delivered, to be acknowledged */
};

/* Guards all of it; recursive, since an early acknowledgement is given inside publish. */
static pthread_mutex_t mutex;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_cond_t unblocked = PTHREAD_COND_INITIALIZER;
static struct mqc__client *current;
static struct fake_script script;
static struct fake_log totals;
static char *payloads[PAYLOADS_MAX];
/* Not guarded: the session's mutex is held when they are written. */
static atomic_uint handled_count;
static atomic_uint last_handled;

static void init_mutex(void)
{
    pthread_mutexattr_t attributes;
    (void)pthread_mutexattr_init(&attributes);
    (void)pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    (void)pthread_mutex_init(&mutex, &attributes);
    (void)pthread_mutexattr_destroy(&attributes);
}

static void lock(void)
{
    (void)pthread_once(&once, init_mutex);
    pthread_mutex_lock(&mutex);
}

static void unlock(void)
{
    pthread_mutex_unlock(&mutex);
}

void fake_reset(void)
{
    lock();
    script = (struct fake_script){.is_reachable = true};
    totals = (struct fake_log){0};
    atomic_store(&handled_count, 0);
    atomic_store(&last_handled, 0);
    for (size_t i = 0; i < PAYLOADS_MAX; i++) {
        free(payloads[i]);
        payloads[i] = NULL;
    }
    unlock();
}

struct fake_script *fake_script_lock(void)
{
    lock();
    return &script;
}

void fake_script_unlock(void)
{
    unlock();
}

struct fake_log fake_log(void)
{
    lock();
    struct fake_log copy = totals;
    copy.handled = atomic_load(&handled_count);
    copy.last_handled = atomic_load(&last_handled);
    copy.in_flight_now = current != NULL ? (unsigned)current->token_count : 0;
    unlock();
    return copy;
}

char *fake_payload(unsigned index)
{
    lock();
    char *copy = index < PAYLOADS_MAX && payloads[index] != NULL ? strdup(payloads[index]) : NULL;
    unlock();
    return copy;
}

static struct mqc__client *fake_create(const struct mqc__connect_request *request,
                                       const struct mqc__client_sink *sink)
{
    struct mqc__client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return NULL;
    client->request = *request;
    client->sink = *sink;
    lock();
    totals.creates++;
    current = client;
    unlock();
    return client;
}

static enum mqc__client_result connect_result(const struct mqc__client *client)
{
    if (script.hangs_up_on_5 && !client->request.is_311)
        return MQC__CLIENT_UNREACHABLE;
    if (script.connect_result == MQC__CLIENT_OK)
        return MQC__CLIENT_OK;
    if (script.fail_connects == 0)
        return script.connect_result;
    const enum mqc__client_result result = script.connect_result;
    if (--script.fail_connects == 0)
        script.connect_result = MQC__CLIENT_OK;
    return result;
}

static enum mqc__client_result fake_connect(struct mqc__client *client,
                                            struct mqc__connect_answer *answer_out)
{
    lock();
    totals.connects++;
    totals.connects_311 += client->request.is_311 ? 1 : 0;
    totals.connects_clean += client->request.starts_clean ? 1 : 0;
    totals.last_keep_alive_s = client->request.keep_alive_s;
    (void)snprintf(totals.last_uri, sizeof totals.last_uri, "%s", client->request.uri);
    while (script.connect_blocks)
        pthread_cond_wait(&unblocked, &mutex);
    const bool refuses_5 = script.refuses_5 && !client->request.is_311;
    answer_out->reason = refuses_5 ? 0x84 : script.connect_reason;
    if (script.answer.receive_max != 0)
        answer_out->receive_max = script.answer.receive_max;
    if (script.answer.packet_bytes_max != 0)
        answer_out->packet_bytes_max = script.answer.packet_bytes_max;
    answer_out->lacks_retain = script.answer.lacks_retain;
    answer_out->lacks_wildcards = script.answer.lacks_wildcards;
    if (script.answer.keep_alive_s != 0)
        answer_out->keep_alive_s = script.answer.keep_alive_s;
    const enum mqc__client_result result = refuses_5 ? MQC__CLIENT_REFUSED : connect_result(client);
    client->is_connected = result == MQC__CLIENT_OK;
    client->was_connected = client->is_connected;
    unlock();
    return result;
}

static void lose(struct mqc__client *client, int reason)
{
    if (client == NULL || !client->is_connected || client->was_lost)
        return;
    client->was_lost = true;
    client->is_connected = false;
    client->sink.lost(client->sink.context, reason);
}

static bool is_version(const char *filter)
{
    return strcmp(filter, "$SYS/broker/version") == 0;
}

/* Returns how many of them are not the version. */
static size_t note_filters(const char *sign, char *const *filters, size_t count)
{
    size_t noted = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t at = strlen(totals.filters);
        if (is_version(filters[i]))
            continue;
        (void)snprintf(totals.filters + at, sizeof totals.filters - at, "%s%s ", sign, filters[i]);
        noted++;
    }
    return noted;
}

static int answer_version(struct mqc__client *client)
{
    totals.version_subscribes++;
    if (script.version[0] != '\0') {
        const struct mqc__mqtt_message message = {.topic = mqc_view_text("$SYS/broker/version"),
                                                  .payload = mqc_view_text(script.version),
                                                  .is_retained = true};
        client->sink.message(client->sink.context, &message);
    }
    return script.version_reason;
}

static enum mqc__client_result fake_subscribe(struct mqc__client *client, char *const *filters,
                                              size_t count, bool wants_retained, int *reasons_out)
{
    lock();
    enum mqc__client_result result =
        client->is_connected ? script.subscribe_result : MQC__CLIENT_LOST;
    totals.subscribes += note_filters(wants_retained ? "+" : "~", filters, count) != 0 ? 1 : 0;
    for (size_t i = 0; i < count; i++) {
        reasons_out[i] = script.subscribe_reason != 0 ? script.subscribe_reason : 1;
        if (!is_version(filters[i]))
            continue;
        reasons_out[i] = answer_version(client);
        result = script.hangs_up_on_version ? MQC__CLIENT_LOST : result;
    }
    if (result == MQC__CLIENT_LOST)
        lose(client, -1);
    unlock();
    return result;
}

static enum mqc__client_result fake_unsubscribe(struct mqc__client *client, char *const *filters,
                                                size_t count)
{
    lock();
    const size_t noted = note_filters("-", filters, count);
    totals.unsubscribes += noted != 0 ? 1 : 0;
    totals.version_unsubscribes += noted != count ? 1 : 0;
    const enum mqc__client_result result = client->is_connected ? MQC__CLIENT_OK : MQC__CLIENT_LOST;
    unlock();
    return result;
}

static void note_payload(struct mqc_view payload)
{
    if (totals.publishes >= PAYLOADS_MAX)
        return;
    char *copy = calloc(1, payload.size + 1);
    if (copy != NULL)
        memcpy(copy, payload.data, payload.size);
    payloads[totals.publishes] = copy;
}

static void remember_token(struct mqc__client *client, size_t size)
{
    client->last_token = client->last_token % (TOKENS_MAX - 1) + 1;
    client->tokens[client->token_count] = client->last_token;
    client->sizes[client->token_count++] = size;
    client->token_bytes += size;
    if (client->token_count > totals.in_flight_max)
        totals.in_flight_max = (unsigned)client->token_count;
    if (client->token_bytes > totals.in_flight_bytes_max && client->token_count > 1)
        totals.in_flight_bytes_max = client->token_bytes;
}

static bool acknowledge_first(struct mqc__client *client, int reason)
{
    if (client == NULL || client->token_count == 0 || !client->is_connected)
        return false;
    const int token = client->tokens[0];
    client->token_bytes -= client->sizes[0];
    client->token_count--;
    memmove(client->tokens, client->tokens + 1, client->token_count * sizeof client->tokens[0]);
    memmove(client->sizes, client->sizes + 1, client->token_count * sizeof client->sizes[0]);
    client->sink.acked(client->sink.context, token, reason);
    return true;
}

static void accept_publish(struct mqc__client *client, const struct mqc__client_message *message,
                           int *token_out)
{
    note_payload(message->payload);
    totals.publishes++;
    if (message->qos == MQC__QOS_1) {
        totals.publishes_qos_1++;
        remember_token(client, message->payload.size);
        *token_out = client->last_token;
        if (script.publish != FAKE_ACK_NEVER)
            (void)acknowledge_first(client, script.ack_reason);
        if (script.publish == FAKE_ACK_TWICE)
            client->sink.acked(client->sink.context, *token_out, script.ack_reason);
    }
    if (script.lose_after_publishes != 0 && --script.lose_after_publishes == 0)
        lose(client, -1);
}

static enum mqc__client_result fake_publish(struct mqc__client *client,
                                            const struct mqc__client_message *message,
                                            int *token_out)
{
    enum mqc__client_result result = MQC__CLIENT_OK;
    lock();
    if (!client->is_connected || script.publish == FAKE_PUBLISH_LOST ||
        script.publish == FAKE_PUBLISH_LOST_UNTOLD)
        result = MQC__CLIENT_LOST;
    else if (script.publish == FAKE_PUBLISH_UNUSABLE)
        result = MQC__CLIENT_UNUSABLE;
    else if (script.publish == FAKE_PUBLISH_NOMEM)
        result = MQC__CLIENT_NOMEM;
    else
        accept_publish(client, message, token_out);
    if (result == MQC__CLIENT_LOST && script.publish != FAKE_PUBLISH_LOST_UNTOLD)
        lose(client, -1);
    unlock();
    return result;
}

static void fake_disconnect(struct mqc__client *client)
{
    lock();
    totals.disconnects++;
    client->is_connected = false;
    unlock();
}

static void fake_free(struct mqc__client *client)
{
    if (client == NULL)
        return;
    lock();
    totals.frees++;
    if (current == client)
        current = NULL;
    unlock();
    free(client);
}

static void fake_handled(struct mqc__client *client, uint32_t ack)
{
    (void)client;
    atomic_store(&last_handled, ack);
    atomic_fetch_add(&handled_count, 1);
}

static void fake_failure(const struct mqc__client *client, struct mqc__client_failure *failure_out)
{
    static const struct mqc__client_failure unreachable = {
        .tag = "connect_failed",
        .text = "cannot connect to 127.0.0.1:1883 (connection refused)",
    };
    static const struct mqc__client_failure closed = {
        .tag = "connection_closed",
        .text = "the broker closed the connection",
        .is_closed = true,
    };
    lock();
    *failure_out = script.is_reachable || client->was_connected ? closed : unreachable;
    unlock();
}

static void fake_traffic(const struct mqc__client *client, struct mqc__client_traffic *traffic_out)
{
    (void)client;
    *traffic_out = (struct mqc__client_traffic){.in_bytes = 3, .out_bytes = 5};
}

static bool fake_probe(const char *uri, unsigned timeout_ms)
{
    (void)uri;
    (void)timeout_ms;
    lock();
    totals.probes++;
    const bool is_reachable = script.is_reachable;
    unlock();
    return is_reachable;
}

bool fake_acknowledge(int reason)
{
    lock();
    const bool is_done = acknowledge_first(current, reason);
    unlock();
    return is_done;
}

void fake_acknowledge_token(int token)
{
    lock();
    if (current != NULL && current->is_connected)
        current->sink.acked(current->sink.context, token, 0);
    unlock();
}

void fake_lose(int reason)
{
    lock();
    lose(current, reason);
    unlock();
}

void fake_deliver(const char *topic, const char *payload)
{
    lock();
    struct mqc__mqtt_message message = {.topic = mqc_view_text(topic),
                                        .payload = mqc_view_text(payload)};
    if (current != NULL && current->request.holds_acks)
        message.ack = ++current->message_count;
    if (current != NULL && current->is_connected)
        current->sink.message(current->sink.context, &message);
    unlock();
}

void fake_unblock(void)
{
    lock();
    script.connect_blocks = false;
    pthread_cond_broadcast(&unblocked);
    unlock();
}

const struct mqc__client_ops *fake_ops(void)
{
    static const struct mqc__client_ops ops = {
        .create = fake_create,
        .connect = fake_connect,
        .subscribe = fake_subscribe,
        .unsubscribe = fake_unsubscribe,
        .publish = fake_publish,
        .handled = fake_handled,
        .disconnect = fake_disconnect,
        .free = fake_free,
        .failure = fake_failure,
        .traffic = fake_traffic,
        .probe = fake_probe,
    };
    return &ops;
}
