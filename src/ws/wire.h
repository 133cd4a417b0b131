#ifndef MQC_WS_WIRE_H
#define MQC_WS_WIRE_H

#include "base/buffer.h"
#include "base/error.h"
#include "link/tls.h"
#include "ws/outgoing.h"

#include <uv.h>

/* The connection to one client: TCP, and TLS where the listener has it. All of it on the loop's
 * thread. */

/* What it tells its owner. None may free the wire but `closed`. */
struct mqc__ws_wire_events {
    void *context;
    /* Bytes came, valid for the call. More may come after mqc__ws_wire_pause(): what was read
     * already. Not after the end. */
    void (*bytes)(void *context, struct mqc_view bytes);
    /* Nothing is being written any more: what was is with the system, among it so many bytes of
     * events, or nothing will ever be. */
    void (*written)(void *context, size_t event_bytes);
    /* Nothing more comes: the client ended its side, or the connection broke; `reason` is for
     * people. Once; not after mqc__ws_wire_close(). */
    void (*ended)(void *context, const char *reason);
    /* The last call, after mqc__ws_wire_close(). */
    void (*closed)(void *context);
};

/* Bytes of frames, not of ciphertext. */
struct mqc__ws_amount {
    size_t events;
    size_t answers;
};

struct mqc__ws_wire {
    uv_tcp_t tcp;
    uv_write_t write;
    uv_shutdown_t shutdown;
    struct mqc__tls *tls; /* NULL: plain TCP */
    struct mqc__ws_wire_events events;
    struct mqc__ws_line line;      /* to be written */
    size_t offset;                 /* so much of its first one is encrypted already */
    struct mqc__ws_line writing;   /* plain TCP: with the system now */
    struct mqc__buffer cipher;     /* TLS: with the system now */
    struct mqc__ws_amount sent;    /* of the line; not with the system yet */
    struct mqc__ws_amount leaving; /* the part of it that is being written */
    char *input;                   /* where what is read goes; shared by all wires of the loop */
    size_t input_bytes;
    bool is_writing;
    bool is_paused;
    bool is_finishing; /* no more will be sent */
    bool is_shut;      /* and that was said to the client */
    bool is_deaf;      /* writing failed, nothing is sent; there may still be something to read */
    bool has_ended;
    bool is_closing;
};

/* What a wire is made of. */
struct mqc__ws_wire_options {
    uv_loop_t *loop;
    uv_stream_t *listener;       /* with a connection to be accepted */
    struct mqc__tls_config *tls; /* NULL: plain TCP */
    char *input;                 /* room for what is read, which the wires of a loop share */
    size_t input_bytes;
};

/* Accepts a connection and begins to read. The wire's memory stays until `closed`. MQC_ENOMEM,
 * MQC_EIO: nothing was accepted; `closed` is called all the same. */
enum mqc_error mqc__ws_wire_open(struct mqc__ws_wire *wire,
                                 const struct mqc__ws_wire_options *options,
                                 const struct mqc__ws_wire_events *events);

/* Sends bytes after those before; takes the caller's reference. Dropped after the end. */
void mqc__ws_wire_send(struct mqc__ws_wire *wire, struct mqc__ws_outgoing *outgoing);

/* Sends a whole line and leaves it empty. */
void mqc__ws_wire_send_line(struct mqc__ws_wire *wire, struct mqc__ws_line *line);

/* Forgets what waits, but for what the client has the beginning of. */
void mqc__ws_wire_drop(struct mqc__ws_wire *wire);

/* How many bytes of answers wait for the client to read. */
size_t mqc__ws_wire_answer_bytes(const struct mqc__ws_wire *wire);

/* Stops reading, and goes on. Idempotent. */
void mqc__ws_wire_pause(struct mqc__ws_wire *wire);
void mqc__ws_wire_resume(struct mqc__ws_wire *wire);

/* Says to the client that no more comes, once everything is sent. Reading goes on. */
void mqc__ws_wire_finish(struct mqc__ws_wire *wire);

/* Ends it now. Idempotent. */
void mqc__ws_wire_close(struct mqc__ws_wire *wire);

#endif
