#ifndef MQC_LINK_TLS_ERROR_H
#define MQC_LINK_TLS_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#define MQC__TLS_REASON_BYTES ((size_t)160)

/* Says whether an error of mbedTLS means that memory ran out. */
bool mqc__tls_error_is_memory(int error);

/* Writes mbedTLS's words for its error, and its number; returns text_out. */
const char *mqc__tls_error_text(int error, char text_out[MQC__TLS_REASON_BYTES]);

#endif
