#include "stream_model.h"

/* So often time passes until all has arrived, at most. */
#define TICKS_MAX 60

/* Messages and what is due now, the lowest queue first; false: nothing is left to do. */
static bool step(struct model *model, struct model_world *world)
{
    struct model_action actions[MODEL_ACTIONS_MAX];
    world->ticks = 0;
    if (model_has_unsent(world)) {
        model_apply(model, world, (struct model_action){.kind = MODEL_SEND, .a = 2});
        return true;
    }
    const unsigned count = model_actions(model, world, actions);
    for (unsigned i = 0; i < count; i++) {
        if (actions[i].kind == MODEL_PUBLISH)
            continue;
        model_apply(model, world, actions[i]);
        return true;
    }
    return false;
}

static bool has_arrived(const struct model *model, const struct model_world *world,
                        unsigned receiver, unsigned instance)
{
    const struct model_out *out = &world->out[instance];
    const struct model_in *in = &world->in[receiver][instance];
    unsigned there = in->handled | in->missing;
    if (model->config.receivers_forget && model->config.kind == MQC__RECEIPT_ONE)
        there |= in->ever_handled;
    /* Nobody hears any more of a stream that was given up to its last number. */
    const bool is_over = !out->is_known || mqc__stream_out_is_done(&out->machine);
    for (unsigned number = 1; number <= out->accepted; number++) {
        const bool is_before = model->config.receivers_forget &&
                               model->config.kind == MQC__RECEIPT_MANY && in->machine.is_known &&
                               number <= in->base;
        const bool is_silent = is_over && (out->given_up >> number & 1U) != 0;
        if ((there >> number & 1U) == 0 && !is_before && !is_silent)
            return false;
    }
    return true;
}

static bool has_all_arrived(const struct model *model, const struct model_world *world)
{
    for (unsigned i = 0; i <= world->instance; i++) {
        const struct model_out *out = &world->out[i];
        for (unsigned k = 0; k < model->config.receivers; k++)
            if (!has_arrived(model, world, k, i))
                return false;
        if (model->config.kind == MQC__RECEIPT_ONE && out->is_known &&
            out->machine.kept_from <= out->accepted)
            return false;
    }
    return true;
}

/* Lets time pass until the first thing is due; false: nothing ever is. */
static bool wait(struct model *model, struct model_world *world, int64_t *elapsed_ms)
{
    struct model_action first = {.kind = MODEL_FAULTS};
    int64_t first_ms = MQC__STREAM_OUT_NEVER;
    for (unsigned i = 0; i <= world->instance; i++) {
        const int64_t probe_ms = world->out[i].is_known
                                     ? mqc__stream_out_due_ms(&world->out[i].machine)
                                     : MQC__STREAM_OUT_NEVER;
        if (probe_ms < first_ms) {
            first_ms = probe_ms;
            first = (struct model_action){.kind = MODEL_PROBE, .a = (uint8_t)i};
        }
        for (unsigned k = 0; k < model->config.receivers; k++) {
            const int64_t due_ms = mqc__stream_in_due_ms(&world->in[k][i].machine);
            if (due_ms >= first_ms)
                continue;
            first_ms = due_ms;
            first = (struct model_action){.kind = MODEL_TELL, .a = (uint8_t)k, .b = (uint8_t)i};
        }
    }
    if (first.kind == MODEL_FAULTS)
        return false;
    *elapsed_ms += first_ms;
    model_apply(model, world, first);
    return true;
}

void model_settles(struct model *model, const struct model_world *world)
{
    struct model_world end = *world;
    int64_t elapsed_ms = 0;
    end.faults = 0;
    model->settled++;
    for (unsigned ticks = 0; ticks < TICKS_MAX && model->violation == NULL; ticks++) {
        while (model->violation == NULL && step(model, &end)) {
        }
        if (has_all_arrived(model, &end)) {
            if (elapsed_ms > model->settled_ms)
                model->settled_ms = elapsed_ms;
            return;
        }
        if (!wait(model, &end, &elapsed_ms))
            break;
    }
    model_require(model, false, "everything arrives in the end");
}
