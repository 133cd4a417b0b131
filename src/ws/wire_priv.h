#ifndef MQC_WS_WIRE_PRIV_H
#define MQC_WS_WIRE_PRIV_H

#include "ws/wire.h"

/* Ciphertext that leaves at once; more than a connection's engine holds. */
#define MQC__WS_CIPHER_BYTES_MAX ((size_t)512 * 1024)

/* wire.c */

/* Nothing more comes or goes: tells the owner, once. */
void mqc__ws_wire_end(struct mqc__ws_wire *wire, const char *reason);

/* Writes what waits, if nothing is being written. */
void mqc__ws_wire_flush(struct mqc__ws_wire *wire);

/* Gives bytes to the system; they must stay until they are written. */
bool mqc__ws_wire_write(struct mqc__ws_wire *wire, const uv_buf_t *pieces, unsigned count);

/* Adds one to an amount. */
void mqc__ws_amount_add(struct mqc__ws_amount *amount, const struct mqc__ws_outgoing *outgoing);

/* wire_tls.c */

/* Takes ciphertext that came. */
void mqc__ws_wire_tls_read(struct mqc__ws_wire *wire, struct mqc_view ciphertext);

/* Encrypts what waits and gives it to the system. */
void mqc__ws_wire_tls_flush(struct mqc__ws_wire *wire);

#endif
