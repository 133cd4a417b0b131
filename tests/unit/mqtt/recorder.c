#include "unit/mqtt/recorder.h"

#include "support/suite.h"
#include "unit/mqtt/envelope_double.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

void recorder_init(struct recorder *recorder)
{
    *recorder = (struct recorder){0};
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&recorder->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&recorder->mutex, NULL);
}

static void free_lines(char **lines, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(lines[i]);
    free(lines);
}

void recorder_fini(struct recorder *recorder)
{
    free_lines(recorder->messages, recorder->message_count);
    free_lines(recorder->errors, recorder->error_count);
    free(recorder->acks);
    (void)pthread_cond_destroy(&recorder->changed);
    (void)pthread_mutex_destroy(&recorder->mutex);
}

/* Appends "first second"; doubles the room when the count is a power of two. */
static void append_line(char ***lines, size_t *count, struct mqc_view first, struct mqc_view second)
{
    if ((*count & (*count - 1)) == 0) {
        char **larger = realloc(*lines, (*count != 0 ? *count * 2 : 1) * sizeof **lines);
        if (larger == NULL)
            abort();
        *lines = larger;
    }
    char *line = calloc(1, first.size + second.size + 2);
    if (line == NULL)
        abort();
    memcpy(line, first.data, first.size);
    line[first.size] = ' ';
    if (second.size != 0)
        memcpy(line + first.size + 1, second.data, second.size);
    (*lines)[(*count)++] = line;
}

static void append_ack(struct recorder *recorder, uint64_t ack)
{
    const size_t count = recorder->message_count;
    if ((count & (count - 1)) == 0) {
        uint64_t *larger =
            realloc(recorder->acks, (count != 0 ? count * 2 : 1) * sizeof *recorder->acks);
        if (larger == NULL)
            abort();
        recorder->acks = larger;
    }
    recorder->acks[count] = ack;
}

static void record_message(void *context, const struct mqc__mqtt_message *message)
{
    struct recorder *recorder = context;
    pthread_mutex_lock(&recorder->mutex);
    append_ack(recorder, message->ack);
    append_line(&recorder->messages, &recorder->message_count, message->topic, message->payload);
    recorder->last_expiry_s = message->expiry_s;
    recorder->was_last_retained = message->is_retained;
    recorder->blocked_count += recorder->is_blocked ? 1 : 0;
    pthread_cond_broadcast(&recorder->changed);
    while (recorder->is_blocked)
        pthread_cond_wait(&recorder->changed, &recorder->mutex);
    const bool is_handled = !recorder->keeps_acks;
    pthread_mutex_unlock(&recorder->mutex);
    if (is_handled)
        mqc__session_handled(recorder->session, message->ack);
}

static void record_filters(void *context, const char *const *filters, size_t count)
{
    struct recorder *recorder = context;
    pthread_mutex_lock(&recorder->mutex);
    for (size_t i = 0; i <= count; i++) {
        const size_t used = strlen(recorder->filters);
        (void)snprintf(recorder->filters + used, sizeof recorder->filters - used,
                       i < count ? "%s " : "%s", i < count ? filters[i] : "|");
    }
    pthread_cond_broadcast(&recorder->changed);
    pthread_mutex_unlock(&recorder->mutex);
}

static void record_state(void *context, enum mqc__session_state state)
{
    struct recorder *recorder = context;
    pthread_mutex_lock(&recorder->mutex);
    if (recorder->state_count < sizeof recorder->states / sizeof recorder->states[0])
        recorder->states[recorder->state_count++] = state;
    pthread_cond_broadcast(&recorder->changed);
    pthread_mutex_unlock(&recorder->mutex);
}

static void record_tick(void *context, int64_t now_ms)
{
    struct recorder *recorder = context;
    (void)now_ms;
    pthread_mutex_lock(&recorder->mutex);
    recorder->tick_count++;
    pthread_cond_broadcast(&recorder->changed);
    pthread_mutex_unlock(&recorder->mutex);
}

static struct mqc_view give_will(void *context)
{
    const struct recorder *recorder = context;
    return mqc_view_text(recorder->will);
}

static void record_announced(void *context)
{
    struct recorder *recorder = context;
    pthread_mutex_lock(&recorder->mutex);
    recorder->announced_count++;
    pthread_cond_broadcast(&recorder->changed);
    pthread_mutex_unlock(&recorder->mutex);
}

static void record_answered(void *context, bool is_refused)
{
    struct recorder *recorder = context;
    pthread_mutex_lock(&recorder->mutex);
    recorder->answered_count++;
    recorder->refused_count += is_refused;
    pthread_cond_broadcast(&recorder->changed);
    pthread_mutex_unlock(&recorder->mutex);
}

static void say_farewell(void *context)
{
    const struct recorder *recorder = context;
    if (recorder->farewell != NULL)
        CHECK_INT(mqc__session_announce(recorder->session, mqc_view_text(recorder->farewell), true),
                  MQC_OK);
}

static void record_error(void *context, const char *tag, const char *text)
{
    struct recorder *recorder = context;
    pthread_mutex_lock(&recorder->mutex);
    append_line(&recorder->errors, &recorder->error_count, mqc_view_text(tag), mqc_view_text(text));
    pthread_cond_broadcast(&recorder->changed);
    pthread_mutex_unlock(&recorder->mutex);
}

struct mqc__session_events recorder_events(struct recorder *recorder)
{
    return (struct mqc__session_events){.context = recorder,
                                        .message = record_message,
                                        .state = record_state,
                                        .will = give_will,
                                        .announced = record_announced,
                                        .answered = record_answered,
                                        .filters = record_filters,
                                        .leaving = say_farewell,
                                        .tick = record_tick,
                                        .error = record_error};
}

/* A thing to wait for. */
struct wish {
    size_t messages;
    const char *tag;
    enum mqc__session_state state;
    size_t states;
    size_t ticks;
    bool is_blocked;
    const char *filters;
    const char *last_filters;
};

static size_t count_errors_locked(const struct recorder *recorder, const char *tag)
{
    size_t count = 0;
    const size_t size = strlen(tag);
    for (size_t i = 0; i < recorder->error_count; i++) {
        const char *line = recorder->errors[i];
        count += strncmp(line, tag, size) == 0 && line[size] == ' ' ? 1 : 0;
    }
    return count;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t size = strlen(text);
    const size_t end_size = strlen(end);
    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

static bool is_fulfilled_locked(const struct recorder *recorder, const struct wish *wish)
{
    size_t states = 0;
    for (size_t i = 0; i < recorder->state_count; i++)
        states += recorder->states[i] == wish->state ? 1 : 0;
    return recorder->message_count >= wish->messages && states >= wish->states &&
           recorder->tick_count >= wish->ticks &&
           (wish->tag == NULL || count_errors_locked(recorder, wish->tag) > 0) &&
           (wish->filters == NULL || strcmp(recorder->filters, wish->filters) == 0) &&
           (wish->last_filters == NULL || ends_with(recorder->filters, wish->last_filters)) &&
           (!wish->is_blocked || recorder->blocked_count > 0);
}

static bool wait_for(struct recorder *recorder, struct wish wish)
{
    struct timespec deadline;
    (void)clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += RECORDER_PATIENCE_MS / 1000;
    int error = 0;
    pthread_mutex_lock(&recorder->mutex);
    while (!is_fulfilled_locked(recorder, &wish) && error == 0)
        error = pthread_cond_timedwait(&recorder->changed, &recorder->mutex, &deadline);
    pthread_mutex_unlock(&recorder->mutex);
    return error == 0;
}

bool recorder_wait_messages(struct recorder *recorder, size_t count)
{
    return wait_for(recorder, (struct wish){.messages = count});
}

bool recorder_wait_error(struct recorder *recorder, const char *tag)
{
    return wait_for(recorder, (struct wish){.tag = tag});
}

bool recorder_wait_state(struct recorder *recorder, enum mqc__session_state state)
{
    return recorder_wait_states(recorder, state, 1);
}

bool recorder_wait_states(struct recorder *recorder, enum mqc__session_state state, size_t count)
{
    return wait_for(recorder, (struct wish){.state = state, .states = count});
}

bool recorder_wait_ticks(struct recorder *recorder, size_t count)
{
    return wait_for(recorder, (struct wish){.ticks = count});
}

bool recorder_wait_blocked(struct recorder *recorder)
{
    return wait_for(recorder, (struct wish){.is_blocked = true});
}

bool recorder_wait_filters(struct recorder *recorder, const char *filters)
{
    return wait_for(recorder, (struct wish){.filters = filters});
}

bool recorder_wait_last_filters(struct recorder *recorder, const char *filters)
{
    return wait_for(recorder, (struct wish){.last_filters = filters});
}

uint64_t recorder_ack(struct recorder *recorder, size_t index)
{
    pthread_mutex_lock(&recorder->mutex);
    const uint64_t ack = index < recorder->message_count ? recorder->acks[index] : 0;
    pthread_mutex_unlock(&recorder->mutex);
    return ack;
}

size_t recorder_count_errors(struct recorder *recorder, const char *tag)
{
    pthread_mutex_lock(&recorder->mutex);
    const size_t count = count_errors_locked(recorder, tag);
    pthread_mutex_unlock(&recorder->mutex);
    return count;
}

size_t recorder_count_messages(struct recorder *recorder)
{
    pthread_mutex_lock(&recorder->mutex);
    const size_t count = recorder->message_count;
    pthread_mutex_unlock(&recorder->mutex);
    return count;
}

size_t recorder_count_ticks(struct recorder *recorder)
{
    pthread_mutex_lock(&recorder->mutex);
    const size_t count = recorder->tick_count;
    pthread_mutex_unlock(&recorder->mutex);
    return count;
}

const char *recorder_error(struct recorder *recorder, const char *tag)
{
    const char *found = "";
    const size_t size = strlen(tag);
    pthread_mutex_lock(&recorder->mutex);
    for (size_t i = 0; i < recorder->error_count; i++) {
        if (strncmp(recorder->errors[i], tag, size) == 0 && recorder->errors[i][size] == ' ')
            found = recorder->errors[i] + size + 1;
    }
    pthread_mutex_unlock(&recorder->mutex);
    return found;
}

void recorder_block(struct recorder *recorder, bool is_blocked)
{
    pthread_mutex_lock(&recorder->mutex);
    recorder->is_blocked = is_blocked;
    pthread_cond_broadcast(&recorder->changed);
    pthread_mutex_unlock(&recorder->mutex);
}

struct mqc__session_options test_session_options(const char *const *uris, size_t uri_count)
{
    return (struct mqc__session_options){
        .uris = uris,
        .uri_count = uri_count,
        .client_id = "mqc-test",
        .instance = "i",
        .node = "n",
        .version = MQC__MQTT_AUTO,
        .keep_alive_s = 60,
        .connect_timeout_ms = 20000,
        .backoff_min_ms = 5,
        .backoff_max_ms = 50,
        .in_flight_max = 16,
        .in_flight_bytes_max = 1 << 20,
        .outbox_events_max = 100000,
        .outbox_bytes_max = 64 << 20,
        .batch_events_max = 100,
        .batch_bytes_max = 60000,
        .when_full = MQC__WHEN_FULL_REFUSE,
    };
}

struct mqc__session *test_session_open(const struct mqc__session_options *options,
                                       struct recorder *recorder,
                                       const struct mqc__client_ops *client)
{
    const struct mqc__session_events events = recorder_events(recorder);
    struct mqc__session *session = NULL;
    struct mqc_error_info info = {.code = MQC_OK};
    if (mqc__session_new(options, &events, client, &session, &info) != MQC_OK)
        (void)fprintf(stderr, "session: %s\n", info.text);
    REQUIRE(session != NULL);
    recorder->session = session;
    REQUIRE(mqc__session_open(session) == MQC_OK);
    return session;
}

enum mqc_error test_session_publish(struct mqc__session *session, const char *topic,
                                    const char *event)
{
    return mqc__session_publish(session, mqc_view_text(topic), MQC__QOS_1, mqc_view_text(event));
}

/* Reads the events of one envelope; *next is the number that is expected. */
static bool receive_events(const struct envelope_double *envelope, uint64_t *next, size_t *count,
                           size_t *missing)
{
    uint64_t sequence = envelope->first_sequence;
    const char *at = envelope->events.data;
    const char *end = at + envelope->events.size;
    for (; at < end; sequence++) {
        char *behind = NULL;
        const unsigned long long number = strtoull(at, &behind, 10);
        if (behind == NULL || *behind != ';' || number != sequence)
            return false;
        at = behind + 1;
        if (sequence < *next)
            continue;
        *missing += sequence - *next;
        *next = sequence + 1;
        (*count)++;
    }
    return true;
}

size_t recorder_receive(struct recorder *recorder, const char *topic, size_t *missing_out)
{
    size_t count = 0;
    uint64_t next = 1;
    bool is_good = true;
    const size_t size = strlen(topic);
    *missing_out = 0;
    pthread_mutex_lock(&recorder->mutex);
    for (size_t i = 0; i < recorder->message_count && is_good; i++) {
        const char *line = recorder->messages[i];
        struct envelope_double envelope;
        if (strncmp(line, topic, size) != 0 || line[size] != ' ')
            continue;
        is_good = envelope_double_read(mqc_view_text(line + size + 1), &envelope) &&
                  receive_events(&envelope, &next, &count, missing_out);
    }
    pthread_mutex_unlock(&recorder->mutex);
    CHECK(is_good);
    return count;
}
