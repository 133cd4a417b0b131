#include "config/password.h"

#include "base/fail.h"
#include "base/utf8.h"
#include "config/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* MQTT 3.1.3.5: at most this many bytes of password. */
#define PASSWORD_BYTES_MAX ((size_t)65535)

static enum mqc_error fail_errno(const char *path, int number, struct mqc_error_info *info)
{
    char reason[128];
    return mqc__fail(info, MQC_ECONFIG, "the file %s cannot be read: %s", path,
                     strerror_r(number, reason, sizeof reason));
}

static enum mqc_error check_file(const char *path, int file, struct mqc_error_info *info)
{
    struct stat status;
    if (fstat(file, &status) != 0)
        return fail_errno(path, errno, info);
    if (!S_ISREG(status.st_mode))
        return mqc__fail(info, MQC_ECONFIG, "%s is no regular file", path);
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return mqc__fail(info, MQC_ECONFIG,
                         "others than its owner have access to the file (mode %04o); mend it "
                         "with: chmod 600 %s",
                         (unsigned)(status.st_mode & 07777U), path);
    return MQC_OK;
}

/* Reads at most one byte more than is allowed, so that the caller sees what is too much. */
static enum mqc_error read_all(const char *path, int file, char *bytes, size_t *size_out,
                               struct mqc_error_info *info)
{
    size_t size = 0;
    while (size < PASSWORD_BYTES_MAX + 3) {
        const ssize_t count = read(file, bytes + size, PASSWORD_BYTES_MAX + 3 - size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return fail_errno(path, errno, info);
        if (count == 0)
            break;
        size += (size_t)count;
    }
    *size_out = size;
    return MQC_OK;
}

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

static enum mqc_error read_file(struct mqc__arena *arena, const char *path, int file,
                                const char **password_out, struct mqc_error_info *info)
{
    char bytes[PASSWORD_BYTES_MAX + 3];
    size_t size = 0;
    enum mqc_error error = check_file(path, file, info);
    if (error == MQC_OK)
        error = read_all(path, file, bytes, &size, info);
    if (error != MQC_OK)
        return error;
    struct mqc_view password = mqc_view_bytes(bytes, cut_line_end(bytes, size));
    error = check_contents(path, password, info);
    if (error == MQC_OK && !mqc__arena_copy(arena, password, &password))
        error = mqc__fail(info, MQC_ENOMEM, "out of memory");
    if (error == MQC_OK)
        *password_out = password.data;
    explicit_bzero(bytes, sizeof bytes);
    return error;
}

enum mqc_error mqc__password_read(struct mqc__arena *arena, const char *directory, const char *path,
                                  const char **password_out, struct mqc_error_info *info)
{
    char full[PATH_MAX];
    const enum mqc_error resolved = mqc__path_resolve(directory, path, full, info);
    if (resolved != MQC_OK)
        return resolved;
    /* O_NONBLOCK: a FIFO must not hold up the start. */
    const int file = open(full, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0)
        return fail_errno(full, errno, info);
    const enum mqc_error error = read_file(arena, full, file, password_out, info);
    (void)close(file);
    return error;
}
