#include "config/options_priv.h"

#include "config/text_check.h"
#include "link/tls_config.h"
#include "mqtt/session.h"

static const struct mqc__choice tls_version_choices[] = {
    {"1.2", MQC__TLS_VERSION_1_2}, {"1.3", MQC__TLS_VERSION_1_3}, {NULL, 0}};

static const struct mqc__choice tls_on_change_choices[] = {
    {"keep", MQC__TLS_KEEP}, {"reconnect", MQC__TLS_RENEW}, {NULL, 0}};

static const struct mqc__option rows[] = {
    {.path = "tls",
     .kind = MQC__OPTION_SECTION,
     .doc = "TLS, for brokers at mqtts:// addresses: whom to trust, and how this node proves who "
            "it is."},
    {.path = "tls.ca_file",
     .kind = MQC__OPTION_FILE,
     .offset = AT(tls.ca_file),
     .default_note = "none",
     .example = "/etc/mqcluster/ca.pem",
     .doc = "The certificates of the authorities (CAs) that may vouch for the broker, in PEM or "
            "one in DER. The public ones are in /etc/ssl/certs/ca-certificates.crt. A relative "
            "name starts at the folder of this file, as for all files of this section."},
    {.path = "tls.ca_path",
     .kind = MQC__OPTION_FILE,
     .offset = AT(tls.ca_path),
     .default_note = "none",
     .example = "/etc/mqcluster/ca.d",
     .doc = "A folder of such files. With ca_file both count."},
    {.path = "tls.certificate_file",
     .kind = MQC__OPTION_FILE,
     .offset = AT(tls.certificate_file),
     .default_note = "none",
     .example = "/etc/mqcluster/node.pem",
     .doc = "This node's certificate in PEM, followed by its intermediates, for a broker that asks "
            "for one. It needs key_file."},
    {.path = "tls.key_file",
     .kind = MQC__OPTION_FILE,
     .offset = AT(tls.key_file),
     .default_note = "none",
     .example = "/etc/mqcluster/node.key",
     .doc = "The private key of the certificate. Only its owner may have access to it (chmod "
            "600)."},
    {.path = "tls.key_password_file",
     .kind = MQC__OPTION_FILE,
     .offset = AT(tls.key_password_file),
     .default_note = "none",
     .example = "/etc/mqcluster/node.key.password",
     .doc = "A file that holds the password of an encrypted key; a line end after it does not "
            "count. Only its owner may have access to it."},
    {.path = "tls.crl_file",
     .kind = MQC__OPTION_FILE,
     .offset = AT(tls.crl_file),
     .default_note = "none",
     .example = "/etc/mqcluster/crl.pem",
     .doc = "A list of revoked certificates of the authorities. A broker with one of them is "
            "refused."},
    {.path = "tls.psk_identity",
     .kind = MQC__OPTION_TEXT,
     .offset = AT(tls.psk_identity),
     .default_note = "none",
     .example = "worker-1",
     .doc = "The name of a key that was shared with the broker beforehand, which takes the place "
            "of all certificates. It needs psk_file."},
    {.path = "tls.psk_file",
     .kind = MQC__OPTION_FILE,
     .offset = AT(tls.psk_file),
     .default_note = "none",
     .example = "/etc/mqcluster/psk",
     .doc = "A file that holds the shared key, at least 16 bytes in hexadecimal, as made by: "
            "openssl rand -hex 32. Only its owner may have access to it."},
    {.path = "tls.server_name",
     .kind = MQC__OPTION_TEXT,
     .offset = AT(tls.server_name),
     .check = mqc__check_server_name,
     .default_note = "the host of the broker's address",
     .example = "broker.example.org",
     .doc = "The host name or IP address that the broker's certificate must be for. Set it where "
            "the broker is reached by another one, for instance through a tunnel."},
    {.path = "tls.alpn",
     .kind = MQC__OPTION_TEXTS,
     .offset = AT(tls.alpn),
     .count_offset = AT(tls.alpn_count),
     .check = mqc__check_alpn,
     .default_note = "none",
     .example = "[mqtt]",
     .doc = "Names of protocols to offer (ALPN), the preferred first, for a broker that shares its "
            "port with other services."},
    {.path = "tls.ciphers",
     .kind = MQC__OPTION_TEXTS,
     .offset = AT(tls.ciphers),
     .count_offset = AT(tls.cipher_count),
     .check = mqc__check_cipher,
     .default_note = "those with forward secrecy and authenticated encryption",
     .example = "[TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]",
     .doc = "The cipher suites to offer, the preferred first."},
    {.path = "tls.min_version",
     .kind = MQC__OPTION_CHOICE,
     .offset = AT(tls.minimum_version),
     .choices = tls_version_choices,
     .default_text = "1.2",
     .doc = "The oldest version of TLS to accept."},
    {.path = "tls.insecure",
     .kind = MQC__OPTION_BOOL,
     .offset = AT(tls.insecure),
     .default_text = "false",
     .doc = "true accepts whoever answers as the broker, with a warning at each connection: "
            "anybody on the way can read and change everything. For tests only."},
    {.path = "tls.allow_readable_key",
     .kind = MQC__OPTION_BOOL,
     .offset = AT(tls.allow_readable_key),
     .default_text = "false",
     .doc = "true accepts a key or password file that others than its owner can read, where the "
            "system that puts it there does not let you change that."},
    {.path = "tls.on_change",
     .kind = MQC__OPTION_CHOICE,
     .offset = AT(tls.on_change),
     .choices = tls_on_change_choices,
     .default_text = "keep",
     .doc = "What happens when the files of this section change. keep: the running connection "
            "stays, the next one uses the new files. reconnect: the connection is made anew at "
            "once, for instance because the old certificate was revoked."},
    {.path = "tls.watch_interval",
     .kind = MQC__OPTION_DURATION,
     .offset = AT(tls.watch_interval_ms),
     .default_text = "10s",
     .min = 0,
     .max = DAY,
     .doc = "How often the files of this section are looked at for changes. 0 never does: only "
            "SIGHUP reads them again."},
    {.path = "tls.expiry_warning",
     .kind = MQC__OPTION_DURATION,
     .offset = AT(tls.expiry_warning_ms),
     .default_text = "30d",
     .min = 0,
     .max = 365 * DAY,
     .doc = "How long before this node's certificate expires the log warns of it."},
};

const struct mqc__option_table mqc__options_tls = MQC__OPTION_TABLE(rows);
