#include "link/relay_wire_priv.h"

#include "link/link_deadline.h"
#include "link/tls.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* As much ciphertext is received at once: several full records. */
#define INPUT_BYTES ((size_t)64 * 1024)

enum mqc_error mqc__wire_tls_init(struct mqc__wire *wire, struct mqc__tls *tls)
{
    wire->tls = tls;
    wire->input = malloc(INPUT_BYTES);
    return wire->input != NULL ? MQC_OK : MQC_ENOMEM;
}

void mqc__wire_tls_fini(struct mqc__wire *wire)
{
    mqc__tls_free(&wire->tls);
    free(wire->input);
    wire->input = NULL;
}

enum mqc__wire_status mqc__wire_tls_flush(struct mqc__wire *wire)
{
    enum mqc__wire_status status = MQC__WIRE_OK;
    struct mqc_view output = mqc__tls_output(wire->tls);
    while (status == MQC__WIRE_OK && output.size != 0) {
        size_t sent = 0;
        status = mqc__wire_send(wire, output, &sent);
        mqc__tls_output_taken(wire->tls, sent);
        output = mqc__tls_output(wire->tls);
    }
    return status;
}

void mqc__wire_tls_close(struct mqc__wire *wire)
{
    mqc__tls_close(wire->tls);
}

/* Takes over the engine's failure; its alert goes out if the socket takes it. What the peer said
 * says more than what the socket did before, unless it only fell silent. */
static enum mqc__wire_status fail_tls(struct mqc__wire *wire)
{
    const struct mqc__tls_failure *failure = mqc__tls_failure(wire->tls);
    if (strcmp(failure->tag, "tls_closed") != 0)
        wire->failure.tag = NULL;
    (void)mqc__wire_fail(wire, failure->tag, failure->info.text);
    (void)mqc__wire_tls_flush(wire);
    return MQC__WIRE_FAILED;
}

/* Moves received ciphertext into the engine; returns whether it took any. */
static bool feed(struct mqc__wire *wire)
{
    const struct mqc_view rest =
        mqc_view_bytes(wire->input + wire->input_begin, wire->input_end - wire->input_begin);
    if (rest.size == 0)
        return false;
    const size_t taken = mqc__tls_input(wire->tls, rest);
    wire->input_begin += taken;
    return taken != 0;
}

/* Gets more ciphertext for the engine, which has used what it had. */
static enum mqc__wire_status refill(struct mqc__wire *wire)
{
    if (feed(wire))
        return MQC__WIRE_OK;
    if (wire->is_input_over || wire->input_begin != wire->input_end)
        return mqc__wire_fail(wire, "connection_closed",
                              "the connection ended within a TLS record");
    size_t received = 0;
    const enum mqc__wire_status status =
        mqc__wire_receive(wire, wire->input, INPUT_BYTES, &received);
    wire->input_begin = 0;
    wire->input_end = received;
    if (status == MQC__WIRE_ENDED) {
        wire->is_input_over = true;
        mqc__tls_input_end(wire->tls);
        return MQC__WIRE_OK;
    }
    (void)feed(wire);
    return status;
}

/* One step of a read; OK without bytes: there is more to do. */
static enum mqc__wire_status read_some(struct mqc__wire *wire, void *bytes, size_t size,
                                       size_t *moved_out)
{
    switch (mqc__tls_read(wire->tls, bytes, size, moved_out)) {
    case MQC__TLS_ESTABLISHED: return MQC__WIRE_OK;
    case MQC__TLS_WANTS_INPUT: return refill(wire);
    case MQC__TLS_WANTS_OUTPUT: wire->reads_after_write = true; return mqc__wire_tls_flush(wire);
    case MQC__TLS_CLOSED: return MQC__WIRE_ENDED;
    case MQC__TLS_FAILED: break;
    }
    return fail_tls(wire);
}

/* What ends a read that has moved something is left for the next one. */
enum mqc__wire_status mqc__wire_tls_read(struct mqc__wire *wire, void *bytes, size_t size,
                                         size_t *moved_out)
{
    enum mqc__wire_status status = MQC__WIRE_OK;
    *moved_out = 0;
    wire->reads_after_write = false;
    while (status == MQC__WIRE_OK && *moved_out < size) {
        size_t moved = 0;
        status = read_some(wire, (unsigned char *)bytes + *moved_out, size - *moved_out, &moved);
        *moved_out += moved;
    }
    /* The engine may have something to say, for instance on new keys. */
    if (status != MQC__WIRE_FAILED && !wire->is_write_blocked &&
        mqc__wire_tls_flush(wire) == MQC__WIRE_FAILED)
        status = MQC__WIRE_FAILED;
    wire->has_more = status != MQC__WIRE_BLOCKED && *moved_out > 0;
    return *moved_out > 0 ? MQC__WIRE_OK : status;
}

static enum mqc__wire_status write_some(struct mqc__wire *wire, struct mqc_view bytes,
                                        size_t *taken_out)
{
    const enum mqc__tls_status status = mqc__tls_write(wire->tls, bytes, taken_out);
    if (status == MQC__TLS_FAILED)
        return fail_tls(wire);
    if (status == MQC__TLS_CLOSED)
        return mqc__wire_fail(wire, "connection_closed", "the broker closed the connection");
    const enum mqc__wire_status flushed = mqc__wire_tls_flush(wire);
    return flushed == MQC__WIRE_OK && status == MQC__TLS_WANTS_INPUT ? MQC__WIRE_BLOCKED : flushed;
}

enum mqc__wire_status mqc__wire_tls_write(struct mqc__wire *wire, struct mqc_view bytes,
                                          size_t *moved_out)
{
    enum mqc__wire_status status = MQC__WIRE_OK;
    *moved_out = 0;
    while (status == MQC__WIRE_OK && *moved_out < bytes.size) {
        size_t taken = 0;
        const struct mqc_view rest =
            mqc_view_bytes(bytes.data + *moved_out, bytes.size - *moved_out);
        status = write_some(wire, rest, &taken);
        *moved_out += taken;
    }
    return status;
}

static bool await(const struct mqc__wire *wire, int64_t deadline_ms)
{
    struct pollfd polled = {.fd = wire->fd, .events = mqc__wire_events(wire, true)};
    return poll(&polled, 1, mqc__deadline_left_ms(deadline_ms)) != 0;
}

/* The socket takes no more; before that the broker may have said why. */
static enum mqc__wire_status read_last_words(struct mqc__wire *wire)
{
    enum mqc__tls_status status = MQC__TLS_WANTS_INPUT;
    while (status != MQC__TLS_FAILED && status != MQC__TLS_CLOSED && refill(wire) == MQC__WIRE_OK)
        status = mqc__tls_step(wire->tls);
    return status == MQC__TLS_FAILED ? fail_tls(wire) : MQC__WIRE_FAILED;
}

/* One step of the handshake; OK: done. */
static enum mqc__wire_status shake(struct mqc__wire *wire)
{
    const enum mqc__tls_status status = mqc__tls_step(wire->tls);
    if (status == MQC__TLS_FAILED)
        return fail_tls(wire);
    if (status == MQC__TLS_CLOSED)
        return mqc__wire_fail(wire, "connection_closed",
                              "the broker closed the connection during the TLS handshake");
    if (mqc__wire_tls_flush(wire) == MQC__WIRE_FAILED)
        return read_last_words(wire);
    return status == MQC__TLS_ESTABLISHED ? MQC__WIRE_OK : MQC__WIRE_BLOCKED;
}

enum mqc__wire_status mqc__wire_tls_handshake(struct mqc__wire *wire, int64_t deadline_ms)
{
    enum mqc__wire_status status = shake(wire);
    while (status == MQC__WIRE_BLOCKED) {
        status = refill(wire);
        if (status == MQC__WIRE_BLOCKED && !await(wire, deadline_ms))
            return mqc__wire_fail(wire, MQC__TLS_TIMEOUT_TAG,
                                  "the broker did not finish the TLS handshake in time");
        if (status != MQC__WIRE_FAILED)
            status = shake(wire);
    }
    return status;
}
