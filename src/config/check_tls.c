#include "config/check_priv.h"

#include "link/tls_config.h"

#include <stdio.h>

#define TEXT_BYTES ((size_t)320)

static bool has_tls_broker(const struct mqc__settings *settings)
{
    static const char scheme[] = "mqtts://";
    for (size_t i = 0; i < settings->broker.uri_count; i++) {
        const char *uri = settings->broker.uris[i];
        if (uri != NULL && strncmp(uri, scheme, sizeof scheme - 1) == 0)
            return true;
    }
    return false;
}

static bool has_psk(const struct mqc__settings *settings)
{
    return settings->tls.psk_identity != NULL || settings->tls.psk_file != NULL;
}

static void check_trust(const struct mqc__settings *settings, const struct mqc__finder *finder)
{
    if (!has_tls_broker(settings) || settings->tls.ca_file != NULL ||
        settings->tls.ca_path != NULL || has_psk(settings) || settings->tls.insecure)
        return;
    finder->found(finder->context,
                  MQC__KEYS("broker.uri", "broker.uris", "tls.ca_file", "tls.ca_path",
                            "tls.psk_identity", "tls.psk_file", "tls.insecure"),
                  "the broker is at a mqtts:// address, but nothing tells which broker to trust; "
                  "give tls.ca_file (the public CAs are in /etc/ssl/certs/ca-certificates.crt), "
                  "tls.ca_path or tls.psk_file");
}

/* Returns the first option that does something with TLS only, NULL when none is given. Those that
 * only say how files are read or watched do no harm. */
static const char *find_given(const struct mqc__settings *settings)
{
    const struct {
        const char *key;
        bool is_given;
    } options[] = {
        {"tls.ca_file", settings->tls.ca_file != NULL},
        {"tls.ca_path", settings->tls.ca_path != NULL},
        {"tls.certificate_file", settings->tls.certificate_file != NULL},
        {"tls.key_file", settings->tls.key_file != NULL},
        {"tls.key_password_file", settings->tls.key_password_file != NULL},
        {"tls.crl_file", settings->tls.crl_file != NULL},
        {"tls.psk_identity", settings->tls.psk_identity != NULL},
        {"tls.psk_file", settings->tls.psk_file != NULL},
        {"tls.server_name", settings->tls.server_name != NULL},
        {"tls.alpn", settings->tls.alpn_count > 0},
        {"tls.ciphers", settings->tls.cipher_count > 0},
        {"tls.min_version", settings->tls.minimum_version != MQC__TLS_VERSION_1_2},
        {"tls.insecure", settings->tls.insecure},
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (options[i].is_given)
            return options[i].key;
    return NULL;
}

/* Who gives a CA believes that the connection is safe. */
static void check_is_used(const struct mqc__settings *settings, const struct mqc__finder *finder)
{
    char text[TEXT_BYTES];
    const char *key = find_given(settings);
    if (key == NULL || settings->broker.uri_count == 0 || has_tls_broker(settings))
        return;
    (void)snprintf(text, sizeof text,
                   "%s is given, but no broker is at a mqtts:// address: everything would go over "
                   "the network in the clear; begin broker.uri with mqtts://, or remove %s",
                   key, key);
    finder->found(finder->context, MQC__KEYS(key, "broker.uri", "broker.uris"), text);
}

/* One option that does nothing without another. */
struct need {
    const char *key;
    const char *needed;
    const char *mend;
    bool is_given;
    bool is_met;
};

static void check_need(const struct need *need, const struct mqc__finder *finder)
{
    char text[TEXT_BYTES];
    if (!need->is_given || need->is_met)
        return;
    (void)snprintf(text, sizeof text, "%s is given without %s; %s", need->key, need->needed,
                   need->mend);
    finder->found(finder->context, MQC__KEYS(need->key, need->needed), text);
}

static void check_needs(const struct mqc__settings *settings, const struct mqc__finder *finder)
{
    const bool has_certificate = settings->tls.certificate_file != NULL;
    const bool has_key = settings->tls.key_file != NULL;
    const bool has_identity = settings->tls.psk_identity != NULL;
    const bool has_psk_file = settings->tls.psk_file != NULL;
    const bool has_ca = settings->tls.ca_file != NULL || settings->tls.ca_path != NULL;
    const struct need needs[] = {
        {"tls.certificate_file", "tls.key_file", "name the file with the certificate's private key",
         has_certificate, has_key},
        {"tls.key_file", "tls.certificate_file",
         "name the file with the certificate that the key belongs to", has_key, has_certificate},
        {"tls.key_password_file", "tls.key_file",
         "name the file with the encrypted key, or remove the password",
         settings->tls.key_password_file != NULL, has_key},
        {"tls.psk_identity", "tls.psk_file", "name the file with the shared key", has_identity,
         has_psk_file},
        {"tls.psk_file", "tls.psk_identity",
         "give the name under which the broker knows the shared key", has_psk_file, has_identity},
        /* Where nothing else tells whom to trust either, that is the mistake. */
        {"tls.crl_file", "tls.ca_file",
         "give the authorities that the list of revoked certificates belongs to",
         settings->tls.crl_file != NULL && settings->tls.insecure, has_ca},
    };
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++)
        check_need(&needs[i], finder);
}

static const char *find_certificate(const struct mqc__settings *settings)
{
    if (settings->tls.ca_file != NULL)
        return "tls.ca_file";
    if (settings->tls.ca_path != NULL)
        return "tls.ca_path";
    if (settings->tls.certificate_file != NULL)
        return "tls.certificate_file";
    return settings->tls.crl_file != NULL ? "tls.crl_file" : NULL;
}

/* A shared key and certificates are two ways to prove the same. */
static void check_one_way(const struct mqc__settings *settings, const struct mqc__finder *finder)
{
    char text[TEXT_BYTES];
    const char *psk = settings->tls.psk_file != NULL ? "tls.psk_file" : "tls.psk_identity";
    const char *certificate = find_certificate(settings);
    if (!has_psk(settings) || certificate == NULL)
        return;
    (void)snprintf(text, sizeof text,
                   "%s and %s are both given; a shared key takes the place of all certificates: "
                   "remove the one or the other",
                   psk, certificate);
    finder->found(finder->context, MQC__KEYS(psk, certificate), text);
}

void mqc__check_tls(const struct mqc__settings *settings, const struct mqc__finder *finder)
{
    check_trust(settings, finder);
    check_is_used(settings, finder);
    check_needs(settings, finder);
    check_one_way(settings, finder);
}
