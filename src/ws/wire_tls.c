#include "ws/wire_priv.h"

/* Encrypted before it is given to the system. */
#define CIPHER_BYTES ((size_t)256 * 1024)

#define PLAIN_BYTES ((size_t)16 * 1024)

/* Moves the engine's output to what leaves next. */
static void collect(struct mqc__ws_wire *wire)
{
    const struct mqc_view output = mqc__tls_output(wire->tls);
    if (output.size == 0)
        return;
    if (mqc__buffer_append(&wire->cipher, output.data, output.size))
        mqc__tls_output_taken(wire->tls, output.size);
}

static void write_cipher(struct mqc__ws_wire *wire)
{
    const struct mqc_view bytes = mqc__buffer_view(&wire->cipher);
    const uv_buf_t piece = uv_buf_init(wire->cipher.data, (unsigned)bytes.size);
    if (mqc__buffer_failed(&wire->cipher))
        mqc__ws_wire_end(wire, "memory ran out");
    else if (bytes.size != 0)
        (void)mqc__ws_wire_write(wire, &piece, 1);
}

/* The alert leaves at once, if it can. */
static void fail(struct mqc__ws_wire *wire)
{
    if (!wire->is_writing) {
        collect(wire);
        write_cipher(wire);
    }
    mqc__ws_wire_end(wire, mqc__tls_failure(wire->tls)->info.text);
}

/* Encrypts of the first one in the line what there is room for; false: no more goes now. */
static bool encrypt_first(struct mqc__ws_wire *wire)
{
    const struct mqc_view bytes = mqc__ws_outgoing_view(mqc__ws_line_at(&wire->line, 0));
    const struct mqc_view rest = {bytes.data + wire->offset, bytes.size - wire->offset};
    size_t taken = 0;
    const enum mqc__tls_status status = mqc__tls_write(wire->tls, rest, &taken);
    collect(wire);
    wire->offset += taken;
    if (status != MQC__TLS_ESTABLISHED && status != MQC__TLS_WANTS_OUTPUT)
        return false;
    if (wire->offset == bytes.size) {
        struct mqc__ws_outgoing *outgoing = mqc__ws_line_take(&wire->line);
        mqc__ws_amount_add(&wire->leaving, outgoing);
        mqc__ws_outgoing_unref(outgoing);
        wire->offset = 0;
    }
    return !mqc__buffer_failed(&wire->cipher);
}

void mqc__ws_wire_tls_flush(struct mqc__ws_wire *wire)
{
    collect(wire);
    while (wire->line.count != 0 && wire->cipher.size < CIPHER_BYTES)
        if (!encrypt_first(wire))
            break;
    if (mqc__tls_failure(wire->tls)->tag != NULL) {
        fail(wire);
        return;
    }
    if (wire->is_finishing && wire->line.count == 0) {
        mqc__tls_close(wire->tls);
        collect(wire);
    }
    write_cipher(wire);
}

/* Hands all plaintext that the input gives to the owner; false: there will be no more. */
static bool read_plain(struct mqc__ws_wire *wire)
{
    char plain[PLAIN_BYTES];
    size_t size = 0;
    enum mqc__tls_status status = MQC__TLS_ESTABLISHED;
    while (status == MQC__TLS_ESTABLISHED && !wire->is_closing && !wire->has_ended) {
        status = mqc__tls_read(wire->tls, plain, sizeof plain, &size);
        if (size != 0)
            wire->events.bytes(wire->events.context, mqc_view_bytes(plain, size));
    }
    if (wire->is_closing || wire->has_ended)
        return false;
    if (status == MQC__TLS_FAILED)
        fail(wire);
    else if (status == MQC__TLS_CLOSED)
        mqc__ws_wire_end(wire, "the client closed the connection");
    return status == MQC__TLS_WANTS_INPUT;
}

void mqc__ws_wire_tls_read(struct mqc__ws_wire *wire, struct mqc_view ciphertext)
{
    bool goes_on = true;
    while (goes_on && ciphertext.size != 0) {
        const size_t taken = mqc__tls_input(wire->tls, ciphertext);
        ciphertext = (struct mqc_view){ciphertext.data + taken, ciphertext.size - taken};
        goes_on = read_plain(wire);
    }
    if (goes_on)
        mqc__ws_wire_flush(wire);
}
