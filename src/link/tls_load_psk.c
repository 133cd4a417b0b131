#include "link/tls_load.h"

#include "base/fail.h"
#include "base/file.h"

#include <string.h>

/* RFC 9257 section 6: a shorter key can be found by trying. */
#define PSK_BYTES_MIN ((size_t)16)

static int digit(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Decodes the hexadecimal digits up to the white space at the end; false when that is not all. */
static bool decode(const struct mqc__file *file, unsigned char key_out[MBEDTLS_PSK_MAX_LEN],
                   size_t *size_out)
{
    size_t end = file->size;
    while (end > 0 && strchr(" \t\r\n", file->data[end - 1]) != NULL)
        end--;
    if (end % 2 != 0 || end / 2 > MBEDTLS_PSK_MAX_LEN)
        return false;
    for (size_t i = 0; i < end; i += 2) {
        const int high = digit(file->data[i]);
        const int low = digit(file->data[i + 1]);
        if (high < 0 || low < 0)
            return false;
        key_out[i / 2] = (unsigned char)(high * 16 + low);
    }
    *size_out = end / 2;
    return true;
}

static enum mqc_error set_psk(struct mqc__tls_config *config, const char *identity,
                              const unsigned char *key, size_t size, struct mqc_error_info *info)
{
    const int result = mbedtls_ssl_conf_psk(&config->ssl, key, size,
                                            (const unsigned char *)identity, strlen(identity));
    config->has_psk = result == 0;
    return result == 0 ? MQC_OK
                       : mqc__tls_load_fail(info, result, "psk_identity", "cannot be used");
}

static enum mqc_error use_file(struct mqc__tls_config *config,
                               const struct mqc__tls_options *options, const struct mqc__file *file,
                               struct mqc_error_info *info)
{
    unsigned char key[MBEDTLS_PSK_MAX_LEN];
    size_t size = 0;
    enum mqc_error error = MQC_OK;
    if (!decode(file, key, &size) || size < PSK_BYTES_MIN) {
        error = mqc__fail(info, MQC_ECONFIG,
                          "%s holds no key of %zu to %d bytes in hexadecimal; make one with: "
                          "openssl rand -hex 32",
                          options->psk_file, PSK_BYTES_MIN, MBEDTLS_PSK_MAX_LEN);
        mqc__fail_place(info, "%s", options->psk_file);
    } else {
        error = set_psk(config, options->psk_identity, key, size, info);
    }
    explicit_bzero(key, sizeof key);
    return error;
}

enum mqc_error mqc__tls_load_psk(struct mqc__tls_config *config,
                                 const struct mqc__tls_options *options,
                                 struct mqc_error_info *info)
{
    const bool has_identity = mqc__tls_is_given(options->psk_identity);
    const bool has_file = mqc__tls_is_given(options->psk_file);
    if (!has_identity && !has_file)
        return MQC_OK;
    if (!has_identity || !has_file)
        return mqc__fail(info, MQC_ECONFIG, "%s is given without %s",
                         has_file ? "psk_file" : "psk_identity",
                         has_file ? "psk_identity" : "psk_file");
    struct mqc__file file;
    const enum mqc_error error = mqc__file_read(
        options->psk_file, options->allow_readable_key ? MQC__FILE_PUBLIC : MQC__FILE_SECRET, &file,
        info);
    if (error != MQC_OK)
        return error;
    const enum mqc_error used = use_file(config, options, &file, info);
    mqc__file_fini(&file);
    return used;
}
