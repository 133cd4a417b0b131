#include "bench/publisher.h"

#include "bench/pacing.h"
#include "bench/payload.h"

#include <stdlib.h>

#define BUSY_PAUSE_NS (100 * NS_PER_US)
#define BUSY_S 30

/* What is due within this time is sent together: a sleep for each message would take the processor
 * from what is measured. */
#define TICK_NS (100 * NS_PER_US)

bool publisher_open(struct publisher *publisher, size_t size)
{
    publisher->payload = malloc(size);
    if (publisher->payload == NULL)
        return false;
    payload_fill(publisher->payload, size);
    return true;
}

void publisher_close(struct publisher *publisher)
{
    free(publisher->payload);
    publisher->payload = NULL;
}

void publisher_begin(struct publisher *publisher, unsigned phase)
{
    publisher->phase = phase;
}

/* Says whether one more message may be sent in this phase, when all receivers are near enough.
 * Half of the window is let drain once it is full, so that a sleep serves many messages. */
static bool has_room(const struct publisher *publisher, size_t size)
{
    const struct plan *plan = publisher->plan;
    const uint64_t window = flow_window(size, plan->max_messages, plan->max_bytes);
    if (publisher->pair->phases[publisher->phase].accepted >= ARRIVALS_LIMIT)
        return false;
    for (unsigned i = 0; i < plan->receiver_count; i++) {
        struct flow *flow = &publisher->pair[i].there;
        if (publisher->sent >= flow_arrived(flow) + window &&
            !flow_wait(flow, publisher->sent - window / 2, PATIENCE_NS))
            return false;
    }
    return true;
}

/* Offers a message until the subject takes it. */
static bool offer(const struct publisher *publisher, unsigned topic, size_t size)
{
    const int64_t deadline_ns = clock_now_ns() + BUSY_S * NS_PER_S;
    for (;;) {
        const enum subject_result result =
            subject.publish(publisher->session, topic, publisher->payload, size);
        if (result != SUBJECT_BUSY)
            return result == SUBJECT_DONE;
        if (clock_now_ns() > deadline_ns)
            break;
        clock_sleep_until(clock_now_ns() + BUSY_PAUSE_NS);
    }
    subject_complain("no room for a message for %d seconds", BUSY_S);
    return false;
}

/* A big message has the last topic to itself, if there are several: one topic keeps its order. */
static unsigned topic_of(const struct plan *plan, uint64_t sequence, size_t size)
{
    const unsigned last = plan->settings.topic_count - 1;
    if (plan->big_bytes == 0 || last == 0)
        return (unsigned)(sequence % plan->settings.topic_count);
    return size == plan->big_bytes ? last : (unsigned)(sequence % last);
}

bool publisher_send(struct publisher *publisher, size_t size)
{
    struct phase *phase = &publisher->pair->phases[publisher->phase];
    const struct payload_head head = {.sequence = phase->accepted,
                                      .sent_ns = clock_now_ns(),
                                      .phase = publisher->phase,
                                      .size = (uint32_t)size};
    payload_write(publisher->payload, &head);
    if (!offer(publisher, topic_of(publisher->plan, head.sequence, size), size))
        return false;
    phase->accepted++;
    publisher->sent++;
    return true;
}

bool publisher_flood(struct publisher *publisher, size_t size, int64_t end_ns)
{
    while (clock_now_ns() < end_ns && has_room(publisher, size)) {
        if (!publisher_send(publisher, size))
            return false;
    }
    return true;
}

bool publisher_pace(struct publisher *publisher, size_t size, double per_s, int64_t end_ns)
{
    struct pacing pacing;
    pacing_start(&pacing, clock_now_ns(), per_s);
    for (int64_t now_ns; (now_ns = clock_now_ns()) < end_ns;) {
        if (pacing_due(&pacing, now_ns) == 0) {
            clock_sleep_until(pacing_wake_ns(&pacing, now_ns, TICK_NS));
            continue;
        }
        if (!has_room(publisher, size))
            break;
        if (!publisher_send(publisher, size))
            return false;
        pacing.sent++;
    }
    return true;
}

void publisher_drain(struct publisher *publisher)
{
    const uint64_t sent = publisher->sent;
    for (unsigned i = 0; i < publisher->plan->receiver_count; i++) {
        struct flow *flow = &publisher->pair[i].there;
        if (!flow_wait(flow, sent, PATIENCE_NS) && flow_arrived(flow) < publisher->sent)
            publisher->sent = flow_arrived(flow);
    }
}
