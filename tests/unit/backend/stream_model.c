#include "stream_model.h"

#include <limits.h>
#include <stddef.h>

void model_require(struct model *model, bool holds, const char *rule)
{
    if (!holds && model->violation == NULL)
        model->violation = rule;
}

void model_push(struct model_queue *queue, struct model_message message)
{
    if (queue->count < MODEL_QUEUE)
        queue->at[queue->count++] = message;
}

struct model_message model_take(struct model_queue *queue, unsigned place)
{
    const struct model_message message = queue->at[place];
    queue->count--;
    for (unsigned i = place; i < queue->count; i++)
        queue->at[i] = queue->at[i + 1];
    queue->at[queue->count] = (struct model_message){.instance = 0};
    return message;
}

void model_begin(const struct model *model, struct model_world *world)
{
    *world = (struct model_world){
        .faults = (uint8_t)model->config.faults,
        .ticks = (uint8_t)model->config.ticks,
    };
    for (unsigned i = 0; i < MODEL_RECEIVERS; i++)
        for (unsigned k = 0; k < MODEL_INSTANCES; k++)
            mqc__stream_in_init(&world->in[i][k].machine);
}

/* --- What may happen. ---------------------------------------------------------------------- */

struct list {
    struct model_action *actions;
    unsigned count;
};

static void add(struct list *list, enum model_action_kind kind, unsigned a, unsigned b, unsigned c)
{
    if (list->count < MODEL_ACTIONS_MAX)
        list->actions[list->count++] =
            (struct model_action){(uint8_t)kind, (uint8_t)a, (uint8_t)b, (uint8_t)c};
}

/* All queues by number. */
static struct model_queue *queue_of(struct model_world *world, unsigned number)
{
    if (number < MODEL_RECEIVERS)
        return &world->events[number];
    if (number < 2 * MODEL_RECEIVERS)
        return &world->repeats[number - MODEL_RECEIVERS];
    return &world->receipts;
}

#define QUEUES (2 * MODEL_RECEIVERS + 1)

static bool may_pass(const struct model_world *world, int64_t due_ms)
{
    return due_ms <= world->now_ms || (due_ms != MQC__STREAM_OUT_NEVER && world->ticks != 0);
}

static void add_timers(const struct model *model, const struct model_world *world,
                       struct list *list)
{
    for (unsigned i = 0; i <= world->instance; i++) {
        if (world->out[i].is_known &&
            may_pass(world, mqc__stream_out_due_ms(&world->out[i].machine)))
            add(list, MODEL_PROBE, i, 0, 0);
        for (unsigned k = 0; k < model->config.receivers; k++)
            if (may_pass(world, mqc__stream_in_due_ms(&world->in[k][i].machine)))
                add(list, MODEL_TELL, k, i, 0);
    }
}

static void add_messages(const struct model *model, const struct model_world *world,
                         struct list *list)
{
    for (unsigned i = 0; i < model->config.receivers; i++) {
        if (world->events[i].count != 0)
            add(list, MODEL_TAKE_EVENTS, i, 0, 0);
        if (world->repeats[i].count != 0)
            add(list, MODEL_TAKE_REPEAT, i, 0, 0);
    }
    if (world->receipts.count != 0)
        add(list, MODEL_TAKE_RECEIPT, 0, 0, 0);
}

static void add_queue_faults(const struct model *model, const struct model_world *world,
                             struct list *list)
{
    unsigned messages = 0;
    for (unsigned i = 0; i < QUEUES; i++) {
        const struct model_queue *queue = queue_of((struct model_world *)world, i);
        if (i < 2 * MODEL_RECEIVERS && i % MODEL_RECEIVERS >= model->config.receivers)
            continue;
        messages += queue->count;
        for (unsigned k = 0; k < queue->count; k++) {
            add(list, MODEL_LOSE, i, k, 0);
            add(list, MODEL_REDELIVER, i, k, 0);
            if (k + 1U < queue->count)
                add(list, MODEL_SWAP, i, k, 0);
        }
    }
    if (messages > 1)
        add(list, MODEL_LOSE_ALL, 0, 0, 0);
}

static void add_sender_faults(const struct model *model, const struct model_world *world,
                              struct list *list)
{
    if (world->instance + 1 < MODEL_INSTANCES) {
        add(list, MODEL_KILL_SENDER, 0, 0, 0);
        if (!model->config.sender_forgets)
            add(list, MODEL_KILL_SENDER, 1, 0, 0);
    }
    for (unsigned i = 0; i <= world->instance; i++) {
        const struct model_out *out = &world->out[i];
        for (unsigned k = 1; out->is_known && out->machine.kept_from + k <= out->next; k++)
            add(list, MODEL_SEND_AGAIN, i, k, 0);
        for (unsigned k = (unsigned)out->machine.kept_from;
             model->config.gives_up && out->is_known && k <= out->accepted; k++)
            add(list, MODEL_GIVE_UP, i, k, 0);
    }
}

static void add_receiver_faults(const struct model *model, const struct model_world *world,
                                struct list *list)
{
    for (unsigned i = 0; i < model->config.receivers; i++) {
        add(list, MODEL_KILL_RECEIVER, i, 0, 0);
        const struct model_queue *queues[] = {&world->events[i], &world->repeats[i]};
        for (unsigned k = 0; k < 2; k++) {
            const unsigned events = queues[k]->count != 0 ? queues[k]->at[0].count : 0;
            for (unsigned steps = 1; steps <= 2 * events; steps++)
                add(list, MODEL_KILL_HANDLER, i, k, steps);
        }
    }
}

unsigned model_actions(const struct model *model, const struct model_world *world,
                       struct model_action *actions)
{
    struct list list = {actions, 0};
    if (world->published < model->config.events)
        add(&list, MODEL_PUBLISH, 0, 0, 0);
    if (model_has_unsent(world)) {
        add(&list, MODEL_SEND, 1, 0, 0);
        add(&list, MODEL_SEND, 2, 0, 0);
    }
    add_messages(model, world, &list);
    add_timers(model, world, &list);
    if (world->faults != 0) {
        add_queue_faults(model, world, &list);
        add_sender_faults(model, world, &list);
        add_receiver_faults(model, world, &list);
    }
    return list.count;
}

/* --- What happens then. -------------------------------------------------------------------- */

/* Makes now 0. What is long past makes no difference any more: then equal states look equal. */
static void move_time(struct model_world *world, int64_t by_ms)
{
    for (unsigned i = 0; i < MODEL_INSTANCES; i++) {
        struct mqc__stream_out *out = &world->out[i].machine;
        if (out->probe_ms != MQC__STREAM_OUT_NEVER && out->probe_ms != INT64_MIN)
            out->probe_ms = out->probe_ms > by_ms ? out->probe_ms - by_ms : 0;
        out->began_ms = -1;
        out->answers_ms -= by_ms;
        if (out->answers_ms <= -1000)
            out->answer_count = 0;
        if (out->answer_count == 0)
            out->answers_ms = 0;
        for (unsigned k = 0; k < MQC__STREAM_OUT_REQUESTERS; k++) {
            struct mqc__stream_requester *requester = &out->requesters[k];
            requester->answered_ms -= by_ms;
            if (requester->from == 0 || requester->answered_ms <= -MQC__STREAM_OUT_AGAIN_MS)
                *requester = (struct mqc__stream_requester){.id = 0};
        }
        for (unsigned k = 0; k < MODEL_RECEIVERS; k++) {
            struct mqc__stream_in *in = &world->in[k][i].machine;
            if (in->ask_ms != MQC__STREAM_IN_NEVER)
                in->ask_ms = in->ask_ms > by_ms ? in->ask_ms - by_ms : 0;
            if (in->receipt_ms != MQC__STREAM_IN_NEVER)
                in->receipt_ms = in->receipt_ms > by_ms ? in->receipt_ms - by_ms : 0;
            if (in->receipted_ms != INT64_MIN)
                in->receipted_ms -= by_ms;
            if (in->receipted_ms <= -MQC__STREAM_IN_RECEIPT_MS)
                in->receipted_ms = INT64_MIN;
        }
    }
    world->now_ms = 0;
}

/* The broker forgets a message of QoS 1 when the handlers have had it, not when they are killed. */
static void kill_handler(struct model *model, struct model_world *world, struct model_action action)
{
    const struct model_message message =
        action.b == 0 ? world->events[action.a].at[0] : model_take(&world->repeats[action.a], 0);
    model_receive(model, world, action.a, &message, action.c);
}

static void fault(struct model *model, struct model_world *world, struct model_action action)
{
    struct model_queue *queue = queue_of(world, action.a);
    world->faults--;
    switch (action.kind) {
    case MODEL_LOSE: (void)model_take(queue, action.b); break;
    case MODEL_LOSE_ALL:
        for (unsigned i = 0; i < QUEUES; i++)
            *queue_of(world, i) = (struct model_queue){.count = 0};
        break;
    case MODEL_REDELIVER: model_push(queue, queue->at[action.b]); break;
    case MODEL_SWAP: {
        const struct model_message later = model_take(queue, action.b + 1U);
        const struct model_message earlier = queue->at[action.b];
        queue->at[action.b] = later;
        for (unsigned i = queue->count++; i > action.b + 1U; i--)
            queue->at[i] = queue->at[i - 1];
        queue->at[action.b + 1U] = earlier;
        break;
    }
    case MODEL_SEND_AGAIN: model_send_again(world, action.a, action.b); break;
    case MODEL_KILL_SENDER: model_kill_sender(model, world, action.a != 0); break;
    case MODEL_KILL_RECEIVER: model_kill_receiver(model, world, action.a); break;
    case MODEL_KILL_HANDLER: kill_handler(model, world, action); break;
    default: model_give_up(world, action.a, action.b); break;
    }
}

void model_apply(struct model *model, struct model_world *world, struct model_action action)
{
    struct model_message message;
    switch (action.kind) {
    case MODEL_PUBLISH: model_publish(model, world); break;
    case MODEL_SEND: model_send(model, world, action.a); break;
    case MODEL_TAKE_EVENTS:
        message = model_take(&world->events[action.a], 0);
        model_receive(model, world, action.a, &message, UINT_MAX);
        break;
    case MODEL_TAKE_REPEAT:
        message = model_take(&world->repeats[action.a], 0);
        model_receive(model, world, action.a, &message, UINT_MAX);
        break;
    case MODEL_TAKE_RECEIPT:
        message = model_take(&world->receipts, 0);
        model_hear(model, world, &message);
        break;
    case MODEL_PROBE: model_probe(model, world, action.a); break;
    case MODEL_TELL: model_tell(world, action.a, action.b); break;
    default: fault(model, world, action); break;
    }
    if (world->now_ms != 0 && world->ticks != 0)
        world->ticks--;
    move_time(world, world->now_ms);
}
