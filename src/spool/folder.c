#include "spool/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* So many files may be set aside within one second. */
#define ASIDE_TRIES_MAX 100

int mqc__folder_make(const char *path)
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

int mqc__folder_sync(const char *path)
{
    char folder[PATH_MAX];
    if ((size_t)snprintf(folder, sizeof folder, "%s", path) >= sizeof folder)
        return ENAMETOOLONG;
    char *slash = strrchr(folder, '/');
    if (slash != NULL)
        slash[slash == folder ? 1 : 0] = '\0';
    const int fd = open(slash != NULL ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    const int number = fsync(fd) == 0 || errno == EINVAL ? 0 : errno;
    (void)close(fd);
    return number;
}

char *mqc__folder_aside_name(const char *path)
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
