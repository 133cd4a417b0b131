#include "config/password.h"

#include "base/fail.h"
#include "base/file.h"
#include "base/utf8.h"
#include "config/path.h"

#include <limits.h>

/* MQTT 3.1.3.5: at most this many bytes of password. */
#define PASSWORD_BYTES_MAX ((size_t)65535)

static size_t cut_line_end(const char *bytes, size_t size)
{
    if (size > 0 && bytes[size - 1] == '\n')
        size--;
    if (size > 0 && bytes[size - 1] == '\r')
        size--;
    return size;
}

static enum mqc_error check_contents(const char *path, struct mqc_view password,
                                     struct mqc_error_info *info)
{
    if (password.size == 0)
        return mqc__fail(info, MQC_ECONFIG, "the file %s holds no password", path);
    if (password.size > PASSWORD_BYTES_MAX)
        return mqc__fail(info, MQC_ECONFIG, "the password in %s is over %zu bytes", path,
                         PASSWORD_BYTES_MAX);
    if (memchr(password.data, '\0', password.size) != NULL || !mqc__utf8_is_valid(password))
        return mqc__fail(info, MQC_ECONFIG, "the password in %s is no UTF-8 text", path);
    return MQC_OK;
}

enum mqc_error mqc__password_read(struct mqc__arena *arena, const char *directory, const char *path,
                                  const char **password_out, struct mqc_error_info *info)
{
    char full[PATH_MAX];
    struct mqc__file file;
    enum mqc_error error = mqc__path_resolve(directory, path, full, info);
    if (error == MQC_OK)
        error = mqc__file_read(full, MQC__FILE_SECRET, &file, info);
    if (error != MQC_OK)
        return error;
    const char *bytes = (const char *)file.data;
    struct mqc_view password = mqc_view_bytes(bytes, cut_line_end(bytes, file.size));
    error = check_contents(full, password, info);
    if (error == MQC_OK && !mqc__arena_copy(arena, password, &password))
        error = mqc__fail(info, MQC_ENOMEM, "out of memory");
    if (error == MQC_OK)
        *password_out = password.data;
    mqc__file_fini(&file);
    return error;
}
