#include "ws/outgoing.h"

#include "ws/frame.h"

#include <stdatomic.h>
#include <stdlib.h>

#define FIRST_CAPACITY ((size_t)16)

struct mqc__ws_outgoing {
    atomic_uint references;
    bool is_answer;
    size_t size;
    char bytes[];
};

static struct mqc__ws_outgoing *new_outgoing(struct mqc_view head, struct mqc_view body)
{
    struct mqc__ws_outgoing *outgoing = malloc(sizeof *outgoing + head.size + body.size);
    if (outgoing == NULL)
        return NULL;
    atomic_init(&outgoing->references, 1);
    outgoing->is_answer = false;
    outgoing->size = head.size + body.size;
    if (head.size != 0)
        memcpy(outgoing->bytes, head.data, head.size);
    if (body.size != 0)
        memcpy(outgoing->bytes + head.size, body.data, body.size);
    return outgoing;
}

struct mqc__ws_outgoing *mqc__ws_outgoing_text(struct mqc_view message)
{
    unsigned char head[MQC__WS_HEAD_BYTES_MAX];
    const size_t size = mqc__ws_frame_head(MQC__WS_OPCODE_TEXT, message.size, head);
    return new_outgoing(mqc_view_bytes(head, size), message);
}

static struct mqc__ws_outgoing *mark_answer(struct mqc__ws_outgoing *outgoing)
{
    if (outgoing != NULL)
        outgoing->is_answer = true;
    return outgoing;
}

struct mqc__ws_outgoing *mqc__ws_outgoing_answer(struct mqc_view message)
{
    return mark_answer(mqc__ws_outgoing_text(message));
}

struct mqc__ws_outgoing *mqc__ws_outgoing_bytes(struct mqc_view bytes)
{
    return mark_answer(new_outgoing(mqc_view_bytes(NULL, 0), bytes));
}

struct mqc__ws_outgoing *mqc__ws_outgoing_ref(struct mqc__ws_outgoing *outgoing)
{
    atomic_fetch_add_explicit(&outgoing->references, 1, memory_order_relaxed);
    return outgoing;
}

void mqc__ws_outgoing_unref(struct mqc__ws_outgoing *outgoing)
{
    if (outgoing != NULL && atomic_fetch_sub(&outgoing->references, 1) == 1)
        free(outgoing);
}

bool mqc__ws_outgoing_is_answer(const struct mqc__ws_outgoing *outgoing)
{
    return outgoing->is_answer;
}

struct mqc_view mqc__ws_outgoing_view(const struct mqc__ws_outgoing *outgoing)
{
    return mqc_view_bytes(outgoing->bytes, outgoing->size);
}

static bool grow(struct mqc__ws_line *line)
{
    const size_t capacity = line->capacity != 0 ? line->capacity * 2 : FIRST_CAPACITY;
    struct mqc__ws_outgoing **items = malloc(capacity * sizeof(struct mqc__ws_outgoing *));
    if (items == NULL)
        return false;
    for (size_t i = 0; i < line->count; i++)
        items[i] = mqc__ws_line_at(line, i);
    free(line->items);
    line->items = items;
    line->first = 0;
    line->capacity = capacity;
    return true;
}

bool mqc__ws_line_append(struct mqc__ws_line *line, struct mqc__ws_outgoing *outgoing)
{
    if (line->count == line->capacity && !grow(line))
        return false;
    line->items[(line->first + line->count) & (line->capacity - 1)] = outgoing;
    line->count++;
    return true;
}

struct mqc__ws_outgoing *mqc__ws_line_at(const struct mqc__ws_line *line, size_t place)
{
    return line->items[(line->first + place) & (line->capacity - 1)];
}

struct mqc__ws_outgoing *mqc__ws_line_take(struct mqc__ws_line *line)
{
    if (line->count == 0)
        return NULL;
    struct mqc__ws_outgoing *outgoing = mqc__ws_line_at(line, 0);
    line->first = (line->first + 1) & (line->capacity - 1);
    line->count--;
    return outgoing;
}

void mqc__ws_line_clear(struct mqc__ws_line *line)
{
    struct mqc__ws_outgoing *outgoing;
    while ((outgoing = mqc__ws_line_take(line)) != NULL)
        mqc__ws_outgoing_unref(outgoing);
    free(line->items);
    *line = (struct mqc__ws_line){0};
}
