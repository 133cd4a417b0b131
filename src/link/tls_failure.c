#include "link/tls_failure.h"

#include "base/fail.h"
#include "base/utf8.h"
#include "link/mbedtls_compat.h"
#include "link/tls_error.h"
#include "link/tls_verify.h"

/* RFC 8446 5.1: the types of records; the version that follows begins with 3. */
#define RECORD_FIRST 20
#define RECORD_ALERT 21
#define RECORD_LAST 23

/* RFC 8446 6.2: alerts of TLS 1.3, which mbedTLS 2.28 has no names for. */
#define ALERT_MISSING_EXTENSION 109
#define ALERT_CERTIFICATE_REQUIRED 116

bool mqc__tls_is_record(struct mqc_view bytes)
{
    const unsigned char *at = (const unsigned char *)bytes.data;
    return (bytes.size < 1 || (at[0] >= RECORD_FIRST && at[0] <= RECORD_LAST)) &&
           (bytes.size < 2 || at[1] == 3);
}

static void set(struct mqc__tls_failure *failure, const char *tag, enum mqc_error code,
                const char *text)
{
    failure->tag = tag;
    (void)mqc__fail(&failure->info, code, "%s", text);
}

static void word_not_tls(const struct mqc__tls_trouble *trouble, struct mqc__tls_failure *failure)
{
    char excerpt[MQC__EXCERPT_BYTES];
    failure->tag = "tls_not_tls";
    (void)mqc__fail(
        &failure->info, MQC_EMALFORMED,
        "the peer does not speak TLS, its answer begins with %s: check that the port is "
        "the one for TLS (8883 with most brokers)",
        mqc__excerpt(trouble->first_bytes, excerpt));
}

static void word_closed(const struct mqc__tls_trouble *trouble, struct mqc__tls_failure *failure)
{
    const char *text = "the peer closed the connection without a good-bye";
    if (!trouble->is_established && trouble->first_bytes.size == 0)
        text = "the peer closed the connection at the first message of TLS: check that the port is "
               "the one for TLS (8883 with most brokers), and the peer's log";
    else if (!trouble->is_established)
        text = "the peer closed the connection in the middle of the TLS handshake: its log may say "
               "why";
    set(failure, "tls_closed", MQC_ECONNECT, text);
}

static void word_unfit(const struct mqc__tls_trouble *trouble, struct mqc__tls_failure *failure)
{
    char reasons[MQC__TLS_REASONS_BYTES];
    failure->tag = "tls_certificate";
    (void)mqc__fail(&failure->info, MQC_ECONNECT, "the peer's certificate cannot be accepted: %s",
                    mqc__tls_verify_reasons(trouble->verify_flags, reasons));
}

static const char psk_refused[] =
    "the peer does not accept the pre-shared key: check psk_identity and psk_file";

static const struct alert {
    int number;
    const char *tag;
    const char *name;
    const char *advice;
} alerts[] = {
    {MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE, "tls_ciphers", "handshake failure",
     "most often no cipher suite in common: compare ciphers with the peer's"},
    {MBEDTLS_SSL_ALERT_MSG_INSUFFICIENT_SECURITY, "tls_ciphers", "insufficient security",
     "the peer wants stronger cipher suites or keys"},
    {MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION, "tls_version", "protocol version",
     "the configured minimum may be too high too"},
    {MBEDTLS_SSL_ALERT_MSG_INAPROPRIATE_FALLBACK, "tls_version", "inappropriate fallback",
     "the peer has a newer TLS version"},
    {MBEDTLS_SSL_ALERT_MSG_BAD_CERT, "tls_client_certificate", "bad certificate",
     "it cannot read or verify the certificate"},
    {MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT, "tls_client_certificate", "unsupported certificate",
     "the certificate is of a kind or for a use that it does not accept"},
    {MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED, "tls_client_certificate", "certificate revoked",
     "get a new certificate"},
    {MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED, "tls_client_certificate", "certificate expired",
     "renew the certificate, or check the peer's clock"},
    {MBEDTLS_SSL_ALERT_MSG_CERT_UNKNOWN, "tls_client_certificate", "certificate unknown",
     "the peer's log may say why"},
    {MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA, "tls_client_certificate", "unknown CA",
     "the peer does not know the CA that issued the certificate, or intermediates are missing"},
    {MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED, "tls_client_certificate", "access denied",
     "the certificate is good but not allowed in"},
    {ALERT_CERTIFICATE_REQUIRED, "tls_client_certificate", "certificate required",
     "set certificate_file and key_file"},
    {MBEDTLS_SSL_ALERT_MSG_UNRECOGNIZED_NAME, "tls_wrong_name", "unrecognized name",
     "the peer does not serve the host name that it was asked for"},
    {MBEDTLS_SSL_ALERT_MSG_UNKNOWN_PSK_IDENTITY, "tls_psk", "unknown PSK identity",
     "the peer does not know psk_identity"},
    {MBEDTLS_SSL_ALERT_MSG_NO_APPLICATION_PROTOCOL, "tls_alpn", "no application protocol",
     "the peer speaks none of the protocols in alpn"},
    {MBEDTLS_SSL_ALERT_MSG_BAD_RECORD_MAC, "tls_protocol", "bad record MAC",
     "bytes were changed on the way, or the peers disagree on the keys"},
    {MBEDTLS_SSL_ALERT_MSG_DECRYPT_ERROR, "tls_protocol", "decrypt error",
     "the peer cannot verify a signature or a finished message"},
    {ALERT_MISSING_EXTENSION, "tls_protocol", "missing extension", "the peer's log may say why"},
    {MBEDTLS_SSL_ALERT_MSG_INTERNAL_ERROR, "tls_protocol", "internal error",
     "the peer's log may say why"},
};

/* A server that knows only older versions finds that it has no suite for them among those offered,
 * and says so in a record of its version: 3.2 is TLS 1.1. */
static bool is_old_record(struct mqc_view bytes)
{
    return bytes.size > 2 && bytes.data[2] < 3;
}

static bool may_mean_psk(int alert)
{
    return alert == MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE ||
           alert == MBEDTLS_SSL_ALERT_MSG_BAD_RECORD_MAC ||
           alert == MBEDTLS_SSL_ALERT_MSG_DECRYPT_ERROR || alert == ALERT_MISSING_EXTENSION;
}

/* What an alert means beside its number depends on when it came and on who we are. */
static const char *alert_tag(const struct mqc__tls_trouble *trouble, const struct alert *alert)
{
    const bool is_certificate = strcmp(alert->tag, "tls_client_certificate") == 0;
    if (is_certificate && trouble->is_server)
        return "tls_refused";
    if (trouble->is_server || trouble->is_established)
        return alert->tag;
    if (trouble->has_psk && may_mean_psk(alert->number))
        return "tls_psk";
    /* After its hello a server has chosen version and suite: what it refuses then is the proof, for
     * which TLS 1.3 has alerts of its own. */
    if (alert->number != MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE || trouble->is_1_3)
        return alert->tag;
    if ((unsigned char)trouble->first_bytes.data[0] != RECORD_ALERT)
        return "tls_client_certificate";
    return is_old_record(trouble->first_bytes) ? "tls_version" : alert->tag;
}

static const char *alert_meaning(const struct mqc__tls_trouble *trouble, const char *tag)
{
    if (strcmp(tag, "tls_psk") == 0)
        return psk_refused;
    if (strcmp(tag, "tls_client_certificate") == 0)
        return trouble->has_certificate
                   ? "the peer refuses our certificate"
                   : "the peer demands a certificate and we have none: set certificate_file and "
                     "key_file";
    if (strcmp(tag, "tls_version") == 0)
        return "the peer has no TLS version in common with this side, which speaks 1.2 and newer: "
               "update the peer";
    if (strcmp(tag, "tls_refused") == 0)
        return "the client does not accept our certificate";
    return "the peer refuses the connection";
}

static void word_alert(const struct mqc__tls_trouble *trouble, struct mqc__tls_failure *failure)
{
    for (size_t i = 0; i < sizeof alerts / sizeof alerts[0]; i++) {
        if (alerts[i].number != trouble->alert)
            continue;
        failure->tag = alert_tag(trouble, &alerts[i]);
        /* The advice belongs to the alert's usual meaning. */
        const bool is_usual = strcmp(failure->tag, alerts[i].tag) == 0;
        (void)mqc__fail(&failure->info, MQC_EREFUSED, "%s (alert \"%s\")%s%s",
                        alert_meaning(trouble, failure->tag), alerts[i].name, is_usual ? ": " : "",
                        is_usual ? alerts[i].advice : "");
        return;
    }
    failure->tag = "tls_protocol";
    (void)mqc__fail(&failure->info, MQC_EREFUSED,
                    "the peer ended the connection with alert %d: its log may say why",
                    trouble->alert);
}

static void word_error(const struct mqc__tls_trouble *trouble, struct mqc__tls_failure *failure)
{
    char reason[MQC__TLS_REASON_BYTES];
    failure->tag = "tls_protocol";
    (void)mqc__fail(&failure->info, MQC_EMALFORMED,
                    "the peer breaks the TLS protocol, or bytes were changed on the way: %s",
                    mqc__tls_error_text(trouble->error, reason));
}

static bool word_cause(const struct mqc__tls_trouble *trouble, struct mqc__tls_failure *failure)
{
    switch (mqc__compat_cause(trouble->error)) {
    case MQC__COMPAT_CAUSE_VERSION:
        set(failure, "tls_version", MQC_ECONNECT,
            "the peer has no TLS version in common with this side, which speaks 1.2 and newer and "
            "not less than the configured minimum: update the peer");
        return true;
    case MQC__COMPAT_CAUSE_CIPHERS:
        /* TLS 1.3: the server goes on as if it had been offered no key. */
        if (trouble->has_psk && !trouble->is_server) {
            set(failure, "tls_psk", MQC_ECONNECT, psk_refused);
            return true;
        }
        set(failure, "tls_ciphers", MQC_ECONNECT,
            "no cipher suite in common with the peer: compare ciphers with the peer's, and the "
            "kind "
            "of the certificate (RSA or ECDSA, for servers or for clients)");
        return true;
    case MQC__COMPAT_CAUSE_ALPN:
        set(failure, "tls_alpn", MQC_ECONNECT, "no application protocol in common with the peer");
        return true;
    case MQC__COMPAT_CAUSE_OTHER: break;
    }
    return false;
}

/* The errors that mbedTLS finds by itself; false when this is none of them. */
static bool word_refusal(const struct mqc__tls_trouble *trouble, struct mqc__tls_failure *failure)
{
    if (trouble->is_established)
        return false;
    switch (trouble->error) {
    case MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE:
        set(failure, "tls_certificate", MQC_ECONNECT, "the client has shown no certificate");
        return true;
    case MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY:
        set(failure, "tls_psk", MQC_ECONNECT, "the client named an unknown psk_identity");
        return true;
    case MBEDTLS_ERR_SSL_INVALID_MAC:
        if (!trouble->has_psk)
            return false;
        set(failure, "tls_psk", MQC_ECONNECT,
            "the peer has another pre-shared key: check psk_file");
        return true;
    default: return word_cause(trouble, failure);
    }
}

static bool is_bad_certificate(const struct mqc__tls_trouble *trouble)
{
    return trouble->verify_flags != 0 && trouble->verify_flags != UINT32_MAX &&
           (trouble->verify_flags & MBEDTLS_X509_BADCERT_SKIP_VERIFY) == 0;
}

void mqc__tls_failure_word(const struct mqc__tls_trouble *trouble,
                           struct mqc__tls_failure *failure_out)
{
    if (mqc__tls_error_is_memory(trouble->error))
        set(failure_out, "tls_memory", MQC_ENOMEM, "out of memory");
    else if (!mqc__tls_is_record(trouble->first_bytes))
        word_not_tls(trouble, failure_out);
    else if (trouble->error == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
        word_alert(trouble, failure_out);
    else if (trouble->error == MBEDTLS_ERR_SSL_CONN_EOF)
        word_closed(trouble, failure_out);
    else if (trouble->problem_tag != NULL && !trouble->is_established)
        set(failure_out, trouble->problem_tag, MQC_ECONNECT, trouble->problem_text);
    else if (!word_refusal(trouble, failure_out)) {
        if (is_bad_certificate(trouble) && !trouble->is_established)
            word_unfit(trouble, failure_out);
        else
            word_error(trouble, failure_out);
    }
}
