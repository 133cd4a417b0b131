/* Publishes from several threads, and says how long that took. */
#include "bench/clock.h"
#include "bench/durable.h"
#include "bench/pacing.h"

#include <pthread.h>
#include <stdatomic.h>

#define BUSY_PAUSE_NS (100 * NS_PER_US)
#define BUSY_NS (30 * NS_PER_S)

/* A spool that refuses for so long is full. */
#define FULL_NS (300 * NS_PER_MS)

/* Between looks at the clock of who publishes at an even rate. */
#define TICK_NS (1 * NS_PER_MS)

/* One thread that publishes. */
struct source {
    const struct durable_plan *plan;
    struct mqc_backend *backend;
    struct stream *stream;
    int64_t end_ns;
    uint64_t offered;    /* and taken */
    struct flow settled; /* of those: the disk has answered */
    atomic_uint_fast64_t failed;
    atomic_bool *is_drained; /* of who goes on until then */
    unsigned index;          /* of the stream */
    bool is_filling;         /* ends when the spool is full */
    bool is_full;
    bool has_failed;
    char topics[DURABLE_TOPICS_MOST][128];
};

static void on_done(void *context, enum mqc_error error)
{
    struct source *source = context;
    if (error != MQC_OK)
        (void)atomic_fetch_add(&source->failed, 1);
    flow_note(&source->settled);
}

/* Offers the next event once. */
static enum mqc_error offer(struct source *source)
{
    const unsigned topics = source->plan->topic_count;
    const struct durable_mark mark = {
        .number = (uint32_t)(source->offered / topics),
        .stream = (uint8_t)source->index,
        .topic = (uint8_t)(source->offered % topics),
    };
    struct mqc_value args[DURABLE_ARGS];
    struct mqc_event event;
    struct mqc_error_info info = {.code = MQC_OK};
    durable_fill(args, &mark);
    const struct mqc_view topic = mqc_view_text(source->topics[mark.topic]);
    if (mqc_make_event(source->backend, DURABLE_EVENT, args, DURABLE_ARGS, &event, &info) !=
            MQC_OK ||
        !(source->plan->is_async
              ? mqc_publish_async(source->backend, topic, &event, on_done, source, &info)
              : mqc_publish(source->backend, topic, &event, &info))) {
        if (info.code != MQC_EFULL)
            durable_complain("%s", info.text);
        return info.code;
    }
    source->offered++;
    return MQC_OK;
}

/* Offers it until it is taken. */
static bool publish(struct source *source)
{
    const int64_t limit_ns = source->is_filling ? FULL_NS : BUSY_NS;
    int64_t since_ns = 0;
    enum mqc_error error;
    while ((error = offer(source)) == MQC_EFULL) {
        const int64_t now_ns = clock_now_ns();
        if (since_ns == 0)
            since_ns = now_ns;
        else if (now_ns - since_ns > limit_ns)
            break;
        clock_sleep_until(now_ns + BUSY_PAUSE_NS);
    }
    source->is_full = error == MQC_EFULL;
    source->has_failed = error != MQC_OK && !(source->is_full && source->is_filling);
    return error == MQC_OK;
}

/* Half of a window is let drain once it is full, so that a sleep serves many events. */
static bool has_room(struct source *source)
{
    const struct durable_plan *plan = source->plan;
    struct flow *arrived = &source->stream->arrived;
    const uint64_t offered = source->offered;
    if (plan->is_async && offered >= flow_arrived(&source->settled) + plan->window &&
        !flow_wait(&source->settled, offered - plan->window / 2, DURABLE_PATIENCE_NS))
        return false;
    return plan->is_drain || offered < flow_arrived(arrived) + plan->ahead ||
           flow_wait(arrived, offered - plan->ahead / 2, DURABLE_PATIENCE_NS);
}

/* Waits until the disk has answered for all that was taken. */
static void settle(struct source *source)
{
    if (source->plan->is_async &&
        !flow_wait(&source->settled, source->offered, DURABLE_PATIENCE_NS)) {
        durable_complain("no answer for what was taken");
        source->has_failed = true;
    }
    source->stream->failed = atomic_load(&source->failed);
    source->stream->accepted = source->offered - source->stream->failed;
}

static void *flood(void *context)
{
    struct source *source = context;
    while (clock_now_ns() < source->end_ns && has_room(source) && publish(source))
        continue;
    settle(source);
    return NULL;
}

/* Goes on at an even rate; what is refused is gone. */
static void *go_on(void *context)
{
    struct source *source = context;
    struct pacing pacing;
    pacing_start(&pacing, clock_now_ns(), source->plan->per_s);
    while (!atomic_load(source->is_drained) && !source->has_failed) {
        const int64_t now_ns = clock_now_ns();
        for (uint64_t due = pacing_due(&pacing, now_ns); due > 0; due--) {
            const enum mqc_error error = offer(source);
            source->stream->refused += error == MQC_EFULL ? 1 : 0;
            source->has_failed = error != MQC_OK && error != MQC_EFULL;
            pacing.sent++;
        }
        clock_sleep_until(pacing_wake_ns(&pacing, now_ns, TICK_NS));
    }
    settle(source);
    return NULL;
}

static bool prepare(struct source *source, const struct durable_plan *plan, struct durable *durable,
                    unsigned index)
{
    source->plan = plan;
    source->index = index;
    source->stream = &durable->streams[index];
    source->is_filling = plan->is_drain;
    source->end_ns =
        plan->is_drain ? INT64_MAX : clock_now_ns() + (int64_t)(plan->seconds * (double)NS_PER_S);
    for (unsigned i = 0; i < plan->topic_count; i++)
        durable_topic(plan, i, source->topics[i]);
    return flow_init(&source->settled);
}

static bool run_threads(struct source *sources, unsigned count)
{
    pthread_t threads[STREAMS_MOST];
    unsigned started = 0;
    while (started < count &&
           pthread_create(&threads[started], NULL, flood, &sources[started]) == 0)
        started++;
    for (unsigned i = 0; i < started; i++)
        (void)pthread_join(threads[i], NULL);
    bool is_done = started == count;
    for (unsigned i = 0; i < started; i++)
        is_done = is_done && !sources[i].has_failed;
    return is_done;
}

/* Waits until all of the first streams have arrived; what has not is lost then. */
static void await_arrivals(struct durable *durable, unsigned count)
{
    bool has_come = true;
    for (unsigned i = 0; i < count && has_come; i++) {
        struct stream *stream = &durable->streams[i];
        has_come = flow_wait(&stream->arrived, stream->accepted, DURABLE_PATIENCE_NS);
    }
}

static bool publish_flood(const struct durable_plan *plan, struct durable *durable,
                          struct mqc_backend *backend)
{
    static struct source sources[STREAMS_MOST];
    bool is_done = durable_await_ready(backend);
    for (unsigned i = 0; i < plan->thread_count; i++) {
        is_done = is_done && prepare(&sources[i], plan, durable, i);
        sources[i].backend = backend;
    }
    const int64_t start_ns = clock_now_ns();
    is_done = is_done && run_threads(sources, plan->thread_count);
    durable->accepting_ns = clock_now_ns() - start_ns;
    if (is_done)
        await_arrivals(durable, plan->thread_count);
    return is_done;
}

static bool drain(const struct durable_plan *plan, struct durable *durable,
                  struct mqc_backend *backend)
{
    static struct source source;
    pthread_t thread;
    atomic_bool is_drained = false;
    if (!prepare(&source, plan, durable, plan->thread_count))
        return false;
    source.backend = backend;
    source.is_drained = &is_drained;
    const int64_t start_ns = clock_now_ns();
    if (pthread_create(&thread, NULL, go_on, &source) != 0)
        return false;
    (void)sem_post(&durable->is_spool_full);
    await_arrivals(durable, plan->thread_count);
    atomic_store(&is_drained, true);
    (void)pthread_join(thread, NULL);
    durable->accepting_ns = clock_now_ns() - start_ns;
    await_arrivals(durable, plan->thread_count + 1);
    return !source.has_failed;
}

static bool publish_drain(const struct durable_plan *plan, struct durable *durable,
                          struct mqc_backend *backend)
{
    static struct source sources[STREAMS_MOST];
    bool is_done = true;
    for (unsigned i = 0; i < plan->thread_count; i++) {
        is_done = is_done && prepare(&sources[i], plan, durable, i);
        sources[i].backend = backend;
    }
    if (!is_done || !run_threads(sources, plan->thread_count))
        return false;
    for (unsigned i = 0; i < plan->thread_count; i++)
        durable->backlog += durable->streams[i].accepted;
    return drain(plan, durable, backend);
}

bool durable_publish(const struct durable_plan *plan, struct durable *durable)
{
    struct usage start;
    while (sem_wait(&durable->may_publish) != 0)
        continue;
    struct mqc_backend *backend = durable_open(plan, DURABLE_PUBLISHER, NULL, NULL);
    if (backend == NULL)
        return false;
    usage_read(&start, &(struct usage){.cpu_s = 0});
    const bool is_done = plan->is_drain ? publish_drain(plan, durable, backend)
                                        : publish_flood(plan, durable, backend);
    usage_read(&durable->publisher, &start);
    /* The receiver still has to say how far it has come. */
    durable_close(&backend);
    (void)sem_post(&durable->is_over);
    return is_done;
}
