#include "link/tls_load.h"

#include "base/fail.h"
#include "base/file.h"
#include "base/log.h"
#include "link/tls_error.h"
#include "link/tls_pkcs8.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

bool mqc__tls_is_given(const char *option)
{
    return option != NULL && option[0] != '\0';
}

enum mqc_error mqc__tls_load_fail(struct mqc_error_info *info, int error, const char *path,
                                  const char *what)
{
    char reason[MQC__TLS_REASON_BYTES];
    if (mqc__tls_error_is_memory(error))
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    (void)mqc__fail(info, MQC_ECONFIG, "%s %s: %s", path, what, mqc__tls_error_text(error, reason));
    mqc__fail_place(info, "%s", path);
    return MQC_ECONFIG;
}

/* mbedTLS wants the NUL counted with PEM, and not with DER. */
static size_t size_to_parse(const struct mqc__file *file)
{
    return file->size + (strstr((const char *)file->data, "-----BEGIN ") != NULL ? 1 : 0);
}

/* Adds the certificates of a file to a chain. *failed_out: how many of them cannot be used. */
static enum mqc_error add_certificates(mbedtls_x509_crt *chain, const char *path, int *failed_out,
                                       struct mqc_error_info *info)
{
    struct mqc__file file;
    const enum mqc_error error = mqc__file_read(path, MQC__FILE_PUBLIC, &file, info);
    if (error != MQC_OK)
        return error;
    const int result = mbedtls_x509_crt_parse(chain, file.data, size_to_parse(&file));
    mqc__file_fini(&file);
    if (result < 0)
        return mqc__tls_load_fail(info, result, path, "holds no certificate that can be read");
    *failed_out = result;
    return MQC_OK;
}

static enum mqc_error add_ca_file(mbedtls_x509_crt *chain, const char *path,
                                  struct mqc_error_info *info)
{
    int failed = 0;
    const enum mqc_error error = add_certificates(chain, path, &failed, info);
    if (error == MQC_OK && failed > 0)
        mqc__log(MQC_LOG_WARNING,
                 "%d of the certificates in %s cannot be read by mbedTLS: left out", failed, path);
    return error;
}

static enum mqc_error add_ca_entry(mbedtls_x509_crt *chain, const char *folder, const char *name,
                                   struct mqc_error_info *info)
{
    char path[PATH_MAX];
    struct mqc_error_info reason;
    if (name[0] == '.')
        return MQC_OK;
    const int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (length < 0 || (size_t)length >= sizeof path)
        return MQC_OK;
    const enum mqc_error error = add_ca_file(chain, path, &reason);
    if (error == MQC_ENOMEM)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    if (error != MQC_OK)
        mqc__log(MQC_LOG_WARNING, "left out of the CAs: %s", reason.text);
    return MQC_OK;
}

static enum mqc_error add_ca_folder(mbedtls_x509_crt *chain, const char *folder,
                                    struct mqc_error_info *info)
{
    DIR *entries = opendir(folder);
    if (entries == NULL) {
        char reason[128];
        (void)mqc__fail(info, MQC_ECONFIG, "the folder %s cannot be read: %s", folder,
                        strerror_r(errno, reason, sizeof reason));
        mqc__fail_place(info, "%s", folder);
        return MQC_ECONFIG;
    }
    enum mqc_error error = MQC_OK;
    const struct dirent *entry = NULL;
    while (error == MQC_OK && (entry = readdir(entries)) != NULL)
        error = add_ca_entry(chain, folder, entry->d_name, info);
    (void)closedir(entries);
    if (error == MQC_OK && chain->raw.p == NULL) {
        error = mqc__fail(info, MQC_ECONFIG, "the folder %s holds no CA certificate", folder);
        mqc__fail_place(info, "%s", folder);
    }
    return error;
}

enum mqc_error mqc__tls_load_ca(struct mqc__tls_config *config,
                                const struct mqc__tls_options *options, struct mqc_error_info *info)
{
    enum mqc_error error = MQC_OK;
    if (mqc__tls_is_given(options->ca_file))
        error = add_ca_file(&config->ca, options->ca_file, info);
    if (error == MQC_OK && mqc__tls_is_given(options->ca_path))
        error = add_ca_folder(&config->ca, options->ca_path, info);
    return error;
}

enum mqc_error mqc__tls_load_crl(struct mqc__tls_config *config,
                                 const struct mqc__tls_options *options,
                                 struct mqc_error_info *info)
{
    if (!mqc__tls_is_given(options->crl_file))
        return MQC_OK;
    struct mqc__file file;
    const enum mqc_error error = mqc__file_read(options->crl_file, MQC__FILE_PUBLIC, &file, info);
    if (error != MQC_OK)
        return error;
    const int result = mbedtls_x509_crl_parse(&config->crl, file.data, size_to_parse(&file));
    mqc__file_fini(&file);
    if (result != 0)
        return mqc__tls_load_fail(info, result, options->crl_file,
                                  "holds no revocation list that can be read");
    return MQC_OK;
}

static enum mqc_error load_certificate(struct mqc__tls_config *config, const char *path,
                                       struct mqc_error_info *info)
{
    int failed = 0;
    enum mqc_error error = add_certificates(&config->certificate, path, &failed, info);
    if (error == MQC_OK && failed > 0) {
        error = mqc__fail(info, MQC_ECONFIG, "%d of the certificates in %s cannot be read", failed,
                          path);
        mqc__fail_place(info, "%s", path);
    }
    return error;
}

static void cut_line_end(struct mqc__file *file)
{
    while (file->size > 0 &&
           (file->data[file->size - 1] == '\n' || file->data[file->size - 1] == '\r'))
        file->data[--file->size] = '\0';
}

static enum mqc_error fail_key(const char *path, bool has_password, int result,
                               struct mqc_error_info *info)
{
    switch (result) {
    case MBEDTLS_ERR_PK_PASSWORD_REQUIRED:
        return mqc__tls_load_fail(info, result, path,
                                  "is an encrypted key: give the file with its password as "
                                  "key_password_file");
    case MBEDTLS_ERR_PK_PASSWORD_MISMATCH:
        return mqc__tls_load_fail(info, result, path,
                                  "is an encrypted key, and the password in key_password_file is "
                                  "another one");
    default:
        return mqc__tls_load_fail(info, result, path,
                                  has_password ? "holds no key that this mbedTLS can decrypt"
                                               : "holds no key that can be read");
    }
}

static enum mqc_error parse_key(mbedtls_pk_context *key, const char *path,
                                const struct mqc__file *file, const struct mqc__file *password,
                                struct mqc_error_info *info)
{
    int result =
        mqc__compat_parse_key(key, file->data, size_to_parse(file), password->data, password->size);
    if (result != 0 && password->size > 0 && !mqc__tls_error_is_memory(result)) {
        const int other = mqc__tls_pkcs8_parse(key, mqc_view_bytes(file->data, file->size),
                                               mqc_view_bytes(password->data, password->size));
        if (other != MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE)
            result = other;
    }
    return result == 0 ? MQC_OK : fail_key(path, password->size > 0, result, info);
}

static enum mqc_error load_key(struct mqc__tls_config *config,
                               const struct mqc__tls_options *options, struct mqc_error_info *info)
{
    const enum mqc__secrecy secrecy =
        options->allow_readable_key ? MQC__FILE_PUBLIC : MQC__FILE_SECRET;
    struct mqc__file file = {.data = NULL};
    struct mqc__file password = {.data = NULL};
    enum mqc_error error = mqc__file_read(options->key_file, secrecy, &file, info);
    if (error == MQC_OK && mqc__tls_is_given(options->key_password_file))
        error = mqc__file_read(options->key_password_file, secrecy, &password, info);
    if (error == MQC_OK) {
        cut_line_end(&password);
        error = parse_key(&config->key, options->key_file, &file, &password, info);
    }
    mqc__file_fini(&file);
    mqc__file_fini(&password);
    return error;
}

static enum mqc_error check_pair(const struct mqc__tls_config *config,
                                 const struct mqc__tls_options *options,
                                 struct mqc_error_info *info)
{
    const int result = mqc__compat_check_pair(&config->certificate.pk, &config->key);
    if (result == 0)
        return MQC_OK;
    if (mqc__tls_error_is_memory(result))
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    (void)mqc__fail(info, MQC_ECONFIG,
                    "the key in %s does not belong to the certificate in %s: give the key that the "
                    "certificate was made for, and put the own certificate first in its file",
                    options->key_file, options->certificate_file);
    mqc__fail_place(info, "%s", options->key_file);
    return MQC_ECONFIG;
}

enum mqc_error mqc__tls_load_identity(struct mqc__tls_config *config,
                                      const struct mqc__tls_options *options,
                                      struct mqc_error_info *info)
{
    const bool has_certificate = mqc__tls_is_given(options->certificate_file);
    const bool has_key = mqc__tls_is_given(options->key_file);
    if (!has_certificate && !has_key)
        return MQC_OK;
    if (!has_certificate || !has_key)
        return mqc__fail(info, MQC_ECONFIG, "%s is given without %s: a certificate needs its key",
                         has_key ? "key_file" : "certificate_file",
                         has_key ? "certificate_file" : "key_file");
    enum mqc_error error = load_certificate(config, options->certificate_file, info);
    if (error == MQC_OK)
        error = load_key(config, options, info);
    if (error == MQC_OK)
        error = check_pair(config, options, info);
    return error;
}
