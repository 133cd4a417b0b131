/*
 * The sender of the crash test: publishes numbered events from several threads until it is killed,
 * and logs each before and after it was accepted.
 *     crash_sender CONFIG FOLDER NAME START THREADS RATE TOPIC...
 * RATE: events in a second, all threads together; every other thread does not wait for each event
 * to be accepted. On "rest" the threads stop, each after one last
 * event on every topic, and it answers "resting"; "go" lets them go on; it answers "quit" by "done"
 * when everything that was accepted is with the broker, else by "left over".
 */
#include "crash/node.h"
#include "crash/record.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 16
#define TOPICS_MAX 16
#define BURST_MAX 40
#define PADDING_MAX 20000
#define FULL_PAUSE_US 1000
#define PENDING_MAX 64

struct sender;
struct publisher;

/* An event that is not accepted yet. */
struct pending {
    struct publisher *publisher;
    struct crash_record record;
};

struct publisher {
    struct sender *sender;
    pthread_t thread;
    unsigned index;
    bool is_async;
    sem_t places;                 /* for events that are pending */
    unsigned random;              /* state of rand_r() */
    uint32_t numbers[TOPICS_MAX]; /* the last one of each topic */
    int64_t due_ns;               /* when the next burst is to go */
};

struct sender {
    struct crash_node node;
    struct mqc_view topics[TOPICS_MAX];
    unsigned topic_count;
    unsigned thread_count;
    unsigned rate; /* of one thread */
    struct publisher publishers[THREADS_MAX];
    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t changed;
    unsigned resting_count;
    unsigned command_count; /* those that came */
    bool is_resting;
    bool is_quitting;
};

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void sleep_until(int64_t ns)
{
    const struct timespec until = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static unsigned below(struct publisher *publisher, unsigned limit)
{
    return (unsigned)rand_r(&publisher->random) % limit;
}

/* Most events are small, some fill a batch by themselves. */
static size_t padding_size(struct publisher *publisher)
{
    const unsigned kind = below(publisher, 100);
    return below(publisher, kind == 0 ? PADDING_MAX : kind < 10 ? PADDING_MAX / 10 : 200);
}

static void log_or_exit(const struct publisher *publisher, struct crash_record record)
{
    if (crash_log_append(publisher->sender->node.log, record))
        return;
    crash_node_answer(&publisher->sender->node, "the log cannot be written");
    _exit(EXIT_FAILURE);
}

/* Logs that an event was accepted; on a thread of the backend, or on our own. */
static void on_done(void *context, enum mqc_error error)
{
    struct pending *pending = context;
    struct publisher *publisher = pending->publisher;
    if (error != MQC_OK) {
        const struct mqc_error_info info = {.code = error};
        (void)crash_node_complain(&publisher->sender->node, "publish", &info);
        _exit(EXIT_FAILURE);
    }
    pending->record.kind = CRASH_KIND_ACCEPTED;
    log_or_exit(publisher, pending->record);
    free(pending);
    (void)sem_post(&publisher->places);
}

static bool publish_once(struct pending *pending, struct mqc_view topic,
                         const struct mqc_event *event, struct mqc_error_info *info)
{
    struct mqc_backend *backend = pending->publisher->sender->node.backend;
    if (pending->publisher->is_async)
        return mqc_publish_async(backend, topic, event, on_done, pending, info);
    if (!mqc_publish(backend, topic, event, info))
        return false;
    on_done(pending, MQC_OK);
    return true;
}

/* Publishes until it is taken: while there is no room, again and again. */
static void publish(struct pending *pending, struct mqc_view padding)
{
    const struct sender *sender = pending->publisher->sender;
    const struct crash_record *record = &pending->record;
    const struct mqc_value args[CRASH_ARGS] = {mqc_count(record->start), mqc_count(record->thread),
                                               mqc_count(record->topic), mqc_count(record->number),
                                               mqc_string(padding)};
    const struct mqc_view topic = sender->topics[record->topic];
    struct mqc_event event;
    struct mqc_error_info info;
    while (mqc_make_event(sender->node.backend, CRASH_EVENT, args, CRASH_ARGS, &event, &info) !=
               MQC_OK ||
           !publish_once(pending, topic, &event, &info)) {
        if (info.code != MQC_EFULL) {
            (void)crash_node_complain(&sender->node, "publish", &info);
            _exit(EXIT_FAILURE);
        }
        (void)usleep(FULL_PAUSE_US);
    }
}

static struct pending *next_pending(struct publisher *publisher, unsigned topic)
{
    while (sem_wait(&publisher->places) != 0)
        continue;
    struct pending *pending = malloc(sizeof *pending);
    if (pending == NULL)
        _exit(EXIT_FAILURE);
    *pending = (struct pending){.publisher = publisher,
                                .record = {.kind = CRASH_KIND_INTENT,
                                           .start = publisher->sender->node.start,
                                           .thread = (uint16_t)publisher->index,
                                           .topic = (uint16_t)topic,
                                           .number = ++publisher->numbers[topic]}};
    return pending;
}

static void publish_next(struct publisher *publisher, unsigned topic)
{
    static _Thread_local char padding[PADDING_MAX];
    struct pending *pending = next_pending(publisher, topic);
    const size_t size = padding_size(publisher);
    memset(padding, (char)('a' + pending->record.number % 26), size);
    log_or_exit(publisher, pending->record);
    publish(pending, mqc_view_bytes(padding, size));
}

/* Waits until everything that was published is accepted. */
static void settle(struct publisher *publisher)
{
    for (unsigned i = 0; i < PENDING_MAX; i++) {
        while (sem_wait(&publisher->places) != 0)
            continue;
    }
    for (unsigned i = 0; i < PENDING_MAX; i++)
        (void)sem_post(&publisher->places);
}

/* Ends the load of this thread for as long as the harness wants. False: for ever. */
static bool rest_if_told(struct publisher *publisher)
{
    struct sender *sender = publisher->sender;
    (void)pthread_mutex_lock(&sender->mutex);
    const bool is_told = sender->is_resting;
    const unsigned command = sender->command_count;
    (void)pthread_mutex_unlock(&sender->mutex);
    for (unsigned topic = 0; is_told && topic < sender->topic_count; topic++)
        publish_next(publisher, topic);
    if (is_told)
        settle(publisher);
    (void)pthread_mutex_lock(&sender->mutex);
    if (is_told && ++sender->resting_count == sender->thread_count)
        crash_node_answer(&sender->node, "resting");
    while (is_told && sender->command_count == command)
        (void)pthread_cond_wait(&sender->changed, &sender->mutex);
    const bool goes_on = !sender->is_quitting;
    (void)pthread_mutex_unlock(&sender->mutex);
    return goes_on;
}

/* Bursts of random length, so that queues fill and empty; on average as fast as the rate. */
static void *run(void *context)
{
    struct publisher *publisher = context;
    const struct sender *sender = publisher->sender;
    publisher->due_ns = now_ns();
    while (rest_if_told(publisher)) {
        const unsigned count = 1 + below(publisher, BURST_MAX);
        for (unsigned i = 0; i < count; i++)
            publish_next(publisher, below(publisher, sender->topic_count));
        publisher->due_ns += count * INT64_C(1000000000) / sender->rate;
        if (publisher->due_ns > now_ns())
            sleep_until(publisher->due_ns);
        else
            publisher->due_ns = now_ns(); /* what was held back is not made up for */
    }
    return NULL;
}

static void tell(struct sender *sender, bool is_resting, bool is_quitting)
{
    (void)pthread_mutex_lock(&sender->mutex);
    sender->is_resting = is_resting;
    sender->is_quitting = is_quitting;
    sender->resting_count = 0;
    sender->command_count++;
    (void)pthread_cond_broadcast(&sender->changed);
    (void)pthread_mutex_unlock(&sender->mutex);
}

static void serve(struct sender *sender)
{
    char line[16];
    for (;;) {
        if (!crash_node_wait_for_command(&sender->node, line, sizeof line))
            continue;
        const bool is_quitting = strcmp(line, "quit") == 0;
        tell(sender, strcmp(line, "rest") == 0, is_quitting);
        if (is_quitting)
            return;
    }
}

static bool start_threads(struct sender *sender)
{
    for (unsigned i = 0; i < sender->thread_count; i++) {
        struct publisher *publisher = &sender->publishers[i];
        publisher->sender = sender;
        publisher->index = i;
        publisher->is_async = i % 2 == 1;
        (void)sem_init(&publisher->places, 0, PENDING_MAX);
        publisher->random = sender->node.start * THREADS_MAX + i;
        if (pthread_create(&publisher->thread, NULL, run, publisher) != 0)
            return false;
    }
    return true;
}

static bool take_options(struct sender *sender, char **arguments)
{
    sender->thread_count = (unsigned)strtoul(arguments[0], NULL, 10);
    if (sender->thread_count == 0 || sender->thread_count > THREADS_MAX)
        return false;
    sender->rate = (unsigned)strtoul(arguments[1], NULL, 10) / sender->thread_count;
    for (arguments += 2; *arguments != NULL && sender->topic_count < TOPICS_MAX; arguments++)
        sender->topics[sender->topic_count++] = mqc_view_text(*arguments);
    return sender->rate > 0 && sender->topic_count > 0 && *arguments == NULL;
}

int main(int argc, char **argv)
{
    static struct sender sender = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                                   .changed = PTHREAD_COND_INITIALIZER};
    struct mqc_error_info info = {.code = MQC_OK};
    if (argc < CRASH_USAGE_COUNT + 4 || !take_options(&sender, argv + 1 + CRASH_USAGE_COUNT)) {
        (void)fprintf(stderr, "Usage: crash_sender " CRASH_USAGE " THREADS RATE TOPIC...\n");
        return 2;
    }
    if (!crash_node_open(&sender.node, argv + 1))
        return EXIT_FAILURE;
    if (mqc_backend_init(sender.node.backend, NULL, &info) != MQC_OK || !start_threads(&sender)) {
        (void)crash_node_complain(&sender.node, "init", &info);
        _exit(EXIT_FAILURE);
    }
    serve(&sender);
    for (unsigned i = 0; i < sender.thread_count; i++)
        (void)pthread_join(sender.publishers[i].thread, NULL);
    crash_node_answer(&sender.node, crash_node_free(&sender.node) == 0 ? "done" : "left over");
    return EXIT_SUCCESS;
}
