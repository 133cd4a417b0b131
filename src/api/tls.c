#include "api/options.h"

#include "link/tls_source.h"
#include "mqtt/uri.h"

static bool uses_tls(const struct mqc__settings *settings)
{
    struct mqc__uri uri;
    for (size_t i = 0; i < settings->broker.uri_count; i++) {
        if (mqc__uri_parse(settings->broker.uris[i], &uri, NULL) == MQC_OK && uri.is_tls)
            return true;
    }
    return false;
}

enum mqc_error mqc__api_tls_source(const struct mqc_config *config,
                                   struct mqc__tls_source **source_out, struct mqc_error_info *info)
{
    const struct mqc__settings *settings = mqc__config_settings(config);
    *source_out = NULL;
    if (!uses_tls(settings))
        return MQC_OK;
    const struct mqc__tls_options options = {
        .ca_file = settings->tls.ca_file,
        .ca_path = settings->tls.ca_path,
        .certificate_file = settings->tls.certificate_file,
        .key_file = settings->tls.key_file,
        .key_password_file = settings->tls.key_password_file,
        .crl_file = settings->tls.crl_file,
        .alpn = settings->tls.alpn,
        .alpn_count = settings->tls.alpn_count,
        .minimum_version = (enum mqc__tls_version)settings->tls.minimum_version,
        .ciphers = settings->tls.ciphers,
        .cipher_count = settings->tls.cipher_count,
        .psk_identity = settings->tls.psk_identity,
        .psk_file = settings->tls.psk_file,
        .is_insecure = settings->tls.insecure,
        .allow_readable_key = settings->tls.allow_readable_key,
    };
    return mqc__tls_source_new(&options, source_out, info);
}
