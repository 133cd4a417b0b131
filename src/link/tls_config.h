#ifndef MQC_LINK_TLS_CONFIG_H
#define MQC_LINK_TLS_CONFIG_H

#include "base/error.h"
#include "base/export.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a server asks of its clients. */
enum mqc__tls_client_certificate {
    MQC__TLS_CLIENT_CERTIFICATE_NONE,     /* is not asked for */
    MQC__TLS_CLIENT_CERTIFICATE_OPTIONAL, /* may be missing, must not be a bad one */
    MQC__TLS_CLIENT_CERTIFICATE_REQUIRED,
};

enum mqc__tls_version {
    MQC__TLS_VERSION_1_2,
    MQC__TLS_VERSION_1_3,
};

/* Seconds since the Unix epoch. Any thread. */
typedef int64_t (*mqc__tls_clock_fn)(void);

/*
 * What a configuration is made of. All zero is a client with TLS 1.2 or newer that still needs a CA
 * (or a pre-shared key). Texts are borrowed for the call; NULL or empty: not given.
 */
struct mqc__tls_options {
    bool is_server;
    const char *ca_file;          /* certificates in PEM or one in DER; with ca_path both count */
    const char *ca_path;          /* a folder of such files */
    const char *certificate_file; /* the own certificate, followed by its intermediates */
    const char *key_file;
    const char *key_password_file; /* for an encrypted key */
    const char *crl_file;
    const char *const *alpn; /* names, the preferred first */
    size_t alpn_count;
    enum mqc__tls_version minimum_version;
    const char *const
        *ciphers;        /* names of suites, mbedTLS's or the registry's; the preferred first */
    size_t cipher_count; /* 0: the default order */
    const char *psk_identity; /* with psk_file, instead of CA, certificate and key */
    const char *psk_file;     /* the key in hexadecimal */
    enum mqc__tls_client_certificate client_certificate; /* servers */
    bool is_insecure;        /* accept any peer, with a warning at each connection; for tests */
    bool allow_readable_key; /* accept a key or password file that others can read */
    mqc__tls_clock_fn clock; /* NULL: the system's */
};

/* What the options name, loaded and checked. Immutable and reference counted; any thread. */
struct mqc__tls_config;

/*
 * Loads everything that the options name. MQC_ECONFIG: something is missing, unreadable, does not
 * fit together or contradicts itself; *info names the file, the reason and what to do.
 * MQC_EUNSUPPORTED: this build cannot do it (TLS 1.3 with mbedTLS 2.28). MQC_ENOMEM.
 */
MQC_MUST_USE enum mqc_error mqc__tls_config_new(const struct mqc__tls_options *options,
                                                struct mqc__tls_config **config_out,
                                                struct mqc_error_info *info);

/* Adds a reference and returns the configuration. */
struct mqc__tls_config *mqc__tls_config_ref(struct mqc__tls_config *config);

/* Drops a reference and clears the pointer; the last one frees and wipes. NULL is accepted. */
void mqc__tls_config_unref(struct mqc__tls_config **config);

/* When the own certificate expires, in seconds since the epoch, and the earliest expiry of it and
 * the intermediates that came with it. */
struct mqc__tls_expiry {
    int64_t certificate_s;
    int64_t chain_s;
};

/* False when there is no own certificate. */
bool mqc__tls_config_expiry(const struct mqc__tls_config *config,
                            struct mqc__tls_expiry *expiry_out);

#endif
