#ifndef MQC_LINK_RELAY_WIRE_PRIV_H
#define MQC_LINK_RELAY_WIRE_PRIV_H

#include "link/relay_wire.h"

/* As mqc__wire_read and mqc__wire_write, past the TLS engine. */
enum mqc__wire_status mqc__wire_receive(struct mqc__wire *wire, void *bytes, size_t size,
                                        size_t *moved_out);
enum mqc__wire_status mqc__wire_send(struct mqc__wire *wire, struct mqc_view bytes,
                                     size_t *moved_out);

/* The tag of a handshake that takes too long. */
#define MQC__TLS_TIMEOUT_TAG "tls_timeout"

/* Puts TLS over the socket; owns the engine from now on, also on failure. MQC_ENOMEM. */
MQC_MUST_USE enum mqc_error mqc__wire_tls_init(struct mqc__wire *wire, struct mqc__tls *tls);

/* As mqc__wire_read and mqc__wire_write, through the TLS engine. */
enum mqc__wire_status mqc__wire_tls_read(struct mqc__wire *wire, void *bytes, size_t size,
                                         size_t *moved_out);
enum mqc__wire_status mqc__wire_tls_write(struct mqc__wire *wire, struct mqc_view bytes,
                                          size_t *moved_out);

/* Sends what the TLS engine has waiting. OK, BLOCKED, FAILED. */
enum mqc__wire_status mqc__wire_tls_flush(struct mqc__wire *wire);

/* Lets the TLS engine say good-bye. */
void mqc__wire_tls_close(struct mqc__wire *wire);

/* Frees the TLS engine and its buffer. */
void mqc__wire_tls_fini(struct mqc__wire *wire);

/* Does the TLS handshake until deadline_ms. Blocks. On failure the wire knows why. OK, FAILED. */
enum mqc__wire_status mqc__wire_tls_handshake(struct mqc__wire *wire, int64_t deadline_ms);

/* Says what an errno of the broker's connection means. */
void mqc__wire_word_error(int error, struct mqc__link_failure *failure_out);

/* The broker closed the connection as one should. */
extern const struct mqc__link_failure mqc__link_closed;

/* Keeps the first failure; returns FAILED. */
enum mqc__wire_status mqc__wire_fail(struct mqc__wire *wire, const char *tag, const char *text);

#endif
