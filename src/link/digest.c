#include "link/digest.h"

#include "link/mbedtls_compat.h"

#include <mbedtls/base64.h>
#include <mbedtls/constant_time.h>

#include <stdint.h>

#define SHA1_BYTES ((size_t)20)

/* RFC 6455 1.3 */
static const char websocket_uuid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/* By way of the generic interface, since the functions of SHA-1 are not the same in 2.28 and 3.x.
 */
static int hash(const mbedtls_md_info_t *sha1, struct mqc_view key,
                unsigned char hash_out[SHA1_BYTES])
{
    mbedtls_md_context_t context;
    mbedtls_md_init(&context);
    int result = mbedtls_md_setup(&context, sha1, 0);
    if (result == 0)
        result = mbedtls_md_starts(&context);
    if (result == 0 && key.size > 0)
        result = mbedtls_md_update(&context, (const unsigned char *)key.data, key.size);
    if (result == 0)
        result = mbedtls_md_update(&context, (const unsigned char *)websocket_uuid,
                                   sizeof websocket_uuid - 1);
    if (result == 0)
        result = mbedtls_md_finish(&context, hash_out);
    mbedtls_md_free(&context);
    return result;
}

enum mqc_error mqc__digest_websocket_accept(struct mqc_view key,
                                            char accept_out[MQC__DIGEST_ACCEPT_BYTES])
{
    unsigned char bytes[SHA1_BYTES];
    size_t size = 0;
    accept_out[0] = '\0';
    const mbedtls_md_info_t *sha1 = mbedtls_md_info_from_type(MBEDTLS_MD_SHA1);
    if (sha1 == NULL)
        return MQC_EUNSUPPORTED;
    const int result = hash(sha1, key, bytes);
    if (result == MBEDTLS_ERR_MD_ALLOC_FAILED)
        return MQC_ENOMEM;
    if (result != 0 || mbedtls_base64_encode((unsigned char *)accept_out, MQC__DIGEST_ACCEPT_BYTES,
                                             &size, bytes, sizeof bytes) != 0)
        return MQC_EUNSUPPORTED;
    return MQC_OK;
}

bool mqc__digest_is_equal(struct mqc_view a, struct mqc_view b)
{
    return a.size == b.size && (a.size == 0 || mbedtls_ct_memcmp(a.data, b.data, a.size) == 0);
}
