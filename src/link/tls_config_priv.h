#ifndef MQC_LINK_TLS_CONFIG_PRIV_H
#define MQC_LINK_TLS_CONFIG_PRIV_H

#include "link/mbedtls_compat.h"
#include "link/tls_ciphers.h"
#include "link/tls_config.h"

#include <stdatomic.h>
#include <stdint.h>

struct mqc__tls_config {
    atomic_size_t references;
    uint64_t id; /* never given twice in a process: what a session is bound to */
    bool is_server;
    bool is_insecure;
    bool has_psk;
    enum mqc__tls_client_certificate client_certificate;
    mqc__tls_clock_fn clock;
    mbedtls_ssl_config ssl;
    mbedtls_x509_crt ca;
    mbedtls_x509_crt certificate;
    mbedtls_x509_crl crl;
    mbedtls_pk_context key;
    mbedtls_ssl_ticket_context tickets;
    const char **alpn; /* ends with NULL, as mbedTLS wants it; NULL: none */
    int ciphers[MQC__TLS_CIPHERS_MAX + 1];
};

#endif
