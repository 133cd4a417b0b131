#include "stream_model.h"

/* What any receipt is answered with that asks for a stream which is not known any more. */
#define UNKNOWN_STREAM_NUMBER 1

static uint8_t small(uint64_t number)
{
    return (uint8_t)(number < UINT8_MAX ? number : UINT8_MAX);
}

/* As mqc__outbox_stream_before(). */
static unsigned instance_before(const struct model_world *world, unsigned instance)
{
    for (unsigned i = instance; i-- > 0;)
        if (world->out[i].is_known && !mqc__stream_out_is_over(&world->out[i].machine))
            return i;
    return MODEL_INSTANCES;
}

static struct model_message describe(const struct model *model, const struct model_world *world,
                                     unsigned instance, uint64_t first, uint64_t count)
{
    struct mqc__envelope_header header;
    mqc__stream_out_describe(&world->out[instance].machine, world->now_ms, &header);
    struct model_message message = {.instance = (uint8_t)instance,
                                    .first = small(first),
                                    .count = small(count),
                                    .kept_from = small(header.kept_from)};
    const unsigned before = instance_before(world, instance);
    if (before == MODEL_INSTANCES || model->config.mutant == MODEL_EARLIER_NOT_SAID)
        return message;
    mqc__stream_out_describe(&world->out[before].machine, world->now_ms, &header);
    message.after = (uint8_t)(before + 1);
    message.after_last = small(world->out[before].machine.last);
    message.after_kept_from = small(header.kept_from);
    return message;
}

static void begin(const struct model *model, struct model_world *world, unsigned instance,
                  unsigned kept_from)
{
    struct model_out *out = &world->out[instance];
    out->is_known = true;
    out->next = (uint8_t)kept_from;
    /* All that matters of the time is whether it was before or after a receiver subscribed. */
    mqc__stream_out_init(&out->machine, model->config.kind, 1, world->now_ms - 1, kept_from);
    mqc__stream_out_connected(&out->machine, world->now_ms);
}

void model_publish(struct model *model, struct model_world *world)
{
    struct model_out *out = &world->out[world->instance];
    if (out->accepted == 0) {
        begin(model, world, world->instance, 1);
        for (unsigned i = 0; i < model->config.receivers; i++)
            world->in[i][world->instance].began_later = true;
    }
    out->accepted++;
    world->published++;
}

/* The stream that leaves next: those of earlier runs go first. */
static unsigned next_stream(const struct model_world *world)
{
    for (unsigned i = 0; i <= world->instance; i++)
        if (world->out[i].is_known && world->out[i].next <= world->out[i].accepted)
            return i;
    return MODEL_INSTANCES;
}

bool model_has_unsent(const struct model_world *world)
{
    return next_stream(world) != MODEL_INSTANCES;
}

static void note_end(struct model_world *world, unsigned instance)
{
    struct model_out *out = &world->out[instance];
    if (instance != world->instance && out->next > out->accepted)
        mqc__stream_out_ended(&out->machine);
}

void model_send(struct model *model, struct model_world *world, unsigned count)
{
    const unsigned instance = next_stream(world);
    struct model_out *out = &world->out[instance];
    const unsigned left = out->accepted - out->next + 1U;
    const unsigned sent = count < left ? count : left;
    const struct model_message message = describe(model, world, instance, out->next, sent);
    for (unsigned i = 0; i < model->config.receivers; i++)
        model_push(&world->events[i], message);
    mqc__stream_out_sent(&out->machine, out->next, sent, world->now_ms);
    out->next = (uint8_t)(out->next + sent);
    note_end(world, instance);
    if (model->config.mutant == MODEL_DONE_WHEN_SENT)
        out->machine.kept_from = out->next;
}

void model_probe(struct model *model, struct model_world *world, unsigned instance)
{
    struct model_out *out = &world->out[instance];
    const int64_t due_ms = mqc__stream_out_due_ms(&out->machine);
    if (due_ms > world->now_ms)
        world->now_ms = due_ms;
    model_require(model, mqc__stream_out_tick(&out->machine, world->now_ms), "a due probe is due");
    if (model->config.mutant == MODEL_NO_PROBES)
        return;
    for (unsigned i = 0; i < model->config.receivers; i++)
        model_push(&world->events[i], describe(model, world, instance, out->machine.last, 0));
}

/* Every number that the sender is done with has been handled, or was given up. */
static void check_done(struct model *model, const struct model_world *world, unsigned instance)
{
    const struct model_out *out = &world->out[instance];
    for (unsigned number = 1; number < out->machine.kept_from; number++) {
        const unsigned bit = 1U << number;
        model_require(model, ((world->in[0][instance].ever_handled | out->given_up) & bit) != 0,
                      "what is done with was handled");
    }
}

static void repeat(const struct model *model, struct model_world *world,
                   const struct model_message *receipt,
                   const struct mqc__stream_out_actions *actions)
{
    struct model_queue *queue = &world->repeats[receipt->receiver];
    if (actions->tell_kept_from != 0) {
        struct model_message probe = describe(model, world, receipt->instance,
                                              world->out[receipt->instance].machine.last, 0);
        probe.kept_from = small(actions->tell_kept_from);
        model_push(queue, probe);
    }
    for (uint64_t i = actions->repeat_from; i != 0 && i <= actions->repeat_to; i++)
        model_push(queue, describe(model, world, receipt->instance, i, 1));
}

void model_hear(struct model *model, struct model_world *world, const struct model_message *receipt)
{
    struct model_out *out = &world->out[receipt->instance];
    const bool wants_repeat = receipt->count != 0 && model->config.mutant != MODEL_REQUESTS_IGNORED;
    if (!out->is_known) {
        if (wants_repeat)
            model_push(&world->repeats[receipt->receiver],
                       (struct model_message){.instance = receipt->instance,
                                              .first = UNKNOWN_STREAM_NUMBER,
                                              .kept_from = UINT8_MAX});
        return;
    }
    const struct mqc__stream_out_receipt heard = {
        .requester = receipt->receiver,
        .handled_to = receipt->first,
        .wants_repeat = wants_repeat,
    };
    struct mqc__stream_out_actions actions;
    mqc__stream_out_receipt(&out->machine, &heard, world->now_ms, &actions);
    if (out->next < out->machine.kept_from)
        out->next = small(out->machine.kept_from);
    if (actions.done_to != 0)
        check_done(model, world, receipt->instance);
    repeat(model, world, receipt, &actions);
}

void model_send_again(struct model_world *world, unsigned instance, unsigned count)
{
    struct model_out *out = &world->out[instance];
    mqc__stream_out_disconnected(&out->machine);
    out->next = (uint8_t)(out->next - count);
    mqc__stream_out_connected(&out->machine, world->now_ms);
}

static uint8_t numbers_between(unsigned from, unsigned to)
{
    unsigned set = 0;
    for (unsigned number = from; number <= to && number < 8; number++)
        set |= 1U << number;
    return (uint8_t)set;
}

/* What is left on disk of each run is sent again; or nothing is left. */
void model_kill_sender(struct model *model, struct model_world *world, bool brings_back)
{
    const unsigned last = world->instance;
    world->instance++;
    for (unsigned i = 0; i <= last; i++) {
        struct model_out *out = &world->out[i];
        if (!out->is_known)
            continue;
        const unsigned kept_from = small(out->machine.kept_from);
        out->is_known = false;
        if (model->config.sender_forgets)
            out->given_up |= numbers_between(kept_from, out->accepted);
        else if (brings_back || kept_from <= out->accepted)
            begin(model, world, i, brings_back ? 1 : kept_from);
    }
}

void model_give_up(struct model_world *world, unsigned instance, unsigned to)
{
    struct model_out *out = &world->out[instance];
    out->given_up |= numbers_between(small(out->machine.kept_from), to);
    mqc__stream_out_evicted(&out->machine, to);
    if (out->next <= to)
        out->next = (uint8_t)(to + 1);
    note_end(world, instance);
}
