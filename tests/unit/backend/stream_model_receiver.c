#include "stream_model.h"

#include <limits.h>

/* The memories of a receiver that forgets are not in order, nor is what a sender has forgotten.
 * What was sent again, and given up then, may come late: the sender's next start knows nothing of
 * it. */
static void check_starts(struct model *model, const struct model_world *world, unsigned receiver,
                         unsigned instance, unsigned number)
{
    if (model->config.receivers_forget || model->config.sender_forgets ||
        (world->out[instance].given_up >> number & 1U) != 0)
        return;
    for (unsigned i = instance + 1; i < MODEL_INSTANCES; i++)
        model_require(model, world->in[receiver][i].handled == 0,
                      "events of an earlier start are handled first");
}

/* The handlers have an event. */
static void handle(struct model *model, struct model_in *in, unsigned number)
{
    const unsigned bit = 1U << number;
    model_require(model, (in->handled & bit) == 0 || in->uncertain == number,
                  "no event is handled twice");
    model_require(model, in->handled >> (number + 1) == 0, "events are handled in order");
    model_require(model, (in->missing & bit) == 0, "what was reported as missing does not come");
    in->handled |= (uint8_t)bit;
    in->ever_handled |= (uint8_t)bit;
    in->uncertain = 0;
}

/* Only what the sender gave up may be missing; or what the receiver has had, and forgotten that. */
static void check_missing(struct model *model, const struct model_out *out,
                          const struct model_in *in, uint64_t number)
{
    unsigned allowed = out->given_up;
    if (model->config.receivers_forget)
        allowed |= in->ever_handled;
    model_require(model, (allowed >> number & 1U) != 0, "only what was given up is missing");
}

/* Every number that the receiver has gone past is in the verdict. */
static void note_verdict(struct model *model, const struct model_out *out, struct model_in *in,
                         const struct mqc__stream_in *before, uint64_t missing)
{
    const uint64_t last = in->machine.last;
    if (!before->is_known) {
        in->base = (uint8_t)(last - missing);
        model_require(model, in->base == 0 || !in->began_later,
                      "nothing is left out at the beginning");
    } else {
        model_require(model, last - before->last == missing, "what is left out is reported");
    }
    for (uint64_t number = last - missing + 1; number <= last; number++) {
        check_missing(model, out, in, number);
        in->missing |= (uint8_t)(1U << number);
    }
}

static struct mqc__stream_in_verdict judge(struct model *model, struct model_world *world,
                                           struct model_in *in, const struct model_message *message,
                                           bool is_held)
{
    const struct mqc__stream_in before = in->machine;
    const struct mqc__stream_in_batch batch = {
        .first = message->first,
        .count = message->count,
        .starts_count = message->first == 1 && message->count != 0,
        .is_held = is_held,
        .receipt = (uint8_t)model->config.kind,
        .kept_from = message->kept_from == UINT8_MAX ? UINT64_MAX : message->kept_from,
        .count_age_ms = model->config.mutant == MODEL_AGE_NOT_SAID ? 0 : 2,
        .subscribed_for_ms = in->began_later ? 2 : 1,
    };
    struct mqc__stream_in_verdict verdict =
        mqc__stream_in_arrive(&in->machine, &batch, world->now_ms);
    if (model->config.mutant == MODEL_REPEATED_NOT_SKIPPED)
        verdict.repeated = 0;
    if (model->config.mutant == MODEL_DISCARDED_NOT_DROPPED)
        verdict.is_discarded = false;
    if (model->config.mutant == MODEL_MISSING_NOT_TAKEN)
        verdict.missing = 0;
    note_verdict(model, &world->out[message->instance], in, &before, verdict.missing);
    return verdict;
}

static void note_on_disk(struct model_in *in)
{
    in->is_on_disk = true;
    in->disk_last = (uint8_t)in->machine.last;
}

/* As mqc__backend_follow(): says whether the message comes too early. */
static bool follow_earlier(struct model *model, struct model_world *world, unsigned receiver,
                           const struct model_message *message)
{
    if (message->after == 0)
        return false;
    const struct model_message probe = {
        .instance = (uint8_t)(message->after - 1),
        .first = message->after_last,
        .kept_from = message->after_kept_from,
    };
    struct model_in *in = &world->in[receiver][probe.instance];
    (void)judge(model, world, in, &probe, false);
    if (in->machine.last != 0)
        note_on_disk(in);
    return in->machine.last < message->after_last;
}

void model_receive(struct model *model, struct model_world *world, unsigned receiver,
                   const struct model_message *message, unsigned steps)
{
    struct model_in *in = &world->in[receiver][message->instance];
    const bool is_held = follow_earlier(model, world, receiver, message);
    const struct mqc__stream_in_verdict verdict = judge(model, world, in, message, is_held);
    const unsigned skipped = verdict.is_discarded ? message->count : (unsigned)verdict.repeated;
    for (unsigned i = skipped; i < message->count; i++) {
        const unsigned number = message->first + i;
        const unsigned left = steps != UINT_MAX ? steps - 2 * (i - skipped) : UINT_MAX;
        if (left == 0)
            break;
        if (model->config.mutant == MODEL_NOTED_TOO_EARLY) {
            in->is_on_disk = true;
            in->disk_last = (uint8_t)number;
            if (left == 1)
                break;
        }
        check_starts(model, world, receiver, message->instance, number);
        handle(model, in, number);
        if (left == 1) {
            in->uncertain = (uint8_t)number;
            break;
        }
        mqc__stream_in_handled(&in->machine, number, world->now_ms);
        note_on_disk(in);
    }
    if (verdict.missing != 0)
        note_on_disk(in);
    if (steps != UINT_MAX)
        model_kill_receiver(model, world, receiver);
}

void model_tell(struct model_world *world, unsigned receiver, unsigned instance)
{
    struct mqc__stream_in *machine = &world->in[receiver][instance].machine;
    const int64_t due_ms = mqc__stream_in_due_ms(machine);
    if (due_ms > world->now_ms)
        world->now_ms = due_ms;
    struct mqc__stream_in_receipt receipt;
    if (mqc__stream_in_receipt(machine, world->now_ms, &receipt))
        model_push(&world->receipts, (struct model_message){.instance = (uint8_t)instance,
                                                            .first = (uint8_t)receipt.handled_to,
                                                            .count = receipt.wants_repeat ? 1 : 0,
                                                            .receiver = (uint8_t)receiver});
}

void model_kill_receiver(const struct model *model, struct model_world *world, unsigned receiver)
{
    for (unsigned i = 0; i < MODEL_INSTANCES; i++) {
        struct model_in *in = &world->in[receiver][i];
        if (in->is_on_disk && !model->config.receivers_forget) {
            mqc__stream_in_restore(&in->machine, in->disk_last, 0);
            continue;
        }
        mqc__stream_in_init(&in->machine);
        if (!model->config.receivers_forget)
            continue;
        const uint8_t ever_handled = in->ever_handled;
        const struct mqc__stream_in machine = in->machine;
        *in = (struct model_in){.ever_handled = ever_handled, .machine = machine};
    }
}
