#include "ws/wire.h"

#include "ws/wire_priv.h"

/* As much leaves with one call of the system, roughly. */
#define PIECES_MAX ((unsigned)64)

#define KEEP_ALIVE_S 60

void mqc__ws_amount_add(struct mqc__ws_amount *amount, const struct mqc__ws_outgoing *outgoing)
{
    const size_t size = mqc__ws_outgoing_view(outgoing).size;
    if (mqc__ws_outgoing_is_answer(outgoing))
        amount->answers += size;
    else
        amount->events += size;
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *room_out)
{
    const struct mqc__ws_wire *wire = handle->data;
    (void)suggested;
    *room_out = uv_buf_init(wire->input, (unsigned)wire->input_bytes);
}

void mqc__ws_wire_end(struct mqc__ws_wire *wire, const char *reason)
{
    if (wire->has_ended || wire->is_closing)
        return;
    wire->has_ended = true;
    (void)uv_read_stop((uv_stream_t *)&wire->tcp);
    wire->events.ended(wire->events.context, reason);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *room)
{
    struct mqc__ws_wire *wire = stream->data;
    if (size == 0 || wire->has_ended || wire->is_closing)
        return;
    if (size < 0)
        mqc__ws_wire_end(wire, size == UV_EOF ? "the client closed the connection"
                                              : uv_strerror((int)size));
    else if (wire->tls != NULL)
        mqc__ws_wire_tls_read(wire, mqc_view_bytes(room->base, (size_t)size));
    else
        wire->events.bytes(wire->events.context, mqc_view_bytes(room->base, (size_t)size));
}

static void begin_reading(struct mqc__ws_wire *wire)
{
    const int error = uv_read_start((uv_stream_t *)&wire->tcp, give_room, on_read);
    if (error != 0 && error != UV_EALREADY)
        mqc__ws_wire_end(wire, uv_strerror(error));
}

static enum mqc_error accept_client(struct mqc__ws_wire *wire,
                                    const struct mqc__ws_wire_options *options)
{
    struct mqc_error_info info;
    if (uv_accept(options->listener, (uv_stream_t *)&wire->tcp) != 0)
        return MQC_EIO;
    (void)uv_tcp_nodelay(&wire->tcp, 1);
    (void)uv_tcp_keepalive(&wire->tcp, 1, KEEP_ALIVE_S);
    if (options->tls == NULL)
        return MQC_OK;
    return mqc__tls_new(options->tls, NULL, NULL, &wire->tls, &info);
}

enum mqc_error mqc__ws_wire_open(struct mqc__ws_wire *wire,
                                 const struct mqc__ws_wire_options *options,
                                 const struct mqc__ws_wire_events *events)
{
    *wire = (struct mqc__ws_wire){
        .events = *events,
        .input = options->input,
        .input_bytes = options->input_bytes,
    };
    mqc__buffer_init(&wire->cipher, MQC__WS_CIPHER_BYTES_MAX);
    /* Takes no descriptor yet, so it cannot fail. */
    (void)uv_tcp_init(options->loop, &wire->tcp);
    wire->tcp.data = wire;
    wire->write.data = wire;
    wire->shutdown.data = wire;
    const enum mqc_error error = accept_client(wire, options);
    if (error != MQC_OK) {
        mqc__ws_wire_close(wire);
        return error;
    }
    begin_reading(wire);
    return MQC_OK;
}

/* The client may be slow to end its own side; who waits for that sees to the time. */
static void on_shut(uv_shutdown_t *request, int status)
{
    (void)request;
    (void)status;
}

/* The client does not listen any more; what it said before is still there to be read. */
static void stop_writing(struct mqc__ws_wire *wire)
{
    wire->is_deaf = true;
    mqc__ws_line_clear(&wire->line);
    wire->sent = (struct mqc__ws_amount){0};
    wire->leaving = wire->sent;
    wire->events.written(wire->events.context, 0);
}

static void on_written(uv_write_t *request, int status)
{
    struct mqc__ws_wire *wire = request->data;
    const struct mqc__ws_amount left = wire->leaving;
    wire->is_writing = false;
    wire->leaving = (struct mqc__ws_amount){0};
    wire->sent.events -= left.events;
    wire->sent.answers -= left.answers;
    mqc__ws_line_clear(&wire->writing);
    mqc__buffer_clear(&wire->cipher);
    if (wire->is_closing)
        return;
    wire->events.written(wire->events.context, left.events);
    if (status != 0)
        stop_writing(wire);
    else
        mqc__ws_wire_flush(wire);
}

bool mqc__ws_wire_write(struct mqc__ws_wire *wire, const uv_buf_t *pieces, unsigned count)
{
    wire->is_writing = true;
    const int error = uv_write(&wire->write, (uv_stream_t *)&wire->tcp, pieces, count, on_written);
    if (error == 0)
        return true;
    wire->is_writing = false;
    stop_writing(wire);
    return false;
}

static void write_plain(struct mqc__ws_wire *wire)
{
    uv_buf_t pieces[PIECES_MAX];
    unsigned count = 0;
    while (count < PIECES_MAX && wire->line.count != 0) {
        struct mqc__ws_outgoing *outgoing = mqc__ws_line_at(&wire->line, 0);
        const struct mqc_view bytes = mqc__ws_outgoing_view(outgoing);
        if (!mqc__ws_line_append(&wire->writing, outgoing))
            break;
        (void)mqc__ws_line_take(&wire->line);
        pieces[count++] = uv_buf_init((char *)bytes.data, (unsigned)bytes.size);
        mqc__ws_amount_add(&wire->leaving, outgoing);
    }
    if (count != 0)
        (void)mqc__ws_wire_write(wire, pieces, count);
    else
        mqc__ws_wire_end(wire, "memory ran out");
}

static void shut(struct mqc__ws_wire *wire)
{
    wire->is_shut = true;
    (void)uv_shutdown(&wire->shutdown, (uv_stream_t *)&wire->tcp, on_shut);
}

void mqc__ws_wire_flush(struct mqc__ws_wire *wire)
{
    if (wire->is_writing || wire->has_ended || wire->is_closing || wire->is_shut || wire->is_deaf)
        return;
    if (wire->tls != NULL)
        mqc__ws_wire_tls_flush(wire);
    else if (wire->line.count != 0)
        write_plain(wire);
    if (wire->is_finishing && !wire->is_writing && wire->line.count == 0 && !wire->has_ended)
        shut(wire);
}

/* Puts one at the end of the line; takes the reference. A client that misses one without knowing
 * would be worse off than one that has to come again. */
static void put(struct mqc__ws_wire *wire, struct mqc__ws_outgoing *outgoing)
{
    const bool is_wanted =
        !wire->has_ended && !wire->is_closing && !wire->is_finishing && !wire->is_deaf;
    if (is_wanted && mqc__ws_line_append(&wire->line, outgoing)) {
        mqc__ws_amount_add(&wire->sent, outgoing);
        return;
    }
    mqc__ws_outgoing_unref(outgoing);
    if (is_wanted)
        mqc__ws_wire_end(wire, "memory ran out");
}

void mqc__ws_wire_send(struct mqc__ws_wire *wire, struct mqc__ws_outgoing *outgoing)
{
    if (outgoing == NULL) {
        mqc__ws_wire_end(wire, "memory ran out");
        return;
    }
    put(wire, outgoing);
    mqc__ws_wire_flush(wire);
}

void mqc__ws_wire_send_line(struct mqc__ws_wire *wire, struct mqc__ws_line *line)
{
    struct mqc__ws_outgoing *outgoing;
    while ((outgoing = mqc__ws_line_take(line)) != NULL)
        put(wire, outgoing);
    mqc__ws_line_clear(line);
    mqc__ws_wire_flush(wire);
}

void mqc__ws_wire_drop(struct mqc__ws_wire *wire)
{
    struct mqc__ws_outgoing *begun = wire->offset != 0 ? mqc__ws_line_take(&wire->line) : NULL;
    mqc__ws_line_clear(&wire->line);
    wire->sent = wire->leaving;
    if (begun != NULL)
        put(wire, begun);
}

size_t mqc__ws_wire_answer_bytes(const struct mqc__ws_wire *wire)
{
    return wire->sent.answers;
}

void mqc__ws_wire_pause(struct mqc__ws_wire *wire)
{
    wire->is_paused = true;
    if (!wire->is_closing)
        (void)uv_read_stop((uv_stream_t *)&wire->tcp);
}

void mqc__ws_wire_resume(struct mqc__ws_wire *wire)
{
    if (!wire->is_paused || wire->has_ended || wire->is_closing)
        return;
    wire->is_paused = false;
    begin_reading(wire);
}

void mqc__ws_wire_finish(struct mqc__ws_wire *wire)
{
    wire->is_finishing = true;
    mqc__ws_wire_flush(wire);
}

static void on_closed(uv_handle_t *handle)
{
    struct mqc__ws_wire *wire = handle->data;
    mqc__ws_line_clear(&wire->line);
    mqc__ws_line_clear(&wire->writing);
    mqc__buffer_fini(&wire->cipher);
    mqc__tls_free(&wire->tls);
    wire->events.closed(wire->events.context);
}

void mqc__ws_wire_close(struct mqc__ws_wire *wire)
{
    if (wire->is_closing)
        return;
    wire->is_closing = true;
    uv_close((uv_handle_t *)&wire->tcp, on_closed);
}
