#ifndef MQC_LINK_MBEDTLS_COMPAT_H
#define MQC_LINK_MBEDTLS_COMPAT_H

/*
 * All that differs between mbedTLS 2.28 and 3.x. What is called mqc__compat_ does the same with
 * both; the rest of the module uses only what both have.
 */

#include "base/view.h"
#include "link/tls_random.h"

#include <mbedtls/error.h>
#include <mbedtls/md.h>
#include <mbedtls/pem.h>
#include <mbedtls/pk.h>
#include <mbedtls/pkcs5.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crl.h>
#include <mbedtls/x509_crt.h>

#include <stdbool.h>
#include <stddef.h>

#if MBEDTLS_VERSION_NUMBER < 0x02100000 || MBEDTLS_VERSION_NUMBER >= 0x04000000
#error "mbedTLS 2.28 or 3.x is needed"
#endif

#if !defined(MBEDTLS_THREADING_C)
#error "mbedTLS must be built with MBEDTLS_THREADING_C: connections share a configuration"
#endif

/* What an error that mbedTLS has found by itself says about the peer. */
enum mqc__compat_cause {
    MQC__COMPAT_CAUSE_OTHER,
    MQC__COMPAT_CAUSE_VERSION, /* no version in common */
    MQC__COMPAT_CAUSE_CIPHERS, /* no cipher suite in common */
    MQC__COMPAT_CAUSE_ALPN,    /* no application protocol in common */
};

#if MBEDTLS_VERSION_NUMBER < 0x03000000

#define MQC__COMPAT_HAS_TLS_1_3 false

/* The library's own initialisation; 0 or an error of mbedTLS. Any thread, any number of times. */
static inline int mqc__compat_start(void)
{
    return 0;
}

static inline int mqc__compat_parse_key(mbedtls_pk_context *key, const unsigned char *bytes,
                                        size_t size, const unsigned char *password,
                                        size_t password_size)
{
    return mbedtls_pk_parse_key(key, bytes, size, password, password_size);
}

/* Derives a key from a password, RFC 8018 5.2. */
static inline int mqc__compat_pbkdf2(mbedtls_md_type_t hash, struct mqc_view password,
                                     struct mqc_view salt, unsigned iterations, uint32_t size,
                                     unsigned char *key_out)
{
    mbedtls_md_context_t context;
    mbedtls_md_init(&context);
    int result = mbedtls_md_setup(&context, mbedtls_md_info_from_type(hash), 1);
    if (result == 0)
        result = mbedtls_pkcs5_pbkdf2_hmac(&context, (const unsigned char *)password.data,
                                           password.size, (const unsigned char *)salt.data,
                                           salt.size, iterations, size, key_out);
    mbedtls_md_free(&context);
    return result;
}

/* What was read from PEM, valid as long as the context. */
static inline struct mqc_view mqc__compat_pem(mbedtls_pem_context *context)
{
    return mqc_view_bytes(context->buf, context->buflen);
}

static inline int mqc__compat_check_pair(const mbedtls_pk_context *public_key,
                                         const mbedtls_pk_context *private_key)
{
    return mbedtls_pk_check_pair(public_key, private_key);
}

/* Versions from 1.2, or from 1.3, up to the newest; false when this mbedTLS has none of them. */
static inline bool mqc__compat_set_versions(mbedtls_ssl_config *config, bool is_1_3_least)
{
    mbedtls_ssl_conf_min_version(config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    return !is_1_3_least;
}

/* Curves for the key exchange, the fastest first, and the hashes of signatures: SHA-2. */
static inline void mqc__compat_set_algorithms(mbedtls_ssl_config *config)
{
    static const mbedtls_ecp_group_id curves[] = {
        MBEDTLS_ECP_DP_CURVE25519, MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_SECP384R1,
        MBEDTLS_ECP_DP_SECP521R1, MBEDTLS_ECP_DP_NONE};
    static const int hashes[] = {MBEDTLS_MD_SHA256, MBEDTLS_MD_SHA384, MBEDTLS_MD_SHA512,
                                 MBEDTLS_MD_NONE};
    mbedtls_ssl_conf_curves(config, curves);
    mbedtls_ssl_conf_sig_hashes(config, hashes);
}

/* What a pre-shared key and tickets need beyond the common calls. */
static inline void mqc__compat_set_resumption(mbedtls_ssl_config *config, bool has_psk)
{
    (void)config;
    (void)has_psk;
}

static inline bool mqc__compat_is_over(const mbedtls_ssl_context *ssl)
{
    return ssl->state == MBEDTLS_SSL_HANDSHAKE_OVER;
}

static inline int mqc__compat_state(const mbedtls_ssl_context *ssl)
{
    return ssl->state;
}

/* The number of the alert that has just ended the connection. */
static inline int mqc__compat_alert(const mbedtls_ssl_context *ssl)
{
    return ssl->in_msg[1];
}

static inline enum mqc__compat_cause mqc__compat_cause(int error)
{
    switch (error) {
    case MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION: return MQC__COMPAT_CAUSE_VERSION;
    case MBEDTLS_ERR_SSL_NO_CIPHER_CHOSEN:
    case MBEDTLS_ERR_SSL_NO_USABLE_CIPHERSUITE: return MQC__COMPAT_CAUSE_CIPHERS;
    default: return MQC__COMPAT_CAUSE_OTHER;
    }
}

/* Says whether reading stopped only because a ticket came, so that it must go on: the ticket is not
 * taken before, and meanwhile nothing can be written. */
static inline bool mqc__compat_is_ticket(const mbedtls_ssl_context *ssl, int result)
{
    (void)ssl;
    (void)result;
    return false;
}

#else /* 3.x */

#include <mbedtls/psa_util.h>
#include <psa/crypto.h>

/* Before 3.6.1 TLS 1.3 does not ask the connection's own judge of certificates. */
#if defined(MBEDTLS_SSL_PROTO_TLS1_3) && MBEDTLS_VERSION_NUMBER >= 0x03060100
#define MQC__COMPAT_HAS_TLS_1_3 true
#else
#define MQC__COMPAT_HAS_TLS_1_3 false
#endif

static inline int mqc__compat_start(void)
{
    switch (psa_crypto_init()) {
    case PSA_SUCCESS: return 0;
    case PSA_ERROR_INSUFFICIENT_MEMORY: return MBEDTLS_ERR_SSL_ALLOC_FAILED;
    default: return MBEDTLS_ERR_SSL_HW_ACCEL_FAILED;
    }
}

static inline int mqc__compat_parse_key(mbedtls_pk_context *key, const unsigned char *bytes,
                                        size_t size, const unsigned char *password,
                                        size_t password_size)
{
    return mbedtls_pk_parse_key(key, bytes, size, password, password_size, mqc__tls_random, NULL);
}

static inline int mqc__compat_pbkdf2(mbedtls_md_type_t hash, struct mqc_view password,
                                     struct mqc_view salt, unsigned iterations, uint32_t size,
                                     unsigned char *key_out)
{
    return mbedtls_pkcs5_pbkdf2_hmac_ext(hash, (const unsigned char *)password.data, password.size,
                                         (const unsigned char *)salt.data, salt.size, iterations,
                                         size, key_out);
}

static inline struct mqc_view mqc__compat_pem(mbedtls_pem_context *context)
{
    size_t size = 0;
    const unsigned char *bytes = mbedtls_pem_get_buffer(context, &size);
    return mqc_view_bytes(bytes, size);
}

static inline int mqc__compat_check_pair(const mbedtls_pk_context *public_key,
                                         const mbedtls_pk_context *private_key)
{
    return mbedtls_pk_check_pair(public_key, private_key, mqc__tls_random, NULL);
}

static inline bool mqc__compat_set_versions(mbedtls_ssl_config *config, bool is_1_3_least)
{
    mbedtls_ssl_conf_min_tls_version(config, is_1_3_least ? MBEDTLS_SSL_VERSION_TLS1_3
                                                          : MBEDTLS_SSL_VERSION_TLS1_2);
    if (!MQC__COMPAT_HAS_TLS_1_3)
        mbedtls_ssl_conf_max_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
    return MQC__COMPAT_HAS_TLS_1_3 || !is_1_3_least;
}

static inline void mqc__compat_set_algorithms(mbedtls_ssl_config *config)
{
    static const uint16_t groups[] = {
        MBEDTLS_SSL_IANA_TLS_GROUP_X25519, MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
        MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1, MBEDTLS_SSL_IANA_TLS_GROUP_SECP521R1,
        MBEDTLS_SSL_IANA_TLS_GROUP_NONE};
    /* RSA-PSS comes last: TLS 1.2 in mbedTLS offers but does not understand it, TLS 1.3 knows no
     * other.
     */
    static const uint16_t signatures[] = {
        MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256, MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
        MBEDTLS_TLS1_3_SIG_ECDSA_SECP521R1_SHA512, MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,
        MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,       MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,
        MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256,    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384,
        MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512,    MBEDTLS_TLS1_3_SIG_NONE};
    mbedtls_ssl_conf_groups(config, groups);
    mbedtls_ssl_conf_sig_algs(config, signatures);
}

static inline void mqc__compat_set_resumption(mbedtls_ssl_config *config, bool has_psk)
{
#if defined(MBEDTLS_SSL_PROTO_TLS1_3) && MBEDTLS_VERSION_NUMBER >= 0x03060100
    mbedtls_ssl_conf_tls13_key_exchange_modes(
        config, has_psk ? MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL
                        : MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ALL);
#if defined(MBEDTLS_SSL_SESSION_TICKETS)
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
        config, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
#endif
#else
    (void)config;
    (void)has_psk;
#endif
}

static inline bool mqc__compat_is_over(const mbedtls_ssl_context *ssl)
{
    return ssl->MBEDTLS_PRIVATE(state) >= MBEDTLS_SSL_HANDSHAKE_OVER;
}

static inline int mqc__compat_state(const mbedtls_ssl_context *ssl)
{
    return ssl->MBEDTLS_PRIVATE(state);
}

static inline int mqc__compat_alert(const mbedtls_ssl_context *ssl)
{
    return ssl->MBEDTLS_PRIVATE(in_msg)[1];
}

static inline enum mqc__compat_cause mqc__compat_cause(int error)
{
    switch (error) {
    case MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION: return MQC__COMPAT_CAUSE_VERSION;
    case MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE: return MQC__COMPAT_CAUSE_CIPHERS;
    case MBEDTLS_ERR_SSL_NO_APPLICATION_PROTOCOL: return MQC__COMPAT_CAUSE_ALPN;
    default: return MQC__COMPAT_CAUSE_OTHER;
    }
}

static inline bool mqc__compat_is_ticket(const mbedtls_ssl_context *ssl, int result)
{
    return result == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET ||
           (result == MBEDTLS_ERR_SSL_WANT_READ &&
            ssl->MBEDTLS_PRIVATE(state) != MBEDTLS_SSL_HANDSHAKE_OVER);
}

#endif

#endif
