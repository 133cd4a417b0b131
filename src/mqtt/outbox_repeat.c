#include "mqtt/outbox_priv.h"

#include <stdlib.h>

/* Receivers that may be served at once; others ask again. */
#define REPETITIONS_MAX 256

/* NOLINTBEGIN(readability-function-size,clang-analyzer-core.NullDereference,clang-analyzer-unix.Malloc)
 */
static void append(struct mqc__keep *keep, struct mqc__repetition *repetition)
{
    DL_APPEND(keep->repetitions, repetition);
    keep->repetition_count++;
}

static void take_out(struct mqc__keep *keep, struct mqc__repetition *repetition)
{
    DL_DELETE(keep->repetitions, repetition);
    keep->repetition_count--;
}
/* NOLINTEND(readability-function-size,clang-analyzer-core.NullDereference,clang-analyzer-unix.Malloc)
 */

void mqc__outbox_end_repetition(struct mqc__outbox *outbox, struct mqc__repetition *repetition)
{
    take_out(&outbox->keep, repetition);
    free(repetition);
}

void mqc__outbox_end_repetitions(struct mqc__outbox *outbox, const struct mqc__kept_stream *stream)
{
    struct mqc__repetition *repetition = outbox->keep.repetitions;
    while (repetition != NULL) {
        struct mqc__repetition *next = repetition->next;
        if (stream == NULL || repetition->stream == stream)
            mqc__outbox_end_repetition(outbox, repetition);
        repetition = next;
    }
}

/* A new one takes the place of what the receiver was getting of the same stream. */
static void end_previous(struct mqc__outbox *outbox, const struct mqc__kept_stream *stream,
                         uint64_t requester)
{
    struct mqc__repetition *repetition = outbox->keep.repetitions;
    while (repetition != NULL &&
           (repetition->stream != stream || repetition->requester != requester))
        repetition = repetition->next;
    if (repetition != NULL)
        mqc__outbox_end_repetition(outbox, repetition);
}

static struct mqc_view copy_behind(char **end, struct mqc_view text)
{
    char *copy = *end;
    if (text.size != 0)
        memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    *end = copy + text.size + 1;
    return mqc_view_bytes(copy, text.size);
}

static struct mqc__repetition *new_repetition(const struct mqc__repeat_request *request)
{
    const size_t text_bytes =
        request->reply_topic.size + request->topic.size + request->instance.size + 3;
    struct mqc__repetition *repetition = calloc(1, sizeof *repetition + text_bytes);
    if (repetition == NULL)
        return NULL;
    char *end = (char *)(repetition + 1);
    repetition->reply_topic = copy_behind(&end, request->reply_topic).data;
    repetition->topic = copy_behind(&end, request->topic);
    repetition->instance = copy_behind(&end, request->instance);
    repetition->requester = request->requester;
    repetition->from = request->from;
    repetition->to = request->to;
    repetition->tell_kept_from = request->tell_kept_from;
    return repetition;
}

enum mqc_error mqc__outbox_repeat(struct mqc__outbox *outbox, struct mqc__kept_stream *stream,
                                  const struct mqc__repeat_request *request)
{
    if (!mqc__outbox_is_topic_name(request->reply_topic))
        return MQC_EINVAL;
    end_previous(outbox, stream, request->requester);
    if (outbox->keep.repetition_count == REPETITIONS_MAX)
        return MQC_EFULL;
    struct mqc__repetition *repetition = new_repetition(request);
    if (repetition == NULL)
        return MQC_ENOMEM;
    repetition->stream = stream;
    append(&outbox->keep, repetition);
    return MQC_OK;
}

static bool has_number_from(const struct mqc__batch *batch, uint64_t from)
{
    return batch->sequence + batch->event_count > from;
}

/* What is kept comes before what is in flight, and that before what waits, which leaves by itself.
 */
struct mqc__batch *mqc__outbox_next_repeated(const struct mqc__outbox *outbox,
                                             const struct mqc__repetition *repetition)
{
    if (repetition->stream == NULL || repetition->from > repetition->to)
        return NULL;
    struct mqc__batch *batch = repetition->stream->kept;
    while (batch != NULL && !has_number_from(batch, repetition->from))
        batch = batch->topic_next;
    if (batch == NULL) {
        batch = outbox->in_flight;
        while (batch != NULL &&
               (batch->stream != repetition->stream || !has_number_from(batch, repetition->from)))
            batch = batch->next;
    }
    return batch != NULL && batch->sequence <= repetition->to ? batch : NULL;
}
