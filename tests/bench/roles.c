#include "bench/roles.h"

#include "bench/bench.h"
#include "bench/clock.h"
#include "bench/payload.h"

#include <stdio.h>
#include <stdlib.h>

#define TOPIC_THERE "bench/there"
#define TOPIC_BACK "bench/back"

/* One side of a pair with its session. */
struct role {
    const struct plan *plan;
    struct pair *pair;
    struct flow *arriving;
    struct subject_settings settings;
    char cluster[128]; /* each publisher has one of its own */
    char receiver_name[32];
    void *session;
    uint64_t strange_count; /* payloads that nobody sent */
};

static bool wants_reply(const struct role *role, unsigned phase)
{
    const struct bench *bench = role->plan->bench;
    return bench->reply_phase != 0 && phase == bench->asking_phase;
}

static void take_message(void *context, const void *payload, size_t size)
{
    struct role *role = context;
    const int64_t now_ns = clock_now_ns();
    struct payload_head head;
    if (!payload_read(payload, size, &head) || head.phase >= PHASES_MOST) {
        role->strange_count++;
        return;
    }
    struct phase *phase = &role->pair->phases[head.phase];
    if (!arrivals_note(&phase->arrivals, head.sequence, now_ns))
        return;
    histogram_add(&phase->latency_ns, (uint64_t)(now_ns - head.sent_ns));
    flow_note(role->arriving);
    if (wants_reply(role, head.phase))
        (void)sem_post(&role->pair->receiver_work);
}

static enum exit_status role_connect(struct role *role, unsigned index)
{
    const struct plan *plan = role->plan;
    const unsigned number = index % plan->receiver_count;
    (void)snprintf(role->cluster, sizeof role->cluster, "%s-%u", plan->settings.cluster,
                   index - number);
    (void)snprintf(role->receiver_name, sizeof role->receiver_name, RECEIVER_NAME, number);
    role->settings.cluster = role->cluster;
    if (role->settings.name == NULL)
        role->settings.name = role->receiver_name;
    role->settings.on_message = take_message;
    role->settings.context = role;
    switch (subject.connect(&role->settings, &role->session)) {
    case SUBJECT_DONE: return EXIT_MEASURED;
    case SUBJECT_UNSUPPORTED: return EXIT_UNSUPPORTED;
    default: return EXIT_FAILED;
    }
}

/* Disconnects; a payload that nobody sent makes a failure of what was none. */
static enum exit_status role_close(struct role *role, enum exit_status status)
{
    subject.close(role->session);
    if (role->strange_count == 0)
        return status;
    subject_complain("%llu messages arrived that nobody sent",
                     (unsigned long long)role->strange_count);
    return EXIT_FAILED;
}

static void wait_for(sem_t *semaphore)
{
    /* Without end: the main process looks at the time. */
    while (sem_wait(semaphore) != 0)
        continue;
}

/* Gives replies until the publisher says that it is over. */
static bool give_replies(struct role *role, struct publisher *replies)
{
    for (;;) {
        wait_for(&role->pair->receiver_work);
        if (atomic_load(&role->pair->is_over))
            return true;
        if (!publisher_send(replies, role->plan->payload_bytes))
            return false;
    }
}

enum exit_status receiver_run(const struct plan *plan, struct pair *pair, unsigned index)
{
    struct role role = {
        .plan = plan, .pair = pair, .arriving = &pair->there, .settings = plan->settings};
    struct publisher replies = {.plan = plan, .pair = pair, .phase = plan->bench->reply_phase};
    struct usage before = {.cpu_s = 0};
    role.settings.publish_topic = TOPIC_BACK;
    role.settings.subscribe_topic = TOPIC_THERE;
    const enum exit_status status = role_connect(&role, index);
    if (status != EXIT_MEASURED)
        return status;
    usage_read(&before, &(struct usage){.cpu_s = 0});
    (void)sem_post(&pair->is_receiver_ready);
    replies.session = role.session;
    const bool is_done =
        publisher_open(&replies, plan->payload_bytes) && give_replies(&role, &replies);
    usage_read(&pair->receiver, &before);
    publisher_close(&replies);
    return role_close(&role, is_done ? EXIT_MEASURED : EXIT_FAILED);
}

static bool publish(struct publisher *publisher)
{
    struct usage before = {.cpu_s = 0};
    usage_read(&before, &(struct usage){.cpu_s = 0});
    const bool is_done = publisher->plan->bench->publish(publisher);
    usage_read(&publisher->pair->publisher, &before);
    return is_done;
}

enum exit_status publisher_run(const struct plan *plan, struct pair *pair, unsigned index)
{
    struct role role = {
        .plan = plan, .pair = pair, .arriving = &pair->back, .settings = plan->settings};
    struct publisher publisher = {.plan = plan, .pair = pair, .index = index};
    role.settings.name = PUBLISHER_NAME;
    role.settings.publish_topic = TOPIC_THERE;
    role.settings.subscribe_topic = plan->bench->reply_phase != 0 ? TOPIC_BACK : NULL;
    const enum exit_status status = role_connect(&role, index);
    if (status != EXIT_MEASURED)
        return status;
    for (unsigned i = 0; i < plan->receiver_count; i++)
        wait_for(&pair[i].is_receiver_ready);
    publisher.session = role.session;
    const bool is_done =
        publisher_open(&publisher, plan->settings.max_payload_bytes) && publish(&publisher);
    for (unsigned i = 0; i < plan->receiver_count; i++) {
        atomic_store(&pair[i].is_over, true);
        (void)sem_post(&pair[i].receiver_work);
    }
    publisher_close(&publisher);
    return role_close(&role, is_done ? EXIT_MEASURED : EXIT_FAILED);
}
