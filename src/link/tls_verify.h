#ifndef MQC_LINK_TLS_VERIFY_H
#define MQC_LINK_TLS_VERIFY_H

#include "link/tls_config_priv.h"
#include "link/tls_name.h"

/* What the check of one peer's certificates needs and finds. */
struct mqc__tls_verify {
    const struct mqc__tls_config *config;
    const struct mqc__tls_name *name; /* NULL: the peer is a client, whose name does not matter */
    bool has_judged;                  /* the peer's own certificate, that is */
    int64_t chain_expiry_s;           /* when the first certificate of the chain expires */
    const char *tag;                  /* of the gravest problem, NULL while there is none */
    size_t rank;
    char text[sizeof((struct mqc_error_info *)NULL)->text];
};

/* Prepares the check. The configuration and the name must live as long as it. */
void mqc__tls_verify_init(struct mqc__tls_verify *verify, const struct mqc__tls_config *config,
                          const struct mqc__tls_name *name);

/*
 * For mbedtls_ssl_set_verify, with a struct mqc__tls_verify as context: called for each certificate
 * of the chain, the CA's first. Checks the dates by the configuration's clock and the peer's IP
 * address, and words the gravest problem.
 */
int mqc__tls_verify_certificate(void *context, mbedtls_x509_crt *crt, int depth, uint32_t *flags);

#define MQC__TLS_REASONS_BYTES ((size_t)240)

/* Writes mbedTLS's words for its judgement of a certificate, in one line; returns text_out. */
const char *mqc__tls_verify_reasons(uint32_t flags, char text_out[MQC__TLS_REASONS_BYTES]);

#endif
