#ifndef MQC_LINK_TLS_CIPHERS_H
#define MQC_LINK_TLS_CIPHERS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define MQC__TLS_CIPHERS_MAX ((size_t)32)

/* Writes mbedTLS's numbers of the default suites, those for a pre-shared key or those for
 * certificates, the fastest first, with a 0 behind the last. */
void mqc__tls_ciphers_default(bool has_psk, int ciphers_out[MQC__TLS_CIPHERS_MAX + 1]);

/* The same for suites by name. MQC_ECONFIG: unknown, too weak, or too many; *info names the suite.
 */
enum mqc_error mqc__tls_ciphers_parse(const char *const *names, size_t count,
                                      int ciphers_out[MQC__TLS_CIPHERS_MAX + 1],
                                      struct mqc_error_info *info);

#endif
