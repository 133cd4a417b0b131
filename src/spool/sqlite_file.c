#include "base/fail.h"
#include "spool/sqlite_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* What lies beside a database. */
static const char *const endings[] = {"", "-wal", "-journal"};

#define ENDING_COUNT (sizeof endings / sizeof endings[0])

/* So many files may be set aside within one second. */
#define ASIDE_TRIES_MAX 100

/* Makes the folders above the file, for their owner alone. Returns an errno. */
static int make_folders(const char *path)
{
    char *folder = strdup(path);
    if (folder == NULL)
        return ENOMEM;
    int number = 0;
    for (char *slash = strchr(folder + 1, '/'); slash != NULL && number == 0;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, S_IRWXU) != 0 && errno != EEXIST)
            number = errno;
        struct stat status;
        /* Of a folder that is there already, anything may be wrong: read-only, for instance. */
        if (number != 0 && stat(folder, &status) == 0)
            number = S_ISDIR(status.st_mode) ? 0 : ENOTDIR;
        *slash = '/';
    }
    free(folder);
    return number;
}

static enum mqc_error make_file(const char *path, struct mqc_error_info *info)
{
    int number = make_folders(path);
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

/* A name that no file has; NULL: out of memory. */
static char *choose_name(const char *path)
{
    const time_t now = time(NULL);
    struct tm fields;
    char stamp[32];
    (void)gmtime_r(&now, &fields);
    (void)strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &fields);
    for (int i = 1;; i++) {
        char *name = NULL;
        char more[16] = "";
        if (i != 1)
            (void)snprintf(more, sizeof more, "-%d", i);
        if (asprintf(&name, "%s.damaged-%s%s", path, stamp, more) < 0)
            return NULL;
        if (access(name, F_OK) != 0 || i == ASIDE_TRIES_MAX)
            return name;
        free(name);
    }
}

enum mqc_error mqc__sqlite_set_aside(const char *path, char **aside_out,
                                     struct mqc_error_info *info)
{
    char *aside = choose_name(path);
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
