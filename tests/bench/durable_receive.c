/* Sees whether every stream arrives whole and in order. */
#include "bench/clock.h"
#include "bench/durable.h"

static void note_time(struct durable *durable, struct stream *stream)
{
    const int64_t now_ns = clock_now_ns();
    if (durable->first_ns == 0)
        durable->first_ns = now_ns;
    else if (now_ns - durable->last_ns > durable->max_gap_ns)
        durable->max_gap_ns = now_ns - durable->last_ns;
    durable->last_ns = now_ns;
    stream->last_ns = now_ns;
}

static void on_event(void *context, const struct mqc_message *message)
{
    struct durable *durable = context;
    const struct durable_mark mark = durable_read(message->event);
    struct stream *stream = &durable->streams[mark.stream % STREAMS_MOST];
    uint64_t *next = &stream->next[mark.topic % DURABLE_TOPICS_MOST];
    if (mark.number < *next) {
        stream->disordered++;
        return;
    }
    *next = (uint64_t)mark.number + 1;
    note_time(durable, stream);
    flow_note(&stream->arrived);
}

bool durable_receive(const struct durable_plan *plan, struct durable *durable)
{
    struct usage start;
    struct mqc_backend *backend = durable_open(plan, DURABLE_RECEIVER, on_event, durable);
    if (backend == NULL || !durable_await_ready(backend)) {
        durable_close(&backend);
        return false;
    }
    usage_read(&start, &(struct usage){.cpu_s = 0});
    (void)sem_post(&durable->is_receiver_ready);
    while (sem_wait(&durable->is_over) != 0)
        continue;
    usage_read(&durable->receiver, &start);
    durable_close(&backend);
    return true;
}
