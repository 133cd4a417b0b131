#include "link/tls_config.h"

#include "base/fail.h"
#include "base/log.h"
#include "link/tls_config_priv.h"
#include "link/tls_error.h"
#include "link/tls_load.h"
#include "link/tls_time.h"

#include <stdlib.h>
#include <string.h>

/* How long a ticket of a server lets its client resume. */
#define TICKET_LIFETIME_S 86400

/* RFC 9325 4.2: DHE with less is too weak. */
#define DHE_BITS_MIN 2048

/* Signatures with SHA-2; RSA keys from 2048 bits, and the curves of NIST and of TLS. */
static const mbedtls_x509_crt_profile profile = {
    .allowed_mds = MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA256) |
                   MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA384) |
                   MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA512),
    .allowed_pks = 0xFFFFFFF,
    .allowed_curves = MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP256R1) |
                      MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP384R1) |
                      MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP521R1) |
                      MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_BP256R1) |
                      MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_BP384R1) |
                      MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_BP512R1),
    .rsa_min_bitlen = 2048,
};

static void free_alpn(const char **names)
{
    for (const char **name = names; name != NULL && *name != NULL; name++)
        free((void *)(uintptr_t)*name);
    free((void *)names);
}

static void free_config(struct mqc__tls_config *config)
{
    mbedtls_ssl_config_free(&config->ssl);
    mbedtls_ssl_ticket_free(&config->tickets);
    mbedtls_pk_free(&config->key);
    mbedtls_x509_crl_free(&config->crl);
    mbedtls_x509_crt_free(&config->certificate);
    mbedtls_x509_crt_free(&config->ca);
    free_alpn(config->alpn);
    free(config);
}

static struct mqc__tls_config *new_config(const struct mqc__tls_options *options)
{
    static atomic_uint_fast64_t last_id;
    struct mqc__tls_config *config = calloc(1, sizeof *config);
    if (config == NULL)
        return NULL;
    atomic_init(&config->references, 1);
    config->id = atomic_fetch_add(&last_id, 1) + 1;
    config->is_server = options->is_server;
    config->is_insecure = options->is_insecure;
    config->client_certificate = options->client_certificate;
    config->clock = options->clock != NULL ? options->clock : mqc__tls_time_now_s;
    mbedtls_ssl_config_init(&config->ssl);
    mbedtls_x509_crt_init(&config->ca);
    mbedtls_x509_crt_init(&config->certificate);
    mbedtls_x509_crl_init(&config->crl);
    mbedtls_pk_init(&config->key);
    mbedtls_ssl_ticket_init(&config->tickets);
    return config;
}

static enum mqc_error check_client(const struct mqc__tls_options *options, bool has_ca,
                                   bool has_psk, struct mqc_error_info *info)
{
    if (!has_ca && !has_psk && !options->is_insecure)
        return mqc__fail(info, MQC_ECONFIG,
                         "nothing tells which peer to trust: set ca_file to the CA's certificate "
                         "(that of the public CAs is /etc/ssl/certs/ca-certificates.crt)");
    return MQC_OK;
}

static enum mqc_error check_server(const struct mqc__tls_options *options, bool has_ca,
                                   bool has_psk, struct mqc_error_info *info)
{
    if (!mqc__tls_is_given(options->certificate_file) && !has_psk)
        return mqc__fail(info, MQC_ECONFIG, "a server needs certificate_file and key_file");
    if (options->client_certificate != MQC__TLS_CLIENT_CERTIFICATE_NONE && !has_ca)
        return mqc__fail(info, MQC_ECONFIG,
                         "client certificates are asked for, but no ca_file tells which to trust");
    return MQC_OK;
}

static enum mqc_error check_options(const struct mqc__tls_options *options,
                                    struct mqc_error_info *info)
{
    const bool has_ca = mqc__tls_is_given(options->ca_file) || mqc__tls_is_given(options->ca_path);
    const bool has_psk =
        mqc__tls_is_given(options->psk_identity) || mqc__tls_is_given(options->psk_file);
    if (has_psk && (has_ca || mqc__tls_is_given(options->certificate_file) ||
                    mqc__tls_is_given(options->crl_file)))
        return mqc__fail(
            info, MQC_ECONFIG,
            "psk_identity contradicts ca_file, ca_path, crl_file and certificate_file: "
            "choose a pre-shared key or certificates");
    if (mqc__tls_is_given(options->crl_file) && !has_ca)
        return mqc__fail(info, MQC_ECONFIG, "crl_file does nothing without ca_file or ca_path");
    return options->is_server ? check_server(options, has_ca, has_psk, info)
                              : check_client(options, has_ca, has_psk, info);
}

static int authentication(const struct mqc__tls_config *config)
{
    if (config->is_insecure)
        return MBEDTLS_SSL_VERIFY_NONE;
    if (!config->is_server)
        return MBEDTLS_SSL_VERIFY_REQUIRED;
    switch (config->client_certificate) {
    case MQC__TLS_CLIENT_CERTIFICATE_NONE: return MBEDTLS_SSL_VERIFY_NONE;
    case MQC__TLS_CLIENT_CERTIFICATE_OPTIONAL: return MBEDTLS_SSL_VERIFY_OPTIONAL;
    case MQC__TLS_CLIENT_CERTIFICATE_REQUIRED: break;
    }
    return MBEDTLS_SSL_VERIFY_REQUIRED;
}

/* What every configuration has in common, before anything is loaded. */
static enum mqc_error set_defaults(struct mqc__tls_config *config,
                                   const struct mqc__tls_options *options,
                                   struct mqc_error_info *info)
{
    int result = mqc__compat_start();
    if (result == 0)
        result = mbedtls_ssl_config_defaults(
            &config->ssl, config->is_server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
            MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
    if (result != 0)
        return mqc__tls_load_fail(info, result, "mbedTLS", "cannot be used");
    mbedtls_ssl_conf_rng(&config->ssl, mqc__tls_random, NULL);
    mbedtls_ssl_conf_authmode(&config->ssl, authentication(config));
    mbedtls_ssl_conf_cert_profile(&config->ssl, &profile);
    mqc__compat_set_algorithms(&config->ssl);
#if defined(MBEDTLS_SSL_RENEGOTIATION)
    mbedtls_ssl_conf_renegotiation(&config->ssl, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
    if (!config->is_server)
        mbedtls_ssl_conf_dhm_min_bitlen(&config->ssl, DHE_BITS_MIN);
    if (!mqc__compat_set_versions(&config->ssl, options->minimum_version == MQC__TLS_VERSION_1_3))
        return mqc__fail(info, MQC_EUNSUPPORTED,
                         "mbedTLS %s has no TLS 1.3: set the minimum version to 1.2",
                         MBEDTLS_VERSION_STRING);
    return MQC_OK;
}

static enum mqc_error load_files(struct mqc__tls_config *config,
                                 const struct mqc__tls_options *options,
                                 struct mqc_error_info *info)
{
    enum mqc_error error = mqc__tls_load_ca(config, options, info);
    if (error == MQC_OK)
        error = mqc__tls_load_crl(config, options, info);
    if (error == MQC_OK)
        error = mqc__tls_load_identity(config, options, info);
    if (error == MQC_OK)
        error = mqc__tls_load_psk(config, options, info);
    return error;
}

static enum mqc_error set_certificates(struct mqc__tls_config *config, struct mqc_error_info *info)
{
    if (config->ca.raw.p != NULL)
        mbedtls_ssl_conf_ca_chain(&config->ssl, &config->ca,
                                  config->crl.raw.p != NULL ? &config->crl : NULL);
    if (config->certificate.raw.p == NULL)
        return MQC_OK;
    const int result = mbedtls_ssl_conf_own_cert(&config->ssl, &config->certificate, &config->key);
    return result == 0 ? MQC_OK
                       : mqc__tls_load_fail(info, result, "certificate_file", "cannot be used");
}

static enum mqc_error set_ciphers(struct mqc__tls_config *config,
                                  const struct mqc__tls_options *options,
                                  struct mqc_error_info *info)
{
    if (options->cipher_count == 0) {
        mqc__tls_ciphers_default(config->has_psk, config->ciphers);
    } else {
        const enum mqc_error error =
            mqc__tls_ciphers_parse(options->ciphers, options->cipher_count, config->ciphers, info);
        if (error != MQC_OK)
            return error;
    }
    mbedtls_ssl_conf_ciphersuites(&config->ssl, config->ciphers);
    return MQC_OK;
}

static enum mqc_error set_alpn(struct mqc__tls_config *config,
                               const struct mqc__tls_options *options, struct mqc_error_info *info)
{
    if (options->alpn_count == 0)
        return MQC_OK;
    config->alpn = (const char **)calloc(options->alpn_count + 1, sizeof *config->alpn);
    if (config->alpn == NULL)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    for (size_t i = 0; i < options->alpn_count; i++) {
        config->alpn[i] = strdup(options->alpn[i]);
        if (config->alpn[i] == NULL)
            return mqc__fail(info, MQC_ENOMEM, "out of memory");
    }
    const int result = mbedtls_ssl_conf_alpn_protocols(&config->ssl, config->alpn);
    return result == 0 ? MQC_OK
                       : mqc__fail(info, MQC_ECONFIG,
                                   "a name in alpn is empty or over %d bytes, or they are too many",
                                   MBEDTLS_SSL_MAX_ALPN_NAME_LEN);
}

static enum mqc_error set_resumption(struct mqc__tls_config *config, struct mqc_error_info *info)
{
    mqc__compat_set_resumption(&config->ssl, config->has_psk);
    if (!config->is_server)
        return MQC_OK;
    const int result = mbedtls_ssl_ticket_setup(&config->tickets, mqc__tls_random, NULL,
                                                MBEDTLS_CIPHER_AES_256_GCM, TICKET_LIFETIME_S);
    if (result != 0)
        return mqc__tls_load_fail(info, result, "session tickets", "cannot be used");
    mbedtls_ssl_conf_session_tickets_cb(&config->ssl, mbedtls_ssl_ticket_write,
                                        mbedtls_ssl_ticket_parse, &config->tickets);
    return MQC_OK;
}

/* An expired certificate of ours is the peer's to refuse, but whoever runs this wants to know. */
static void warn_if_expired(const struct mqc__tls_config *config, const char *path)
{
    char text[MQC__TLS_TIME_BYTES];
    struct mqc__tls_expiry expiry;
    if (mqc__tls_config_expiry(config, &expiry) && expiry.chain_s < config->clock())
        mqc__log(MQC_LOG_WARNING, "the certificate in %s, or an intermediate in it, expired on %s",
                 path, mqc__tls_time_text(expiry.chain_s, text));
}

static enum mqc_error fill(struct mqc__tls_config *config, const struct mqc__tls_options *options,
                           struct mqc_error_info *info)
{
    enum mqc_error error = set_defaults(config, options, info);
    if (error == MQC_OK)
        error = load_files(config, options, info);
    if (error == MQC_OK)
        error = set_certificates(config, info);
    if (error == MQC_OK)
        error = set_ciphers(config, options, info);
    if (error == MQC_OK)
        error = set_alpn(config, options, info);
    if (error == MQC_OK)
        error = set_resumption(config, info);
    return error;
}

enum mqc_error mqc__tls_config_new(const struct mqc__tls_options *options,
                                   struct mqc__tls_config **config_out, struct mqc_error_info *info)
{
    enum mqc_error error = check_options(options, info);
    if (error != MQC_OK)
        return error;
    struct mqc__tls_config *config = new_config(options);
    if (config == NULL)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    error = fill(config, options, info);
    if (error != MQC_OK) {
        free_config(config);
        return error;
    }
    warn_if_expired(config, options->certificate_file);
    *config_out = config;
    return MQC_OK;
}

struct mqc__tls_config *mqc__tls_config_ref(struct mqc__tls_config *config)
{
    atomic_fetch_add_explicit(&config->references, 1, memory_order_relaxed);
    return config;
}

void mqc__tls_config_unref(struct mqc__tls_config **config)
{
    if (*config != NULL &&
        atomic_fetch_sub_explicit(&(*config)->references, 1, memory_order_acq_rel) == 1)
        free_config(*config);
    *config = NULL;
}

bool mqc__tls_config_expiry(const struct mqc__tls_config *config,
                            struct mqc__tls_expiry *expiry_out)
{
    if (config->certificate.raw.p == NULL)
        return false;
    expiry_out->certificate_s = mqc__tls_time_s(&config->certificate.valid_to);
    expiry_out->chain_s = expiry_out->certificate_s;
    for (const mbedtls_x509_crt *crt = config->certificate.next; crt != NULL; crt = crt->next) {
        const int64_t end_s = mqc__tls_time_s(&crt->valid_to);
        if (end_s < expiry_out->chain_s)
            expiry_out->chain_s = end_s;
    }
    return true;
}
