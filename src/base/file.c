#include "base/file.h"

#include "base/fail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A bundle of all public CAs has about a quarter of a megabyte. */
#define FILE_BYTES_MAX ((size_t)8 << 20)

static enum mqc_error fail_errno(const char *path, int number, struct mqc_error_info *info)
{
    char reason[128];
    return mqc__fail(info, MQC_ECONFIG, "the file %s cannot be read: %s", path,
                     strerror_r(number, reason, sizeof reason));
}

/* What systemd hands to a service (LoadCredential) lies in a folder that only the service can
 * enter, and looks as if its group could read it, since it has an access list for the service's
 * user. */
static bool is_credential(const char *path)
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    const size_t size = folder != NULL ? strlen(folder) : 0;
    return size != 0 && strncmp(path, folder, size) == 0 && path[size] == '/' &&
           strstr(path, "/../") == NULL;
}

static enum mqc_error check_file(const char *path, const struct stat *status,
                                 enum mqc__secrecy secrecy, struct mqc_error_info *info)
{
    if (!S_ISREG(status->st_mode))
        return mqc__fail(info, MQC_ECONFIG, "%s is no regular file", path);
    const mode_t closed_to = is_credential(path) ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;
    if (secrecy == MQC__FILE_SECRET && (status->st_mode & closed_to) != 0)
        return mqc__fail(
            info, MQC_ECONFIG,
            "others than its owner have access to the secret file %s (mode %04o); mend "
            "it with: chmod 600 %s",
            path, (unsigned)(status->st_mode & 07777U), path);
    if ((uintmax_t)status->st_size > FILE_BYTES_MAX)
        return mqc__fail(info, MQC_ECONFIG, "the file %s is over %zu bytes", path, FILE_BYTES_MAX);
    return MQC_OK;
}

/* Reads until the end or until the room is used up. */
static enum mqc_error read_all(const char *path, int fd, size_t room, struct mqc__file *file,
                               struct mqc_error_info *info)
{
    while (file->size < room) {
        const ssize_t count = read(fd, file->data + file->size, room - file->size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return fail_errno(path, errno, info);
        if (count == 0)
            break;
        file->size += (size_t)count;
    }
    file->data[file->size] = '\0';
    return MQC_OK;
}

static enum mqc_error read_open(const char *path, int fd, enum mqc__secrecy secrecy,
                                struct mqc__file *file_out, struct mqc_error_info *info)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return fail_errno(path, errno, info);
    enum mqc_error error = check_file(path, &status, secrecy, info);
    if (error != MQC_OK)
        return error;
    const size_t room = (size_t)status.st_size;
    struct mqc__file file = {.data = malloc(room + 1)};
    if (file.data == NULL)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    error = read_all(path, fd, room, &file, info);
    if (error != MQC_OK)
        mqc__file_fini(&file);
    else
        *file_out = file;
    return error;
}

enum mqc_error mqc__file_read(const char *path, enum mqc__secrecy secrecy,
                              struct mqc__file *file_out, struct mqc_error_info *info)
{
    /* O_NONBLOCK: a FIFO must not hold up the start. */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    const enum mqc_error error =
        fd >= 0 ? read_open(path, fd, secrecy, file_out, info) : fail_errno(path, errno, info);
    if (fd >= 0)
        (void)close(fd);
    if (error != MQC_OK)
        mqc__fail_place(info, "%s", path);
    return error;
}

void mqc__file_fini(struct mqc__file *file)
{
    if (file->data != NULL)
        explicit_bzero(file->data, file->size);
    free(file->data);
    *file = (struct mqc__file){.data = NULL};
}
