#include "link/tls_priv.h"

#include "link/tls_time.h"

#include <stdio.h>

#define NAME_BYTES ((size_t)80)

const char *mqc__tls_alpn(const struct mqc__tls *tls)
{
    return mbedtls_ssl_get_alpn_protocol(&tls->ssl);
}

static void describe_peer(const struct mqc__tls *tls, char *text_out, size_t size)
{
    char subject[NAME_BYTES];
    char issuer[NAME_BYTES];
    char end[MQC__TLS_TIME_BYTES];
    const mbedtls_x509_crt *crt = mbedtls_ssl_get_peer_cert(&tls->ssl);
    if (crt == NULL) {
        (void)snprintf(text_out, size, "%s",
                       tls->config->has_psk ? "pre-shared key" : "no certificate");
        return;
    }
    (void)snprintf(text_out, size, "%s, issued by %s, valid until %s",
                   mqc__tls_name_common(&crt->subject, subject, sizeof subject),
                   mqc__tls_name_common(&crt->issuer, issuer, sizeof issuer),
                   mqc__tls_time_text(mqc__tls_time_s(&crt->valid_to), end));
}

const char *mqc__tls_peer_description(const struct mqc__tls *tls, char *text_out, size_t size)
{
    char peer[NAME_BYTES * 3];
    if (!mqc__compat_is_over(&tls->ssl)) {
        (void)snprintf(text_out, size, "no TLS yet");
        return text_out;
    }
    describe_peer(tls, peer, sizeof peer);
    const char *alpn = mqc__tls_alpn(tls);
    (void)snprintf(text_out, size, "%s, %s%s%s%s, %s", mbedtls_ssl_get_version(&tls->ssl),
                   mbedtls_ssl_get_ciphersuite(&tls->ssl), alpn != NULL ? ", ALPN " : "",
                   alpn != NULL ? alpn : "", mqc__tls_is_resumed(tls) ? ", resumed" : "", peer);
    return text_out;
}
