#include "stream_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The states that were seen, by a hash of 64 bits: with a million of them the chance that one is
 * taken for another is below one in ten million. */
struct seen {
    uint64_t *hashes;
    size_t capacity; /* a power of two */
    size_t count;
};

static bool insert(const struct seen *seen, uint64_t hash)
{
    size_t place = hash & (seen->capacity - 1);
    while (seen->hashes[place] != 0) {
        if (seen->hashes[place] == hash)
            return false;
        place = (place + 1) & (seen->capacity - 1);
    }
    seen->hashes[place] = hash;
    return true;
}

static void grow(struct seen *seen)
{
    const struct seen old = *seen;
    seen->capacity = old.capacity != 0 ? 2 * old.capacity : 1024;
    seen->hashes = calloc(seen->capacity, sizeof *seen->hashes);
    if (seen->hashes == NULL)
        abort();
    for (size_t i = 0; i < old.capacity; i++)
        if (old.hashes[i] != 0)
            (void)insert(seen, old.hashes[i]);
    free(old.hashes);
}

static bool add(struct seen *seen, uint64_t hash)
{
    if (2 * seen->count >= seen->capacity)
        grow(seen);
    if (!insert(seen, hash != 0 ? hash : 1))
        return false;
    seen->count++;
    return true;
}

static void mix(uint64_t *hash, uint64_t word)
{
    *hash = (*hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    *hash ^= *hash >> 29;
}

static void mix_out(uint64_t *hash, const struct model_out *out)
{
    const struct mqc__stream_out *machine = &out->machine;
    mix(hash, (uint64_t)out->is_known | (uint64_t)out->accepted << 8 | (uint64_t)out->next << 16 |
                  (uint64_t)out->given_up << 24 | machine->kept_from << 32 | machine->last << 40 |
                  (uint64_t)machine->has_ended << 48 | (uint64_t)machine->is_connected << 49);
    if (!out->is_known)
        return;
    mix(hash, (uint64_t)machine->probe_ms ^ (uint64_t)machine->probe_pause_ms << 40);
    mix(hash, (uint64_t)machine->answers_ms ^ (uint64_t)machine->answer_count << 40);
    for (unsigned i = 0; i < MQC__STREAM_OUT_REQUESTERS; i++)
        if (machine->requesters[i].from != 0)
            mix(hash, machine->requesters[i].id << 56 | machine->requesters[i].from << 48 |
                          ((uint64_t)machine->requesters[i].answered_ms & 0xffffffU));
}

static void mix_in(uint64_t *hash, const struct model_in *in)
{
    const struct mqc__stream_in *machine = &in->machine;
    mix(hash, (uint64_t)in->is_on_disk | (uint64_t)in->began_later << 1 |
                  (uint64_t)machine->is_known << 2 | (uint64_t)in->disk_last << 8 |
                  (uint64_t)in->base << 16 | (uint64_t)in->handled << 24 |
                  (uint64_t)in->missing << 32 | (uint64_t)in->ever_handled << 40 |
                  (uint64_t)in->uncertain << 48);
    if (!machine->is_known)
        return;
    mix(hash, machine->last | machine->known_to << 8 | machine->receipted_to << 16 |
                  (uint64_t)machine->ask_pause_ms << 32);
    mix(hash, (uint64_t)machine->ask_ms);
    mix(hash, (uint64_t)machine->receipt_ms);
    mix(hash, (uint64_t)machine->receipted_ms);
}

static void mix_queue(uint64_t *hash, const struct model_queue *queue)
{
    mix(hash, queue->count);
    for (unsigned i = 0; i < queue->count; i++) {
        const struct model_message *message = &queue->at[i];
        mix(hash, (uint64_t)message->instance | (uint64_t)message->first << 8 |
                      (uint64_t)message->count << 16 | (uint64_t)message->kept_from << 24 |
                      (uint64_t)message->receiver << 32 | (uint64_t)message->after << 40 |
                      (uint64_t)message->after_last << 48 |
                      (uint64_t)message->after_kept_from << 56);
    }
}

static uint64_t hash_of(const struct model *model, const struct model_world *world)
{
    uint64_t hash = UINT64_C(0x243f6a8885a308d3);
    mix(&hash, (uint64_t)world->published | (uint64_t)world->instance << 8 |
                   (uint64_t)world->faults << 16 | (uint64_t)world->ticks << 24);
    for (unsigned i = 0; i <= world->instance; i++) {
        mix_out(&hash, &world->out[i]);
        for (unsigned k = 0; k < model->config.receivers; k++)
            mix_in(&hash, &world->in[k][i]);
    }
    for (unsigned i = 0; i < model->config.receivers; i++) {
        mix_queue(&hash, &world->events[i]);
        mix_queue(&hash, &world->repeats[i]);
    }
    mix_queue(&hash, &world->receipts);
    return hash;
}

static void visit(struct model *model, const struct model_world *world, struct seen *seen,
                  unsigned depth)
{
    if (!add(seen, hash_of(model, world)))
        return;
    model->states++;
    model_settles(model, world);
    struct model_action actions[MODEL_ACTIONS_MAX];
    const unsigned count = model_actions(model, world, actions);
    for (unsigned i = 0; i < count && model->violation == NULL; i++) {
        struct model_world next = *world;
        model->schedule[depth] = actions[i];
        model->length = depth + 1;
        model->transitions++;
        model_apply(model, &next, actions[i]);
        model_require(model, depth + 1 < MODEL_LENGTH_MAX, "schedules end");
        if (model->violation == NULL)
            visit(model, &next, seen, depth + 1);
    }
}

void model_explore(struct model *model)
{
    struct seen seen = {NULL, 0, 0};
    struct model_world world;
    model_begin(model, &world);
    visit(model, &world, &seen, 0);
    free(seen.hashes);
}

void model_print_schedule(const struct model *model)
{
    static const char *const names[] = {
        [MODEL_PUBLISH] = "publish",
        [MODEL_SEND] = "send",
        [MODEL_TAKE_EVENTS] = "take events",
        [MODEL_TAKE_REPEAT] = "take repeat",
        [MODEL_TAKE_RECEIPT] = "take receipt",
        [MODEL_PROBE] = "probe",
        [MODEL_TELL] = "tell",
        [MODEL_LOSE] = "LOSE",
        [MODEL_LOSE_ALL] = "LOSE ALL",
        [MODEL_REDELIVER] = "REDELIVER",
        [MODEL_SWAP] = "SWAP",
        [MODEL_SEND_AGAIN] = "SEND AGAIN",
        [MODEL_KILL_SENDER] = "KILL SENDER",
        [MODEL_KILL_RECEIVER] = "KILL RECEIVER",
        [MODEL_KILL_HANDLER] = "KILL HANDLER",
        [MODEL_GIVE_UP] = "GIVE UP",
    };
    printf("%s: violated: %s\n", model->config.name, model->violation);
    for (unsigned i = 0; i < model->length; i++) {
        const struct model_action *action = &model->schedule[i];
        printf("  %s %u %u %u\n", names[action->kind], action->a, action->b, action->c);
    }
}
