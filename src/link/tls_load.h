#ifndef MQC_LINK_TLS_LOAD_H
#define MQC_LINK_TLS_LOAD_H

#include "base/error.h"
#include "link/tls_config.h"
#include "link/tls_config_priv.h"

/*
 * From files into the fields of a configuration. What a name is NULL or empty for is left out.
 * MQC_ECONFIG: *info names the file, the reason and what to do. MQC_ENOMEM.
 */

/* The CAs of ca_file and ca_path. */
enum mqc_error mqc__tls_load_ca(struct mqc__tls_config *config,
                                const struct mqc__tls_options *options,
                                struct mqc_error_info *info);

/* The revocation lists of crl_file. */
enum mqc_error mqc__tls_load_crl(struct mqc__tls_config *config,
                                 const struct mqc__tls_options *options,
                                 struct mqc_error_info *info);

/* The own certificate and its key, which must belong together. */
enum mqc_error mqc__tls_load_identity(struct mqc__tls_config *config,
                                      const struct mqc__tls_options *options,
                                      struct mqc_error_info *info);

/* The pre-shared key of psk_file, handed to mbedTLS with psk_identity. */
enum mqc_error mqc__tls_load_psk(struct mqc__tls_config *config,
                                 const struct mqc__tls_options *options,
                                 struct mqc_error_info *info);

/* Says whether an option was given. */
bool mqc__tls_is_given(const char *option);

/* Says "out of memory" when that is what mbedTLS's error means, else what `what` and mbedTLS's
 * words make together. Returns the code. */
enum mqc_error mqc__tls_load_fail(struct mqc_error_info *info, int error, const char *path,
                                  const char *what);

#endif
