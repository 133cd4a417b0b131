#ifndef MQC_LINK_TLS_NAME_H
#define MQC_LINK_TLS_NAME_H

#include "link/mbedtls_compat.h"

#define MQC__TLS_ADDRESS_BYTES_MAX ((size_t)16)

/* Whom the peer must prove to be. */
struct mqc__tls_name {
    char text[MBEDTLS_SSL_MAX_HOST_NAME_LEN + 1]; /* without the dot that may end a host name */
    unsigned char address[MQC__TLS_ADDRESS_BYTES_MAX];
    size_t address_size; /* 0: a host name */
};

/* Reads a host name or an IP address; false when it is empty, too long or cannot be either. */
bool mqc__tls_name_parse(const char *text, struct mqc__tls_name *name_out);

/* Says whether the certificate was made for the address: as an iPAddress in its subjectAltName (RFC
 * 5280 4.2.1.6), never by its common name. */
bool mqc__tls_name_has_address(const struct mqc__tls_name *name, const mbedtls_x509_crt *crt);

/* Writes the names that a certificate is for, "DNS:a, IP:10.0.0.1", or its common name when it has
 * no subjectAltName; printable, cut to `size`. Returns text_out. */
const char *mqc__tls_name_list(const mbedtls_x509_crt *crt, char *text_out, size_t size);

/* Writes the last common name of a subject or issuer, or all of it when it has none; printable, cut
 * to `size`. Returns text_out. */
const char *mqc__tls_name_common(const mbedtls_x509_name *subject, char *text_out, size_t size);

#endif
