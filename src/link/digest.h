#ifndef MQC_LINK_DIGEST_H
#define MQC_LINK_DIGEST_H

#include "base/error.h"
#include "base/view.h"

#include <stdbool.h>
#include <stddef.h>

/* 20 bytes in base64, with NUL. */
#define MQC__DIGEST_ACCEPT_BYTES ((size_t)29)

/* Computes Sec-WebSocket-Accept from the client's Sec-WebSocket-Key (RFC 6455 4.2.2): base64 of the
 * SHA-1 of the key and a fixed text. The key may be any bytes. Any thread. MQC_EUNSUPPORTED: this
 * mbedTLS has no SHA-1. MQC_ENOMEM. */
enum mqc_error mqc__digest_websocket_accept(struct mqc_view key,
                                            char accept_out[MQC__DIGEST_ACCEPT_BYTES]);

/* Says whether both are the same bytes, in a time that depends on their sizes alone: for secrets
 * such as tokens, whose bytes must not be found one by one. Any thread. */
bool mqc__digest_is_equal(struct mqc_view a, struct mqc_view b);

#endif
