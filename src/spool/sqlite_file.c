#include "base/fail.h"
#include "spool/folder.h"
#include "spool/sqlite_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* What lies beside a database. */
static const char *const endings[] = {"", "-wal", "-journal"};

#define ENDING_COUNT (sizeof endings / sizeof endings[0])

static enum mqc_error make_file(const char *path, struct mqc_error_info *info)
{
    int number = mqc__folder_make(path);
    if (number == 0) {
        const int fd =
            open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, S_IRUSR | S_IWUSR);
        number = fd >= 0 ? 0 : errno;
        if (fd >= 0)
            (void)close(fd);
    }
    return number == 0 ? MQC_OK : mqc__sqlite_fail_errno(path, number, "created", info);
}

/* An open and a close would do away with the locks that this process may have on the file. */
enum mqc_error mqc__sqlite_prepare(const char *path, enum mqc__file_kind *kind_out,
                                   struct mqc_error_info *info)
{
    struct stat status;
    *kind_out = MQC__FILE_NEW;
    if (stat(path, &status) != 0)
        return errno == ENOENT ? make_file(path, info)
                               : mqc__sqlite_fail_errno(path, errno, "opened", info);
    if (!S_ISREG(status.st_mode)) {
        (void)mqc__fail(info, MQC_EIO, "the spool %s is no regular file; choose another path",
                        path);
        mqc__fail_place(info, "%s", path);
        return MQC_EIO;
    }
    if (faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) != 0)
        return mqc__sqlite_fail_errno(path, errno, "opened for writing", info);
    /* SQLite takes one byte for none. */
    *kind_out = status.st_size > 1 ? MQC__FILE_FULL : MQC__FILE_EMPTY;
    return MQC_OK;
}

/* Renames one file and its companions; those need not be there. Returns an errno. */
static int rename_all(const char *from, const char *to)
{
    for (size_t i = ENDING_COUNT; i-- != 0;) {
        char *source = NULL;
        char *target = NULL;
        int number = 0;
        if (asprintf(&source, "%s%s", from, endings[i]) < 0)
            return ENOMEM;
        if (asprintf(&target, "%s%s", to, endings[i]) < 0)
            number = ENOMEM;
        else if (rename(source, target) != 0 && (i == 0 || errno != ENOENT))
            number = errno;
        free(source);
        free(number != ENOMEM ? target : NULL);
        if (number != 0)
            return number;
    }
    return 0;
}

enum mqc_error mqc__sqlite_set_aside(const char *path, char **aside_out,
                                     struct mqc_error_info *info)
{
    char *aside = mqc__folder_aside_name(path);
    if (aside == NULL)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    const int number = rename_all(path, aside);
    if (number != 0) {
        free(aside);
        return mqc__sqlite_fail_errno(path, number, "set aside, though it is damaged", info);
    }
    *aside_out = aside;
    return MQC_OK;
}

void mqc__sqlite_put_back(const char *path, const char *aside)
{
    for (size_t i = 0; i < ENDING_COUNT; i++) {
        char *name = NULL;
        if (asprintf(&name, "%s%s", path, endings[i]) < 0)
            return;
        (void)unlink(name);
        free(name);
    }
    (void)rename_all(aside, path);
}
