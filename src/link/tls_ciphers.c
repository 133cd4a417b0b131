#include "link/tls_ciphers.h"

#include "base/fail.h"
#include "base/utf8.h"
#include "link/mbedtls_compat.h"

#include <mbedtls/ssl_ciphersuites.h>
#include <stdio.h>
#include <string.h>

#define LONGEST_NAME ((size_t)80)

/*
 * AEAD with forward secrecy. ChaCha20-Poly1305 comes first because mbedTLS computes it in plain
 * code one and a half times as fast as AES-GCM with the processor's AES instructions, and many
 * times as fast without them. What an mbedTLS does not know (TLS 1.3 in 2.28) is left out.
 */
static const char *const certificate_suites[] = {
    "TLS1-3-CHACHA20-POLY1305-SHA256",
    "TLS1-3-AES-128-GCM-SHA256",
    "TLS1-3-AES-256-GCM-SHA384",
    "TLS-ECDHE-ECDSA-WITH-CHACHA20-POLY1305-SHA256",
    "TLS-ECDHE-RSA-WITH-CHACHA20-POLY1305-SHA256",
    "TLS-ECDHE-ECDSA-WITH-AES-128-GCM-SHA256",
    "TLS-ECDHE-RSA-WITH-AES-128-GCM-SHA256",
    "TLS-ECDHE-ECDSA-WITH-AES-256-GCM-SHA384",
    "TLS-ECDHE-RSA-WITH-AES-256-GCM-SHA384",
    NULL,
};

/* With ECDHE there is no suite of a pre-shared key and AES-GCM. */
static const char *const psk_suites[] = {
    "TLS1-3-CHACHA20-POLY1305-SHA256",
    "TLS1-3-AES-128-GCM-SHA256",
    "TLS-ECDHE-PSK-WITH-CHACHA20-POLY1305-SHA256",
    "TLS-DHE-PSK-WITH-CHACHA20-POLY1305-SHA256",
    "TLS-DHE-PSK-WITH-AES-128-GCM-SHA256",
    "TLS-DHE-PSK-WITH-AES-256-GCM-SHA384",
    NULL,
};

void mqc__tls_ciphers_default(bool has_psk, int ciphers_out[MQC__TLS_CIPHERS_MAX + 1])
{
    size_t count = 0;
    for (const char *const *name = has_psk ? psk_suites : certificate_suites; *name != NULL;
         name++) {
        const int id = mbedtls_ssl_get_ciphersuite_id(*name);
        if (id != 0)
            ciphers_out[count++] = id;
    }
    ciphers_out[count] = 0;
}

/* From the registry's spelling, TLS_AES_128_GCM_SHA256, to mbedTLS's, TLS1-3-AES-128-GCM-SHA256. */
static bool spell(const char *name, char spelled_out[LONGEST_NAME])
{
    const bool is_registry = strchr(name, '_') != NULL;
    const bool is_1_3 = is_registry && strstr(name, "_WITH_") == NULL;
    const char *rest = is_1_3 && strncmp(name, "TLS_", 4) == 0 ? name + 4 : name;
    const int length =
        snprintf(spelled_out, LONGEST_NAME, "%s%s", rest != name ? "TLS1-3-" : "", rest);
    if (length < 0 || (size_t)length >= LONGEST_NAME)
        return false;
    for (char *at = spelled_out; *at != '\0'; at++) {
        if (*at == '_')
            *at = '-';
    }
    return true;
}

static bool is_weak(const char *spelled)
{
    static const char *const marks[] = {"NULL", "RC4", "DES", "MD5"};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (strstr(spelled, marks[i]) != NULL)
            return true;
    }
    return false;
}

enum mqc_error mqc__tls_ciphers_parse(const char *const *names, size_t count,
                                      int ciphers_out[MQC__TLS_CIPHERS_MAX + 1],
                                      struct mqc_error_info *info)
{
    if (count > MQC__TLS_CIPHERS_MAX)
        return mqc__fail(info, MQC_ECONFIG, "more than %zu cipher suites", MQC__TLS_CIPHERS_MAX);
    for (size_t i = 0; i < count; i++) {
        char spelled[LONGEST_NAME];
        char excerpt[MQC__EXCERPT_BYTES];
        const char *name = mqc__excerpt(mqc_view_text(names[i]), excerpt);
        const bool is_name = names[i] != NULL && spell(names[i], spelled);
        if (is_name && is_weak(spelled))
            return mqc__fail(info, MQC_ECONFIG, "the cipher suite %s is too weak to be used", name);
        ciphers_out[i] = is_name ? mbedtls_ssl_get_ciphersuite_id(spelled) : 0;
        if (ciphers_out[i] == 0)
            return mqc__fail(
                info, MQC_ECONFIG, "mbedTLS %s knows no cipher suite %s; one that it knows is %s",
                MBEDTLS_VERSION_STRING, name, "TLS-ECDHE-ECDSA-WITH-CHACHA20-POLY1305-SHA256");
    }
    ciphers_out[count] = 0;
    return MQC_OK;
}
