#include "link/tls_error.h"

#include "link/mbedtls_compat.h"

#include <mbedtls/asn1.h>
#include <mbedtls/bignum.h>
#include <mbedtls/cipher.h>
#include <mbedtls/ecp.h>
#include <mbedtls/md.h>
#include <mbedtls/pem.h>
#include <stdio.h>

/* An error is a sum of a module's error (bits 7 to 14) and one of what lies below it (bits 0 to 6).
 */
#define HIGH_BITS 0x7F80
#define LOW_BITS 0x007F

bool mqc__tls_error_is_memory(int error)
{
    static const int high[] = {
        MBEDTLS_ERR_SSL_ALLOC_FAILED,    MBEDTLS_ERR_X509_ALLOC_FAILED, MBEDTLS_ERR_PK_ALLOC_FAILED,
        MBEDTLS_ERR_PEM_ALLOC_FAILED,    MBEDTLS_ERR_ECP_ALLOC_FAILED,  MBEDTLS_ERR_MD_ALLOC_FAILED,
        MBEDTLS_ERR_CIPHER_ALLOC_FAILED,
    };
    static const int low[] = {MBEDTLS_ERR_MPI_ALLOC_FAILED, MBEDTLS_ERR_ASN1_ALLOC_FAILED};
    if (error >= 0)
        return false;
    for (size_t i = 0; i < sizeof high / sizeof high[0]; i++) {
        if ((-error & HIGH_BITS) == -high[i])
            return true;
    }
    return (-error & LOW_BITS) == -low[0] || (-error & LOW_BITS) == -low[1];
}

const char *mqc__tls_error_text(int error, char text_out[MQC__TLS_REASON_BYTES])
{
    char words[MQC__TLS_REASON_BYTES - 16];
    mbedtls_strerror(error, words, sizeof words);
    (void)snprintf(text_out, MQC__TLS_REASON_BYTES, "%s (-0x%04X)", words, (unsigned)-error);
    return text_out;
}
