#include "link/tls_pkcs8.h"

#include "link/mbedtls_compat.h"

#include <mbedtls/aes.h>
#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>
#include <mbedtls/pem.h>
#include <stdlib.h>

#define AES_BLOCK_BYTES ((size_t)16)
#define AES_KEY_BYTES_MAX 32

/* OpenSSL takes 2048; what takes longer than this is no key but a way to keep us busy. */
#define ITERATIONS_MAX 10000000

/* 2.16.840.1.101.3.4.1, AES; one more byte names key length and mode. */
#define OID_AES "\x60\x86\x48\x01\x65\x03\x04\x01"
#define OID_AES_BYTES (sizeof OID_AES - 1)

#define NOT_OURS MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE
#define MALFORMED MBEDTLS_ERR_PK_KEY_INVALID_FORMAT

/* How a key is encrypted: RFC 8018 A.2 and B.2.5. */
struct scheme {
    mbedtls_md_type_t hash;
    int iterations;
    mbedtls_asn1_buf salt;
    unsigned key_bits;
    mbedtls_asn1_buf vector;
};

static bool is_oid(const mbedtls_asn1_buf *oid, const char *bytes, size_t size)
{
    return oid->len == size && memcmp(oid->p, bytes, size) == 0;
}

static int enter(unsigned char **at, const unsigned char **end_out, const unsigned char *end)
{
    size_t size = 0;
    if (mbedtls_asn1_get_tag(at, end, &size, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE) != 0)
        return MALFORMED;
    *end_out = *at + size;
    return 0;
}

/* An algorithm's parameters may be anything, or missing. */
static bool is_sequence(const mbedtls_asn1_buf *params)
{
    return params->tag == (MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE);
}

static int read_octets(unsigned char **at, const unsigned char *end, mbedtls_asn1_buf *octets_out)
{
    if (mbedtls_asn1_get_tag(at, end, &octets_out->len, MBEDTLS_ASN1_OCTET_STRING) != 0)
        return MALFORMED;
    octets_out->p = *at;
    *at += octets_out->len;
    return 0;
}

/* PBKDF2-params: salt, iterations, and maybe the key's length and the hash (else SHA-1). */
static int read_derivation(const mbedtls_asn1_buf *params, struct scheme *scheme)
{
    if (!is_sequence(params))
        return MALFORMED;
    unsigned char *at = params->p;
    const unsigned char *end = params->p + params->len;
    mbedtls_asn1_buf oid;
    int key_bytes = 0;
    if (read_octets(&at, end, &scheme->salt) != 0 ||
        mbedtls_asn1_get_int(&at, end, &scheme->iterations) != 0)
        return MALFORMED;
    if (scheme->iterations < 1 || scheme->iterations > ITERATIONS_MAX)
        return NOT_OURS;
    if (at != end && *at == MBEDTLS_ASN1_INTEGER && mbedtls_asn1_get_int(&at, end, &key_bytes) != 0)
        return MALFORMED;
    scheme->hash = MBEDTLS_MD_SHA1;
    if (at == end)
        return 0;
    if (mbedtls_asn1_get_alg_null(&at, end, &oid) != 0)
        return MALFORMED;
    return mbedtls_oid_get_md_hmac(&oid, &scheme->hash) == 0 ? 0 : NOT_OURS;
}

static int read_cipher(const mbedtls_asn1_buf *oid, const mbedtls_asn1_buf *params,
                       struct scheme *scheme)
{
    if (oid->len != OID_AES_BYTES + 1 || memcmp(oid->p, OID_AES, OID_AES_BYTES) != 0)
        return NOT_OURS;
    switch (oid->p[OID_AES_BYTES]) {
    case 2: scheme->key_bits = 128; break;
    case 22: scheme->key_bits = 192; break;
    case 42: scheme->key_bits = 256; break;
    default: return NOT_OURS;
    }
    scheme->vector = *params;
    return params->tag == MBEDTLS_ASN1_OCTET_STRING && params->len == AES_BLOCK_BYTES ? 0
                                                                                      : MALFORMED;
}

/* PBES2-params: how the key is derived, and what decrypts with it. */
static int read_scheme(const mbedtls_asn1_buf *params, struct scheme *scheme)
{
    if (!is_sequence(params))
        return MALFORMED;
    unsigned char *at = params->p;
    const unsigned char *end = params->p + params->len;
    mbedtls_asn1_buf derivation;
    mbedtls_asn1_buf derivation_params;
    mbedtls_asn1_buf cipher;
    mbedtls_asn1_buf cipher_params;
    if (mbedtls_asn1_get_alg(&at, end, &derivation, &derivation_params) != 0 ||
        mbedtls_asn1_get_alg(&at, end, &cipher, &cipher_params) != 0)
        return MALFORMED;
    if (!is_oid(&derivation, MBEDTLS_OID_PKCS5_PBKDF2, sizeof MBEDTLS_OID_PKCS5_PBKDF2 - 1))
        return NOT_OURS;
    const int result = read_derivation(&derivation_params, scheme);
    return result != 0 ? result : read_cipher(&cipher, &cipher_params, scheme);
}

/* EncryptedPrivateKeyInfo, RFC 5208 6. */
static int read_key_info(unsigned char *der, size_t size, struct scheme *scheme,
                         mbedtls_asn1_buf *data_out)
{
    unsigned char *at = der;
    const unsigned char *end = NULL;
    mbedtls_asn1_buf oid;
    mbedtls_asn1_buf params;
    if (enter(&at, &end, der + size) != 0 || mbedtls_asn1_get_alg(&at, end, &oid, &params) != 0)
        return MALFORMED;
    if (!is_oid(&oid, MBEDTLS_OID_PKCS5_PBES2, sizeof MBEDTLS_OID_PKCS5_PBES2 - 1))
        return NOT_OURS;
    const int result = read_scheme(&params, scheme);
    if (result != 0)
        return result;
    if (read_octets(&at, end, data_out) != 0 || data_out->len == 0 ||
        data_out->len % AES_BLOCK_BYTES != 0)
        return MALFORMED;
    return 0;
}

static int decrypt(const struct scheme *scheme, const unsigned char *key,
                   const mbedtls_asn1_buf *data, unsigned char *plain_out)
{
    unsigned char vector[AES_BLOCK_BYTES];
    mbedtls_aes_context aes;
    memcpy(vector, scheme->vector.p, sizeof vector);
    mbedtls_aes_init(&aes);
    int result = mbedtls_aes_setkey_dec(&aes, key, scheme->key_bits);
    if (result == 0)
        result =
            mbedtls_aes_crypt_cbc(&aes, MBEDTLS_AES_DECRYPT, data->len, vector, data->p, plain_out);
    mbedtls_aes_free(&aes);
    return result;
}

/* The wrong password gives noise, which almost never ends in a padding and never holds a key. */
static int parse_plain(mbedtls_pk_context *key, const unsigned char *plain, size_t size)
{
    const size_t padding = plain[size - 1];
    if (padding < 1 || padding > AES_BLOCK_BYTES)
        return MBEDTLS_ERR_PK_PASSWORD_MISMATCH;
    const int result = mqc__compat_parse_key(key, plain, size - padding, NULL, 0);
    return result == 0 ? 0 : MBEDTLS_ERR_PK_PASSWORD_MISMATCH;
}

static int parse_der(mbedtls_pk_context *key, unsigned char *der, size_t size,
                     struct mqc_view password)
{
    struct scheme scheme = {.iterations = 0};
    mbedtls_asn1_buf data;
    unsigned char secret[AES_KEY_BYTES_MAX];
    int result = read_key_info(der, size, &scheme, &data);
    if (result != 0)
        return result;
    unsigned char *plain = malloc(data.len);
    if (plain == NULL)
        return MBEDTLS_ERR_PK_ALLOC_FAILED;
    result =
        mqc__compat_pbkdf2(scheme.hash, password, mqc_view_bytes(scheme.salt.p, scheme.salt.len),
                           (unsigned)scheme.iterations, scheme.key_bits / 8, secret);
    if (result == 0)
        result = decrypt(&scheme, secret, &data, plain);
    if (result == 0)
        result = parse_plain(key, plain, data.len);
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(plain, data.len);
    free(plain);
    return result;
}

int mqc__tls_pkcs8_parse(mbedtls_pk_context *key, struct mqc_view pem, struct mqc_view password)
{
    mbedtls_pem_context context;
    size_t used = 0;
    mbedtls_pem_init(&context);
    int result = mbedtls_pem_read_buffer(&context, "-----BEGIN ENCRYPTED PRIVATE KEY-----",
                                         "-----END ENCRYPTED PRIVATE KEY-----",
                                         (const unsigned char *)pem.data, NULL, 0, &used);
    if (result == 0) {
        const struct mqc_view der = mqc__compat_pem(&context);
        result = parse_der(key, (unsigned char *)(uintptr_t)der.data, der.size, password);
    } else if (result == MBEDTLS_ERR_PEM_NO_HEADER_FOOTER_PRESENT) {
        result = NOT_OURS;
    }
    mbedtls_pem_free(&context);
    return result;
}
