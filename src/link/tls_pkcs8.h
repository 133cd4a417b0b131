#ifndef MQC_LINK_TLS_PKCS8_H
#define MQC_LINK_TLS_PKCS8_H

#include "base/view.h"

#include <mbedtls/pk.h>

/*
 * Reads a PEM key that is encrypted as PKCS #8 with PBES2, PBKDF2 and AES in CBC mode (RFC 8018):
 * what OpenSSL writes when it is not asked for anything else, and mbedTLS 2.28 does not read. `pem`
 * ends with a NUL that its size does not count. Returns 0, or an error of mbedTLS:
 * PK_PASSWORD_MISMATCH when the password is another one, PK_FEATURE_UNAVAILABLE when the key is of
 * another kind.
 */
int mqc__tls_pkcs8_parse(mbedtls_pk_context *key, struct mqc_view pem, struct mqc_view password);

#endif
