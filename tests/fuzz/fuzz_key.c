/* Encrypted keys: DER that somebody may have put between the lines of a PEM file. The key that is
 * derived from the password is always the same, since the time that this takes is up to the file.
 */
#include "fuzz.h"
#include "link/mbedtls_compat.h"
#include "link/tls_pkcs8.h"

#include <stdlib.h>

#define BEGIN "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
#define END "-----END ENCRYPTED PRIVATE KEY-----\n"
#define REPLACES_LIBRARY __attribute__((visibility("default")))

static int derive(const unsigned char *salt, size_t salt_size, unsigned char *key_out, size_t size)
{
    unsigned sum = 0;
    for (size_t i = 0; i < salt_size; i++)
        sum += salt[i];
    memset(key_out, (int)(sum & 0xffU), size);
    return 0;
}

#if MBEDTLS_VERSION_NUMBER < 0x03000000
/* NOLINTNEXTLINE(readability-function-size): the parameters are those of mbedTLS */
REPLACES_LIBRARY int mbedtls_pkcs5_pbkdf2_hmac(mbedtls_md_context_t *context,
                                               const unsigned char *password, size_t password_size,
                                               const unsigned char *salt, size_t salt_size,
                                               unsigned iterations, uint32_t size,
                                               unsigned char *key_out)
{
    (void)context;
    (void)password;
    (void)password_size;
    (void)iterations;
    return derive(salt, salt_size, key_out, size);
}
#else
/* NOLINTNEXTLINE(readability-function-size): the parameters are those of mbedTLS */
REPLACES_LIBRARY int mbedtls_pkcs5_pbkdf2_hmac_ext(mbedtls_md_type_t hash,
                                                   const unsigned char *password,
                                                   size_t password_size, const unsigned char *salt,
                                                   size_t salt_size, unsigned iterations,
                                                   uint32_t size, unsigned char *key_out)
{
    (void)hash;
    (void)password;
    (void)password_size;
    (void)iterations;
    return derive(salt, salt_size, key_out, size);
}
#endif

static void parse(struct mqc_view pem)
{
    mbedtls_pk_context key;
    mbedtls_pk_init(&key);
    const int result = mqc__tls_pkcs8_parse(&key, pem, mqc_view_text("password"));
    fuzz_require(result <= 0, "a result is 0 or an error");
    fuzz_require((result == 0) == (mbedtls_pk_get_type(&key) != MBEDTLS_PK_NONE),
                 "there is a key, or an error");
    mbedtls_pk_free(&key);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    const size_t room = 2 * size + sizeof BEGIN + sizeof END;
    size_t written = 0;
    unsigned char *pem = malloc(room);
    fuzz_require(pem != NULL, "there is memory");
    if (mbedtls_pem_write_buffer(BEGIN, END, data, size, pem, room, &written) == 0)
        parse(mqc_view_bytes(pem, written - 1));
    free(pem);
    return 0;
}
