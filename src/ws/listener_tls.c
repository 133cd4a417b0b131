#include "ws/client.h"

#include "base/fail.h"

#include <string.h>

/* Where Debian, and most others, keep the authorities that the system trusts. */
#define SYSTEM_CA_FILE "/etc/ssl/certs/ca-certificates.crt"

#define CIPHERS_MAX ((size_t)64)
#define CIPHER_BYTES_MAX ((size_t)4096)

/* Cuts NAME:NAME into names, in place. */
static size_t split_ciphers(char *text, const char *names_out[CIPHERS_MAX])
{
    size_t count = 0;
    char *rest = text;
    const char *name;
    while (count < CIPHERS_MAX && (name = strsep(&rest, ":, ")) != NULL)
        if (name[0] != '\0')
            names_out[count++] = name;
    return count;
}

static const char *given(const char *text, const char *otherwise)
{
    return text != NULL && text[0] != '\0' ? text : otherwise;
}

enum mqc_error mqc__ws_listener_tls(const struct mqc_websocket_tls *from,
                                    struct mqc__tls_source **source_out,
                                    struct mqc_error_info *info)
{
    char text[CIPHER_BYTES_MAX];
    const char *ciphers[CIPHERS_MAX];
    const char *list = given(from->ciphers, "");
    const size_t size = strlen(list);
    if (size >= sizeof text)
        return mqc__fail(info, MQC_ECONFIG, "tls_options: ciphers is too long");
    memcpy(text, list, size + 1);
    const struct mqc__tls_options options = {
        .is_server = true,
        .certificate_file = from->cert_file,
        .key_file = from->key_file,
        .ca_file = from->enable_peer_verification ? given(from->ca_file, SYSTEM_CA_FILE) : NULL,
        .client_certificate = from->enable_peer_verification ? MQC__TLS_CLIENT_CERTIFICATE_REQUIRED
                                                             : MQC__TLS_CLIENT_CERTIFICATE_NONE,
        .cipher_count = split_ciphers(text, ciphers),
        .ciphers = ciphers,
    };
    return mqc__tls_source_new(&options, source_out, info);
}
